//! Where everything lies in a lane, in words of eight bytes.
//!
//! # Invariants
//!
//! 1. Every byte of a lane or clock file is read and written as an `AtomicU64` and as nothing
//!    else. Whatever another process writes into the file can make a record wrong, never the
//!    program undefined.
//! 2. A slot index is masked before it is used, so that no position leaves the mapping.
//! 3. Only the producer writes [`TAIL`], [`RETIRED`], [`ATTEMPTS`], [`DROPPED`] and slots in
//!    `tail..head + slots`. Only the consumer writes [`HEAD`].
//! 4. Order of a push: words of the record, `tail` (Release), attempts. A tail that is seen
//!    therefore covers whole records, also after SIGKILL between any two stores, and the attempts
//!    are short by one at most, of which the record is there.
//! 5. Order of a drain: `tail` (Acquire), words, the caller's own durable write, `head` (Release).
//! 6. [`MAGIC`] is the last word written when a lane is made. Zero means that no producer ever
//!    had the lane.
//! 7. Words 1 to 7 of the header never change afterwards and are covered by [`CHECK`].

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Tables that a lane counts; a table number is below this.
pub const TABLES: usize = 128;
/// Slots of the longest record.
pub const RECORD_SLOTS_MAX: usize = 16;
/// Words of the longest record, the two words of its head included.
pub const RECORD_WORDS_MAX: usize = RECORD_SLOTS_MAX * SLOT_WORDS;

pub(crate) const SLOT_WORDS: usize = 8;
/// Words of a record that belong to the ring: stamp and tag.
pub(crate) const HEAD_WORDS: usize = 2;
pub(crate) const SLOTS_MIN: u64 = 64;
pub(crate) const SLOTS_MAX: u64 = 1 << 24;

pub(crate) const MAGIC: usize = 0;
pub(crate) const VERSION: usize = 1;
pub(crate) const LAYOUT: usize = 2;
pub(crate) const SLOTS: usize = 3;
pub(crate) const RUN: usize = 4;
pub(crate) const CREATED_NS: usize = 5;
pub(crate) const BOOT_ID: usize = 6; // two words
pub(crate) const CHECK: usize = 8;
// Tail and head are 128 bytes apart from all else: processors fetch cache lines in pairs.
pub(crate) const TAIL: usize = 16;
pub(crate) const RETIRED: usize = 17;
pub(crate) const HEAD: usize = 32;
pub(crate) const ATTEMPTS: usize = 128;
pub(crate) const DROPPED: usize = ATTEMPTS + TABLES;
pub(crate) const HEADER_WORDS: usize = 512;

pub(crate) const LANE_MAGIC: u64 = u64::from_le_bytes(*b"plimlane");
pub(crate) const CLOCK_MAGIC: u64 = u64::from_le_bytes(*b"plimclok");
pub(crate) const VERSION_NOW: u64 = 1;

/// Changes whenever a constant above changes, also when somebody forgets the version.
pub(crate) const LAYOUT_HASH: u64 = {
    let parts = [
        VERSION_NOW,
        TABLES as u64,
        SLOT_WORDS as u64,
        RECORD_SLOTS_MAX as u64,
        TAIL as u64,
        RETIRED as u64,
        HEAD as u64,
        ATTEMPTS as u64,
        DROPPED as u64,
        HEADER_WORDS as u64,
        Tag::SEQ_SHIFT as u64,
        Tag::TABLE_SHIFT as u64,
        Tag::SLOTS_SHIFT as u64,
    ];
    let mut hash = FNV_OFFSET;
    let mut rest: &[u64] = &parts;
    while let [first, others @ ..] = rest {
        hash = mix(hash, *first);
        rest = others;
    }
    hash
};

// FNV-1a, 64 bits, over words instead of bytes.
const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;

const fn mix(hash: u64, word: u64) -> u64 {
    (hash ^ word).wrapping_mul(FNV_PRIME).rotate_left(29)
}

/// The checksum of the header words that never change.
pub(crate) fn header_check(words: &[AtomicU64]) -> u64 {
    let fixed = words.get(VERSION..CHECK).unwrap_or_default();
    fixed.iter().fold(FNV_OFFSET, |hash, word| mix(hash, word.load(Relaxed)))
}

/// Words of a whole lane file.
pub(crate) const fn lane_words(slots: u64) -> Option<usize> {
    if !slots.is_power_of_two() || slots < SLOTS_MIN || slots > SLOTS_MAX {
        return None;
    }
    // At most 2^27 words, which fits a usize of 32 bits.
    #[allow(clippy::cast_possible_truncation, reason = "checked against SLOTS_MAX above")]
    let slots = slots as usize;
    Some(HEADER_WORDS.saturating_add(slots.saturating_mul(SLOT_WORDS)))
}

/// Slots that a record of `words` own words needs; more than any ring has for one that is longer
/// than the longest.
#[inline(always)]
pub(crate) const fn slots_for(words: usize) -> usize {
    let words = if words > RECORD_WORDS_MAX - HEAD_WORDS {
        usize::MAX >> 8
    } else {
        words.saturating_add(HEAD_WORDS)
    };
    words.div_ceil(SLOT_WORDS)
}

/// Word 1 of a record: `seq:40 | table:8 | slots:8 | flags:8`, the sequence number on top.
#[derive(Clone, Copy)]
pub(crate) struct Tag(pub(crate) u64);

impl Tag {
    const SEQ_SHIFT: u32 = 24;
    const TABLE_SHIFT: u32 = 16;
    const SLOTS_SHIFT: u32 = 8;
    pub(crate) const SEQ_BITS: u32 = 64 - Tag::SEQ_SHIFT;

    #[inline(always)]
    pub(crate) const fn new(seq: u64, table: u8, slots: usize, flags: u8) -> Tag {
        let low =
            (table as u64) << Tag::TABLE_SHIFT | (slots as u64) << Tag::SLOTS_SHIFT | flags as u64;
        Tag(seq << Tag::SEQ_SHIFT | low)
    }

    /// The lower 40 bits of the sequence number.
    #[inline(always)]
    pub(crate) const fn seq(self) -> u64 {
        self.0 >> Tag::SEQ_SHIFT
    }

    #[inline(always)]
    pub(crate) const fn table(self) -> u8 {
        self.byte(Tag::TABLE_SHIFT)
    }

    #[inline(always)]
    pub(crate) const fn slots(self) -> u64 {
        self.byte(Tag::SLOTS_SHIFT) as u64
    }

    #[inline(always)]
    pub(crate) const fn flags(self) -> u8 {
        self.byte(0)
    }

    #[inline(always)]
    const fn byte(self, shift: u32) -> u8 {
        #[allow(clippy::cast_possible_truncation, reason = "masked to eight bits")]
        let byte = (self.0 >> shift & 0xff) as u8;
        byte
    }
}
