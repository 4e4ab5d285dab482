//! What counters and gauges add to: one atomic each.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use metrics::{CounterFn, GaugeFn, HistogramFn};

/// A counter.
#[derive(Debug, Default)]
pub(super) struct Count(AtomicU64);

impl Count {
    pub(super) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

impl CounterFn for Count {
    fn increment(&self, value: u64) {
        self.0.fetch_add(value, Relaxed);
    }

    fn absolute(&self, value: u64) {
        self.0.fetch_max(value, Relaxed);
    }
}

/// A NaN that no arithmetic makes: the gauge was never set.
const UNSET: u64 = u64::MAX;

/// A gauge, as bits of a float.
#[derive(Debug)]
pub(super) struct Level(AtomicU64);

impl Default for Level {
    fn default() -> Self {
        Self(AtomicU64::new(UNSET))
    }
}

impl Level {
    /// The value; `None` until the first one.
    pub(super) fn get(&self) -> Option<f64> {
        of_bits(self.0.load(Relaxed))
    }
}

fn of_bits(bits: u64) -> Option<f64> {
    (bits != UNSET).then(|| f64::from_bits(bits))
}

impl GaugeFn for Level {
    fn increment(&self, value: f64) {
        let add = |bits| Some((of_bits(bits).unwrap_or(0.0) + value).to_bits());
        // The function always gives a value, so the update cannot fail.
        self.0.fetch_update(Relaxed, Relaxed, add).unwrap_or_default();
    }

    fn decrement(&self, value: f64) {
        self.increment(-value);
    }

    fn set(&self, value: f64) {
        self.0.store(value.to_bits(), Relaxed);
    }
}

/// Stands in for a key that was refused, and counts the calls.
#[derive(Debug, Default)]
pub(super) struct Refused(AtomicU64);

impl Refused {
    pub(super) fn calls(&self) -> u64 {
        self.0.load(Relaxed)
    }

    fn count(&self) {
        self.0.fetch_add(1, Relaxed);
    }
}

impl CounterFn for Refused {
    fn increment(&self, _: u64) {
        self.count();
    }

    fn absolute(&self, _: u64) {
        self.count();
    }
}

impl GaugeFn for Refused {
    fn increment(&self, _: f64) {
        self.count();
    }

    fn decrement(&self, _: f64) {
        self.count();
    }

    fn set(&self, _: f64) {
        self.count();
    }
}

impl HistogramFn for Refused {
    fn record(&self, _: f64) {
        self.count();
    }
}
