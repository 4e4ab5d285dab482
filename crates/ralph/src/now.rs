//! The two clocks: one for people, one that never steps.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// What time it is, on both clocks.
///
/// Every hook call is a process of its own, so the monotonic clock is the one that counts since
/// the machine started; two readings compare only within one boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Now {
    /// Wall clock, UTC. For people; it may step.
    #[serde(with = "epoch_ms")]
    pub wall: SystemTime,
    /// Time since the machine started, sleep included. Never steps.
    pub since_boot: Duration,
    /// Which start of the machine it was.
    pub boot_id: u64,
}

/// A moment that is kept in the state, so that a later process can tell how long ago it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Moment {
    wall_ms: u64,
    boot_ms: u64,
    boot_id: u64,
}

impl Now {
    /// Milliseconds since 1970-01-01 UTC; zero for a clock before that.
    #[must_use]
    pub fn wall_ms(&self) -> u64 {
        ms(self.wall.duration_since(UNIX_EPOCH).unwrap_or_default())
    }

    pub(crate) fn moment(&self) -> Moment {
        Moment { wall_ms: self.wall_ms(), boot_ms: ms(self.since_boot), boot_id: self.boot_id }
    }
}

impl Moment {
    pub(crate) fn wall_ms(self) -> u64 {
        self.wall_ms
    }

    /// How long ago this was: by the clock that never steps, or after a restart of the machine
    /// by the wall clock. A wall clock that went backwards makes it zero.
    pub(crate) fn elapsed(self, now: &Now) -> Duration {
        let ms = if self.boot_id == now.boot_id {
            ms(now.since_boot).saturating_sub(self.boot_ms)
        } else {
            now.wall_ms().saturating_sub(self.wall_ms)
        };
        Duration::from_millis(ms)
    }
}

/// Whole milliseconds of a span.
pub(crate) fn ms(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

mod epoch_ms {
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(at: &SystemTime, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(super::ms(at.duration_since(UNIX_EPOCH).unwrap_or_default()))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<SystemTime, D::Error> {
        Ok(UNIX_EPOCH + Duration::from_millis(u64::deserialize(from)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now(wall_s: u64, boot_s: u64, boot_id: u64) -> Now {
        let wall = UNIX_EPOCH + Duration::from_secs(wall_s);
        Now { wall, since_boot: Duration::from_secs(boot_s), boot_id }
    }

    #[track_caller]
    fn check(then: Now, later: Now, expected_s: u64) {
        assert_eq!(then.moment().elapsed(&later), Duration::from_secs(expected_s));
    }

    #[test]
    fn a_step_of_the_wall_clock_changes_no_span() {
        check(now(1_000, 50, 1), now(1_030, 80, 1), 30);
        check(now(1_000, 50, 1), now(9_000, 80, 1), 30);
        check(now(1_000, 50, 1), now(10, 80, 1), 30);
    }

    #[test]
    fn after_a_restart_of_the_machine_the_wall_clock_counts() {
        check(now(1_000, 50, 1), now(1_100, 5, 2), 100);
        check(now(1_000, 50, 1), now(900, 5, 2), 0);
    }
}
