//! The beginning and the end of a stream, in bounded memory.

use std::borrow::Cow;
use std::collections::VecDeque;

/// What is kept of an output stream: its beginning, its end, and the count of what lies between.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Captured {
    /// The first bytes; all of them if nothing was left out.
    pub head: Vec<u8>,
    /// The last bytes; empty if nothing was left out.
    pub tail: Vec<u8>,
    /// Bytes between head and tail that were read and not kept.
    pub left_out_bytes: u64,
}

impl Captured {
    /// Returns everything the stream carried, or `None` if something was left out.
    #[must_use]
    pub fn whole(&self) -> Option<&[u8]> {
        (self.left_out_bytes == 0).then_some(self.head.as_slice())
    }

    /// Returns how many bytes the stream carried, kept or not.
    #[must_use]
    pub fn total_bytes(&self) -> u64 {
        let kept = self.head.len().saturating_add(self.tail.len());
        u64::try_from(kept).unwrap_or(u64::MAX).saturating_add(self.left_out_bytes)
    }

    /// Returns what was kept as text for people, with a line that counts what was left out.
    ///
    /// Bytes that are not UTF-8 become the replacement character.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        let head = String::from_utf8_lossy(&self.head);
        if self.left_out_bytes == 0 {
            return head;
        }
        let tail = String::from_utf8_lossy(&self.tail);
        Cow::Owned(format!("{head}\n[{} bytes left out]\n{tail}", self.left_out_bytes))
    }
}

/// Takes a stream in and keeps at most the limit.
#[derive(Debug)]
pub(crate) struct Capture {
    head: Vec<u8>,
    head_len_max: usize,
    tail: VecDeque<u8>,
    tail_len_max: usize,
    left_out_bytes: u64,
}

impl Capture {
    pub(crate) fn new(limit_bytes: usize) -> Self {
        let tail_len_max = limit_bytes / 2;
        Self {
            head: Vec::new(),
            head_len_max: limit_bytes - tail_len_max,
            tail: VecDeque::new(),
            tail_len_max,
            left_out_bytes: 0,
        }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let room = self.head_len_max - self.head.len();
        let (to_head, to_tail) = bytes.split_at(room.min(bytes.len()));
        self.head.extend_from_slice(to_head);
        self.tail.extend(to_tail);
        let excess = self.tail.len().saturating_sub(self.tail_len_max);
        self.tail.drain(..excess);
        let excess = u64::try_from(excess).unwrap_or(u64::MAX);
        self.left_out_bytes = self.left_out_bytes.saturating_add(excess);
    }

    pub(crate) fn finish(self) -> Captured {
        let Self { mut head, tail, left_out_bytes, .. } = self;
        let mut tail = Vec::from(tail);
        if left_out_bytes == 0 {
            head.append(&mut tail);
        }
        Captured { head, tail, left_out_bytes }
    }
}
