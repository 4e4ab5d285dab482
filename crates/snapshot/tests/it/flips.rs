//! A changed bit in any file of a store is found.

use std::fs;
use std::path::{Path, PathBuf};

use plimsoll_snapshot::{Finding, Quiet, Store, StoreOptions, verify};

use crate::grove::{Contents, Kind, Plant, plant};
use crate::home::Home;

/// The files of a store that hold anything of a snapshot.
fn objects(store: &Path) -> Vec<PathBuf> {
    let mut found = vec![store.join("store")];
    for dir in ["packs", "snapshots"] {
        found.extend(fs::read_dir(store.join(dir)).unwrap().map(|entry| entry.unwrap().path()));
    }
    found.sort();
    found
}

#[test]
fn verify_finds_every_changed_bit_and_names_the_file() {
    let home = Home::new();
    for (number, len) in [0_usize, 10, 5000, 60_000, 1_100_000].into_iter().enumerate() {
        let kind = Kind::File(Contents::Pattern(number as u8, len));
        let path = format!("file {number}").into();
        plant(&home.tree(), &[Plant { path, kind, mode: 0o600, mtime: Default::default() }]);
        home.created();
    }
    home.assert_whole("before");
    let objects = objects(&home.store_dir());
    assert!(objects.len() > 8, "{objects:?}");
    let is_full = std::env::var_os("PLIMSOLL_SNAPSHOT_FULL").is_some();
    let flips = if is_full { 2000 } else { 150 };
    for flip in 0..flips {
        let object = &objects[flip % objects.len()];
        let whole = fs::read(object).unwrap();
        // Spread over the file, its first and last bytes included.
        let share = (flip as f64 * 0.618_033_988_75).fract();
        let at = match flip / objects.len() {
            0 => 0,
            1 => whole.len() - 1,
            _ => (whole.len() as f64 * share) as usize,
        };
        let mut wrong = whole.clone();
        wrong[at] ^= 1 << (flip % 8);
        fs::write(object, &wrong).unwrap();
        let name = object.file_name().unwrap().to_str().unwrap();
        let what = format!("byte {at} of {}", object.display());
        match Store::open(home.store_dir(), &StoreOptions::default()) {
            // A store that does not say what it is is not used at all.
            Err(error) => assert!(name == "store", "{what}: {error}"),
            Ok(store) => {
                let verified = verify(&store, &home.ids(), &Quiet).unwrap();
                let names = |finding: &Finding| match finding {
                    Finding::Store { .. } => name == "store",
                    Finding::Manifest { id, .. } => id.as_str() == name,
                    Finding::PackMissing { pack } | Finding::PackDamaged { pack, .. } => {
                        pack.to_string() == name
                    }
                    _ => false,
                };
                assert!(verified.findings.iter().any(names), "{what}: {:?}", verified.findings);
            }
        }
        fs::write(object, &whole).unwrap();
    }
    home.assert_whole("after");
    println!("{flips} flips in {} files, all found", objects.len());
}

#[test]
fn what_is_missing_is_named_by_pack_part_and_path() {
    let home = Home::new();
    let kind = Kind::File(Contents::Bytes(b"contents".to_vec()));
    let one = |path: &str, kind| Plant {
        path: path.into(),
        kind,
        mode: 0o600,
        mtime: Default::default(),
    };
    plant(&home.tree(), &[one("conf", Kind::Dir), one("conf/limits", kind)]);
    home.created();
    // The pack of the contents has to be another one than that of the list of entries.
    let pack = fs::read_dir(home.store_dir().join("packs")).unwrap().next().unwrap().unwrap();
    fs::remove_file(pack.path()).unwrap();
    let found: Vec<String> = home.verify().findings.iter().map(ToString::to_string).collect();
    let name = pack.file_name().into_string().unwrap();
    assert!(
        found.iter().any(|text| text.contains(&format!("pack `{name}` is missing"))),
        "{found:?}"
    );
    assert!(found.iter().any(|text| text.contains("part `tree`")), "{found:?}");
}
