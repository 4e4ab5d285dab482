//! Quantiles.

use std::collections::VecDeque;

use super::Edge;
use crate::state::machine::Tick;

/// Most samples that a quantile is taken of; older ones leave early.
pub(crate) const SAMPLES_MAX: usize = 2_048;

/// The samples of a span, in order of time and in order of size.
#[derive(Debug, Clone)]
pub(crate) struct Quantiles {
    span: Tick,
    ring: VecDeque<(Tick, f64)>,
    sorted: Vec<f64>,
    bad: usize,
}

impl Quantiles {
    pub(crate) fn new(span: Tick) -> Self {
        Self { span, ring: VecDeque::new(), sorted: Vec::new(), bad: 0 }
    }

    pub(crate) fn push(&mut self, tick: Tick, value: f64) {
        if self.ring.len() >= SAMPLES_MAX {
            self.pop();
        }
        let at = self.ring.partition_point(|entry| entry.0 <= tick);
        self.ring.insert(at, (tick, value));
        if value.is_finite() {
            let at = self.sorted.partition_point(|other| *other < value);
            self.sorted.insert(at, value);
        } else {
            self.bad += 1;
        }
    }

    fn pop(&mut self) {
        let Some((_, value)) = self.ring.pop_front() else { return };
        if value.is_finite() {
            let at = self.sorted.partition_point(|other| *other < value);
            self.sorted.remove(at);
        } else {
            self.bad -= 1;
        }
    }

    pub(crate) fn expire(&mut self, now: Tick, edge: Edge) {
        while self.ring.front().is_some_and(|entry| edge.is_past(entry.0, self.span, now)) {
            self.pop();
        }
    }

    pub(crate) fn due(&self, edge: Edge) -> Option<Tick> {
        self.ring.front().map(|first| edge.leaves_at(first.0, self.span))
    }

    pub(crate) fn count(&self) -> u64 {
        u64::try_from(self.ring.len()).unwrap_or(u64::MAX)
    }

    /// The quantile, interpolated between neighbors (as R's type 7); no number when one of the samples
    /// is none, or there is no sample.
    pub(crate) fn value(&self, quantile: f64) -> f64 {
        if self.bad > 0 || self.sorted.is_empty() {
            return f64::NAN;
        }
        quantile_of(&self.sorted, quantile)
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = (Tick, f64, u32)> {
        self.ring.iter().map(|entry| (entry.0, entry.1, 1))
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rank lies between 0 and the number of samples"
)]
fn quantile_of(sorted: &[f64], quantile: f64) -> f64 {
    let rank = quantile.clamp(0.0, 1.0) * (sorted.len() - 1) as f64;
    let low = rank.floor();
    let at = |rank: f64| sorted.get(rank as usize).copied().unwrap_or(f64::NAN);
    let weight = rank - low;
    at(low) * (1.0 - weight) + at(rank.ceil()) * weight
}
