//! Both clocks, and where on the monotonic one a sample lies.
#![deny(clippy::arithmetic_side_effects)]

use std::time::Duration;

use crate::{
    state::{Now, machine::Tick, nanos},
    window::session::Wall,
};

/// A difference between the clocks that is more than a drift.
const STEP: Tick = 1_000_000_000;
/// For how long after a step of the wall clock samples with the old time are recognized.
const GRACE: Tick = 600_000_000_000;

/// The newest readings of both clocks.
#[derive(Debug, Clone, Default)]
pub(crate) struct Clock {
    is_started: bool,
    tick: Tick,
    wall: Wall,
    /// `wall − tick` as it was before the last step of the wall clock.
    old_offset: i64,
    stepped_at: Option<Tick>,
    late_after: Tick,
}

/// Where a sample lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) tick: Tick,
    pub(crate) is_late: bool,
}

impl Clock {
    pub(crate) fn new(late_after: Duration) -> Self {
        let late_after = nanos::of_span(late_after);
        Self { late_after, ..Self::default() }
    }

    /// Takes a reading; the monotonic clock never goes back here, whatever it is told.
    pub(crate) fn read(&mut self, now: Now) -> Tick {
        let tick = nanos::of_span(now.monotonic);
        let wall = nanos::of(now.wall);
        if !self.is_started {
            *self = Self { is_started: true, tick, wall, late_after: self.late_after, ..*self };
            self.old_offset = wall.saturating_sub(tick);
            return tick;
        }
        let tick = tick.max(self.tick);
        let offset = wall.saturating_sub(tick);
        let is_stepped = offset.saturating_sub(self.old_offset).saturating_abs() > STEP;
        match self.stepped_at {
            _ if !is_stepped => {
                // Drift is followed, so that it never adds up to a step.
                self.old_offset = offset;
                self.stepped_at = None;
            }
            None => self.stepped_at = Some(tick),
            Some(at) if tick.saturating_sub(at) > GRACE => {
                self.old_offset = offset;
                self.stepped_at = None;
            }
            Some(_) => {}
        }
        (self.tick, self.wall) = (tick, wall);
        tick
    }

    pub(crate) fn tick(&self) -> Tick {
        self.tick
    }

    /// What the wall clock shows, or showed, at `tick`.
    pub(crate) fn wall_at(&self, tick: Tick) -> Wall {
        self.wall.saturating_sub(self.tick.saturating_sub(tick))
    }

    /// When the wall clock will show `wall`, if nobody sets it.
    pub(crate) fn tick_at(&self, wall: Wall) -> Tick {
        self.tick.saturating_add(wall.saturating_sub(self.wall))
    }

    /// Where a sample that was true at `at` lies. One from the future is one of now. After a step of
    /// the wall clock a sample's age is the smaller one of those by the old and the new time: samples
    /// of other hosts do not become late because this host's clock was set.
    pub(crate) fn place(&self, at: Wall) -> Place {
        let mut age = self.wall.saturating_sub(at);
        if self.stepped_at.is_some() {
            let old_wall = self.tick.saturating_add(self.old_offset);
            let old_age = old_wall.saturating_sub(at);
            if old_age.saturating_abs() < age.saturating_abs() {
                age = old_age;
            }
        }
        let age = age.max(0);
        Place { tick: self.tick.saturating_sub(age), is_late: age > self.late_after }
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "seconds of a test")]
mod tests {
    use super::*;
    use std::time::SystemTime;

    const SEC: i64 = 1_000_000_000;

    fn now(wall: i64, mono: u64) -> Now {
        Now::new(nanos::at(wall * SEC), Duration::from_secs(mono))
    }

    /// Reads the clocks in seconds one after the other, then tells the age in seconds of a sample.
    #[track_caller]
    fn check(readings: &[(i64, u64)], at: i64, expected_age: i64, is_late: bool) {
        let mut clock = Clock::new(Duration::from_secs(60));
        for (wall, mono) in readings {
            clock.read(now(*wall, *mono));
        }
        let place = clock.place(at * SEC);
        let age = (clock.tick() - place.tick) / SEC;
        assert_eq!((age, place.is_late), (expected_age, is_late), "{readings:?}, sample of {at}");
    }

    #[test]
    fn a_sample_lies_as_far_back_as_it_is_old() {
        check(&[(1000, 5)], 990, 10, false);
        check(&[(1000, 5)], 1000, 0, false);
        check(&[(1000, 5)], 1007, 0, false);
        check(&[(1000, 5), (1100, 105)], 1000, 100, true);
    }

    #[test]
    fn a_step_of_the_clock_makes_no_sample_late() {
        // Forward by an hour; other hosts go on with the right time, this host's rows with the new one.
        check(&[(10_000, 5), (13_610, 15)], 10_010, 0, false);
        check(&[(10_000, 5), (13_610, 15)], 13_609, 1, false);
        // Back by an hour.
        check(&[(10_000, 5), (6_410, 15)], 10_009, 1, false);
        check(&[(10_000, 5), (6_410, 15)], 6_409, 1, false);
        // A while later only the new time counts.
        check(&[(10_000, 5), (13_610, 15), (14_300, 705), (14_301, 706)], 10_701, 3_600, true);
    }

    #[test]
    fn the_monotonic_clock_never_goes_back() {
        let mut clock = Clock::new(Duration::ZERO);
        assert_eq!(clock.read(now(10, 10)), 10 * SEC);
        assert_eq!(clock.read(now(11, 5)), 10 * SEC);
    }

    #[test]
    fn extreme_moments_are_bounded() {
        let mut clock = Clock::new(Duration::ZERO);
        clock.read(Now::new(SystemTime::UNIX_EPOCH, Duration::MAX));
        assert_eq!(clock.place(i64::MIN), Place { tick: 0, is_late: true });
        assert_eq!(clock.place(i64::MAX).tick, i64::MAX);
    }
}
