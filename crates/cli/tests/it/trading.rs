//! `plimsoll halt`, `resume`, `lease`, `deploy` and `rollback`, as a person uses them.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::run::{Ran, command, ended};

fn run(dir: &Path, args: &[&str]) -> Ran {
    let mut command = command(dir, args);
    for name in ["XDG_CACHE_HOME", "XDG_STATE_HOME", "HOME"] {
        command.env(name, dir.join("home"));
    }
    ended(&mut command)
}

#[track_caller]
fn ends(dir: &Path, args: &[&str], code: i32, wanted: &str) -> Ran {
    let ran = run(dir, args);
    assert_eq!(ran.code, code, "{args:?}: {ran:?}");
    let text = format!("{}{}", ran.out, ran.err);
    assert!(text.contains(wanted), "{args:?} lacks `{wanted}`: {text}");
    ran
}

#[test]
fn a_halt_is_latched_until_the_checks_allow_to_resume() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path();
    fs::create_dir(dir.join("config")).unwrap();
    let canonical = "trading:\n  cancel: {run: [sh, -c, 'echo > canceled']}\n  \
                     resume_checks:\n    limits: {run: [test, -e, inside]}\n";
    fs::write(dir.join("config/canonical.yaml"), canonical).unwrap();
    ends(dir, &["halt", "--status"], 2, "there is no");
    ends(dir, &["halt"], 2, "--reason");
    let words = ["halt", "--reason", "drill", "--by", "ann", "--cancel", "--record", "s.db"];
    ends(dir, &words, 0, "halted: drill");
    assert!(dir.join("canceled").exists());
    ends(dir, &["halt", "--status"], 1, "halted by ann");
    ends(dir, &["halt", "--reason", "second", "--flatten"], 1, "no program `trading.flatten`");
    ends(dir, &["resume", "--reason", "better"], 1, "trading stays halted");
    ends(dir, &["halt", "--status"], 1, "second");
    fs::write(dir.join("inside"), "").unwrap();
    ends(dir, &["resume", "--reason", "better", "--dry-run"], 0, "could go on");
    ends(dir, &["halt", "--status"], 1, "halted by ann");
    let words = ["resume", "--reason", "better", "--by", "ann", "--record", "s.db"];
    ends(dir, &words, 0, "trading goes on");
    let sql = "SELECT kind, outcome, actor, detail FROM ops_events ORDER BY ts";
    let rows = ends(dir, &["metrics", "query", "--store", "s.db", sql, "--format", "csv"], 0, "");
    let wanted = ["halt,ok,ann,drill", "resume,ok,ann,better"];
    assert!(rows.out.lines().skip(1).eq(wanted), "{rows:?}");
    ends(dir, &["halt", "--status"], 0, "resumed by ann");
    ends(dir, &["resume", "--reason", "again"], 1, "not halted");
    fs::write(dir.join(".plimsoll/trading/halt"), "nonsense\nnonsense\n").unwrap();
    ends(dir, &["halt", "--status"], 2, "damaged");
}

#[test]
fn an_account_that_cannot_be_read_keeps_trading_halted() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path();
    fs::create_dir(dir.join("config")).unwrap();
    let port = testbed::free_port().unwrap();
    let canonical =
        format!("snapshot:\n  positions:\n    paper: {{paper: 'http://127.0.0.1:{port}'}}\n");
    fs::write(dir.join("config/canonical.yaml"), canonical).unwrap();
    ends(dir, &["halt", "--reason", "drill"], 2, "not known what is held");
    ends(dir, &["resume", "--reason", "x"], 2, "trading stays halted");
    ends(dir, &["halt", "--status"], 1, "drill");
}

/// A repository with three versions of a service, of which the last is not well.
fn desk() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path();
    fs::create_dir(dir.join("config")).unwrap();
    fs::write(dir.join(".gitignore"), ".plimsoll/\nhome/\n").unwrap();
    let canonical = "snapshot:\n  files:\n    desk: {roots: [config]}\n\
                     deploy:\n  staging:\n    free_disk_min_mb: 1\n    watch_secs: 0\n    \
                     build: {run: [test, -e, version]}\n    services:\n      web:\n        \
                     run: [sh, -c, 'exec sleep 600']\n        ready_secs: 1\n        \
                     health: {run: {run: [sh, -c, '! grep -q bad version']}}\n    \
                     smoke:\n      look: {run: [cat, version]}\n";
    fs::write(dir.join("config/canonical.yaml"), canonical).unwrap();
    let git = |words: &[&str]| {
        let names = ["-c", "user.name=t", "-c", "user.email=t@t.invalid"];
        assert!(
            Command::new("git")
                .args(names)
                .args(words)
                .current_dir(dir)
                .status()
                .unwrap()
                .success()
        );
    };
    git(&["init", "-q", "-b", "main"]);
    for version in ["one", "two", "bad"] {
        fs::write(dir.join("version"), version).unwrap();
        git(&["add", "."]);
        git(&["commit", "-qm", version]);
        git(&["tag", version]);
    }
    ends(dir, &["snapshot", "init", "--clear"], 0, "");
    home
}

/// Ends whatever the deploys of a test started.
struct Ended<'a>(&'a Path);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        let run = self.0.join(".plimsoll/deploy/staging/run");
        for entry in fs::read_dir(run).into_iter().flatten().flatten() {
            if entry.path().extension().is_some_and(|end| end == "pid") {
                let pid = fs::read_to_string(entry.path()).unwrap_or_default();
                let kill = format!("kill -KILL -- -{pid}");
                drop(
                    Command::new("sh")
                        .args(["-c", &kill])
                        .stderr(std::process::Stdio::null())
                        .status(),
                );
            }
        }
    }
}

#[test]
fn a_version_is_deployed_taken_back_and_rolled_back_to() {
    let home = desk();
    let dir = home.path();
    let _ended = Ended(dir);
    ends(dir, &["deploy", "prod"], 2, "no `prod`");
    ends(dir, &["rollback"], 1, "no other version");
    ends(dir, &["deploy", "staging", "--commit", "one", "--dry-run"], 0, "nothing was changed");
    ends(dir, &["deploy", "staging", "--commit", "one"], 0, "smoke look");
    ends(dir, &["deploy", "staging", "--commit", "two"], 0, "done");
    let ran = ends(dir, &["deploy", "staging", "--commit", "bad"], 1, "is not well");
    assert!(ran.err.contains("what ran before runs again"), "{ran:?}");
    fs::write(dir.join("version"), "mine").unwrap();
    ends(dir, &["deploy", "staging"], 1, "not committed");
    assert_eq!(
        fs::read_to_string(dir.join("version")).unwrap(),
        "mine",
        "nobody's work is touched"
    );
    ends(dir, &["rollback", "--dry-run"], 0, "retire the old release");
    ends(dir, &["rollback", "--to", "bad"], 1, "was never deployed");
    ends(dir, &["rollback"], 0, "rollback");
    let list = ends(dir, &["deploy", "list"], 0, "taken back").out;
    assert_eq!(list.matches("healthy").count(), 3, "{list}");
    ends(dir, &["rollback", "--drill"], 0, "drill: back in");
    ends(dir, &["deploy", "staging", "--undo"], 1, "was cut short");
    ends(dir, &["deploy", "prune", "--dry-run"], 0, "nothing was changed");
    ends(dir, &["deploy", "prune"], 0, "removed");
    ends(dir, &["snapshot", "list"], 0, "before-");
}
