//! A repository's state and the work in it that no commit has.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use plimsoll_snapshot::capture::Git;
use plimsoll_snapshot::plan::Event;
use plimsoll_snapshot::restore::{RestoreOptions, restore, undo_restore};
use plimsoll_snapshot::{CreateOptions, Manifest, Outcome, Part, create};

use crate::home::{Home, now};

/// Runs git as a person would.
#[track_caller]
fn git(dir: &Path, args: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=A", "-c", "user.email=a@b", "-c", "commit.gpgSign=false"])
        .args(args)
        .current_dir(dir)
        .output()
        .unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

/// A repository with work of every sort in it.
fn repository(home: &Home) -> PathBuf {
    let dir = home.dir().join("repo");
    fs::create_dir(&dir).unwrap();
    git(&dir, &["init", "-q", "-b", "main"]);
    for name in ["changed", "staged", "both", "gone", "run.sh"] {
        fs::write(dir.join(name), format!("{name} 1\n")).unwrap();
    }
    fs::write(dir.join(".gitignore"), "*.log\n").unwrap();
    git(&dir, &["add", "."]);
    git(&dir, &["commit", "-q", "-m", "first"]);
    git(&dir, &["tag", "v1"]);
    fs::write(dir.join("changed"), "changed 2\r\n").unwrap();
    fs::write(dir.join("staged"), "staged 2\n").unwrap();
    fs::write(dir.join("both"), "both 2\n").unwrap();
    git(&dir, &["add", "staged", "both"]);
    fs::write(dir.join("both"), "both 3\n").unwrap();
    fs::remove_file(dir.join("gone")).unwrap();
    fs::set_permissions(dir.join("run.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    fs::create_dir(dir.join("new dir")).unwrap();
    fs::write(dir.join("new dir/new\nname"), "untracked\n").unwrap();
    fs::write(dir.join("new"), [0, 159, 146, 150]).unwrap();
    std::os::unix::fs::symlink("new", dir.join("link")).unwrap();
    fs::write(dir.join("noise.log"), "ignored").unwrap();
    dir
}

fn captured(home: &Home, git: Git) -> Manifest {
    let mut parts = [Part::required("repo", git)];
    create(&home.store(), &mut parts, &CreateOptions::new(now(), "test 1")).unwrap()
}

/// Everything in a repository that capturing might change.
fn state(dir: &Path) -> (String, String, Vec<u8>, usize) {
    let objects = git(dir, &["count-objects", "-v"]);
    let refs = git(dir, &["for-each-ref"]);
    let index = fs::read(dir.join(".git/index")).unwrap();
    (objects, refs, index, fs::read_dir(dir).unwrap().count())
}

fn contents(dir: &Path, path: &str) -> Option<Vec<u8>> {
    fs::read(dir.join(path)).ok()
}

#[test]
fn staged_changed_and_untracked_work_comes_back_beside_the_repository() {
    let home = Home::new();
    let dir = repository(&home);
    let status = git(&dir, &["status", "--porcelain=v1", "-uall"]);
    let before = state(&dir);
    let manifest = captured(&home, Git::new(&dir));
    assert!(manifest.is_good(), "{:?}", manifest.parts);
    assert_eq!(state(&dir), before, "capturing changed the repository");

    // A person goes on working: nothing of that may be touched.
    git(&dir, &["commit", "-q", "-a", "-m", "second"]);
    fs::write(dir.join("changed"), "changed 9\n").unwrap();
    let person = git(&dir, &["status", "--porcelain=v1", "-uall"]);

    let tree = home.dir().join("restored");
    let observe = &mut |_: &Event<'_>| {};
    let restorer = Git::new(&dir).with_work_tree(&tree);
    let mut options = RestoreOptions::new(&now, "test 1", observe).with_restorer("repo", restorer);
    restore(&home.store(), &manifest.id, &mut options).unwrap();
    assert_eq!(git(&tree, &["status", "--porcelain=v1", "-uall"]), status);
    assert_eq!(git(&tree, &["rev-parse", "HEAD"]), git(&dir, &["rev-parse", "v1"]));
    assert_eq!(contents(&tree, "changed").unwrap(), b"changed 2\r\n");
    assert_eq!(contents(&tree, "both").unwrap(), b"both 3\n");
    assert_eq!(git(&tree, &["show", ":both"]), "both 2");
    assert_eq!(contents(&tree, "new").unwrap(), [0, 159, 146, 150]);
    assert_eq!(contents(&tree, "new dir/new\nname").unwrap(), b"untracked\n");
    assert!(contents(&tree, "gone").is_none() && contents(&tree, "noise.log").is_none());
    assert!(tree.join("link").is_symlink());
    assert_eq!(git(&dir, &["status", "--porcelain=v1", "-uall"]), person);

    // Once more leads to the same.
    let observe = &mut |_: &Event<'_>| {};
    let restorer = Git::new(&dir).with_work_tree(&tree);
    let mut options = RestoreOptions::new(&now, "test 1", observe).with_restorer("repo", restorer);
    restore(&home.store(), &manifest.id, &mut options).unwrap();
}

#[test]
fn a_clean_repository_is_a_commit_and_unpushed_commits_are_kept() {
    let home = Home::new();
    let dir = repository(&home);
    let origin = home.dir().join("origin.git");
    git(home.dir(), &["init", "-q", "--bare", "-b", "main", origin.to_str().unwrap()]);
    git(&dir, &["remote", "add", "origin", origin.to_str().unwrap()]);
    git(&dir, &["push", "-q", "origin", "main"]);
    git(&dir, &["add", "-A"]);
    git(&dir, &["commit", "-q", "-m", "not pushed"]);
    let commit = git(&dir, &["rev-parse", "HEAD"]);
    let manifest = captured(&home, Git::new(&dir));
    assert!(manifest.is_good(), "{:?}", manifest.parts);

    // Another clone of the same origin has not that commit.
    let other = home.dir().join("other");
    git(home.dir(), &["clone", "-q", origin.to_str().unwrap(), other.to_str().unwrap()]);
    let tree = home.dir().join("restored");
    let observe = &mut |_: &Event<'_>| {};
    let restorer = Git::new(&other).with_work_tree(&tree);
    let mut options = RestoreOptions::new(&now, "test 1", observe).with_restorer("repo", restorer);
    restore(&home.store(), &manifest.id, &mut options).unwrap();
    assert_eq!(git(&tree, &["rev-parse", "HEAD"]), commit);
}

#[test]
fn a_work_tree_of_somebody_else_is_refused_and_ours_is_taken_back() {
    let home = Home::new();
    let dir = repository(&home);
    let manifest = captured(&home, Git::new(&dir));
    let tree = home.dir().join("restored");
    fs::create_dir(&tree).unwrap();
    fs::write(tree.join("precious"), "kept").unwrap();
    let restorer = || Git::new(&dir).with_work_tree(&tree);
    let observe = &mut |_: &Event<'_>| {};
    let mut options =
        RestoreOptions::new(&now, "test 1", observe).with_restorer("repo", restorer());
    restore(&home.store(), &manifest.id, &mut options).unwrap_err();
    assert_eq!(fs::read(tree.join("precious")).unwrap(), b"kept");
    fs::remove_dir_all(&tree).unwrap();
    undo_restore(&home.store(), &mut options).unwrap();
    assert!(!tree.exists());
    assert_eq!(git(&dir, &["worktree", "list"]).lines().count(), 1);
}

#[test]
fn what_is_wrong_with_git_fails_the_part_and_is_named() {
    let home = Home::new();
    let check = |git: Git, wanted: &str| {
        let manifest = captured(&home, git);
        let Outcome::Failed { why } = &manifest.parts[0].outcome else { panic!("{manifest:?}") };
        assert!(why.contains(wanted), "{why}");
    };
    check(Git::new(home.tree()), "not a git repository");
    check(Git::new(home.dir().join("nowhere")), "no such directory");
    let empty = home.dir().join("empty");
    fs::create_dir(&empty).unwrap();
    git(&empty, &["init", "-q"]);
    check(Git::new(&empty), "rev-parse failed");
    let dir = repository(&home);
    fs::write(dir.join("token"), "ghp_abcdefghijABCDEFGHIJ0123456789abcd").unwrap();
    check(Git::new(&dir), "holds a secret");
}
