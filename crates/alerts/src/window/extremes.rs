//! Smallest or largest.

use std::collections::VecDeque;

use super::{ENTRIES_MAX, Edge, grain};
use crate::state::machine::Tick;

/// Which one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extreme {
    Min,
    Max,
}

/// The smallest or largest sample of a span: a queue of those that may still become it.
#[derive(Debug, Clone)]
pub(crate) struct Extremes {
    span: Tick,
    which: Extreme,
    /// Times ascend, values go from the extreme one towards the others.
    candidates: VecDeque<(Tick, f64)>,
    /// Times of all samples, with how many of them are joined.
    ticks: VecDeque<(Tick, u32)>,
    n: u64,
    /// Newest sample that was no number.
    bad_at: Option<Tick>,
}

impl Extremes {
    pub(crate) fn new(span: Tick, which: Extreme) -> Self {
        let (candidates, ticks) = (VecDeque::new(), VecDeque::new());
        Self { span, which, candidates, ticks, n: 0, bad_at: None }
    }

    pub(crate) fn push(&mut self, tick: Tick, value: f64) {
        let is_full = self.ticks.len() >= ENTRIES_MAX;
        if is_full {
            self.expire(tick, Edge::Closed);
        }
        self.tell_time(tick, is_full);
        if !value.is_finite() {
            self.bad_at = self.bad_at.max(Some(tick));
            return;
        }
        // Those before this one that are no better can never become the extreme any more; behind it
        // are only late ones' successors.
        let end = self.candidates.partition_point(|candidate| candidate.0 <= tick);
        if self.candidates.get(end).is_some_and(|next| self.is_no_better(value, next.1)) {
            return;
        }
        let mut keep = end;
        while keep > 0
            && self.candidates.get(keep - 1).is_some_and(|c| self.is_no_better(c.1, value))
        {
            keep -= 1;
        }
        self.candidates.drain(keep..end);
        match self.candidates.get_mut(keep.wrapping_sub(1)) {
            // The older of two near neighbors would leave sooner; its value is held a little longer.
            Some(last) if is_full && tick - last.0 < grain(self.span) => last.0 = tick,
            _ => self.candidates.insert(keep, (tick, value)),
        }
    }

    /// Whether `value` is not more extreme than `other`.
    fn is_no_better(&self, value: f64, other: f64) -> bool {
        match self.which {
            Extreme::Min => value >= other,
            Extreme::Max => value <= other,
        }
    }

    fn tell_time(&mut self, tick: Tick, is_full: bool) {
        self.n += 1;
        let grain = grain(self.span);
        let at = self.ticks.partition_point(|entry| entry.0 <= tick);
        match self.ticks.get_mut(at.saturating_sub(1)) {
            Some(near) if is_full && (tick - near.0).abs() < grain => {
                near.1 = near.1.saturating_add(1);
            }
            _ => self.ticks.insert(at, (tick, 1)),
        }
    }

    pub(crate) fn expire(&mut self, now: Tick, edge: Edge) {
        while self.candidates.front().is_some_and(|c| edge.is_past(c.0, self.span, now)) {
            self.candidates.pop_front();
        }
        while let Some((tick, n)) = self.ticks.front().copied() {
            if !edge.is_past(tick, self.span, now) {
                break;
            }
            self.n -= u64::from(n);
            self.ticks.pop_front();
        }
        if self.bad_at.is_some_and(|at| edge.is_past(at, self.span, now)) {
            self.bad_at = None;
        }
    }

    pub(crate) fn due(&self, edge: Edge) -> Option<Tick> {
        self.ticks.front().map(|first| edge.leaves_at(first.0, self.span))
    }

    /// The first moment at which nothing is left.
    pub(crate) fn empty_at(&self, edge: Edge) -> Option<Tick> {
        self.ticks.back().map(|last| edge.leaves_at(last.0, self.span))
    }

    pub(crate) fn count(&self) -> u64 {
        self.n
    }

    /// The extreme; no number when one of the samples is none, or there is no sample.
    pub(crate) fn value(&self) -> f64 {
        match (self.bad_at, self.candidates.front()) {
            (None, Some(first)) => first.1,
            _ => f64::NAN,
        }
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = (Tick, f64, u32)> {
        self.candidates.iter().map(|c| (c.0, c.1, 1))
    }
}
