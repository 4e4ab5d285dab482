//! A bound on what requests hold in memory, from their first byte until their rows are stored.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes of one permit.
const UNIT: usize = 4096;
/// Bytes of memory for each byte of a body: itself, and its rows.
const FACTOR: usize = 5;

/// What there is.
#[derive(Debug, Clone)]
pub(crate) struct Memory {
    permits: Arc<Semaphore>,
    all: usize,
}

/// What one request has of it; given back when dropped.
#[derive(Debug)]
pub(crate) struct Held {
    permit: OwnedSemaphorePermit,
    body_bytes: usize,
}

impl Memory {
    pub(crate) fn new(bytes: usize) -> Self {
        let all = (bytes / UNIT).clamp(1, Semaphore::MAX_PERMITS);
        Self { permits: Arc::new(Semaphore::new(all)), all }
    }

    /// Memory for a body of that many bytes; `None` when there is not enough now.
    pub(crate) fn hold(&self, body_bytes: usize) -> Option<Held> {
        let permit = Arc::clone(&self.permits).try_acquire_many_owned(units(body_bytes)).ok()?;
        Some(Held { permit, body_bytes })
    }

    /// Bytes that are held.
    pub(crate) fn held_bytes(&self) -> usize {
        self.all.saturating_sub(self.permits.available_permits()).saturating_mul(UNIT)
    }
}

impl Held {
    /// Makes it enough for a body of that many bytes; `false` when there is not enough now.
    pub(crate) fn grow(&mut self, memory: &Memory, body_bytes: usize) -> bool {
        let more = units(body_bytes).saturating_sub(units(self.body_bytes));
        if more > 0 {
            match Arc::clone(&memory.permits).try_acquire_many_owned(more) {
                Ok(permit) => self.permit.merge(permit),
                Err(_) => return false,
            }
        }
        self.body_bytes = self.body_bytes.max(body_bytes);
        true
    }
}

fn units(body_bytes: usize) -> u32 {
    let bytes = body_bytes.saturating_mul(FACTOR);
    u32::try_from(bytes.div_ceil(UNIT).max(1)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_bounded_and_comes_back() {
        let memory = Memory::new(40 * UNIT);
        let mut first = memory.hold(4 * UNIT).unwrap();
        assert!(memory.hold(5 * UNIT).is_none(), "25 of 20 units");
        assert!(first.grow(&memory, 8 * UNIT));
        assert!(!first.grow(&memory, 9 * UNIT), "41 units and more");
        assert!(memory.hold(0).is_none());
        assert_eq!(memory.held_bytes(), 40 * UNIT);
        drop(first);
        assert!(memory.hold(8 * UNIT).is_some());
    }
}
