//! What a replacement keeps, refuses and cleans up.

use std::fs;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;

use plimsoll_durable::{Options, ReplaceError, replace, replace_with};
use proptest::prelude::{ProptestConfig, any, proptest};

use crate::child::{command, this_program};

const NOBODY: u32 = 65_534;

#[track_caller]
fn check_mode(old: Option<u32>, options: &Options, expected: u32) {
    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("state");
    if let Some(old) = old {
        fs::write(&target, "old").unwrap();
        fs::set_permissions(&target, fs::Permissions::from_mode(old)).unwrap();
    }
    replace_with(&target, options, "new").unwrap();
    assert_eq!(fs::read(&target).unwrap(), b"new");
    let found = fs::metadata(&target).unwrap().mode() & 0o7777;
    assert_eq!(found, expected, "found {found:o}, wanted {expected:o}");
}

#[test]
fn a_new_file_is_private_and_an_old_one_keeps_its_mode() {
    check_mode(None, &Options::default(), 0o600);
    check_mode(Some(0o640), &Options::default(), 0o640);
    check_mode(Some(0o755), &Options::default(), 0o755);
    check_mode(None, &Options::default().with_mode(0o644), 0o644);
    check_mode(Some(0o600), &Options::default().with_mode(0o666), 0o666);
}

#[track_caller]
fn check_refused(path: &Path, expected: &str) {
    let error = replace(path, "new").unwrap_err();
    let said = error.to_string();
    assert!(said.contains(expected), "found `{said}`, wanted `{expected}`");
    assert!(!error.is_out_of_space());
}

#[test]
fn what_is_no_file_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "old").unwrap();
    let link = dir.path().join("link");
    symlink(&file, &link).unwrap();
    check_refused(&link, &format!("symbolic link to `{}`", file.display()));
    assert_eq!(fs::read(&file).unwrap(), b"old");
    check_refused(dir.path(), "is a directory, wanted a file");
    check_refused(Path::new("/dev/null"), "is a special file, wanted a file");
    check_refused(Path::new("/"), "does not name a file");
    check_refused(&dir.path().join("absent/file"), "cannot create a file in the directory");
    check_refused(&file.join("below"), "cannot look at");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
}

#[test]
fn a_directory_without_the_right_to_write_is_named() {
    if !is_root() {
        eprintln!("SKIPPED: only root can become another user");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let program = dir.path().join("program");
    fs::copy(this_program(), &program).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let said = replace_as_nobody(&program, &dir.path().join("state"));
    assert!(said.contains("Create {") && said.contains("PermissionDenied"), "{said}");
    assert!(said.contains(dir.path().to_str().unwrap()), "{said}");
}

#[test]
fn the_owner_is_kept_or_the_replacement_refused() {
    if !is_root() {
        eprintln!("SKIPPED: only root can give files away");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let program = dir.path().join("program");
    fs::copy(this_program(), &program).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let target = dir.path().join("state");
    fs::write(&target, "old").unwrap();
    let said = replace_as_nobody(&program, &target);
    assert!(said.contains("Owner {"), "{said}");
    assert_eq!(fs::read(&target).unwrap(), b"old");
    chown(&target, Some(NOBODY), Some(NOBODY)).unwrap();
    replace(&target, "new").unwrap();
    assert_eq!(fs::metadata(&target).unwrap().uid(), NOBODY);
    let said = replace_as_nobody(&program, &target);
    assert!(said.contains("ok"), "{said}");
}

#[test]
fn only_own_leftovers_of_dead_writers_are_removed() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    let kept = [
        ".state.12-x.plimsoll-tmp",
        ".state.12.plimsoll-tmp",
        ".state.1-2-3.plimsoll-tmp",
        ".state.12-3.plimsoll-tmp.bak",
        ".state2.12-3.plimsoll-tmp",
        ".state.7-7.plimsoll-tmp",
        "state.12-3.plimsoll-tmp",
    ];
    for name in kept.iter().chain(&[".state.12-3.plimsoll-tmp"]) {
        fs::write(path(name), "left").unwrap();
    }
    let alive = fs::File::open(path(".state.7-7.plimsoll-tmp")).unwrap();
    alive.lock().unwrap();
    replace(path("state"), "new").unwrap();
    assert!(!path(".state.12-3.plimsoll-tmp").exists());
    for name in kept {
        assert!(path(name).exists(), "{name} is gone");
    }
    alive.unlock().unwrap();
    replace(path("state"), "new").unwrap();
    assert!(!path(".state.7-7.plimsoll-tmp").exists());
}

#[test]
fn many_writers_at_once_leave_one_whole_file_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("state");
    std::thread::scope(|scope| {
        for writer in b'a'..=b'h' {
            let target = &target;
            scope.spawn(move || {
                for _ in 0..20 {
                    replace(target, vec![writer; 10_000]).unwrap();
                }
            });
        }
    });
    let found = fs::read(&target).unwrap();
    assert_eq!(found.len(), 10_000);
    assert!(found.iter().all(|byte| *byte == found[0]));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn a_name_of_the_greatest_length_is_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("n".repeat(255));
    replace(&target, "one").unwrap();
    replace(&target, "two").unwrap();
    assert_eq!(fs::read(&target).unwrap(), b"two");
}

#[test]
fn a_sync_failure_after_the_rename_is_told_apart() {
    let source = std::io::Error::from(std::io::ErrorKind::StorageFull);
    let error = ReplaceError::SyncDirectory { path: "state".into(), source };
    assert!(error.to_string().starts_with("`state` is replaced, but"));
    assert!(error.is_out_of_space());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_bytes_are_read_back(first in any::<Vec<u8>>(), second in any::<Vec<u8>>()) {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("state");
        for bytes in [&first, &second] {
            replace(&target, bytes).unwrap();
            assert_eq!(&fs::read(&target).unwrap(), bytes);
        }
    }
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|metadata| metadata.uid() == 0)
}

fn replace_as_nobody(program: &Path, target: &Path) -> String {
    let mut command = command(program, "replace once", target);
    let mut child = command.uid(NOBODY).gid(NOBODY).current_dir("/").spawn().unwrap();
    let mut said = String::new();
    child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    child.wait().unwrap();
    said
}
