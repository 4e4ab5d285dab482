//! Growth of a counter, and change of a gauge.

use std::collections::VecDeque;

use super::{ENTRIES_MAX, Edge, grain};
use crate::state::machine::Tick;

/// One sample.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Entry {
    tick: Tick,
    value: f64,
    /// By how much the counter grew since the entry before.
    grown: f64,
    /// Samples that it stands for.
    n: u32,
}

/// Samples of one counter.
#[derive(Debug, Clone)]
pub(crate) struct Counter {
    span: Tick,
    entries: VecDeque<Entry>,
    /// Sum of `grown` without the first entry's.
    grown: f64,
    n: u64,
    bad: usize,
    left: usize,
}

/// Whether growth is what was seen, or what would have been seen over the whole span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Counting {
    /// What was seen between the first and the last sample of the span: whole numbers stay whole.
    #[default]
    Seen,
    /// Extended to the span's ends as Prometheus 2 does. For migrations.
    Prometheus2,
    /// Extended to the span's ends as Prometheus 3 does, which reaches less far where the first sample
    /// is missing. For migrations.
    Prometheus3,
}

impl Counter {
    pub(crate) fn new(span: Tick) -> Self {
        Self { span, entries: VecDeque::new(), grown: 0.0, n: 0, bad: 0, left: 0 }
    }

    pub(crate) fn push(&mut self, tick: Tick, value: f64) {
        let is_full = self.entries.len() >= ENTRIES_MAX;
        if is_full {
            self.expire(tick, Edge::Closed);
        }
        match self.entries.back_mut() {
            // In a full window a late sample would cost the neighbors' order, and changes little.
            Some(last) if last.tick > tick && is_full => return,
            Some(last) if last.tick > tick => self.insert(tick, value),
            Some(last) if is_full && tick - last.tick < grain(self.span) => {
                let grown = growth(last.value, value);
                let n = last.n.saturating_add(1);
                self.bad -= usize::from(!last.value.is_finite());
                *last = Entry { tick, value, grown: last.grown + grown, n };
                self.grown += grown;
            }
            Some(last) => {
                let grown = growth(last.value, value);
                self.grown += grown;
                self.entries.push_back(Entry { tick, value, grown, n: 1 });
            }
            None => self.entries.push_back(Entry { tick, value, grown: 0.0, n: 1 }),
        }
        self.n += 1;
        self.bad += usize::from(!value.is_finite());
    }

    /// A sample from before the newest: what each entry grew by is worked out anew.
    fn insert(&mut self, tick: Tick, value: f64) {
        let at = self.entries.partition_point(|entry| entry.tick <= tick);
        self.entries.insert(at, Entry { tick, value, grown: 0.0, n: 1 });
        let mut before: Option<f64> = None;
        for entry in &mut self.entries {
            entry.grown = before.map_or(0.0, |before| growth(before, entry.value));
            before = Some(entry.value);
        }
        self.add_up();
    }

    fn add_up(&mut self) {
        self.grown = self.entries.iter().skip(1).map(|entry| entry.grown).sum();
    }

    pub(crate) fn expire(&mut self, now: Tick, edge: Edge) {
        while let Some(first) = self.entries.front() {
            if !edge.is_past(first.tick, self.span, now) {
                return;
            }
            self.n -= u64::from(first.n);
            self.bad -= usize::from(!first.value.is_finite());
            self.entries.pop_front();
            self.grown -= self.entries.front().map_or(0.0, |first| first.grown);
            self.left += 1;
            // What is no number spoils the sum for as long as it is in it.
            if self.left > self.entries.len() || !self.grown.is_finite() {
                self.left = 0;
                self.add_up();
            }
        }
    }

    pub(crate) fn due(&self, edge: Edge) -> Option<Tick> {
        self.entries.front().map(|first| edge.leaves_at(first.tick, self.span))
    }

    /// The first moment at which one sample is left.
    pub(crate) fn alone_at(&self, edge: Edge) -> Option<Tick> {
        let before_last = self.entries.iter().rev().nth(1);
        before_last.map(|entry| edge.leaves_at(entry.tick, self.span))
    }

    pub(crate) fn count(&self) -> u64 {
        self.n
    }

    /// By how much the counter grew; none with fewer than two samples.
    pub(crate) fn increase(&self, now: Tick, counting: Counting) -> Option<f64> {
        if self.entries.len() < 2 {
            return None;
        }
        if self.bad > 0 {
            return Some(f64::NAN);
        }
        Some(match counting {
            Counting::Seen => self.grown,
            _ => self.grown * self.stretch(now, Some(self.grown), counting)?,
        })
    }

    /// The newest value less the oldest; none with fewer than two samples.
    pub(crate) fn change(&self, now: Tick, counting: Counting) -> Option<f64> {
        if self.entries.len() < 2 {
            return None;
        }
        let (first, last) = (self.entries.front()?, self.entries.back()?);
        let change = last.value - first.value;
        Some(match counting {
            Counting::Seen => change,
            _ => change * self.stretch(now, None, counting)?,
        })
    }

    /// How much longer the span is than the part of it that samples cover, within half a step of
    /// them; a counter, which has `grown`, is not taken below zero.
    #[expect(clippy::cast_precision_loss, reason = "spans are far below 2^52 ms")]
    fn stretch(&self, now: Tick, grown: Option<f64>, counting: Counting) -> Option<f64> {
        let (first, last) = (self.entries.front()?, self.entries.back()?);
        let secs = |ticks: Tick| ticks as f64 / 1e9;
        let covered = secs(last.tick - first.tick);
        let step = covered / (self.n - 1) as f64;
        let near = |gap: f64| if gap < step * 1.1 { gap } else { step / 2.0 };
        let from_zero = grown
            .filter(|grown| *grown > 0.0 && first.value >= 0.0)
            .map_or(f64::INFINITY, |grown| covered * (first.value / grown));
        let to_start = secs(first.tick - now.saturating_sub(self.span));
        let to_start = match counting {
            Counting::Prometheus2 => near(to_start.min(from_zero)),
            _ => near(to_start).min(from_zero),
        };
        let to_end = near(secs(now.saturating_sub(last.tick)));
        Some((covered + to_start + to_end) / covered)
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = (Tick, f64, u32)> {
        self.entries.iter().map(|entry| (entry.tick, entry.value, entry.n))
    }

    pub(crate) fn span_secs(&self) -> f64 {
        std::time::Duration::from_nanos(self.span.unsigned_abs()).as_secs_f64()
    }
}

/// A fall is a restart from zero.
pub(super) fn growth(before: f64, after: f64) -> f64 {
    if after < before { after } else { after - before }
}
