//! One process writes, another reads: told by two handles that share nothing but the folder.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;

use super::super::{BRIEF_PURPOSE, SpoolError, cursor, open_reader, open_writer};
use super::*;

fn writer(dir: &Path) -> Writer {
    open_writer(&options(dir), "the writer").unwrap().0
}

fn reader(dir: &Path) -> Reader {
    open_reader(dir, "the reader").unwrap()
}

/// Reads and acknowledges all there is.
fn take(reader: &mut Reader) -> Vec<String> {
    let blocks = drain(reader);
    if let Some(last) = blocks.iter().rfind(|block| !block.context) {
        reader.ack(last.position).unwrap();
    }
    texts(&blocks)
}

#[test]
fn a_reader_follows_a_writer_that_starts_later_ends_and_comes_back() {
    let dir = quick_dir();
    let dir = dir.path();
    let mut reader = reader(dir);
    assert!(take(&mut reader).is_empty());
    let names = names(0..60);
    let mut first = writer(dir);
    put_all(&mut first, &names[..20]);
    assert_eq!(take(&mut reader), names[..20]);
    put_all(&mut first, &names[20..40]);
    drop(first);
    let mut second = writer(dir);
    put_all(&mut second, &names[40..]);
    assert_eq!(take(&mut reader), names[20..]);
    assert!(clean(reader.recovery()), "{:?}", reader.recovery());
    assert_eq!((reader.unacked_bytes(), segments(dir).len()), (0, 1), "only the last is kept");
    drop(second);
    drop(reader);
    let mut reader = self::reader(dir);
    assert!(take(&mut reader).is_empty(), "nothing comes twice");
    let mut third = writer(dir);
    put(&mut third, "later");
    assert_eq!(take(&mut reader), ["later"]);
}

#[test]
fn each_half_is_held_by_one_and_the_next_is_told_by_whom() {
    #[track_caller]
    fn check<T: std::fmt::Debug>(opened: Result<T, SpoolError>, wanted: &str) {
        match opened {
            Err(SpoolError::Held { holder, .. }) => assert!(holder.contains(wanted), "{holder}"),
            other => panic!("{other:?}"),
        }
    }
    let dir = quick_dir();
    let options = options(dir.path());
    let (writer, reader) = (writer(dir.path()), reader(dir.path()));
    check(open_writer(&options, "another"), "the writer");
    check(open_reader(dir.path(), "another"), "the reader");
    check(open(&options, "another"), "the writer");
    drop(writer);
    check(open(&options, "another"), "the reader");
    drop(reader);
    let both = open(&options, "both").unwrap();
    check(open_reader(dir.path(), "another"), "both");
    check(open_writer(&options, "another"), "both");
    drop(both);
    assert!(open_reader(&dir.path().join("none"), "another").is_err());
    assert!(!dir.path().join("none").exists(), "a reader makes no spool");
}

#[test]
fn a_writer_waits_for_one_who_takes_over_for_a_moment() {
    let dir = quick_dir();
    let brief = open_writer(&options(dir.path()), BRIEF_PURPOSE).unwrap();
    let second = open_writer(&options(dir.path()), BRIEF_PURPOSE);
    assert!(matches!(second, Err(SpoolError::Held { .. })), "two of them do not wait");
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| open_writer(&options(dir.path()), "a strategy").map(drop));
        drop(brief);
        waiting.join().unwrap().unwrap();
    });
}

#[test]
fn the_bound_is_kept_and_freed_by_acknowledgments_of_another_process() {
    let dir = quick_dir();
    let options = SpoolOptions { bytes_max: 4000, ..options(dir.path()) };
    let (mut writer, _) = open_writer(&options, "the writer").unwrap();
    let mut reader = reader(dir.path());
    let mut sent = 0_usize;
    for round in 0..20_u64 {
        let error = loop {
            writer.append(1, &[7; 100]).unwrap();
            match writer.commit(&mut carry, Duration::from_secs(round)) {
                Ok(_) => sent += 1,
                Err(error) => break error,
            }
        };
        assert!(matches!(error, WriteError::Full { .. }), "{error}");
        assert!(writer.used_bytes() <= 4000 && writer.fill_ratio() > 0.8, "round {round}");
        writer.discard();
        assert_eq!(take(&mut reader).len(), sent, "round {round}");
        sent = 0;
        writer.commit(&mut carry, Duration::from_secs(round + 1)).unwrap();
        assert_eq!(writer.used_bytes(), 0, "round {round}");
        let on_disk: u64 = segments(dir.path()).iter().map(|p| p.metadata().unwrap().len()).sum();
        assert!(on_disk <= 4000 + 512, "round {round}: {on_disk}");
    }
}

#[test]
fn a_write_that_is_under_way_or_torn_is_never_damage() {
    let sample = quick_dir();
    let mut first = writer(sample.path());
    let names = names(0..6);
    put_all(&mut first, &names[..5]);
    let path = segments(sample.path()).pop().unwrap();
    let end = usize::try_from(first.position().offset).unwrap();
    let mark = fs::read(cursor::mark_path(sample.path())).unwrap();
    put(&mut first, &names[5]);
    let whole = fs::read(&path).unwrap();
    let last = usize::try_from(first.position().offset).unwrap();
    // Every length of a write that is not announced yet, over room that is there or is not.
    for cut in end..=last {
        for room in [0, 64] {
            let dir = copy_dir(sample.path());
            fs::write(cursor::mark_path(dir.path()), &mark).unwrap();
            let path = dir.path().join(path.file_name().unwrap());
            let mut bytes = whole[..cut].to_vec();
            bytes.resize(cut + room, 0);
            fs::write(&path, &bytes).unwrap();
            let mut reader = reader(dir.path());
            assert_eq!(take(&mut reader), names[..5], "cut at {cut}");
            assert!(clean(reader.recovery()), "cut at {cut}: {:?}", reader.recovery());
            let mut second = writer(dir.path());
            put(&mut second, "after the kill");
            let rest = take(&mut reader);
            // What is cut off may be padding that the room has as well.
            let is_whole = bytes.get(..last) == whole.get(..last);
            let wanted: &[&str] =
                if is_whole { &[&names[5], "after the kill"] } else { &["after the kill"] };
            assert_eq!(rest, wanted, "cut at {cut}");
            assert!(clean(reader.recovery()), "cut at {cut}: {:?}", reader.recovery());
        }
    }
}

#[test]
fn a_commit_that_failed_is_not_seen_until_it_is_repeated() {
    for step in ["write", "written", "cut", "create", "finish"] {
        let dir = quick_dir();
        let (mut writer, mut reader) = (writer(dir.path()), reader(dir.path()));
        put_all(&mut writer, &names(0..3));
        assert_eq!(take(&mut reader).len(), 3);
        for round in 0..12 {
            writer.steps.hook = Some(Box::new(move |at| match at {
                at if at == step || (step == "cut" && at == "write") => {
                    Err(std::io::Error::other("fault"))
                }
                _ => Ok(()),
            }));
            writer.append(1, b"wrong").unwrap();
            let failed = commit(&mut writer).is_err();
            assert_eq!(take(&mut reader).len(), usize::from(!failed), "{step}, round {round}");
            writer.steps.hook = None;
            writer.discard();
            put(&mut writer, "right and longer than the other");
            assert_eq!(take(&mut reader), ["right and longer than the other"], "{step}");
        }
        assert!(clean(reader.recovery()), "{step}: {:?}", reader.recovery());
    }
}

#[test]
fn a_mark_of_another_boot_is_not_believed() {
    let dir = quick_dir();
    let mut first = writer(dir.path());
    put(&mut first, "before");
    drop(first);
    let path = cursor::mark_path(dir.path());
    let file = OpenOptions::new().write(true).open(&path).unwrap();
    let good = fs::read(&path).unwrap();
    for slot in [0, 512] {
        // The crc of a slot, as another seed would have made it.
        file.write_all_at(&[!good[slot + 28]], slot as u64 + 28).unwrap();
    }
    let mut reader = reader(dir.path());
    assert!(take(&mut reader).is_empty());
    drop(writer(dir.path()));
    assert_eq!(take(&mut reader), ["before"], "the next writer says what is there");
}

#[test]
fn a_spool_full_of_damage_is_freed_by_its_reader() {
    let dir = quick_dir();
    let options = SpoolOptions { bytes_max: 600, segment_bytes: 1 << 20, ..options(dir.path()) };
    let (mut writer, _) = open_writer(&options, "the writer").unwrap();
    put(&mut writer, &"x".repeat(400));
    let path = segments(dir.path()).pop().unwrap();
    let file = OpenOptions::new().write(true).open(path).unwrap();
    file.write_all_at(&[9; 200], 200).unwrap();
    writer.append(1, &[1; 100]).unwrap();
    assert!(commit(&mut writer).is_err());
    let mut reader = reader(dir.path());
    assert!(take(&mut reader).is_empty());
    assert!(reader.recovery().lost_bytes > 0);
    commit(&mut writer).unwrap();
    assert_eq!(take(&mut reader).len(), 1);
}

#[test]
fn whatever_ends_and_starts_in_any_order_each_block_comes_until_acknowledged() {
    let mut random = 7_u64;
    let mut next = |bound: u64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (random >> 33) % bound
    };
    for history in 0..40 {
        let dir = quick_dir();
        let (mut write, mut read) = (writer(dir.path()), reader(dir.path()));
        let (mut committed, mut acked) = (0_usize, 0_usize);
        for step in 0..150 {
            match next(10) {
                0..=4 => {
                    put(&mut write, &committed.to_string());
                    committed += 1;
                }
                5 => {
                    drop(write);
                    write = writer(dir.path());
                }
                6 => {
                    drop(read);
                    read = reader(dir.path());
                }
                7 => read.rewind(),
                _ => {
                    read.rewind();
                    let blocks = drain(&mut read);
                    let wanted: Vec<_> = (acked..committed).map(|n| n.to_string()).collect();
                    assert_eq!(texts(&blocks), wanted, "history {history}, step {step}");
                    let fresh: Vec<_> = blocks.iter().filter(|block| !block.context).collect();
                    let count = usize::try_from(next(fresh.len() as u64 + 1)).unwrap();
                    if let Some(last) = fresh[..count].last() {
                        read.ack(last.position).unwrap();
                        acked += count;
                    }
                }
            }
            assert!(clean(read.recovery()), "history {history}: {:?}", read.recovery());
        }
    }
}
