//! Files that are none: each is told, none stops the check.

use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use plimsoll_drift::{Around, Report, State, Verdict, check_tree, summarize};

use crate::canon::canon;

const GOOD: &str = "QUESTDB_HTTP_PORT=9000\n";

fn check(root: &Path) -> Report {
    let canon = canon();
    let walked = check_tree(&canon, root);
    let mut around = Around::default();
    around.skipped = walked.skipped;
    summarize(&canon, walked.files, around)
}

/// Checks a tree with one good file and one other, and returns why that was not checked and whether it is open.
fn skipped(name: &str, make: impl FnOnce(&Path)) -> Option<(String, bool)> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(".env"), GOOD).unwrap();
    make(&folder.path().join(name));
    let report = check(folder.path());
    assert_eq!(report.values_checked, 1, "{name}: the good file is still checked");
    let found = report.skipped.iter().find(|skipped| skipped.path.starts_with(name))?;
    let expected = if found.is_open { Verdict::Unknown } else { Verdict::Clean };
    assert_eq!(report.verdict(), expected, "{name}");
    Some((found.reason.clone(), found.is_open))
}

#[test]
fn a_file_of_a_gigabyte_is_told_and_not_read() {
    let large = |path: &Path| {
        use std::io::Write;
        let mut file = File::create(path).unwrap();
        file.write_all(&b"questdb:\n  port: 9000\n".repeat(1000)).unwrap();
        file.set_len(1 << 30).unwrap();
    };
    let (reason, is_open) = skipped("large.yml", large).unwrap();
    assert!(reason.contains("1073741824 bytes"), "{reason}");
    assert!(is_open, "a large configuration may hold anything");
    let (_, is_open) = skipped("large.txt", large).unwrap();
    assert!(!is_open);
}

#[test]
fn binary_files_and_broken_text_are_told() {
    let (reason, is_open) =
        skipped("core", |path| fs::write(path, b"\x7fELF\0\0questdb 9001").unwrap()).unwrap();
    assert_eq!((reason.as_str(), is_open), ("not a text", false));
    let broken = |path: &Path| fs::write(path, b"questdb:\n  port: 9000 # caf\xe9\n").unwrap();
    let (reason, is_open) = skipped("broken.yml", broken).unwrap();
    assert_eq!((reason.as_str(), is_open), ("no UTF-8 after byte 27", true));
}

#[test]
fn a_loop_of_symbolic_links_ends() {
    let (reason, is_open) =
        skipped("loop", |path| symlink(path.parent().unwrap(), path).unwrap()).unwrap();
    assert_eq!((reason.as_str(), is_open), ("a symbolic link", false));
    assert!(skipped("self", |path| symlink(path, path).unwrap()).is_some());
    assert!(skipped("nowhere.yml", |path| symlink("/nowhere/at/all", path).unwrap()).is_some());
}

#[test]
fn a_folder_that_may_not_be_read_leaves_the_question_open() {
    let folder = tempfile::tempdir().unwrap();
    let closed = folder.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
    let is_all_powerful = fs::read_dir(&closed).is_ok();
    fs::write(folder.path().join(".env"), GOOD).unwrap();
    let report = check(folder.path());
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
    if is_all_powerful {
        println!("SKIPPED: this user may read every folder");
        return;
    }
    assert_eq!(
        report.skipped.first().map(|skipped| skipped.is_open),
        Some(true),
        "{:?}",
        report.skipped
    );
    assert_eq!(report.verdict(), Verdict::Unknown);
}

#[test]
fn a_file_that_is_not_what_its_name_says_is_unparsable_and_not_clean() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(".env"), GOOD).unwrap();
    for (name, text) in [
        ("a.yml", "questdb: [9000\n"),
        ("a.json", "{\"questdb\": {\"port\": 9000\n"),
        ("a.toml", "[questdb\nport = 9000\n"),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        let report = check(folder.path());
        fs::remove_file(&path).unwrap();
        let states: Vec<_> = report
            .findings
            .iter()
            .map(|finding| (finding.place.path.as_str(), finding.state))
            .collect();
        assert_eq!(states, [(name, State::Unparsable)]);
        assert_eq!(report.verdict(), Verdict::Unknown, "{name}");
    }
}

#[test]
fn a_check_of_nothing_tells_nothing() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("notes.md"), "Nothing of ours.\n").unwrap();
    assert_eq!(check(folder.path()).verdict(), Verdict::Unknown);
}

#[test]
fn a_pipe_among_the_files_does_not_block() {
    let make = |path: &Path| {
        let made = std::process::Command::new("mkfifo").arg(path).status();
        assert!(made.is_ok_and(|status| status.success()), "mkfifo makes a pipe");
    };
    let (reason, _) = skipped("pipe.yml", make).unwrap();
    assert_eq!(reason, "neither a file nor a folder");
}
