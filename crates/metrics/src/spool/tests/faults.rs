//! Failing and interrupted steps: what was committed stays, what was not does not come back.

use std::fs;
use std::io;
use std::process::Command;
use std::sync::{Arc, Mutex};

use super::super::{ReadError, shared::Hook};
use super::*;

/// Fails the `n`th time (from 1) that `step` is reached.
fn fail_at(step: &'static str, mut n: usize) -> Hook {
    Box::new(move |at| {
        n = n.saturating_sub(usize::from(at == step));
        if at == step && n == 0 {
            n = usize::MAX;
            return Err(io::Error::other("injected"));
        }
        Ok(())
    })
}

fn policies() -> [SyncPolicy; 2] {
    [SyncPolicy::Never, SyncPolicy::EachCommit]
}

#[test]
fn a_commit_that_failed_at_any_step_is_repeated_without_loss_or_double() {
    for sync in policies() {
        for step in ["finish", "create", "reserve", "write", "written", "force"] {
            for nth in 1..30 {
                let dir = quick_dir();
                let options = SpoolOptions { sync, ..options(dir.path()) };
                let (mut writer, mut reader) = open(&options, "test").unwrap();
                writer.steps.hook = Some(fail_at(step, nth));
                let (names, mut read, mut failed) = (names(0..20), Vec::new(), 0);
                for name in &names {
                    writer.append(1, name.as_bytes()).unwrap();
                    while let Err(error) = commit(&mut writer) {
                        let count = segments(dir.path()).len() as u64;
                        assert_eq!(count, writer.position().segment, "{step}: a file is left");
                        assert!(error.is_transient() && failed == 0, "{step}: {error}");
                        failed += 1;
                        read.extend(texts(&drain(&mut reader)));
                    }
                }
                read.extend(texts(&drain(&mut reader)));
                assert_eq!(read, names, "{step} {nth} in process");
                drop((writer, reader));
                let (_writer, mut reader) = open(&options, "test").unwrap();
                assert_eq!(texts(&drain(&mut reader)), names, "{step} {nth} after a restart");
                assert!(clean(reader.recovery()), "{step} {nth}");
                if failed == 0 {
                    break;
                }
            }
        }
    }
}

#[test]
fn a_failed_and_discarded_commit_does_not_come_back() {
    // With "cut" failing too, the torn bytes stay in the file and a new segment is begun.
    for also_cut in [false, true] {
        for step in ["write", "written"] {
            let dir = quick_dir();
            let options = SpoolOptions { segment_bytes: 4096, ..options(dir.path()) };
            let (mut writer, mut reader) = open(&options, "test").unwrap();
            put(&mut writer, "before");
            writer.steps.hook = Some(Box::new(move |at| {
                let fails = at == step || (also_cut && at == "cut");
                if fails { Err(io::Error::other("injected")) } else { Ok(()) }
            }));
            for _ in 0..6 {
                writer.append(1, b"discarded").unwrap();
            }
            commit(&mut writer).unwrap_err();
            writer.discard();
            writer.steps.hook = also_cut.then(|| fail_at("finish", 1));
            put(&mut writer, "after");
            put(&mut writer, "and more");
            let wanted = ["before", "after", "and more"];
            assert_eq!(texts(&drain(&mut reader)), wanted, "{step} {also_cut}");
            let copy = copy_dir(dir.path());
            let (_writer, mut reader) =
                open(&SpoolOptions { dir: copy.path().into(), ..options }, "t").unwrap();
            assert_eq!(texts(&drain(&mut reader)), wanted, "{step} {also_cut} after a restart");
            assert!(clean(reader.recovery()));
        }
    }
}

#[test]
fn an_interval_sync_that_fails_is_told_and_stops_nothing() {
    let dir = quick_dir();
    let sync = SyncPolicy::Interval(Duration::from_secs(1));
    let (mut writer, mut reader) =
        open(&SpoolOptions { sync, ..options(dir.path()) }, "t").unwrap();
    writer.steps.hook = Some(fail_at("sync", 1));
    let mut told = 0;
    for second in 0..4 {
        writer.append(1, second.to_string().as_bytes()).unwrap();
        while writer.commit(&mut carry, Duration::from_secs(second)).is_err() {
            told += 1;
        }
    }
    assert_eq!((told, texts(&drain(&mut reader)).join("")), (1, "0123".to_owned()));
}

/// What a test knows when a step is reached.
#[derive(Debug, Clone, Copy, Default)]
struct Known {
    committed: usize,
    acked: usize,
    /// An ack up to here is under way.
    acking: usize,
}

#[test]
fn a_crash_between_any_two_steps_loses_nothing_committed() {
    for sync in [SyncPolicy::Never, SyncPolicy::Interval(Duration::ZERO), SyncPolicy::EachCommit] {
        let dir = quick_dir();
        let known = Arc::new(Mutex::new(Known::default()));
        let copies = Arc::new(Mutex::new(Vec::new()));
        let hook = || -> Hook {
            let (known, copies) = (known.clone(), copies.clone());
            let path = dir.path().to_owned();
            Box::new(move |step| {
                let known = *known.lock().unwrap();
                copies.lock().unwrap().push((step, known, copy_dir(&path)));
                Ok(())
            })
        };
        let options = SpoolOptions { sync, ..options(dir.path()) };
        let (mut writer, mut reader) = open(&options, "test").unwrap();
        (writer.steps.hook, reader.steps.hook) = (Some(hook()), Some(hook()));
        let (names, mut ends) = (names(0..40), Vec::new());
        for (index, name) in names.iter().enumerate() {
            put(&mut writer, name);
            known.lock().unwrap().committed = index + 1;
            if index % 9 == 8 {
                ends.extend(drain(&mut reader).iter().filter(|b| !b.context).map(|b| b.position));
                let upto = index - 3;
                known.lock().unwrap().acking = upto + 1;
                reader.ack(ends[upto]).unwrap();
                known.lock().unwrap().acked = upto + 1;
            }
        }
        drop((writer, reader));
        let copies = std::mem::take(&mut *copies.lock().unwrap());
        assert!(copies.len() > 100);
        for (step, known, copy) in &copies {
            check_crash(&names, step, *known, copy.path());
        }
    }
}

fn check_crash(names: &[String], step: &str, known: Known, dir: &Path) {
    let (mut writer, mut reader) = reopen(dir);
    let read = texts(&drain(&mut reader));
    assert!(clean(reader.recovery()), "{step} {known:?}: {:?}", reader.recovery());
    let fits = [known.acked, known.acking].iter().any(|from| {
        // A commit under way may be there or not.
        let ends = [known.committed, (known.committed + 1).min(names.len())];
        ends.iter().any(|end| read == names[*from..*end])
    });
    assert!(fits, "{step} {known:?}: {read:?}");
    put(&mut writer, "goes on");
    assert_eq!(texts(&drain(&mut reader)), ["goes on"], "{step}");
}

#[test]
fn a_segment_is_removed_only_after_the_cursor_was_synced() {
    let dir = quick_dir();
    let (mut writer, mut reader) = reopen(dir.path());
    put_all(&mut writer, &names(0..60));
    let end = drain(&mut reader).last().unwrap().position;
    let count = segments(dir.path()).len();
    reader.steps.hook = Some(fail_at("cursor sync", 1));
    assert!(matches!(reader.ack(end), Err(ReadError::Io { action: "sync", .. })));
    assert_eq!(segments(dir.path()).len(), count, "the cursor was not safe yet");
    let steps = Arc::new(Mutex::new(Vec::new()));
    let seen = steps.clone();
    reader.steps.hook = Some(Box::new(move |step| {
        seen.lock().unwrap().push(step);
        Ok(())
    }));
    reader.ack(end).unwrap();
    assert_eq!(segments(dir.path()).len(), 1);
    let steps = steps.lock().unwrap().clone();
    assert_eq!(steps[..2], ["cursor sync", "remove"]);
    put(&mut writer, "x");
    let end = drain(&mut reader).last().unwrap().position;
    reader.steps.hook = Some(fail_at("cursor", 1));
    assert!(reader.ack(end).is_err() && reader.acked() < end);
    reader.ack(end).unwrap();
    assert_eq!(reader.unacked_bytes(), 0, "released once");
}

#[test]
fn a_segment_that_cannot_be_removed_is_removed_by_the_next_acknowledgment() {
    let dir = quick_dir();
    let (mut writer, mut reader) = reopen(dir.path());
    put_all(&mut writer, &names(0..60));
    let end = drain(&mut reader).last().unwrap().position;
    reader.steps.hook = Some(fail_at("remove", 2));
    reader.ack(end).unwrap_err();
    assert!(segments(dir.path()).len() > 1);
    let copy = copy_dir(dir.path());
    reader.ack(end).unwrap();
    assert_eq!((segments(dir.path()).len(), reader.unacked_bytes()), (1, 0));
    let (_writer, mut reader) = reopen(copy.path());
    assert!(drain(&mut reader).is_empty() && segments(copy.path()).is_empty());
}

/// A small file system of its own, unmounted at the end.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount(size: &str) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]).arg(dir.path());
        mount.output().is_ok_and(|output| output.status.success()).then_some(Self(dir))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        assert!(Command::new("umount").arg("-l").arg(self.0.path()).status().unwrap().success());
    }
}

#[test]
fn on_a_full_disk_commits_fail_and_the_same_blocks_are_committed_when_there_is_room() {
    for (sync, segment_bytes) in policies().into_iter().flat_map(|s| [(s, 64 << 10), (s, 1 << 20)])
    {
        let Some(disk) = SmallDisk::mount("512k") else {
            println!("SKIPPED: no right to mount a small file system");
            return;
        };
        let ballast = disk.0.path().join("ballast");
        fs::write(&ballast, vec![1; 200 << 10]).unwrap();
        let dir = disk.0.path().join("spool");
        let options = SpoolOptions { sync, segment_bytes, ..options(&dir) };
        let (mut writer, mut reader) = open(&options, "test").unwrap();
        let (mut wanted, mut failures) = (Vec::new(), 0);
        for number in 0..100_usize {
            wanted.push(format!("{number}-{}", "z".repeat(3000 + number * 37)));
            writer.append(1, wanted[number].as_bytes()).unwrap();
            match commit(&mut writer) {
                Ok(_) => {}
                Err(WriteError::Io { source, .. }) => {
                    assert_eq!(source.kind(), io::ErrorKind::StorageFull);
                    failures += 1;
                }
                Err(other) => panic!("{other}"),
            }
            if failures == 3 {
                break;
            }
        }
        assert_eq!(failures, 3);
        let blocks = drain(&mut reader);
        assert_eq!(texts(&blocks), wanted[..wanted.len() - 3]);
        let half = blocks[blocks.len() / 2].position;
        reader.ack(half).unwrap();
        fs::remove_file(&ballast).unwrap();
        commit(&mut writer).unwrap();
        assert_eq!(texts(&drain(&mut reader)), wanted[wanted.len() - 3..]);
        drop((writer, reader));
        let (writer, mut reader) = open(&options, "test").unwrap();
        let left = blocks.iter().filter(|b| !b.context && b.position > half).count() + 3;
        assert_eq!(texts(&drain(&mut reader)), wanted[wanted.len() - left..]);
        assert!(clean(reader.recovery()));
        drop((writer, reader));
    }
}
