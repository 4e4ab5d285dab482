//! Samples of one histogram between two flushes, without a lock.

use std::sync::{
    OnceLock,
    atomic::{AtomicU64, AtomicUsize, Ordering::AcqRel, Ordering::Relaxed},
};

use metrics::HistogramFn;

/// Most samples between two flushes.
const SAMPLES_MAX: usize = 4_096;

/// A NaN, and only finite samples are taken: the slot is free.
const FREE: u64 = u64::MAX;

/// Slots that samples are put into one after the other, as bits of floats.
#[derive(Debug, Default)]
pub(super) struct Samples {
    slots: OnceLock<Box<[AtomicU64]>>,
    next: AtomicUsize,
    not_taken: AtomicU64,
}

impl Samples {
    /// Takes the samples out. One that is being put meanwhile comes with the next call.
    pub(super) fn take(&self) -> Vec<f64> {
        let Some(slots) = self.slots.get() else { return Vec::new() };
        self.next.store(0, Relaxed);
        // Every slot: one that was reserved before the last call may have been filled after it.
        let taken = slots.iter().map(|slot| slot.swap(FREE, AcqRel));
        taken.filter(|&bits| bits != FREE).map(f64::from_bits).collect()
    }

    /// Samples that found no slot, were not finite, or were written over.
    pub(super) fn not_taken(&self) -> u64 {
        self.not_taken.load(Relaxed)
    }

    fn put(&self, value: f64) -> bool {
        if !value.is_finite() {
            return false;
        }
        let slots = self.slots.get_or_init(|| {
            std::iter::repeat_with(|| AtomicU64::new(FREE)).take(SAMPLES_MAX).collect()
        });
        let at = self.next.fetch_add(1, Relaxed);
        // What was there is a sample that a flush has not seen: it is lost, and counted.
        slots.get(at).is_some_and(|slot| slot.swap(value.to_bits(), AcqRel) == FREE)
    }
}

impl HistogramFn for Samples {
    fn record(&self, value: f64) {
        if !self.put(value) {
            self.not_taken.fetch_add(1, Relaxed);
        }
    }
}
