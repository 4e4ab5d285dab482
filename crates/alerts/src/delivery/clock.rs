//! The edge at which delivery reads the clocks.

use std::time::{Instant, SystemTime};

use crate::Now;

/// Both clocks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    start: Instant,
}

#[allow(clippy::disallowed_methods, reason = "the edge at which delivery reads the clocks")]
impl Clock {
    pub(super) fn start() -> Self {
        Self { start: Instant::now() }
    }

    pub(super) fn now(&self) -> Now {
        self.now_at(SystemTime::now())
    }

    /// With another wall clock.
    pub(super) fn now_at(&self, wall: SystemTime) -> Now {
        Now::new(wall, self.start.elapsed())
    }
}
