//! The ring through its public interface: order, loss, threads, forks, deaths and bad files.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    clippy::disallowed_methods,
    clippy::multiple_unsafe_ops_per_block,
    clippy::print_stderr,
    missing_docs,
    reason = "a panic is how a test fails"
)]

mod clock;
#[cfg(target_os = "linux")]
mod files;
#[cfg(target_os = "linux")]
mod fork;
#[cfg(target_os = "linux")]
mod kill;
mod local;
mod push;

use plimsoll_ring::{Arena, Consumer, LaneOptions, Producer, Record};

/// What a test compares: table, sequence number, flags, words.
type Seen = (u8, u64, u8, Vec<u64>);

fn seen(record: Record<'_>) -> Seen {
    let mut copy = [0; 128];
    let words: Vec<u64> = record.words().collect();
    assert_eq!(record.copy_words(&mut copy), words, "both ways to read give the same");
    (record.table(), record.seq(), record.flags(), words)
}

/// Everything that waits, freed.
fn take(consumer: &mut Consumer) -> Vec<Seen> {
    let mut all = Vec::new();
    let upto = consumer.drain(usize::MAX, |record| all.push(seen(record)));
    consumer.release(upto);
    all
}

fn heap_lane(slots: u64) -> (Producer, Consumer) {
    Arena::heap().unwrap().lane(&LaneOptions::new(7).with_slots(slots)).unwrap()
}

/// A memory file system where there is one.
fn directory() -> tempfile::TempDir {
    match plimsoll_ring::default_parent() {
        Some(parent) => tempfile::tempdir_in(parent).unwrap(),
        None => tempfile::tempdir().unwrap(),
    }
}
