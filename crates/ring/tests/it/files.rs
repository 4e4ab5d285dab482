//! Run directories: their names and locks, full file systems, bad and cut files.

use std::ffi::CString;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use plimsoll_ring::{
    Anchor, Arena, Clock, LaneError, LaneOptions, RingError, default_parent, orphans,
};

use crate::kill::child;
use crate::{Seen, directory, seen};

/// A run that ended with three records in one lane, and its directory.
fn ended(parent: &Path) -> PathBuf {
    let arena = Arena::create(parent, "run").unwrap();
    let first = Anchor { stamp: 1, wall_ns: 2, scale: 3 };
    Clock::from_anchor(&arena, first);
    arena.append_journal(b"one ").unwrap();
    arena.append_journal(b"two").unwrap();
    let (producer, _consumer) = arena.lane(&LaneOptions::new(9).with_slots(64)).unwrap();
    (0..3).for_each(|value| assert!(producer.push(4, 12, |to| _ = to.put(value))));
    arena.dir().unwrap().to_owned()
}

/// All records of the only orphan, and the errors; nothing may panic.
fn recover(parent: &Path) -> (Vec<Seen>, Vec<LaneError>) {
    let orphan = orphans(parent).unwrap().pop().expect("one orphan");
    let mut found = orphan.lanes().unwrap();
    let mut records = Vec::new();
    for lane in &mut found.lanes {
        lane.drain(|record| records.push(seen(record)));
    }
    (records, found.errors)
}

#[test]
fn ended_run_is_found_once_read_and_removed() {
    let directory = directory();
    let dir = ended(directory.path());
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&dir), mode(&dir.join("lane-0"))), (0o700, 0o600));
    let orphan = orphans(directory.path()).unwrap().pop().unwrap();
    assert!(orphans(directory.path()).unwrap().is_empty(), "another recovery has it");
    assert_eq!((orphan.name(), orphan.dir()), ("run", dir.as_path()));
    assert_eq!(orphan.journal().unwrap(), b"one two");
    assert_eq!(orphan.anchors().unwrap(), [Anchor { stamp: 1, wall_ns: 2, scale: 3 }]);
    let lane = orphan.lanes().unwrap().lanes.pop().unwrap();
    assert_eq!((lane.run(), lane.attempts(4), lane.dropped(4)), (9, 3, 0));
    assert!(lane.created_ns() > 0 && lane.boot_id_matches());
    orphan.remove().unwrap();
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn living_run_is_no_orphan_and_its_name_is_taken() {
    let directory = directory();
    let arena = Arena::create(directory.path(), "run").unwrap();
    assert!(orphans(directory.path()).unwrap().is_empty());
    let again = Arena::create(directory.path(), "run");
    assert!(matches!(again, Err(RingError::Exists { .. })), "{again:?}");
    arena.remove().unwrap();
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    assert!(orphans(&directory.path().join("nowhere")).unwrap().is_empty());
}

#[test]
fn run_that_another_process_is_making_is_left_alone() {
    let directory = directory();
    let other = directory.path().join(".new-run");
    fs::create_dir(&other).unwrap();
    fs::write(other.join("lock"), b"").unwrap();
    let arena = Arena::create(directory.path(), "run");
    assert!(matches!(arena, Err(RingError::Directory { .. })), "{arena:?}");
    assert!(orphans(directory.path()).unwrap().is_empty());
    assert!(other.join("lock").exists());
}

#[test]
fn name_of_a_run_is_one_plain_file_name() {
    let directory = directory();
    for name in ["", ".", "..", ".hidden", "a/b", "/a", "a\0b"] {
        let arena = Arena::create(directory.path(), name);
        assert!(matches!(arena, Err(RingError::Name { .. })), "{name:?}: {arena:?}");
    }
}

#[test]
fn released_records_and_removed_lanes_do_not_come_back() {
    let directory = directory();
    let arena = Arena::create(directory.path(), "run").unwrap();
    let (first, mut consumer) = arena.lane(&LaneOptions::new(1).with_slots(64)).unwrap();
    let (second, gone) = arena.lane(&LaneOptions::new(2).with_slots(64)).unwrap();
    (0..5).for_each(|value| assert!(first.push(0, 1, |to| _ = to.put(value))));
    let upto = consumer.drain(3, |_| ());
    consumer.release(upto);
    drop(second);
    gone.remove().unwrap();
    drop(arena);
    assert!(orphans(directory.path()).unwrap().is_empty(), "a producer may still push");
    drop((first, consumer));
    let (records, errors) = recover(directory.path());
    let kept: Vec<(u64, u64)> = records.iter().map(|(_, seq, _, words)| (*seq, words[0])).collect();
    assert_eq!(kept, [(3, 3), (4, 4)]);
    assert!(errors.is_empty());
}

#[test]
fn lane_cut_anywhere_is_an_error_beside_the_others() {
    let directory = directory();
    let dir = ended(directory.path());
    let whole = fs::read(dir.join("lane-0")).unwrap();
    fs::write(dir.join("lane-1"), &whole).unwrap();
    for len in (0..whole.len()).step_by(64) {
        fs::write(dir.join("lane-0"), &whole[..len]).unwrap();
        let (records, errors) = recover(directory.path());
        assert_eq!(records.len(), 3, "{len}: the other lane");
        let cut = matches!(errors.as_slice(), [LaneError::Length { name, .. }] if name == "lane-0");
        assert!(cut || (len == 0 && errors.is_empty()), "{len}: {errors:?}");
    }
}

#[test]
fn lane_with_any_byte_of_its_header_flipped_never_panics() {
    let directory = directory();
    let dir = ended(directory.path());
    let whole = fs::read(dir.join("lane-0")).unwrap();
    let (good, _) = recover(directory.path());
    assert_eq!(good.len(), 3);
    for at in 0..4096 + 128 {
        for bits in [0xff, 1, 0x80] {
            let mut bad = whole.clone();
            bad[at] ^= bits;
            fs::write(dir.join("lane-0"), &bad).unwrap();
            let (records, errors) = recover(directory.path());
            // Magic, version, layout, slots, run, creation, boot and checksum are all checked.
            if at < 72 {
                assert!(records.is_empty() && errors.len() == 1, "byte {at}: {records:?}");
            } else if at < 4096 && !(128..136).contains(&at) && !(256..264).contains(&at) {
                assert!(errors.is_empty() && records.len() == 3, "byte {at}: {records:?}");
            }
        }
    }
}

#[test]
fn lane_whose_making_was_cut_is_left_out() {
    let directory = directory();
    let dir = ended(directory.path());
    let mut bytes = fs::read(dir.join("lane-0")).unwrap();
    bytes.fill(0);
    bytes[24] = 64; // slots are known, the magic is not written yet
    fs::write(dir.join("lane-1"), &bytes).unwrap();
    fs::write(dir.join("lane-2"), b"").unwrap();
    let (records, errors) = recover(directory.path());
    assert_eq!((records.len(), errors.len()), (3, 0));
}

#[test]
fn bad_clock_and_missing_journal_are_errors() {
    let directory = directory();
    let dir = ended(directory.path());
    fs::write(dir.join("clock"), [7; 100]).unwrap();
    fs::remove_file(dir.join("journal")).unwrap();
    let orphan = orphans(directory.path()).unwrap().pop().unwrap();
    assert_eq!(orphan.anchors().unwrap_err().kind(), ErrorKind::InvalidData);
    assert_eq!(orphan.journal().unwrap_err().kind(), ErrorKind::NotFound);
}

#[test]
fn default_parent_is_ours_alone() {
    let Some(parent) = default_parent() else { return };
    let found = fs::symlink_metadata(&parent).unwrap();
    assert!(found.is_dir() && found.permissions().mode() & 0o077 == 0);
}

#[test]
fn full_file_system_is_an_error_and_never_a_signal() {
    for (name, role) in [("limited file size", "file-size"), ("small tmpfs", "small-tmpfs")] {
        let directory = directory();
        let status = child(role, directory.path()).status().unwrap();
        if status.code() == Some(CANNOT_MOUNT) {
            eprintln!("{name}: SKIPPED, no right to mount");
            continue;
        }
        assert!(status.success(), "{name}: {status}");
    }
}

const CANNOT_MOUNT: i32 = 77;

/// The child's part of the test above.
pub(crate) fn play(role: &str, dir: &Path) {
    match role {
        "file-size" => limit_file_size(100_000),
        "small-tmpfs" => mount_tmpfs(dir, c"size=96k"),
        other => panic!("unknown role {other}"),
    }
    let arena = Arena::create(dir, "run").unwrap();
    let lane = arena.lane(&LaneOptions::new(1));
    assert!(matches!(lane, Err(RingError::Allocate { .. })), "{lane:?}");
    let (producer, mut consumer) = arena.lane(&LaneOptions::new(2).with_slots(64)).unwrap();
    let entry = [7_u8; 3_000];
    let whole = (0..100).take_while(|_| arena.append_journal(&entry).is_ok()).count();
    assert!((1..100).contains(&whole), "{whole}");
    // The file system is full now, and pushes do not notice.
    (0..64).for_each(|value| assert!(producer.push(1, 1, |to| _ = to.put(value))));
    assert_eq!(crate::take(&mut consumer).len(), 64);
    drop((arena, producer, consumer));
    let journal = orphans(dir).unwrap().pop().unwrap().journal().unwrap();
    assert_eq!(journal.len(), whole * entry.len(), "no entry is there in part");
}

fn limit_file_size(bytes: u64) {
    let limit = libc::rlimit { rlim_cur: bytes, rlim_max: bytes };
    // SAFETY: plain system calls; the signal is ignored so that the call returns an error.
    unsafe {
        libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
        assert_eq!(libc::setrlimit(libc::RLIMIT_FSIZE, &raw const limit), 0);
    }
}

fn mount_tmpfs(dir: &Path, options: &std::ffi::CStr) {
    let path = CString::new(dir.as_os_str().as_bytes()).unwrap();
    let (none, tmpfs) = (c"none".as_ptr(), c"tmpfs".as_ptr());
    // SAFETY: all strings end with a zero byte. The mount is in a name space of this process and
    // ends with it.
    let mounted = unsafe {
        libc::unshare(libc::CLONE_NEWNS) == 0
            && libc::mount(
                none,
                c"/".as_ptr(),
                std::ptr::null(),
                libc::MS_REC | libc::MS_PRIVATE,
                std::ptr::null(),
            ) == 0
            && libc::mount(none, path.as_ptr(), tmpfs, 0, options.as_ptr().cast()) == 0
    };
    if !mounted {
        std::process::exit(CANNOT_MOUNT);
    }
}
