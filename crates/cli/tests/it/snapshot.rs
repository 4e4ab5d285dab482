//! `plimsoll snapshot` and `plimsoll backup`, as a person uses them.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::run::{Ran, command, ended, plimsoll};

/// A repository with configuration, a database and a store's place.
fn desk() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("config")).unwrap();
    fs::create_dir(dir.path().join("desk")).unwrap();
    fs::write(dir.path().join("desk/limits.toml"), "max_position = 10\n").unwrap();
    fs::write(dir.path().join("desk/notes.txt"), "first\n").unwrap();
    let connection = rusqlite::Connection::open(dir.path().join("plimsoll.db")).unwrap();
    connection.execute_batch("CREATE TABLE t (x); INSERT INTO t VALUES (1)").unwrap();
    let canonical = "snapshot:\n  files:\n    desk:\n      roots: [desk]\n  sqlite:\n    store:\n      file: plimsoll.db\n";
    fs::write(dir.path().join("config/canonical.yaml"), canonical).unwrap();
    dir
}

/// With caches and states of its own.
fn run(dir: &Path, args: &[&str]) -> Ran {
    let mut command = command(dir, args);
    for name in ["XDG_CACHE_HOME", "XDG_STATE_HOME", "HOME"] {
        command.env(name, dir.join("home"));
    }
    ended(&mut command)
}

#[track_caller]
fn fine(dir: &Path, args: &[&str]) -> String {
    let ran = run(dir, args);
    assert_eq!(ran.code, 0, "{args:?}: {ran:?}");
    ran.out
}

#[track_caller]
fn ends(dir: &Path, args: &[&str], code: i32, wanted: &str) -> Ran {
    let ran = run(dir, args);
    assert_eq!(ran.code, code, "{args:?}: {ran:?}");
    let text = format!("{}{}", ran.out, ran.err);
    assert!(text.contains(wanted), "{args:?} lacks `{wanted}`: {text}");
    ran
}

fn sum(dir: &Path) -> i64 {
    let connection = rusqlite::Connection::open(dir.join("plimsoll.db")).unwrap();
    connection.query_row("SELECT sum(x) FROM t", [], |row| row.get(0)).unwrap()
}

#[test]
fn the_whole_way_from_init_to_prune() {
    let home = desk();
    let dir = home.path();
    ends(dir, &["snapshot", "create"], 2, "snapshot init");
    ends(dir, &["snapshot", "init"], 2, "--identity-out");
    fine(dir, &["snapshot", "init", "--clear"]);
    ends(dir, &["snapshot", "init", "--clear"], 2, "holds a store already");
    let out = fine(dir, &["snapshot", "create", "--tag", "before-deploy"]);
    assert!(out.contains("good") && out.contains("desk") && out.contains("store"), "{out}");
    let first = out.split_whitespace().next().unwrap().to_owned();

    fine(dir, &["snapshot", "verify"]);
    fine(dir, &["snapshot", "diff", "latest", "now"]);
    fs::write(dir.join("desk/limits.toml"), "max_position = 1000\n").unwrap();
    fs::write(dir.join("desk/more.txt"), "new\n").unwrap();
    fs::remove_file(dir.join("desk/notes.txt")).unwrap();
    rusqlite::Connection::open(dir.join("plimsoll.db"))
        .unwrap()
        .execute("INSERT INTO t VALUES (41)", [])
        .unwrap();
    let diff = ends(dir, &["snapshot", "diff", "before-deploy", "now"], 1, "changed").out;
    for wanted in
        ["desk  000/limits.toml", "desk  000/more.txt", "desk  000/notes.txt", "store  store.db"]
    {
        assert!(diff.contains(wanted), "{diff}");
    }

    let preview = fine(dir, &["snapshot", "restore", "before-deploy", "--dry-run"]);
    assert!(
        preview.contains("replace")
            && preview.contains("remove")
            && preview.contains("nothing was changed"),
        "{preview}"
    );
    assert_eq!(sum(dir), 42, "a dry run changes nothing");
    let restored = run(dir, &["snapshot", "restore", "before-deploy"]);
    assert_eq!(restored.code, 0, "{restored:?}");
    assert_eq!(fs::read_to_string(dir.join("desk/limits.toml")).unwrap(), "max_position = 10\n");
    assert!(dir.join("desk/notes.txt").exists() && !dir.join("desk/more.txt").exists());
    assert_eq!(sum(dir), 1);
    fine(dir, &["snapshot", "diff", &first, "now"]);

    // The way back is told.
    let back = restored.err.split("restore ").last().unwrap().split('`').next().unwrap().to_owned();
    fine(dir, &["snapshot", "restore", &back]);
    assert_eq!(sum(dir), 42);
    ends(dir, &["snapshot", "restore", "--continue"], 1, "no restore was cut short");

    let list: serde_json::Value =
        serde_json::from_str(&fine(dir, &["snapshot", "list", "--json"])).unwrap();
    assert_eq!(list["snapshots"].as_array().unwrap().len(), 3);
    let shown = fine(dir, &["snapshot", "show", "latest"]);
    assert!(shown.contains("store.rows/t = 1"), "{shown}");
    let part = fine(dir, &["snapshot", "show", "latest", "--part", "desk"]);
    assert!(part.contains("000/limits.toml"), "{part}");
    let keep = ["--keep-last", "1", "--keep-daily", "0", "--keep-weekly", "0"];
    let dry: Vec<&str> = ["snapshot", "prune", "--dry-run"].into_iter().chain(keep).collect();
    assert!(fine(dir, &dry).contains("2 snapshots"), "a dry run tells");
    let prune: Vec<&str> = ["snapshot", "prune"].into_iter().chain(keep).collect();
    fine(dir, &prune);
    assert_eq!(fine(dir, &["snapshot", "list"]).lines().count(), 1);
    fine(dir, &["snapshot", "verify", "--all"]);
}

#[test]
fn a_part_that_cannot_be_had_is_named_and_ends_with_1() {
    let home = desk();
    let dir = home.path();
    fine(dir, &["snapshot", "init", "--clear"]);
    let canonical = dir.join("config/canonical.yaml");
    let with = |text: &str| fs::write(&canonical, format!("snapshot:\n{text}")).unwrap();
    for (text, part, wanted) in [
        (
            "  redis: {cache: {server: {address: '127.0.0.1:1', trader_id: T-1}}}\n",
            "cache",
            "cannot connect to Redis",
        ),
        (
            "  questdb: {database: {url: 'http://127.0.0.1:1'}}\n",
            "database",
            "cannot connect to http://127.0.0.1:1",
        ),
        ("  git: {code: {dir: nowhere}}\n", "code", "no such directory"),
        ("  positions: {book: {paper: 'http://127.0.0.1:1'}}\n", "book", "cannot connect"),
        (
            "  images: {node: {images: [x], host: 'unix:///nonexistent'}}\n",
            "node",
            "cannot inspect",
        ),
    ] {
        with(text);
        let ran = ends(dir, &["snapshot", "create"], 1, wanted);
        assert!(ran.err.contains(&format!("FAILED: `{part}` not captured")), "{ran:?}");
    }
    ends(dir, &["snapshot", "restore", "latest"], 1, "no snapshot `latest`");
    assert!(fine(dir, &["snapshot", "list"]).contains("FAILED"));
    with("  files: {desk: {rots: [desk]}}\n");
    ends(dir, &["snapshot", "create"], 2, "did you mean `roots`?");
    with("  files: {desk: {roots: []}}\n");
    ends(dir, &["snapshot", "create"], 2, "has no root");
}

#[test]
fn a_hundred_secrets_are_refused_without_a_word_of_them_and_two_in_a_second_are_two() {
    let home = desk();
    let dir = home.path();
    fine(dir, &["snapshot", "init", "--clear"]);
    let secret = |n: usize| format!("correct-horse-battery-{n:04}");
    let text: String = (0..100).map(|n| format!("API_SECRET_{n}={}\n", secret(n))).collect();
    fs::write(dir.join("desk/.env"), text).unwrap();
    let mut said = ends(dir, &["snapshot", "create"], 1, "FAILED: `desk` not captured");
    for args in [&["snapshot", "list", "--json"][..], &["snapshot", "create", "--json"]] {
        let ran = run(dir, args);
        said.out += &(ran.out + &ran.err);
    }
    let mut stored = said.out + &said.err;
    let mut dirs = vec![dir.join(".plimsoll"), dir.join("home")];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(dir).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                dirs.push(path);
            } else {
                stored += &String::from_utf8_lossy(&fs::read(path).unwrap());
            }
        }
    }
    let found: Vec<usize> = (0..100).filter(|n| stored.contains(&secret(*n))).collect();
    assert!(found.is_empty(), "in clear: {found:?}");

    fs::remove_file(dir.join("desk/.env")).unwrap();
    for _ in 0..2 {
        fine(dir, &["snapshot", "create"]);
    }
    let listed = fine(dir, &["snapshot", "list"]);
    assert_eq!(listed.lines().filter(|line| !line.contains("FAILED")).count(), 2, "{listed}");
}

#[test]
fn a_sealed_store_is_made_verified_and_restored_with_its_identity() {
    let home = desk();
    let dir = home.path();
    fs::write(dir.join("desk/.env"), "API_SECRET=correct-horse-battery-0001\n").unwrap();
    fine(dir, &["snapshot", "init", "--clear", "--store", "open"]);
    ends(dir, &["snapshot", "create", "--store", "open"], 1, "holds a secret");
    let by_reference = ["snapshot", "create", "--store", "open", "--secrets", "by-reference"];
    ends(dir, &by_reference, 0, "kept as a reference");

    fine(dir, &["snapshot", "init", "--identity-out", "identity"]);
    fine(dir, &["snapshot", "create"]);
    ends(dir, &["snapshot", "verify"], 2, "bytes whole");
    fine(dir, &["snapshot", "verify", "--identity", "identity"]);
    ends(dir, &["snapshot", "restore", "latest"], 1, "--identity");
    fs::remove_file(dir.join("desk/.env")).unwrap();
    fine(dir, &["snapshot", "restore", "latest", "--identity", "identity", "--only", "desk"]);
    assert!(fs::read_to_string(dir.join("desk/.env")).unwrap().contains("correct-horse"));
}

#[test]
fn a_restore_that_is_killed_is_finished_or_taken_back_by_one_command() {
    let home = desk();
    let dir = home.path();
    for n in 0..150 {
        fs::write(dir.join(format!("desk/file-{n}")), format!("{n}\n").repeat(200)).unwrap();
    }
    fine(dir, &["snapshot", "init", "--clear"]);
    fine(dir, &["snapshot", "create"]);
    let (mut finished, mut undone) = (0, 0);
    for round in 0..8_u64 {
        for n in 0..150 {
            fs::write(dir.join(format!("desk/file-{n}")), "changed\n").unwrap();
        }
        let mut child = command(dir, &["snapshot", "restore", "latest", "--only", "desk"]);
        child
            .env("HOME", dir.join("home"))
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null());
        let mut child = child.spawn().unwrap();
        let until = std::time::Instant::now() + std::time::Duration::from_millis(7 * (round + 1));
        while std::time::Instant::now() < until {
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let (flag, wanted) =
            if round % 2 == 0 { ("--continue", "0\n") } else { ("--undo", "changed\n") };
        let ran = run(dir, &["snapshot", "restore", flag]);
        let first = fs::read_to_string(dir.join("desk/file-0")).unwrap();
        if ran.code == 0 {
            assert!(first.starts_with(wanted), "{flag}: {first:?}");
            finished += u32::from(flag == "--continue");
            undone += u32::from(flag == "--undo");
        } else {
            // It had not begun, or was done.
            assert!(ran.err.contains("no restore was cut short"), "{ran:?}");
        }
    }
    eprintln!("{finished} finished, {undone} taken back");
    fine(dir, &["snapshot", "verify", "--all"]);
}

#[test]
fn a_backup_verifies_prunes_tests_a_restore_and_writes_it_down() {
    let home = desk();
    let dir = home.path();
    fine(dir, &["snapshot", "init", "--clear"]);
    let out = fine(dir, &["backup", "--record", "metrics.db", "--test-dir", "."]);
    assert!(out.contains("restore test: ok 1 parts of files restored and compared"), "{out}");
    let out = fine(dir, &["backup", "--record", "metrics.db"]);
    assert!(!out.contains("restore test"), "the last one was just now: {out}");
    fs::remove_dir_all(dir.join("desk")).unwrap();
    ends(dir, &["backup", "--record", "metrics.db"], 1, "FAILED: `desk` not captured");
    let connection = rusqlite::Connection::open(dir.join("metrics.db")).unwrap();
    let sql = "SELECT kind || ' ' || target || ' ' || outcome FROM ops_events ORDER BY ts, seq";
    let rows: Vec<String> = connection
        .prepare(sql)
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let wanted = [
        "backup snapshot ok",
        "backup restore_test ok",
        "backup prune ok",
        "backup snapshot ok",
        "backup prune ok",
        "backup snapshot failed",
        "backup prune ok",
    ];
    assert_eq!(rows, wanted);
    assert!(
        !fs::read_dir(dir).unwrap().any(|e| e
            .unwrap()
            .file_name()
            .to_string_lossy()
            .contains("restore-test"))
    );
}

#[test]
fn a_repository_comes_back_as_a_work_tree() {
    let home = desk();
    let dir = home.path();
    let git = |args: &[&str]| {
        let status = Command::new("git")
            .args(["-c", "user.name=A", "-c", "user.email=a@b"])
            .args(args)
            .current_dir(dir.join("desk"))
            .status()
            .unwrap();
        assert!(status.success(), "{args:?}");
    };
    git(&["init", "-q"]);
    git(&["add", "."]);
    git(&["commit", "-q", "-m", "first"]);
    fs::write(dir.join("desk/notes.txt"), "work\n").unwrap();
    fine(dir, &["snapshot", "init", "--clear"]);
    fine(dir, &["snapshot", "create", "--git", "desk"]);
    ends(
        dir,
        &["snapshot", "restore", "latest", "--only", "git", "--git", "desk"],
        1,
        "--work-trees",
    );
    fine(
        dir,
        &[
            "snapshot",
            "restore",
            "latest",
            "--only",
            "git",
            "--git",
            "desk",
            "--work-trees",
            "trees",
        ],
    );
    assert_eq!(fs::read_to_string(dir.join("trees/git/notes.txt")).unwrap(), "work\n");
}

#[test]
fn help_shows_examples_and_exit_codes() {
    let dir = tempfile::tempdir().unwrap();
    for (args, wanted) in [
        (vec!["snapshot", "--help"], "restore --continue"),
        (vec!["snapshot", "create", "--help"], "--secrets"),
        (vec!["snapshot", "restore", "--help"], "--undo"),
        (vec!["snapshot", "verify", "--help"], "Exit code 0"),
        (vec!["backup", "--help"], "OnCalendar"),
    ] {
        let ran = plimsoll(dir.path(), &args);
        assert!(ran.code == 0 && ran.out.contains(wanted), "{args:?}: {ran:?}");
    }
}
