//! Opening, the cap, and the ordinary course of things.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::super::format::{BYTE_ORDER_MARK, HEADER, VERSION};
use super::super::{BLOCK_BYTES_MAX, ReadError, SpoolError, inspect};
use super::*;

/// Changes a segment into one of another program.
type Change<'a> = &'a dyn Fn(&mut Vec<u8>);

#[test]
fn what_was_committed_is_read_in_order_and_after_a_restart_again_until_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let spool = dir.path().join("a/b");
    let names = names(0..40);
    let (mut writer, mut reader) = reopen(&spool);
    let ends = put_all(&mut writer, &names);
    let blocks = drain(&mut reader);
    assert_eq!(texts(&blocks), names);
    let carried = blocks.iter().filter(|block| block.kind == CARRY);
    assert_eq!(carried.count(), segments(&spool).len(), "each segment begins with the carry");
    assert!(ends.is_sorted() && blocks.iter().map(|block| block.position).is_sorted());
    assert_eq!(fs::metadata(&spool).unwrap().permissions().mode() & 0o777, 0o700);
    reader.ack(ends[19]).unwrap();
    assert_eq!(reader.unacked_bytes(), writer.used_bytes());
    drop((writer, reader));
    let (mut writer, mut reader) = reopen(&spool);
    let before = writer.used_bytes();
    put(&mut writer, "after");
    assert!(writer.used_bytes() > before);
    let blocks = drain(&mut reader);
    assert_eq!(texts(&blocks), [&names[20..], &["after".to_owned()]].concat());
    assert!(clean(reader.recovery()), "{:?}", reader.recovery());
    reader.ack(blocks.last().unwrap().position).unwrap();
    assert_eq!((reader.unacked_bytes(), segments(&spool).len()), (0, 1));
    drop((writer, reader));
    let (writer, mut reader) = reopen(&spool);
    assert_eq!((drain(&mut reader).len(), writer.used_bytes()), (0, 0));
    assert!(segments(&spool).is_empty(), "an acknowledged segment is not kept over a restart");
}

#[test]
fn a_block_built_in_place_is_the_same_as_an_appended_one_and_a_dropped_one_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (mut writer, mut reader) = reopen(dir.path());
    writer.append(7, b"").unwrap();
    let mut block = writer.reserve(8);
    block.extend_from_slice(b"in ");
    block.extend_from_slice(b"place");
    assert_eq!(block.payload_bytes(), 8);
    block.finish().unwrap();
    writer.reserve(9).extend_from_slice(b"given up");
    let large = vec![1_u8; BLOCK_BYTES_MAX + 1];
    assert!(matches!(writer.append(9, &large), Err(WriteError::BlockTooLarge { .. })));
    writer.append(10, &large[1..]).unwrap();
    assert!(reader.next().unwrap().is_none(), "nothing is visible before the commit");
    commit(&mut writer).unwrap();
    let kinds: Vec<_> = drain(&mut reader).iter().map(|b| (b.kind, b.payload.len())).collect();
    assert_eq!(kinds, [(CARRY, 10), (7, 0), (8, 8), (10, BLOCK_BYTES_MAX)]);
}

#[test]
fn a_rewind_returns_what_is_not_acknowledged_after_its_context() {
    let dir = tempfile::tempdir().unwrap();
    let (mut writer, mut reader) = reopen(dir.path());
    let names = names(0..30);
    put_all(&mut writer, &names);
    let blocks = drain(&mut reader);
    let fresh: Vec<_> = blocks.iter().filter(|block| !block.context).collect();
    reader.ack(fresh[12].position).unwrap();
    reader.rewind();
    let again = drain(&mut reader);
    assert_eq!(texts(&again), names[13..]);
    assert_eq!((again[0].kind, again[0].context), (CARRY, true));
    assert!(clean(reader.recovery()));
    let beyond = Position { segment: 99, offset: 0 };
    assert!(matches!(reader.ack(beyond), Err(ReadError::AckAhead { .. })));
}

#[test]
fn a_full_spool_refuses_the_commit_and_takes_it_after_an_acknowledgment() {
    let dir = tempfile::tempdir().unwrap();
    let options = SpoolOptions { bytes_max: 2000, ..options(dir.path()) };
    let (mut writer, mut reader) = open(&options, "test").unwrap();
    let mut put = 0_usize;
    let error = loop {
        writer.append(1, &[7; 100]).unwrap();
        match commit(&mut writer) {
            Ok(_) => put += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, WriteError::Full { bytes_max: 2000, .. }) && error.is_transient());
    assert!(writer.used_bytes() <= 2000 && writer.fill_ratio() > 0.8);
    let blocks = drain(&mut reader);
    assert_eq!(texts(&blocks).len(), put);
    reader.ack(blocks[blocks.len() - 2].position).unwrap();
    commit(&mut writer).unwrap();
    assert_eq!(texts(&drain(&mut reader)).len(), 1, "the refused block came, once");
    writer.append(1, b"unwanted").unwrap();
    writer.discard();
    commit(&mut writer).unwrap();
    assert!(drain(&mut reader).is_empty());
}

#[test]
fn a_second_opener_is_told_who_holds_the_spool() {
    let dir = tempfile::tempdir().unwrap();
    let (writer, reader) = open(&options(dir.path()), "the first one").unwrap();
    let error = open(&options(dir.path()), "the second").unwrap_err();
    assert!(matches!(&error, SpoolError::Held { holder, .. } if holder.contains("the first one")));
    drop(writer);
    assert!(open(&options(dir.path()), "x").is_err(), "the reader holds it as well");
    drop(reader);
    reopen(dir.path());
}

#[test]
fn a_newer_or_foreign_spool_is_refused_and_left_alone() {
    let newer = |bytes: &mut Vec<u8>| bytes[8..12].copy_from_slice(&(VERSION + 1).to_le_bytes());
    let foreign = |bytes: &mut Vec<u8>| {
        bytes[12..16].copy_from_slice(&BYTE_ORDER_MARK.swap_bytes().to_ne_bytes());
    };
    let cases: [(&str, Change<'_>, &str); 2] = [
        ("newer", &newer, "has spool version 2, this program reads up to 1"),
        ("foreign", &foreign, "has byte order mark 0x0d0c0b0a, this machine's is 0x0a0b0c0d"),
    ];
    for (name, change, wanted) in cases {
        let dir = tempfile::tempdir().unwrap();
        let (mut writer, reader) = reopen(dir.path());
        put(&mut writer, "old");
        drop((writer, reader));
        let path = segments(dir.path()).remove(0);
        let mut bytes = fs::read(&path).unwrap();
        change(&mut bytes);
        let crc = crc32fast::hash(&bytes[..HEADER - 4]);
        bytes[HEADER - 4..HEADER].copy_from_slice(&crc.to_le_bytes());
        fs::write(&path, &bytes).unwrap();
        let error = open(&options(dir.path()), "test").unwrap_err().to_string();
        assert!(error.contains(wanted) && error.contains("seg-"), "{name}: {error}");
        assert!(inspect(dir.path()).is_err(), "{name}");
        assert_eq!(fs::read(&path).unwrap(), bytes, "{name}");
    }
}

#[test]
fn an_inspection_sees_what_waits_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (mut writer, mut reader) = reopen(dir.path());
    let ends = put_all(&mut writer, &names(0..30));
    drain(&mut reader);
    reader.ack(ends[9]).unwrap();
    let before = inspect(dir.path()).unwrap();
    let (count, cursor) = (before.unacked_blocks, before.cursor);
    assert_eq!((count, cursor, before.bad_blocks), (20, ends[9], 0));
    let bytes: usize = names(10..30).iter().map(String::len).sum();
    assert_eq!(before.unacked_payload_bytes, bytes as u64);
    assert!(before.segments.iter().all(|s| s.carry_blocks == 1 && s.torn_bytes == 0));
    assert_eq!(inspect(dir.path()).unwrap(), before);
}

#[test]
fn every_sync_policy_keeps_the_blocks() {
    let policies = [
        SyncPolicy::Never,
        SyncPolicy::Interval(Duration::from_secs(1)),
        SyncPolicy::Interval(Duration::ZERO),
        SyncPolicy::EachCommit,
    ];
    for sync in policies {
        let dir = tempfile::tempdir().unwrap();
        let options = SpoolOptions { sync, ..options(dir.path()) };
        let (mut writer, mut reader) = open(&options, "test").unwrap();
        let names = names(0..60);
        for (second, name) in names.iter().enumerate() {
            writer.append(1, name.as_bytes()).unwrap();
            writer.commit(&mut carry, Duration::from_millis(300 * second as u64)).unwrap();
        }
        writer.sync().unwrap();
        assert_eq!(texts(&drain(&mut reader)), names, "{sync:?}");
    }
}
