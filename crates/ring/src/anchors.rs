//! The file that keeps an arena's anchors, so that recovered records have the same time.

use std::sync::atomic::{AtomicU64, Ordering::Acquire, Ordering::Relaxed, Ordering::Release};

use crate::clock::{ANCHORS_KEPT, Anchor};
use crate::layout::{CLOCK_MAGIC, HEADER_WORDS, LAYOUT, LAYOUT_HASH, MAGIC, VERSION, VERSION_NOW};

/// Places for anchors: twice those kept, so that a write that SIGKILL cuts hits none of them.
const PLACES: usize = 2 * ANCHORS_KEPT;
const ANCHOR_WORDS: usize = 4;
const COUNT: usize = 16;

pub(crate) const CLOCK_WORDS: usize = HEADER_WORDS + PLACES * ANCHOR_WORDS;

pub(crate) fn init(words: &[AtomicU64]) {
    for (at, value) in [(VERSION, VERSION_NOW), (LAYOUT, LAYOUT_HASH), (MAGIC, CLOCK_MAGIC)] {
        if let Some(word) = words.get(at) {
            word.store(value, Release);
        }
    }
}

/// Adds one anchor. One thread at a time.
pub(crate) fn save(words: &[AtomicU64], anchor: Anchor) {
    let (Some(count), Some(place)) = (words.get(COUNT), place(words, next(words))) else { return };
    let values = [anchor.stamp, anchor.wall_ns.cast_unsigned(), anchor.scale];
    for (word, value) in place.iter().zip(values) {
        word.store(value, Relaxed);
    }
    count.store(next(words).wrapping_add(1), Release);
}

/// The anchors kept, oldest first.
pub(crate) fn load(words: &[AtomicU64]) -> Vec<Anchor> {
    let end = next(words);
    let start = end.saturating_sub(ANCHORS_KEPT as u64);
    let place = |at| match place(words, at)? {
        [stamp, wall_ns, scale, ..] => Some(Anchor {
            stamp: stamp.load(Relaxed),
            wall_ns: wall_ns.load(Relaxed).cast_signed(),
            scale: scale.load(Relaxed),
        }),
        _ => None,
    };
    (start..end).filter_map(place).collect()
}

/// Whether the words are a clock file of this layout.
pub(crate) fn is_known(words: &[AtomicU64]) -> bool {
    let is = |at: usize, value| words.get(at).is_some_and(|word| word.load(Relaxed) == value);
    words.len() >= CLOCK_WORDS
        && is(MAGIC, CLOCK_MAGIC)
        && is(VERSION, VERSION_NOW)
        && is(LAYOUT, LAYOUT_HASH)
}

fn next(words: &[AtomicU64]) -> u64 {
    words.get(COUNT).map_or(0, |count| count.load(Acquire))
}

fn place(words: &[AtomicU64], at: u64) -> Option<&[AtomicU64]> {
    let at = usize::try_from(at.checked_rem(PLACES as u64)?).ok()?;
    let from = at.checked_mul(ANCHOR_WORDS)?.checked_add(HEADER_WORDS)?;
    words.get(from..from.checked_add(ANCHOR_WORDS)?)
}
