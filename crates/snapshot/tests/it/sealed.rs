//! Stores that only the holder of a key can read, and secrets in those that everybody can.

use std::fs;
use std::path::{Path, PathBuf};

use plimsoll_snapshot::capture::Environment;
use plimsoll_snapshot::{
    CreateOptions, Files, KeyError, Manifest, Outcome, Part, Protection, Quiet, Secrets, Store,
    StoreError, StoreOptions, create, new_identity, verify,
};

use crate::grove::{assert_same, describe};
use crate::home::{Home, now, packed};

/// A hundred secrets of many sorts, none of them real.
fn secrets() -> Vec<String> {
    (0..100)
        .map(|n| match n % 5 {
            0 => format!("ghp_abcdefghijABCDEFGHIJ01234567{n:04}"),
            1 => format!("sk-ant-api03-{n:04}abcdefghijABCDEFGHIJ0123456789"),
            2 => format!("AKIAABCDEFGHIJKL{n:04}"),
            3 => format!("correct-horse-battery-{n:04}"),
            _ => format!("xoxb-{n:04}-abcdefghijklmnopqrstuvwx"),
        })
        .collect()
}

/// Plants them in files of configuration, in an environment and in a binary file.
fn plant(home: &Home) -> Vec<(std::ffi::OsString, std::ffi::OsString)> {
    let secrets = secrets();
    for (number, chunk) in secrets.chunks(5).enumerate() {
        let text: String =
            chunk.iter().map(|secret| format!("api_secret = \"{secret}\"\n")).collect();
        fs::write(home.tree().join(format!("conf-{number}.toml")), text).unwrap();
    }
    fs::write(home.tree().join("harmless.toml"), "limit = 10\n").unwrap();
    let url = format!("DATABASE_URL=postgres://bot:{}@db/trades\n", secrets[3]);
    fs::write(home.tree().join(".env"), url).unwrap();
    secrets
        .iter()
        .enumerate()
        .map(|(n, s)| (format!("TOKEN_{n}_SECRET").into(), s.into()))
        .collect()
}

fn parts(
    home: &Home,
    variables: Vec<(std::ffi::OsString, std::ffi::OsString)>,
) -> [Part<'static>; 2] {
    [
        Part::required("config", Files::new([home.tree()])),
        Part::required("environment", Environment::new(variables, ["*"])),
    ]
}

/// Every byte of every file of a store.
fn all_bytes(dir: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        bytes.extend(if path.is_dir() { all_bytes(&path) } else { fs::read(&path).unwrap() });
    }
    bytes
}

fn assert_no_secret(text: &str, what: &str) {
    let found: Vec<_> = secrets().into_iter().filter(|secret| text.contains(secret)).collect();
    assert!(found.is_empty(), "{what}: {} secrets in clear", found.len());
}

#[test]
fn a_hundred_planted_secrets_are_nowhere_in_an_open_store() {
    let home = Home::new();
    let variables = plant(&home);
    let refused = create(
        &home.store(),
        &mut parts(&home, variables.clone()),
        &CreateOptions::new(now(), "t"),
    )
    .unwrap();
    assert!(!refused.is_good());
    let Outcome::Failed { why } = &refused.parts[0].outcome else { panic!("{refused:?}") };
    assert!(why.contains("it holds a secret") && why.contains("and 18 more"), "{why}");
    assert!(matches!(refused.parts[1].outcome, Outcome::Captured), "the environment goes by name");

    let options = CreateOptions::new(now(), "t").with_secrets(Secrets::ByReference);
    let kept = create(&home.store(), &mut parts(&home, variables), &options).unwrap();
    assert!(kept.is_good(), "{:?}", kept.parts);
    assert!(
        kept.parts[0].notes.iter().any(|note| note.starts_with("21 hold a secret")),
        "{:?}",
        kept.parts[0].notes
    );
    let stored = packed(&home);
    assert!(stored.contains("limit = 10") && stored.contains("env:TOKEN_7_SECRET"));
    assert_no_secret(&stored, "decoded");
    assert_no_secret(&String::from_utf8_lossy(&all_bytes(&home.store_dir())), "as stored");

    // What is kept by reference is left alone by a restore.
    let secret = home.tree().join("conf-3.toml");
    let before = fs::read(&secret).unwrap();
    fs::write(home.tree().join("harmless.toml"), "limit = 99\n").unwrap();
    let observe = &mut |_: &plimsoll_snapshot::plan::Event<'_>| {};
    let mut options = plimsoll_snapshot::restore::RestoreOptions::new(&now, "t", observe);
    options.secrets = Secrets::ByReference;
    plimsoll_snapshot::restore::restore(&home.store(), &kept.id, &mut options).unwrap();
    assert_eq!(fs::read(&secret).unwrap(), before);
    assert_eq!(fs::read(home.tree().join("harmless.toml")).unwrap(), b"limit = 10\n");
}

#[test]
fn a_known_secret_is_found_in_binary_files_and_masked_in_reasons() {
    let home = Home::new();
    fs::write(home.tree().join("blob"), b"\x00\xff\x01hunter2-hunter2\x00").unwrap();
    let options = CreateOptions::new(now(), "t").with_known_secrets(["hunter2-hunter2".to_owned()]);
    let mut parts = [
        Part::required("files", Files::new([home.tree()])),
        Part::required("gone", Files::new([home.dir().join("hunter2-hunter2")])),
    ];
    let manifest = create(&home.store(), &mut parts, &options).unwrap();
    let whys: Vec<String> =
        manifest.parts.iter().map(|part| format!("{:?}", part.outcome)).collect();
    assert!(whys[0].contains("a value that is known to be secret"), "{whys:?}");
    assert!(whys.iter().all(|why| !why.contains("hunter2")), "{whys:?}");
}

struct Sealed {
    home: Home,
    identity: PathBuf,
    dir: PathBuf,
}

impl Sealed {
    fn new() -> Self {
        let home = Home::new();
        let identity = home.dir().join("identity");
        let recipient = new_identity(&identity).unwrap();
        let dir = home.dir().join("sealed");
        let protection = Protection::Recipients(vec![recipient]);
        Store::create(&dir, &protection, &StoreOptions::default()).unwrap();
        Self { home, identity, dir }
    }

    fn options(&self) -> StoreOptions {
        StoreOptions::default().with_cache_dir(self.home.dir().join("cache"))
    }

    /// As whoever makes snapshots opens it: without the identity.
    fn blind(&self) -> Store {
        Store::open(&self.dir, &self.options()).unwrap()
    }

    fn store(&self) -> Store {
        Store::open(&self.dir, &self.options().with_identity(&self.identity)).unwrap()
    }

    fn create(&self) -> Manifest {
        let variables = plant(&self.home);
        create(&self.blind(), &mut parts(&self.home, variables), &CreateOptions::new(now(), "t"))
            .unwrap()
    }
}

#[test]
fn a_sealed_store_has_every_secret_and_shows_none() {
    let sealed = Sealed::new();
    let manifest = sealed.create();
    assert!(manifest.is_good(), "{:?}", manifest.parts);
    let bytes = all_bytes(&sealed.dir);
    assert_no_secret(&String::from_utf8_lossy(&bytes), "as stored");
    for plain in ["limit = 10", "harmless.toml", "TOKEN_7_SECRET"] {
        assert!(!String::from_utf8_lossy(&bytes).contains(plain), "{plain}");
    }
    // Not compressed and then in clear either: there is no frame of zstd in it.
    let frames = bytes.windows(4).filter(|window| *window == [0x28, 0xb5, 0x2f, 0xfd]).count();
    assert!(frames < 2, "{frames} frames");

    let wanted = describe(&sealed.home.tree());
    let into = sealed.home.dir().join("elsewhere");
    let observe = &mut |_: &plimsoll_snapshot::plan::Event<'_>| {};
    let mut options =
        plimsoll_snapshot::restore::RestoreOptions::new(&now, "t", observe).with_into(&into);
    plimsoll_snapshot::restore::restore(&sealed.store(), &manifest.id, &mut options).unwrap();
    let found = into.join(sealed.home.tree().strip_prefix("/").unwrap());
    assert_same(&describe(&found), &wanted, "elsewhere");
}

#[test]
fn without_the_key_bytes_are_verified_and_contents_are_said_to_be_untold() {
    let sealed = Sealed::new();
    let manifest = sealed.create();
    let ids = [manifest.id.clone()];
    let verified = verify(&sealed.store(), &ids, &Quiet).unwrap();
    assert!(verified.is_whole() && verified.contents > 20, "{verified:?}");
    let blind = verify(&sealed.blind(), &ids, &Quiet).unwrap();
    assert!(blind.findings.is_empty() && !blind.untold.is_empty(), "{blind:?}");
    // A flipped bit is found without the key as well.
    let pack = fs::read_dir(sealed.dir.join("packs")).unwrap().next().unwrap().unwrap().path();
    let mut bytes = fs::read(&pack).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&pack, bytes).unwrap();
    assert!(!verify(&sealed.blind(), &ids, &Quiet).unwrap().findings.is_empty());
    assert!(!verify(&sealed.store(), &ids, &Quiet).unwrap().findings.is_empty());
}

#[test]
fn a_second_snapshot_without_the_key_writes_only_what_is_new() {
    let sealed = Sealed::new();
    let first = sealed.create();
    let packs = || {
        let packs = fs::read_dir(sealed.dir.join("packs")).unwrap();
        packs.map(|pack| pack.unwrap().metadata().unwrap().len()).sum::<u64>()
    };
    let before = packs();
    fs::write(sealed.home.tree().join("harmless.toml"), "limit = 11\n").unwrap();
    let second = create(
        &sealed.blind(),
        &mut [Part::required("config", Files::new([sealed.home.tree()]))],
        &CreateOptions::new(now(), "t"),
    )
    .unwrap();
    assert!(second.is_good());
    let added = packs() - before;
    assert!(added > 0 && added < before, "{added} bytes more than {before}");
    let ids = [first.id, second.id];
    assert!(verify(&sealed.store(), &ids, &Quiet).unwrap().is_whole());
}

#[test]
fn keys_that_cannot_be_used_are_refused_and_named() {
    let sealed = Sealed::new();
    let identity =
        |path: &Path| Store::open(&sealed.dir, &StoreOptions::default().with_identity(path));
    let key = |result: Result<Store, StoreError>| match result.unwrap_err() {
        StoreError::Key { source } => source,
        other => panic!("{other:?}"),
    };
    assert!(matches!(key(identity("/nonexistent".as_ref())), KeyError::Read { .. }));
    let open = sealed.home.dir().join("open");
    fs::copy(&sealed.identity, &open).unwrap();
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(&open, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(key(identity(&open)), KeyError::TooOpen { mode: 0o644, .. }));
    let empty = sealed.home.dir().join("empty");
    fs::write(&empty, "# nothing\n").unwrap();
    fs::set_permissions(&empty, fs::Permissions::from_mode(0o600)).unwrap();
    assert!(matches!(key(identity(&empty)), KeyError::NoIdentity { .. }));
    let wrong = |recipients: &[&str]| {
        let recipients = recipients.iter().map(ToString::to_string).collect();
        let dir = sealed.home.dir().join("another");
        key(Store::create(dir, &Protection::Recipients(recipients), &StoreOptions::default()))
    };
    assert!(matches!(wrong(&["age1nonsense"]), KeyError::Recipient { .. }));
    assert!(matches!(wrong(&[]), KeyError::NoRecipient));
    // Another's key opens nothing.
    let manifest = sealed.create();
    let other = sealed.home.dir().join("other");
    new_identity(&other).unwrap();
    assert!(new_identity(&other).is_err(), "an identity is never overwritten");
    let store = Store::open(&sealed.dir, &StoreOptions::default().with_identity(&other)).unwrap();
    let verified = verify(&store, &[manifest.id], &Quiet).unwrap();
    let said = format!("{:?} {:?}", verified.findings, verified.untold);
    assert!(said.contains("sealed for others"), "{said}");
    assert!(matches!(
        Store::open(
            sealed.home.store_dir(),
            &StoreOptions::default().with_recipients(["age1x".to_owned()])
        ),
        Err(StoreError::NotSealed)
    ));
}
