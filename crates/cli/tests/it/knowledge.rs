//! Decision records, incidents and the changelog, as a person types them.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::run::plimsoll;

fn git(dir: &Path, args: &[&str]) {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=A", "-c", "user.email=a@example.com"]).args(args);
    let out = command.current_dir(dir).output().unwrap();
    assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
}

fn commit(dir: &Path, subject: &str) {
    git(dir, &["commit", "-q", "--allow-empty", "-m", subject]);
}

#[test]
fn a_decision_is_proposed_accepted_and_checked() {
    let dir = TempDir::new().unwrap();
    let made = plimsoll(dir.path(), &["adr", "new", "Keep rows in SQLite"]);
    assert_eq!(
        (made.code, made.out.as_str()),
        (0, "docs/adr/0001-keep-rows-in-sqlite.md\n"),
        "{}",
        made.err
    );
    let accepted = plimsoll(dir.path(), &["adr", "accept", "1", "--by", "A. Mate"]);
    assert_eq!(accepted.code, 0, "{}", accepted.err);
    assert!(plimsoll(dir.path(), &["adr", "list"]).out.starts_with("0001  accepted"));
    assert_eq!(plimsoll(dir.path(), &["adr", "check"]).code, 0);
    // Accepting twice is refused, an unknown number could not be looked at.
    assert_eq!(plimsoll(dir.path(), &["adr", "accept", "1", "--by", "B"]).code, 1);
    let unknown = plimsoll(dir.path(), &["adr", "accept", "7", "--by", "B"]);
    assert_eq!(unknown.code, 2);
    assert!(unknown.err.contains("hint: `plimsoll adr list`"), "{}", unknown.err);
    fs::write(dir.path().join("docs/adr/0002-x.md"), "hello\n").unwrap();
    let checked = plimsoll(dir.path(), &["adr", "check"]);
    assert_eq!(checked.code, 1);
    assert!(checked.out.contains("docs/adr/0002-x.md: line 1 is `hello`"), "{}", checked.out);
}

#[test]
fn an_incident_is_closed_with_what_is_known_and_listed() {
    let dir = TempDir::new().unwrap();
    let made = plimsoll(dir.path(), &["incident", "new", "Feed lost", "--priority", "p2"]);
    assert_eq!(made.code, 0, "{}", made.err);
    let path = made.out.trim_end();
    assert!(path.starts_with("docs/incidents/INC-") && path.ends_with("-feed-lost.md"), "{path}");
    let id = &path["docs/incidents/".len().."docs/incidents/INC-2026-001".len()];
    let closed = plimsoll(dir.path(), &["incident", "close", id]);
    assert_eq!(closed.code, 0, "{}", closed.err);
    assert!(closed.out.contains("Time to detect   not known"), "{}", closed.out);
    assert_eq!(plimsoll(dir.path(), &["incident", "close", id]).code, 1);
    let log = fs::read_to_string(dir.path().join("docs/incidents/README.md")).unwrap();
    assert!(log.contains(&format!("| [{id}]")) && log.contains("| P2 |"), "{log}");
    assert_eq!(plimsoll(dir.path(), &["incident", "review", id]).code, 0);
}

#[test]
fn the_changelog_takes_commits_once_and_cuts_a_release() {
    let dir = TempDir::new().unwrap();
    git(dir.path(), &["init", "-q"]);
    commit(dir.path(), "feat(cli): first thing");
    commit(dir.path(), "cli: for developers only");
    let dry = plimsoll(dir.path(), &["changelog", "update", "--dry-run"]);
    assert!(
        dry.out.contains("- cli: first thing.") && !dry.out.contains("developers"),
        "{}",
        dry.out
    );
    assert!(!dir.path().join("CHANGELOG.md").exists());
    assert_eq!(plimsoll(dir.path(), &["changelog", "check"]).code, 2);

    let updated = plimsoll(dir.path(), &["changelog", "update"]);
    assert_eq!(updated.code, 0, "{}", updated.err);
    commit(dir.path(), "fix: second thing");
    assert_eq!(plimsoll(dir.path(), &["changelog", "update"]).code, 0);
    let text = fs::read_to_string(dir.path().join("CHANGELOG.md")).unwrap();
    assert_eq!((text.matches("first thing").count(), text.matches("Second thing").count()), (1, 1));

    assert_eq!(plimsoll(dir.path(), &["changelog", "release", "0.1.0"]).code, 0);
    assert_eq!(plimsoll(dir.path(), &["changelog", "check"]).code, 0);
    let again = plimsoll(dir.path(), &["changelog", "release", "0.1.0"]);
    assert_eq!(again.code, 1);
    assert!(again.err.contains("not a version later than 0.1.0"), "{}", again.err);
}
