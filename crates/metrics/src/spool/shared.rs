//! What the writer tells the reader, and the reader the writer.

use std::sync::atomic::{AtomicU64, Ordering};

use super::Position;

/// The largest segment number and the largest offset: both fit one atomic word.
pub(super) const HALF_MAX: u64 = u32::MAX as u64;

#[derive(Debug)]
pub(super) struct Shared {
    committed: AtomicU64,
    unacked_bytes: AtomicU64,
    /// The first segment that this writer starts.
    pub(super) first_segment: u64,
}

impl Shared {
    pub(super) fn new(committed: Position, unacked_bytes: u64, first_segment: u64) -> Self {
        Self {
            committed: AtomicU64::new(pack(committed)),
            unacked_bytes: AtomicU64::new(unacked_bytes),
            first_segment,
        }
    }

    /// Returns the end of the last committed block.
    pub(super) fn committed(&self) -> Position {
        let word = self.committed.load(Ordering::Acquire);
        Position { segment: word >> 32, offset: word & HALF_MAX }
    }

    /// Makes `bytes` more visible to the reader, up to `position`.
    pub(super) fn publish(&self, position: Position, bytes: u64) {
        // Invariant: counted before it is visible, so that an ack can never subtract it earlier.
        self.unacked_bytes.fetch_add(bytes, Ordering::AcqRel);
        self.committed.store(pack(position), Ordering::Release);
    }

    pub(super) fn unacked_bytes(&self) -> u64 {
        self.unacked_bytes.load(Ordering::Acquire)
    }

    /// Sets what another process left to acknowledge.
    pub(super) fn set_unacked(&self, bytes: u64) {
        self.unacked_bytes.store(bytes, Ordering::Release);
    }

    /// Gives back what was acknowledged.
    pub(super) fn release(&self, bytes: u64) {
        let less = |held: u64| Some(held.saturating_sub(bytes));
        self.unacked_bytes
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, less)
            .unwrap_or_default();
    }
}

/// Segment in the upper half, offset in the lower; both are checked when a segment is started.
fn pack(position: Position) -> u64 {
    (position.segment.min(HALF_MAX) << 32) | position.offset.min(HALF_MAX)
}

/// The points between two steps on the disk, where a test may copy the folder or fail the step.
#[derive(Default)]
pub(super) struct Steps {
    #[cfg(test)]
    pub(super) hook: Option<Hook>,
}

/// What a test does at a step; an error makes the step fail.
#[cfg(test)]
pub(super) type Hook = Box<dyn FnMut(&'static str) -> std::io::Result<()> + Send>;

impl Steps {
    #[cfg(test)]
    pub(super) fn at(&mut self, step: &'static str) -> std::io::Result<()> {
        self.hook.as_mut().map_or(Ok(()), |hook| hook(step))
    }

    #[cfg(not(test))]
    #[allow(clippy::unnecessary_wraps, reason = "fails in tests")]
    pub(super) fn at(&mut self, _step: &'static str) -> std::io::Result<()> {
        Ok(())
    }
}

impl std::fmt::Debug for Steps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Steps").finish_non_exhaustive()
    }
}
