//! Damaged segments and cursors: what is whole is read, what is not is counted, nothing is made up.

use std::fs;

use super::super::format::{FRAME, HEADER, Header, block_crc};
use super::super::{cursor, inspect};
use super::*;

/// Damages bytes of a file.
type Change<'a, T> = &'a dyn Fn(&mut T);

/// A spool of three segments with a few blocks each, closed.
struct Sample {
    dir: tempfile::TempDir,
    blocks: Vec<Copied>,
}

impl Sample {
    fn new() -> Self {
        let dir = quick_dir();
        let (mut writer, mut reader) = reopen(dir.path());
        let (mut number, mut in_last) = (0_usize, 0);
        while in_last < 4 {
            let text = format!("block-{number:03}-{}", "y".repeat(number * 7 % 60));
            in_last += usize::from(put(&mut writer, &text).segment == 3);
            number += 1;
        }
        let blocks = drain(&mut reader);
        assert!(
            [1, 2, 3]
                .iter()
                .all(|n| blocks.iter().filter(|b| b.position.segment == *n).count() > 3)
        );
        Self { dir, blocks }
    }

    /// The blocks of the segment with this number.
    fn of(&self, segment: u64) -> Vec<&Copied> {
        self.blocks.iter().filter(|block| block.position.segment == segment).collect()
    }
}

/// Which blocks must come back from a damaged copy, and how many numbers must be found missing.
struct Wanted {
    blocks: Vec<Copied>,
    missing: Option<u64>,
}

/// Changes segment `number` of a copy, and checks what is read from it.
#[track_caller]
fn check(sample: &Sample, number: u64, name: &str, change: impl Fn(&mut Vec<u8>), wanted: &Wanted) {
    let dir = copy_dir(sample.dir.path());
    let path = dir.path().join(format!("seg-{number:016x}.spool"));
    let mut bytes = fs::read(&path).unwrap();
    change(&mut bytes);
    fs::write(&path, &bytes).unwrap();
    inspect(dir.path()).unwrap();
    let (mut writer, mut reader) = reopen(dir.path());
    assert_eq!(drain(&mut reader), wanted.blocks, "{name}");
    let recovery = reader.recovery().clone();
    if let Some(missing) = wanted.missing {
        assert_eq!(recovery.bad_blocks, missing, "{name}: {recovery:?}");
        assert_eq!(clean(&recovery), missing == 0, "{name}: {recovery:?}");
    } else {
        let counted = recovery.torn_bytes + recovery.lost_bytes;
        assert!(counted > 0 && !recovery.notes.is_empty(), "{name}: {recovery:?}");
    }
    reader.rewind();
    assert_eq!((&drain(&mut reader), reader.recovery()), (&wanted.blocks, &recovery), "{name}");
    let end = put(&mut writer, "later");
    let later = drain(&mut reader);
    assert_eq!((texts(&later), &recovery), (vec!["later".to_owned()], reader.recovery()), "{name}");
    reader.ack(end).unwrap();
    assert_eq!((reader.unacked_bytes(), segments(dir.path()).len()), (0, 1), "{name}");
    drop((writer, reader));
    let (_writer, mut reader) = reopen(dir.path());
    assert!(drain(&mut reader).is_empty() && clean(reader.recovery()), "{name}");
}

/// All blocks of the sample but those of `segment` that `gone` picks.
fn without(sample: &Sample, segment: u64, gone: impl Fn(&Copied) -> bool) -> (Vec<Copied>, u64) {
    let mut blocks = sample.blocks.clone();
    blocks.retain(|block| block.position.segment != segment || !gone(block));
    let missing = sample.blocks.len() - blocks.len();
    (blocks, missing as u64)
}

#[test]
fn a_segment_cut_anywhere_loses_what_is_cut_and_no_more() {
    let sample = Sample::new();
    for segment in [1, 2, 3] {
        let ends: Vec<_> = sample.of(segment).iter().map(|block| block.position.offset).collect();
        let len = *ends.last().unwrap();
        for cut in 0..=len {
            let (blocks, missing) =
                without(&sample, segment, |b| b.position.offset > cut || cut < HEADER as u64);
            // The end of the last segment is where it ends: a cut between blocks cannot be told.
            let whole = cut == 0 || cut == HEADER as u64 || ends.contains(&cut);
            let last = segment == 3;
            let first = segment == 1 && cut < HEADER as u64;
            let missing = match (last, whole) {
                (true, true) => Some(0),
                (true, false) => None,
                // Without the first header nobody knows which number came first.
                (false, _) if first => None,
                (false, _) => Some(missing),
            };
            if first && cut == 0 {
                continue;
            }
            let change = |bytes: &mut Vec<u8>| bytes.truncate(usize::try_from(cut).unwrap());
            let name = format!("segment {segment} cut at {cut} of {len}");
            check(&sample, segment, &name, change, &Wanted { blocks, missing });
        }
    }
}

#[test]
fn a_flipped_byte_loses_its_block_alone() {
    let sample = Sample::new();
    for segment in [1, 2, 3] {
        let found = sample.of(segment);
        let last = found.last().unwrap().position.offset;
        for at in 0..last {
            let hit = found.iter().find(|b| b.position.offset > at && at >= HEADER as u64);
            let hit = hit.map(|block| block.position);
            let gone = |b: &Copied| hit.is_none_or(|hit| hit == b.position);
            let (blocks, missing) = without(&sample, segment, gone);
            // A damaged block at the very end looks like a write that was not finished.
            let torn = segment == 3 && hit.is_none_or(|hit| hit.offset == last);
            let missing =
                if torn || (segment == 1 && hit.is_none()) { None } else { Some(missing) };
            let wanted = Wanted { blocks, missing };
            for bits in [0x01, 0x80, 0xff] {
                let change = |bytes: &mut Vec<u8>| bytes[usize::try_from(at).unwrap()] ^= bits;
                let name = format!("segment {segment}, byte {at} ^ {bits:#x}");
                check(&sample, segment, &name, change, &wanted);
            }
        }
    }
}

#[test]
fn a_zero_filled_tail_is_the_end_and_no_damage() {
    let sample = Sample::new();
    for segment in [1, 2, 3] {
        let wanted = Wanted { blocks: sample.blocks.clone(), missing: Some(0) };
        for zeros in [1, 8, 23, 24, 4096, 1 << 20] {
            let change = |bytes: &mut Vec<u8>| bytes.resize(bytes.len() + zeros, 0);
            check(&sample, segment, &format!("{zeros} zeros in {segment}"), change, &wanted);
        }
    }
}

#[test]
fn zeros_in_the_middle_are_damage_and_not_the_end() {
    let sample = Sample::new();
    for segment in [1, 2, 3] {
        let hit = sample.of(segment)[1].position.offset;
        let from = usize::try_from(sample.of(segment)[0].position.offset).unwrap();
        let (blocks, missing) = without(&sample, segment, |b| b.position.offset == hit);
        let change = |bytes: &mut Vec<u8>| bytes[from..usize::try_from(hit).unwrap()].fill(0);
        let wanted = Wanted { blocks, missing: Some(missing) };
        check(&sample, segment, &format!("zeros in {segment}"), change, &wanted);
    }
}

#[test]
fn a_block_with_a_good_crc_but_a_wrong_length_or_number_is_no_block() {
    let sample = Sample::new();
    let hit = sample.of(2)[2].position.offset;
    let from = usize::try_from(sample.of(2)[1].position.offset).unwrap();
    let (blocks, missing) = without(&sample, 2, |b| b.position.offset == hit);
    let wanted = Wanted { blocks, missing: Some(missing) };
    let salted = |bytes: &mut Vec<u8>, change: &dyn Fn(&mut [u8])| {
        let salt = u32::from_le_bytes(bytes[32..36].try_into().unwrap());
        let block = &mut bytes[from..usize::try_from(hit).unwrap()];
        change(block);
        let crc = block_crc(block, salt);
        block[4..8].copy_from_slice(&crc.to_le_bytes());
    };
    let longer = |block: &mut [u8]| block[0] += 8;
    let shorter = |block: &mut [u8]| block[0] -= 8;
    let huge = |block: &mut [u8]| block[..4].copy_from_slice(&u32::MAX.to_le_bytes());
    let number = |block: &mut [u8]| block[8] += 1;
    let cases: [(&str, Change<'_, [u8]>); 4] =
        [("longer", &longer), ("shorter", &shorter), ("huge", &huge), ("number", &number)];
    for (name, change) in cases {
        check(&sample, 2, name, |bytes| salted(bytes, change), &wanted);
    }
}

#[test]
fn a_payload_that_is_itself_a_segment_is_not_taken_for_blocks() {
    let sample = Sample::new();
    let inner = fs::read(segments(sample.dir.path()).remove(0)).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let (mut writer, reader) = reopen(dir.path());
    writer.append(1, b"first").unwrap();
    writer.append(1, &inner).unwrap();
    writer.append(1, b"last").unwrap();
    commit(&mut writer).unwrap();
    drop((writer, reader));
    let path = segments(dir.path()).remove(0);
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes.windows(8).skip(HEADER).position(|w| w == b"PLMSPOOL").unwrap() + HEADER;
    bytes[at - FRAME] ^= 0xff;
    fs::write(&path, &bytes).unwrap();
    let (_writer, mut reader) = reopen(dir.path());
    assert_eq!(texts(&drain(&mut reader)), ["first", "last"]);
    assert_eq!(reader.recovery().bad_blocks, 1);
}

#[test]
fn a_segment_of_which_the_rest_is_lost_is_set_aside_only_after_its_good_part_was_acknowledged() {
    let sample = Sample::new();
    let dir = copy_dir(sample.dir.path());
    let path = segments(dir.path()).remove(1);
    let mut bytes = fs::read(&path).unwrap();
    let keep = usize::try_from(sample.of(2)[2].position.offset).unwrap();
    bytes[keep..].fill(0x5a);
    fs::write(&path, &bytes).unwrap();
    let aside = path.with_extension("bad");
    for round in ["first", "again after a restart"] {
        let (_writer, mut reader) = reopen(dir.path());
        let blocks = drain(&mut reader);
        assert_eq!(reader.recovery().segments_bad, 1, "{round}");
        assert_eq!(reader.recovery().lost_bytes, (bytes.len() - keep) as u64, "{round}");
        assert_eq!(blocks, without(&sample, 2, |b| b.position.offset > keep as u64).0, "{round}");
        assert!(path.exists() && !aside.exists(), "{round}");
        if round != "first" {
            reader.ack(blocks.last().unwrap().position).unwrap();
        }
    }
    assert!(!path.exists() && aside.exists());
    assert_eq!(inspect(dir.path()).unwrap().bad, [aside]);
}

#[test]
fn a_missing_or_misplaced_segment_is_counted_and_passed_over() {
    let sample = Sample::new();
    let (blocks, missing) = without(&sample, 2, |_| true);
    for name in ["removed", "overwritten by another"] {
        let dir = copy_dir(sample.dir.path());
        let paths = segments(dir.path());
        fs::remove_file(&paths[1]).unwrap();
        if name != "removed" {
            fs::copy(&paths[0], &paths[1]).unwrap();
        }
        let (_writer, mut reader) = reopen(dir.path());
        assert_eq!(drain(&mut reader), blocks, "{name}");
        assert_eq!(reader.recovery().bad_blocks, missing, "{name}");
    }
}

#[test]
fn a_spool_full_of_damage_can_still_be_written() {
    let sample = Sample::new();
    let dir = copy_dir(sample.dir.path());
    for path in segments(dir.path()).iter().take(2) {
        let mut bytes = fs::read(path).unwrap();
        bytes[HEADER..].fill(0xa5);
        fs::write(path, &bytes).unwrap();
    }
    let last = sample.of(3).last().unwrap().position.offset;
    let options = SpoolOptions { bytes_max: last + 400, ..options(dir.path()) };
    let (mut writer, mut reader) = open(&options, "test").unwrap();
    writer.append(1, b"new").unwrap();
    assert!(matches!(commit(&mut writer), Err(WriteError::Full { .. })));
    drain(&mut reader);
    commit(&mut writer).unwrap();
    let blocks = drain(&mut reader);
    assert_eq!(texts(&blocks), ["new"]);
    reader.ack(blocks.last().unwrap().position).unwrap();
    assert_eq!(writer.used_bytes(), 0);
}

#[test]
fn a_damaged_or_missing_cursor_repeats_blocks_and_loses_none() {
    let sample = Sample::new();
    let (_writer, mut reader) = reopen(sample.dir.path());
    let fresh: Vec<_> = drain(&mut reader).into_iter().filter(|block| !block.context).collect();
    reader.ack(fresh[0].position).unwrap();
    reader.ack(fresh[1].position).unwrap();
    let all = texts(&fresh);
    let bytes = fs::read(cursor::path(sample.dir.path())).unwrap();
    for at in (0..bytes.len()).filter(|at| bytes[*at] != 0) {
        for both in [false, true] {
            let dir = copy_dir(sample.dir.path());
            let mut bytes = bytes.clone();
            bytes[at] ^= 0x10;
            if both {
                bytes[(at + 512) % 1024] ^= 0x10;
            }
            fs::write(cursor::path(dir.path()), &bytes).unwrap();
            let (_writer, mut reader) = reopen(dir.path());
            let read = texts(&drain(&mut reader));
            let skipped = if both { 0..=0 } else { 1..=2 };
            assert!(skipped.contains(&(all.len() - read.len())), "byte {at}, both {both}");
            assert!(all.ends_with(&read) && reader.recovery().notes.len() == 1);
        }
    }
    let dir = copy_dir(sample.dir.path());
    fs::remove_file(cursor::path(dir.path())).unwrap();
    let (_writer, mut reader) = reopen(dir.path());
    assert_eq!(texts(&drain(&mut reader)), all);
}

#[test]
fn a_cursor_ahead_of_the_data_does_not_swallow_later_blocks() {
    let sample = Sample::new();
    let (writer, mut reader) = reopen(sample.dir.path());
    let end = drain(&mut reader).last().unwrap().position;
    reader.ack(end).unwrap();
    drop((writer, reader));
    for keep in ["nothing", "the header", "a part"] {
        let dir = quick_dir();
        fs::copy(cursor::path(sample.dir.path()), cursor::path(dir.path())).unwrap();
        let path = dir.path().join(format!("seg-{:016x}.spool", end.segment));
        let header = Header { segment: end.segment, first_block: 4, salt: 5 }.encode();
        match keep {
            "the header" => fs::write(path, header).unwrap(),
            "a part" => fs::write(path, [&header[..], &[7; 40]].concat()).unwrap(),
            _ => {}
        }
        let (mut writer, mut reader) = reopen(dir.path());
        let later = names(0..20);
        put_all(&mut writer, &later);
        assert_eq!(texts(&drain(&mut reader)), later, "{keep}");
    }
}

#[test]
fn of_the_segments_set_aside_only_the_last_eight_are_kept() {
    let dir = quick_dir();
    for number in 1..=20 {
        fs::write(dir.path().join(format!("seg-{number:016x}.bad")), "x").unwrap();
    }
    let (mut writer, reader) = reopen(dir.path());
    assert_eq!(inspect(dir.path()).unwrap().bad.len(), 8);
    assert_eq!(reader.recovery().notes.len(), 12);
    assert_eq!(put(&mut writer, "x").segment, 21, "their numbers are not used again");
}
