//! Both clocks of now.

use plimsoll_alerts::Now;

use crate::moment::{Stopwatch, now};

/// The wall clock, and one that never goes back.
#[derive(Debug, Clone, Copy)]
pub(in crate::commands::alerts) struct Clock(Stopwatch);

impl Clock {
    pub(in crate::commands::alerts) fn start() -> Self {
        Self(Stopwatch::start())
    }

    pub(in crate::commands::alerts) fn now(self) -> Now {
        Now::new(now(), self.0.elapsed())
    }
}
