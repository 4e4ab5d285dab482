//! Bounds on memory, and on request the figures.

use std::time::Instant;

use super::super::scan::BUFFER_BYTES_MAX;
use super::*;

fn fill(writer: &mut Writer, block: &[u8], count: usize) {
    for _ in 0..count {
        let mut built = writer.reserve(1);
        built.extend_from_slice(block);
        built.finish().unwrap();
        commit(writer).unwrap();
    }
}

#[test]
fn a_backlog_of_200_mb_is_read_through_a_small_buffer() {
    let dir = tempfile::tempdir().unwrap();
    let options = SpoolOptions { sync: SyncPolicy::Never, ..SpoolOptions::new(dir.path()) };
    let (mut writer, reader) = open(&options, "test").unwrap();
    let block = vec![5_u8; 96_000];
    let count = 200_000_000 / block.len();
    fill(&mut writer, &block, count);
    drop((writer, reader));
    let (_writer, mut reader) = open(&options, "test").unwrap();
    let mut read = 0_usize;
    while let Some(found) = reader.next().unwrap() {
        read += usize::from(!found.context && found.payload == block);
        assert!(reader.buffer_capacity() <= BUFFER_BYTES_MAX);
    }
    assert_eq!(read, count);
    assert!(reader.buffer_capacity() < 1 << 20, "{}", reader.buffer_capacity());
}

#[test]
#[allow(clippy::disallowed_methods, reason = "measures, and asserts no time")]
fn figures_are_printed_when_asked_for() {
    if std::env::var_os("PLIMSOLL_SPOOL_FIGURES").is_none() {
        return;
    }
    for sync in [SyncPolicy::Never, SyncPolicy::default(), SyncPolicy::EachCommit] {
        let dir = tempfile::tempdir().unwrap();
        let options = SpoolOptions { sync, ..SpoolOptions::new(dir.path()) };
        let (mut writer, mut reader) = open(&options, "test").unwrap();
        let (block, count) = (vec![5_u8; 96_000], 5000_usize);
        let rows = count as f64 * 1000.0 / 1e6;
        let start = Instant::now();
        for _ in 0..count {
            writer.append(1, &block).unwrap();
            writer.commit(&mut carry, start.elapsed()).unwrap();
        }
        let written = start.elapsed().as_secs_f64();
        let start = Instant::now();
        let mut last = Position::default();
        while let Some(block) = reader.next().unwrap() {
            last = block.position;
        }
        let read = start.elapsed().as_secs_f64();
        reader.ack(last).unwrap();
        println!(
            "{sync:?}: write {:.1} M rows/s, read {:.1} M rows/s",
            rows / written,
            rows / read
        );
    }
}
