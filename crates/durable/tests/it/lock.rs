//! Who holds a lock, and for how long others wait.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use plimsoll_durable::{Holder, Lock, LockError};

use crate::child::{command, start, this_program};

#[track_caller]
fn check_held(path: &Path, max_wait: Duration) -> Option<Holder> {
    match Lock::acquire(path, "the second", max_wait) {
        Err(LockError::Held { path: named, holder, waited }) => {
            assert_eq!(named, path);
            assert!(waited >= max_wait, "gave up after {waited:?} of {max_wait:?}");
            holder
        }
        other => panic!("found {other:?}, wanted a held lock"),
    }
}

#[test]
fn a_second_handle_in_one_process_is_refused_and_told_the_holder() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("lock");
    let first = Lock::try_acquire(&path, "the\nfirst").unwrap();
    assert_eq!(first.path(), path);
    let holder = check_held(&path, Duration::ZERO).unwrap();
    assert_eq!(holder.pid, std::process::id());
    assert_eq!(holder.purpose, "the first");
    assert!(holder.since.elapsed().unwrap() < Duration::from_secs(600));
    drop(first);
    drop(Lock::try_acquire(&path, "the second").unwrap());
    assert!(path.exists(), "the lock file stays");
}

#[test]
fn a_lock_of_another_process_names_it_and_ends_when_it_is_killed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("lock");
    let mut child = start(command(&this_program(), "hold the lock", &path));
    let holder = check_held(&path, Duration::ZERO).unwrap();
    assert_eq!((holder.pid, holder.purpose.as_str()), (child.id(), "a child's work"));
    let said = Lock::try_acquire(&path, "x").unwrap_err().to_string();
    let wanted = format!("is locked by process {}", child.id());
    assert!(said.contains(&wanted) && said.contains("for `a child's work` since 20"), "{said}");
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(fs::read_to_string(&path).unwrap().contains("a child's work"), "its text is left");
    let next = Lock::try_acquire(&path, "the next").unwrap();
    assert_eq!(check_held(&path, Duration::ZERO).unwrap().purpose, "the next");
    drop(next);
}

#[test]
fn a_waiter_gets_the_lock_when_it_is_released_and_else_gives_up_at_its_bound() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("lock");
    let mut child = start(command(&this_program(), "hold the lock", &path));
    let error = Lock::acquire(&path, "wait", Duration::from_millis(60)).unwrap_err();
    assert!(error.is_transient());
    assert!(error.to_string().contains(", still after "), "{error}");
    check_held(&path, Duration::from_millis(60));
    let waiter = std::thread::spawn({
        let path = path.clone();
        move || Lock::acquire(path, "wait", Duration::from_secs(60)).map(drop)
    });
    child.stdin.take().unwrap().write_all(b"release\n").unwrap();
    waiter.join().unwrap().unwrap();
    child.wait().unwrap();
}

#[test]
fn the_text_of_a_dead_process_is_not_taken_for_the_holder() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("lock");
    let mut child = start(command(&this_program(), "hold the lock", &path));
    child.kill().unwrap();
    child.wait().unwrap();
    let stale = fs::read(&path).unwrap();
    // Somebody who has the kernel's lock and has not written its name yet.
    let silent = fs::File::open(&path).unwrap();
    silent.lock().unwrap();
    assert_eq!(fs::read(&path).unwrap(), stale);
    assert_eq!(check_held(&path, Duration::ZERO), None);
    let said = Lock::try_acquire(&path, "x").unwrap_err().to_string();
    assert!(said.ends_with("is locked by a process that has not given its name"), "{said}");
}

#[test]
fn garbage_in_the_lock_file_names_nobody_and_does_not_block() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("lock");
    for garbage in ["", "pid=1\npurpose=half", "\u{0}\u{1}", "end\n", "pid=x\nend\n"] {
        fs::write(&path, garbage).unwrap();
        let silent = fs::File::open(&path).unwrap();
        silent.lock().unwrap();
        assert_eq!(check_held(&path, Duration::ZERO), None, "{garbage:?}");
        silent.unlock().unwrap();
        drop(Lock::try_acquire(&path, "next").unwrap());
    }
}

#[test]
fn two_processes_and_two_threads_never_hold_it_together() {
    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("count");
    fs::write(&target, "0").unwrap();
    let children: Vec<_> =
        (0..4).map(|_| start(command(&this_program(), "count under the lock", &target))).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(fs::read_to_string(&target).unwrap(), "200");
}

#[test]
fn a_lock_file_removed_by_a_person_is_made_anew_and_the_old_holder_leaves_it_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("lock");
    let first = Lock::try_acquire(&path, "first").unwrap();
    fs::remove_file(&path).unwrap();
    let second = Lock::try_acquire(&path, "second").unwrap();
    drop(first);
    // The first one's end touches neither the new file nor its lock.
    assert_eq!(check_held(&path, Duration::ZERO).unwrap().purpose, "second");
    drop(second);
}

#[test]
fn what_cannot_be_a_lock_file_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let absent = dir.path().join("absent/lock");
    for (path, wanted) in [
        (absent.as_path(), "cannot open the lock file"),
        (dir.path(), "cannot open the lock file"),
        (Path::new("/dev/null"), "is not a file"),
    ] {
        let error = Lock::try_acquire(path, "x").unwrap_err();
        assert!(error.to_string().contains(wanted), "{error}");
        assert!(!error.is_transient());
        assert_eq!(error.holder(), None);
    }
}

#[test]
fn a_long_purpose_is_cut_and_an_odd_one_is_read_back() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("lock");
    for (purpose, expected) in [
        ("x".repeat(5000), "x".repeat(200)),
        ("a=b\rend\n".to_owned(), "a=b end".to_owned()),
        ("prüfen — σ".to_owned(), "prüfen — σ".to_owned()),
    ] {
        let lock = Lock::try_acquire(&path, &purpose).unwrap();
        assert_eq!(check_held(&path, Duration::ZERO).unwrap().purpose, expected);
        drop(lock);
    }
}
