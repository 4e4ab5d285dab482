//! Count, sum and mean.

use std::collections::VecDeque;

use super::{ENTRIES_MAX, Edge, grain};
use crate::state::machine::Tick;

/// One sample, or neighbors that were joined.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Entry {
    tick: Tick,
    sum: f64,
    n: u32,
    /// Those of `n` that are no numbers.
    bad: u32,
}

/// Count, sum and mean of the samples of a span.
#[derive(Debug, Clone)]
pub(crate) struct Sums {
    span: Tick,
    entries: VecDeque<Entry>,
    sum: f64,
    n: u64,
    bad: u64,
    /// Entries that left since the sum was added up anew: subtracting leaves an error behind.
    left: usize,
}

impl Sums {
    pub(crate) fn new(span: Tick) -> Self {
        Self { span, entries: VecDeque::new(), sum: 0.0, n: 0, bad: 0, left: 0 }
    }

    pub(crate) fn push(&mut self, tick: Tick, value: f64) {
        let is_full = self.entries.len() >= ENTRIES_MAX;
        if is_full {
            self.expire(tick, Edge::Closed);
        }
        let is_bad = !value.is_finite();
        let sum = if is_bad { 0.0 } else { value };
        let new = Entry { tick, sum, n: 1, bad: u32::from(is_bad) };
        self.n += 1;
        self.bad += u64::from(is_bad);
        self.sum += sum;
        match self.entries.back_mut() {
            Some(last) if last.tick > tick => self.insert(new, is_full),
            Some(last) if is_full && tick - last.tick < grain(self.span) => last.join(new),
            _ => self.entries.push_back(new),
        }
    }

    /// A sample from before the newest.
    fn insert(&mut self, new: Entry, is_full: bool) {
        let at = self.entries.partition_point(|entry| entry.tick <= new.tick);
        match self.entries.get_mut(at) {
            Some(next) if is_full => next.join(new),
            _ => self.entries.insert(at, new),
        }
    }

    pub(crate) fn expire(&mut self, now: Tick, edge: Edge) {
        while let Some(first) = self.entries.front() {
            if !edge.is_past(first.tick, self.span, now) {
                return;
            }
            self.n -= u64::from(first.n);
            self.bad -= u64::from(first.bad);
            self.sum -= first.sum;
            self.left += 1;
            self.entries.pop_front();
            if self.left > self.entries.len() {
                self.left = 0;
                self.sum = self.entries.iter().map(|entry| entry.sum).sum();
            }
        }
    }

    /// The first moment at which [`Sums::expire`] changes something.
    pub(crate) fn due(&self, edge: Edge) -> Option<Tick> {
        self.entries.front().map(|first| edge.leaves_at(first.tick, self.span))
    }

    pub(crate) fn count(&self) -> u64 {
        self.n
    }

    /// The sum; no number when one of the samples is none.
    pub(crate) fn sum(&self) -> f64 {
        if self.bad > 0 { f64::NAN } else { self.sum }
    }

    /// The mean; no number without a sample.
    #[expect(clippy::cast_precision_loss, reason = "a count of samples is far below 2^52")]
    pub(crate) fn mean(&self) -> f64 {
        self.sum() / self.n as f64
    }

    /// What is needed to make it again: time, sum and count of each entry.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (Tick, f64, u32)> {
        self.entries.iter().map(|e| (e.tick, if e.bad > 0 { f64::NAN } else { e.sum }, e.n))
    }

    /// Puts back what [`Sums::entries`] told, oldest first.
    pub(crate) fn put_back(&mut self, tick: Tick, sum: f64, n: u32) {
        let is_bad = !sum.is_finite();
        let sum = if is_bad { 0.0 } else { sum };
        let bad = if is_bad { n } else { 0 };
        self.n += u64::from(n);
        self.bad += u64::from(bad);
        self.sum += sum;
        self.entries.push_back(Entry { tick, sum, n, bad });
    }
}

impl Entry {
    fn join(&mut self, other: Self) {
        self.sum += other.sum;
        self.n = self.n.saturating_add(other.n);
        self.bad = self.bad.saturating_add(other.bad);
    }
}
