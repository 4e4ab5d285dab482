//! One record as the consumer sees it.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::layout::{HEAD_WORDS, RECORD_WORDS_MAX, SLOT_WORDS, Tag};

/// A record that lies in its slots, valid until the consumer's closure returns.
#[derive(Clone, Copy)]
pub struct Record<'a> {
    /// The record's words; the second part is not empty if it wraps.
    parts: (&'a [AtomicU64], &'a [AtomicU64]),
    stamp: u64,
    tag: Tag,
    seq: u64,
}

impl<'a> Record<'a> {
    #[inline]
    pub(crate) fn new(parts: (&'a [AtomicU64], &'a [AtomicU64]), tag: Tag, seq: u64) -> Record<'a> {
        let stamp = parts.0.first().map_or(0, |word| word.load(Relaxed));
        Record { parts, stamp, tag, seq }
    }

    /// When the push was made, for [`convert`](crate::convert).
    ///
    /// - **Unit:** as [`stamp_now`](crate::stamp_now).
    #[inline]
    pub fn stamp(&self) -> u64 {
        self.stamp
    }

    /// How many attempts of this table came before in this lane, drops included.
    #[inline]
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// The table, below [`TABLES`](crate::TABLES).
    #[inline]
    pub fn table(&self) -> u8 {
        self.tag.table()
    }

    /// The bits given to [`Writer::flags`](crate::Writer::flags).
    #[inline]
    pub fn flags(&self) -> u8 {
        self.tag.flags()
    }

    /// The words that `fill` wrote, oldest first, and zeros up to the end of the last slot.
    #[inline]
    pub fn words(&self) -> impl ExactSizeIterator<Item = u64> + use<'a> {
        Words { parts: self.parts, at: HEAD_WORDS }
    }

    /// Word `at` of those that `fill` wrote, counted from zero.
    #[inline]
    pub fn word(&self, at: usize) -> Option<u64> {
        let at = at.checked_add(HEAD_WORDS)?;
        let (first, second) = self.parts;
        let word = match at.checked_sub(first.len()) {
            None => first.get(at),
            Some(at) => second.get(at),
        };
        word.map(|word| word.load(Relaxed))
    }

    /// Copies the words of [`Record::words`] and returns those copied.
    #[inline]
    pub fn copy_words<'b>(&self, to: &'b mut [u64; RECORD_WORDS_MAX]) -> &'b [u64] {
        let (first, second) = self.parts;
        let own = first.get(HEAD_WORDS..).unwrap_or_default();
        for (to, word) in to.iter_mut().zip(own.iter().chain(second)) {
            *to = word.load(Relaxed);
        }
        to.get(..own.len().saturating_add(second.len())).unwrap_or_default()
    }

    /// Reads what [`Writer::put_bytes`](crate::Writer::put_bytes) wrote at word `at`: the bytes
    /// go into `to`, whose filled part is returned with the word after them. None if the length
    /// there does not fit the record or `to`.
    pub fn bytes<'b>(&self, at: usize, to: &'b mut [u8]) -> Option<(&'b [u8], usize)> {
        let first = self.word(at)?;
        let len = usize::try_from(first & 0xffff).ok()?;
        let to = to.get_mut(..len)?;
        // Two bytes of the first word are the length.
        let mut word = first >> 16;
        let mut left = 6_u32;
        let mut next = at.checked_add(1)?;
        for byte in &mut *to {
            if left == 0 {
                word = self.word(next)?;
                next = next.checked_add(1)?;
                left = 8;
            }
            #[allow(clippy::cast_possible_truncation, reason = "the lowest byte is wanted")]
            let low = word as u8;
            *byte = low;
            word >>= 8;
            left = left.wrapping_sub(1);
        }
        Some((to, next))
    }
}

impl fmt::Debug for Record<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("stamp", &self.stamp)
            .field("seq", &self.seq)
            .field("table", &self.table())
            .field("flags", &self.flags())
            .field("words", &self.words().collect::<Vec<_>>())
            .finish()
    }
}

struct Words<'a> {
    parts: (&'a [AtomicU64], &'a [AtomicU64]),
    at: usize,
}

impl Iterator for Words<'_> {
    type Item = u64;

    #[inline]
    fn next(&mut self) -> Option<u64> {
        if self.at >= self.parts.0.len() {
            self.at = self.at.checked_sub(self.parts.0.len())?;
            self.parts = (self.parts.1, &[]);
        }
        let word = self.parts.0.get(self.at)?.load(Relaxed);
        self.at = self.at.wrapping_add(1);
        Some(word)
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        let all = self.parts.0.len().saturating_add(self.parts.1.len());
        let left = all.saturating_sub(self.at);
        (left, Some(left))
    }
}

impl ExactSizeIterator for Words<'_> {}

const _: () = assert!(HEAD_WORDS < SLOT_WORDS);
