//! Stores: who may use them, how snapshots are named and found, what is kept.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, SystemTime};

use plimsoll_snapshot::{
    CreateError, CreateOptions, Files, Keep, Need, Outcome, Part, Protection, PruneOptions, Quiet,
    Reason, Store, StoreError, StoreOptions, create, preview_prune, prune, verify,
};

use crate::grove::{describe, pattern};
use crate::home::{Home, now};

fn write(home: &Home, name: &str, contents: impl AsRef<[u8]>) {
    fs::write(home.tree().join(name), contents).unwrap();
}

fn create_at(home: &Home, at: SystemTime, tags: &[&str]) -> plimsoll_snapshot::Manifest {
    let mut parts = [Part::required("tree", Files::new([home.tree()]))];
    let options = CreateOptions::new(at, "test 1").with_tags(tags.iter().copied());
    create(&home.store(), &mut parts, &options).unwrap()
}

fn at(secs: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(secs)
}

#[test]
fn two_snapshots_of_one_second_are_two_and_a_clock_that_goes_back_changes_no_order() {
    let home = Home::new();
    write(&home, "a", "1");
    let first = create_at(&home, at(1_790_000_000), &[]);
    let second = create_at(&home, at(1_790_000_000), &[]);
    let third = create_at(&home, at(1_700_000_000), &[]);
    assert!(first.id < second.id && second.id < third.id);
    assert_eq!(home.ids(), [first.id, second.id, third.id.clone()]);
    assert_eq!(third.created_ns, 1_700_000_000_000_000_000, "the clock is told as it was");
    home.assert_whole("three");
}

#[test]
fn a_snapshot_is_found_by_its_name_the_beginning_of_it_a_tag_or_as_the_newest() {
    let home = Home::new();
    write(&home, "a", "1");
    let first = create_at(&home, at(1_790_000_000), &["release-1"]);
    let second = create_at(&home, at(1_790_086_400), &[]);
    let mut failing = [Part::required("gone", Files::new([home.dir().join("gone")]))];
    let failed = create(&home.store(), &mut failing, &CreateOptions::new(now(), "t")).unwrap();
    assert!(!failed.is_good());
    let store = home.store();
    assert_eq!(store.find(first.id.as_str()).unwrap(), first.id);
    assert_eq!(store.find(&second.id.as_str()[..25]).unwrap(), second.id);
    assert_eq!(store.find("release-1").unwrap(), first.id);
    assert_eq!(store.find("latest").unwrap(), second.id, "never a failed one");
    assert!(matches!(store.find("2026"), Err(StoreError::Ambiguous { .. })));
    assert!(matches!(store.find("nothing"), Err(StoreError::NoSnapshot { .. })));
    assert!(matches!(store.find(""), Err(StoreError::NoSnapshot { .. })));
}

#[test]
fn a_part_that_fails_is_named_and_does_not_end_the_others() {
    let home = Home::new();
    write(&home, "a", "1");
    let gone = home.dir().join("gone");
    let mut parts = [
        Part::required("missing", Files::new([&gone])),
        Part::optional("may be missing", Files::new([&gone])),
        Part::required("need not be there", Files::new([&gone]).absent_is_fine()),
        Part::required("tree", Files::new([home.tree()])),
        Part::required("relative", Files::new(["tree"])),
        Part::required("pattern", Files::new([home.tree()]).with_include(["a["])),
    ];
    let manifest = create(&home.store(), &mut parts, &CreateOptions::new(now(), "t")).unwrap();
    assert!(!manifest.is_good());
    let outcome = |name: &str| manifest.part(name).unwrap().outcome.clone();
    assert!(matches!(outcome("missing"), Outcome::Failed { why } if why.contains("cannot read")));
    assert!(matches!(outcome("may be missing"), Outcome::Failed { .. }));
    assert_eq!(manifest.part("may be missing").unwrap().need, Need::Optional);
    assert!(matches!(outcome("need not be there"), Outcome::Skipped { .. }));
    assert_eq!(outcome("tree"), Outcome::Captured);
    assert!(
        matches!(outcome("relative"), Outcome::Failed { why } if why.contains("no absolute path"))
    );
    assert!(
        matches!(outcome("pattern"), Outcome::Failed { why } if why.contains("`a[` is no pattern"))
    );
    let found: Vec<String> = home.verify().findings.iter().map(ToString::to_string).collect();
    assert!(
        found
            .iter()
            .any(|text| text.contains("part `missing`") && text.contains("was not captured")),
        "{found:?}"
    );
    let mut twice = [
        Part::required("x", Files::new([home.tree()])),
        Part::required("x", Files::new([home.tree()])),
    ];
    let error = create(&home.store(), &mut twice, &CreateOptions::new(now(), "t")).unwrap_err();
    assert!(matches!(error, CreateError::PartName { .. }), "{error:?}");
    let error = create(&home.store(), &mut [], &CreateOptions::new(now(), "t")).unwrap_err();
    assert!(matches!(error, CreateError::NoParts), "{error:?}");
}

#[test]
fn patterns_decide_what_of_a_tree_is_captured() {
    let home = Home::new();
    for dir in ["conf", "conf/deep", "logs", "empty"] {
        fs::create_dir(home.tree().join(dir)).unwrap();
    }
    for file in ["conf/a.toml", "conf/a.log", "conf/deep/b.toml", "logs/c.toml", "d.toml"] {
        write(&home, file, file);
    }
    let check = |files: Files, wanted: &[&str]| {
        let mut parts = [Part::required("tree", files)];
        let manifest = create(&home.store(), &mut parts, &CreateOptions::new(now(), "t")).unwrap();
        let into = home.dir().join(manifest.id.as_str());
        home.restore_into(&manifest.id, &into).unwrap();
        let found = describe(&into.join(home.tree().strip_prefix("/").unwrap()));
        let found: Vec<&str> = found.keys().map(|path| path.to_str().unwrap()).collect();
        assert_eq!(found, wanted);
    };
    let all = || Files::new([home.tree()]);
    check(
        all().with_include(["*.toml"]),
        &[
            "",
            "conf",
            "conf/a.toml",
            "conf/deep",
            "conf/deep/b.toml",
            "d.toml",
            "logs",
            "logs/c.toml",
        ],
    );
    check(all().with_include(["conf/*.toml"]), &["", "conf", "conf/a.toml"]);
    check(
        all().with_exclude(["logs", "*.log", "deep/*"]),
        &["", "conf", "conf/a.toml", "conf/deep", "conf/deep/b.toml", "d.toml", "empty"],
    );
    let one = Files::new([home.tree().join("d.toml")]);
    let mut parts = [Part::required("one", one)];
    let manifest = create(&home.store(), &mut parts, &CreateOptions::new(now(), "t")).unwrap();
    write(&home, "d.toml", "changed");
    home.restore(&manifest.id).unwrap();
    assert_eq!(fs::read(home.tree().join("d.toml")).unwrap(), b"d.toml");
}

#[test]
fn only_the_owner_may_enter_a_store_and_two_writers_know_of_each_other() {
    let home = Home::new();
    write(&home, "a", "1");
    let mode = fs::metadata(home.store_dir()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    let lock =
        plimsoll_durable::Lock::try_acquire(home.store_dir().join("lock"), "a nightly backup")
            .unwrap();
    let error = home.create().unwrap_err();
    let text = format!("{error:?}");
    assert!(
        matches!(error, CreateError::Locked { .. }) && text.contains("a nightly backup"),
        "{text}"
    );
    drop(lock);
    home.created();
    fs::set_permissions(home.store_dir(), fs::Permissions::from_mode(0o755)).unwrap();
    let error = Store::open(home.store_dir(), &StoreOptions::default()).unwrap_err();
    assert!(matches!(error, StoreError::TooOpen { mode: 0o755, .. }), "{error:?}");
    let error =
        Store::create(home.store_dir(), &Protection::Clear, &StoreOptions::default()).unwrap_err();
    assert!(matches!(error, StoreError::Exists { .. }), "{error:?}");
    let error = Store::open(home.dir().join("nowhere"), &StoreOptions::default()).unwrap_err();
    assert!(matches!(error, StoreError::NoStore { .. }), "{error:?}");
}

#[test]
fn a_store_inside_the_tree_is_not_captured_and_what_a_newer_program_wrote_is_refused() {
    let home = Home::new();
    write(&home, "a", "1");
    let inside = home.tree().join("store");
    let store = Store::create(&inside, &Protection::Clear, &StoreOptions::default()).unwrap();
    let mut parts = [Part::required("tree", Files::new([home.tree()]))];
    let manifest = create(&store, &mut parts, &CreateOptions::new(now(), "t")).unwrap();
    assert_eq!(manifest.parts[0].entries, 2, "the directory and `a`");
    let again = create(&store, &mut parts, &CreateOptions::new(now(), "t")).unwrap();
    assert_eq!(again.parts[0].entries, 2);

    let path = inside.join("store");
    let text = fs::read_to_string(&path).unwrap().replacen(" 1 ", " 2 ", 1);
    fs::write(&path, text).unwrap();
    let error = Store::open(&inside, &StoreOptions::default()).unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("use a newer one"), "{source}");
}

#[test]
fn what_did_not_change_is_neither_read_nor_written_again() {
    let home = Home::new();
    write(&home, "big", pattern(1, 3_000_000));
    write(&home, "twin", pattern(1, 3_000_000));
    let first = home.create().unwrap();
    assert!(first.stored_bytes() < 4_000_000, "the same contents are stored once");
    let packs = || fs::read_dir(home.store_dir().join("packs")).unwrap().count();
    let before = packs();
    home.created();
    assert_eq!(packs(), before, "nothing new is written");
    // A byte more in the middle piece: only that piece is new.
    let mut changed = pattern(1, 3_000_000);
    changed[1_500_000] ^= 1;
    write(&home, "big", changed);
    let third = home.create().unwrap();
    let added = third.stored_bytes() - first.stored_bytes();
    assert!(added < 1_200_000, "{added} bytes more");
    home.assert_whole("three");
}

#[test]
fn a_file_that_changes_while_it_is_read_is_kept_whole_or_said() {
    let home = Home::new();
    let path = home.tree().join("moving");
    fs::write(&path, vec![0; 200_000]).unwrap();
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let (stopped, file) = (stop.clone(), path.clone());
    let writer = std::thread::spawn(move || {
        let mut n = 0_u8;
        while !stopped.load(std::sync::atomic::Ordering::SeqCst) {
            n = n.wrapping_add(1);
            // Whole contents of one byte each: a mixture would show.
            let temporary = file.with_extension("tmp");
            fs::write(&temporary, vec![n; 200_000 + usize::from(n)]).unwrap();
            fs::rename(&temporary, &file).unwrap();
        }
    });
    for _ in 0..10 {
        let mut parts = [Part::required("tree", Files::new([home.tree()]).with_exclude(["*.tmp"]))];
        let manifest = create(&home.store(), &mut parts, &CreateOptions::new(now(), "t")).unwrap();
        assert!(manifest.is_good(), "{:?}", manifest.parts);
        let into = home.dir().join(manifest.id.as_str());
        home.restore_into(&manifest.id, &into).unwrap();
        let restored = into.join(path.strip_prefix("/").unwrap());
        let is_noted = !manifest.parts[0].notes.is_empty();
        if let Ok(bytes) = fs::read(&restored) {
            assert!(is_noted || bytes.iter().all(|byte| *byte == bytes[0]), "torn and not said");
        } else {
            assert!(is_noted, "gone and not said");
        }
    }
    stop.store(true, std::sync::atomic::Ordering::SeqCst);
    writer.join().unwrap();
    home.assert_whole("ten");
}

#[test]
fn a_policy_keeps_the_last_the_daily_the_tagged_and_what_a_plan_needs() {
    let home = Home::new();
    let day = 86_400;
    let mut ids = Vec::new();
    for n in 0..40_u64 {
        write(&home, "a", format!("{n}"));
        let tags: &[&str] = if n == 3 { &["keep"] } else { &[] };
        ids.push(create_at(&home, at(1_790_000_000 + n * day / 2), tags).id);
    }
    let keep = Keep::default().with_last(3).with_daily(5).with_weekly(0);
    let options = PruneOptions::new(now()).with_keep(keep);
    let preview = preview_prune(&home.store(), &options).unwrap();
    assert_eq!(home.ids().len(), 40, "a preview changes nothing");
    let pruned = prune(&home.store(), &options).unwrap();
    assert_eq!((&pruned.kept, &pruned.removed), (&preview.kept, &preview.removed));
    let reasons: Vec<Reason> = pruned.kept.iter().map(|(_, reason)| *reason).collect();
    use Reason::{Daily, Last, Tagged};
    assert_eq!(reasons, [Tagged, Daily, Daily, Daily, Last, Last, Last]);
    assert_eq!(pruned.kept[0].0, ids[3]);
    assert_eq!(home.ids().len(), 7);
    assert!(pruned.packs_removed > 20, "{pruned:?}");
    home.assert_whole("pruned");
    // The newest good one stays, whatever the policy says.
    let none =
        Keep::default().with_last(0).with_daily(0).with_weekly(0).with_tags(Vec::<String>::new());
    prune(&home.store(), &PruneOptions::new(now()).with_keep(none)).unwrap();
    assert_eq!(home.ids(), [ids[39].clone()]);
}

#[test]
fn pruning_writes_wasteful_packs_anew_and_removes_none_while_a_manifest_is_damaged() {
    let home = Home::new();
    for n in 0..40_u8 {
        write(&home, &format!("file {n}"), pattern(n, 50_000));
    }
    home.created();
    for n in 1..40_u8 {
        write(&home, &format!("file {n}"), pattern(n + 100, 50_000));
    }
    let second = home.created();
    let keep = Keep::default().with_last(1).with_daily(0).with_weekly(0);
    let options = PruneOptions::new(now()).with_keep(keep);
    let manifest = home.store_dir().join("snapshots").join(second.as_str());
    let whole = fs::read(&manifest).unwrap();
    fs::write(&manifest, "damaged").unwrap();
    let pruned = prune(&home.store(), &options).unwrap();
    assert_eq!(pruned.packs_removed, 0, "{pruned:?}");
    assert!(pruned.notes[0].contains("it is not known which ones"), "{:?}", pruned.notes);
    fs::write(&manifest, whole).unwrap();
    home.assert_whole("repaired");
    home.created();
    let pruned = prune(&home.store(), &options).unwrap();
    assert!(pruned.rewritten_bytes > 0 && pruned.removed_bytes > 1_000_000, "{pruned:?}");
    let verified = verify(&home.store(), &home.ids(), &Quiet).unwrap();
    assert!(verified.is_whole() && verified.packed_bytes < 2_500_000, "{verified:?}");
}
