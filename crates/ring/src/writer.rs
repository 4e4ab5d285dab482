//! Writes the words of one record straight into its slots.

use std::fmt;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::layout::{HEAD_WORDS, HEADER_WORDS, RECORD_WORDS_MAX, SLOT_WORDS, Tag};

/// Bytes that fit into the word that also holds the length.
const FIRST_BYTES: usize = 6;

/// What `fill` writes a record with. It never writes more words than the push has room for.
pub struct Writer<'a> {
    // Invariant: `slots` is the first of `mask + 1` slots that outlive `'a`; `at <= end`, and
    // `end` words from slot `first` on belong to the one push that made this writer.
    slots: *const AtomicU64,
    mask: u64,
    first: u64,
    at: usize,
    end: usize,
    flags: u8,
    lane: PhantomData<&'a AtomicU64>,
}

impl<'a> Writer<'a> {
    /// # Safety
    ///
    /// `base` is the first word of a lane of `mask + 1` slots that outlives `'a`, and the slots
    /// from `first` on for `max_words` plus two words belong to the caller.
    #[inline(always)]
    pub(crate) unsafe fn new(
        base: *const AtomicU64,
        mask: u64,
        first: u64,
        max_words: usize,
    ) -> Writer<'a> {
        let end = max_words.saturating_add(HEAD_WORDS);
        let end = if end > RECORD_WORDS_MAX { RECORD_WORDS_MAX } else { end };
        // SAFETY: a lane has slots behind its header.
        let slots = unsafe { base.add(HEADER_WORDS) };
        Writer { slots, mask, first, at: HEAD_WORDS, end, flags: 0, lane: PhantomData }
    }

    /// Appends one word; false, and nothing written, if the record has no room left.
    #[inline(always)]
    pub fn put(&mut self, word: u64) -> bool {
        if self.at >= self.end {
            return false;
        }
        self.store(self.at, word);
        self.at = self.at.wrapping_add(1);
        true
    }

    /// Appends a length and as many of `bytes` as fit; returns how many did.
    ///
    /// The length takes two bytes of the first word, so that six bytes cost one word, fourteen
    /// two. [`Record::bytes`](crate::Record::bytes) reads them back.
    #[inline]
    pub fn put_bytes(&mut self, bytes: &[u8]) -> usize {
        let words = self.end.wrapping_sub(self.at);
        let room = words.saturating_mul(SLOT_WORDS).saturating_sub(2);
        let bytes = bytes.get(..room).unwrap_or(bytes);
        let (first, rest) = bytes.split_at_checked(FIRST_BYTES).unwrap_or((bytes, &[]));
        // At most 126 words, so that the length fits sixteen bits.
        self.put(partial(first) << 16 | bytes.len() as u64);
        let (whole, last) = rest.as_chunks::<8>();
        for chunk in whole {
            self.put(u64::from_le_bytes(*chunk));
        }
        if !last.is_empty() {
            self.put(partial(last));
        }
        if words == 0 { 0 } else { bytes.len() }
    }

    /// Sets the eight bits that the record carries beside its table. Last call wins.
    #[inline(always)]
    pub fn flags(&mut self, flags: u8) {
        self.flags = flags;
    }

    /// Words that can still be put.
    #[inline(always)]
    pub fn room(&self) -> usize {
        self.end.wrapping_sub(self.at)
    }

    /// Zeroes the rest of the last slot, writes the two head words and returns the slots used.
    #[inline(always)]
    pub(crate) fn finish(self, head: impl FnOnce(usize, u8) -> (u64, Tag)) -> usize {
        let slots = self.at.div_ceil(SLOT_WORDS);
        let mut at = self.at;
        while !at.is_multiple_of(SLOT_WORDS) {
            self.store(at, 0);
            at = at.wrapping_add(1);
        }
        let (stamp, tag) = head(slots, self.flags);
        self.store(0, stamp);
        self.store(1, tag.0);
        slots
    }

    /// Stores word `at` of the record. Written so that, inlined, one address serves a whole slot.
    #[inline(always)]
    fn store(&self, at: usize, word: u64) {
        let slot = self.first.wrapping_add((at / SLOT_WORDS) as u64) & self.mask;
        // Not more than 2^24 slots.
        #[allow(clippy::cast_possible_truncation, reason = "masked by the number of slots")]
        let index = (slot as usize).wrapping_mul(SLOT_WORDS) | (at % SLOT_WORDS);
        // SAFETY: the slot is masked, so that the index is inside the lane.
        let place = unsafe { self.slots.add(index) };
        // SAFETY: as above; the words are initialized atomics.
        unsafe { &*place }.store(word, Relaxed);
    }
}

impl fmt::Debug for Writer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("room", &self.room()).finish_non_exhaustive()
    }
}

/// Up to seven bytes as the low bytes of a word, by two loads that may overlap: a copy of a
/// length that is not known costs a call.
#[inline(always)]
fn partial(bytes: &[u8]) -> u64 {
    let shift = |from: usize| bytes.len().saturating_sub(from).wrapping_mul(8);
    if let (Some(low), Some(high)) = (bytes.first_chunk(), bytes.last_chunk()) {
        let high = u64::from(u32::from_le_bytes(*high));
        u64::from(u32::from_le_bytes(*low)) | high << shift(4)
    } else if let (Some(low), Some(high)) = (bytes.first_chunk(), bytes.last_chunk()) {
        let high = u64::from(u16::from_le_bytes(*high));
        u64::from(u16::from_le_bytes(*low)) | high << shift(2)
    } else {
        bytes.first().map_or(0, |byte| u64::from(*byte))
    }
}
