//! From stamps to wall-clock time, so that a record has one time for ever.

use std::time::{Duration, Instant};

use crate::arena::Arena;
use crate::stamp;

/// Anchors that are kept: the last minutes, at one a second.
pub const ANCHORS_KEPT: usize = 128;

/// One line from stamps to nanoseconds: it passes through a moment and has a slope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// The stamp of the moment; the anchor holds for stamps from here on.
    pub stamp: u64,
    /// The wall clock at that moment, in nanoseconds since 1970.
    pub wall_ns: i64,
    /// Nanoseconds per tick, times 2^40.
    pub scale: u64,
}

const SCALE_BITS: u32 = 40;
const SCALE_ONE: u64 = 1 << SCALE_BITS;

impl Anchor {
    /// The wall clock at `stamp` on this anchor's line, in nanoseconds since 1970.
    #[inline]
    pub fn wall_ns_at(&self, stamp: u64) -> i64 {
        let ticks = i128::from(stamp.wrapping_sub(self.stamp).cast_signed());
        let off = ticks.saturating_mul(i128::from(self.scale)) >> SCALE_BITS;
        clamp(i128::from(self.wall_ns).saturating_add(off))
    }
}

/// Returns the time of `stamp`: on the line of the newest anchor that is not later, else on that
/// of the first. `None` only without anchors.
///
/// - **Unit:** nanoseconds since 1970.
/// - **Shape:** anchors in the order in which they were made.
/// - **Source:** two-point linear interpolation with a stored slope; a pure function, so that a
///   recovered record has the time that it would have had.
#[inline]
pub fn convert(anchors: &[Anchor], stamp: u64) -> Option<i64> {
    let holds = anchors.iter().rev().find(|anchor| anchor.stamp <= stamp);
    holds.or(anchors.first()).map(|anchor| anchor.wall_ns_at(stamp))
}

/// What a tick did to the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Tick {
    /// The line was bent towards the wall clock; converted times go on rising.
    Slewed {
        /// How far the wall clock was ahead, in nanoseconds.
        ahead_ns: i64,
    },
    /// The wall clock was a second or more away and was taken over: times jump.
    Stepped {
        /// How far times jump, in nanoseconds; negative is back.
        by_ns: i64,
    },
    /// Nothing was done: the last anchor does not hold yet, or this process was forked.
    Skipped,
}

/// Follows the wall clock with anchors.
#[derive(Debug)]
pub struct Clock {
    anchors: Vec<Anchor>,
    /// The slope at the start, which measured slopes stay close to.
    nominal: u64,
    /// Where the slope is measured from, and where it will be measured from next.
    base: Moment,
    next_base: Moment,
    last: Moment,
}

type Moment = (u64, i64);

/// An anchor holds from a millisecond after it was made. A stamp that was converted before can
/// thus never fall behind a newer anchor, however the cores' counters differ.
const MARGIN_NS: u64 = 1_000_000;
/// From here on a difference is a step.
const STEP_NS: i128 = 1_000_000_000;
/// A difference is made good over at least this long.
const SLEW_OVER_NS: i128 = 1_000_000_000;
/// Steepest correction, as parts of the slope.
const SLEW_PARTS: i128 = 10;
/// Measured slopes stay within a thousandth of the first: NTP slews by at most half of that.
const RATE_PARTS: u64 = 1_000;
/// The slope is measured over one to two of these.
const BASE_NS: i64 = 32_000_000_000;

impl Clock {
    /// Measures the counter against the monotonic clock for 5 ms, and saves the first anchor.
    pub fn start(arena: &Arena) -> Clock {
        let scale = measure_scale();
        let (stamp, wall_ns) = stamp::stamp_and_wall_now();
        Clock::from_anchor(arena, Anchor { stamp, wall_ns, scale })
    }

    /// A clock whose first anchor is known.
    pub fn from_anchor(arena: &Arena, first: Anchor) -> Clock {
        arena.save_anchor(first);
        let moment = (first.stamp, first.wall_ns);
        Clock {
            anchors: vec![first],
            nominal: first.scale,
            base: moment,
            next_base: moment,
            last: moment,
        }
    }

    /// The anchors that are kept, oldest first, for [`convert`]. Never empty.
    pub fn anchors(&self) -> &[Anchor] {
        &self.anchors
    }

    /// Makes the next anchor of a stamp and the wall clock of the same moment, as
    /// [`stamp_and_wall_now`](crate::stamp_and_wall_now) gives them. Call it once a second.
    ///
    /// The anchor is in `arena`'s mapping before this clock knows it.
    pub fn tick(&mut self, arena: &Arena, now_stamp: u64, now_wall_ns: i64) -> Tick {
        let Some(line) = self.anchors.last().copied() else { return Tick::Skipped };
        let now = (now_stamp, now_wall_ns);
        let predicted = line.wall_ns_at(now_stamp);
        let ahead = i128::from(now_wall_ns).saturating_sub(i128::from(predicted));
        if !arena.is_owner() || (now_stamp <= line.stamp && ahead.abs() < STEP_NS) {
            return Tick::Skipped;
        }
        let margin = (MARGIN_NS << SCALE_BITS).checked_div(line.scale).unwrap_or(MARGIN_NS);
        let stamp = now_stamp.saturating_add(margin);
        if ahead.abs() >= STEP_NS {
            (self.base, self.next_base, self.last) = (now, now, now);
            let wall_ns = now_wall_ns.saturating_add_unsigned(MARGIN_NS);
            self.keep(arena, Anchor { stamp, wall_ns, scale: self.nominal });
            return Tick::Stepped { by_ns: clamp(ahead) };
        }
        let since = i128::from(now_wall_ns).saturating_sub(i128::from(self.last.1));
        let scale = bent(self.measured_rate(now), ahead, since.max(SLEW_OVER_NS));
        self.last = now;
        self.keep(arena, Anchor { stamp, wall_ns: line.wall_ns_at(stamp), scale });
        Tick::Slewed { ahead_ns: clamp(ahead) }
    }

    fn keep(&mut self, arena: &Arena, anchor: Anchor) {
        arena.save_anchor(anchor);
        if self.anchors.len() >= ANCHORS_KEPT {
            self.anchors.remove(0);
        }
        self.anchors.push(anchor);
    }

    /// The slope over the last half to one minute, once there is a second of it.
    fn measured_rate(&mut self, now: Moment) -> u64 {
        let wall = now.1.saturating_sub(self.base.1);
        let ticks = now.0.saturating_sub(self.base.0);
        if now.1.saturating_sub(self.next_base.1) > BASE_NS {
            (self.base, self.next_base) = (self.next_base, now);
        }
        if i128::from(wall) < SLEW_OVER_NS {
            return self.nominal;
        }
        let spread = self.nominal / RATE_PARTS;
        let (low, high) =
            (self.nominal.saturating_sub(spread), self.nominal.saturating_add(spread));
        slope(u128::from(wall.unsigned_abs()), ticks).unwrap_or(self.nominal).clamp(low, high)
    }
}

/// The slope that makes `ahead` good over the next `over`, as far as that is not too steep.
fn bent(rate: u64, ahead: i128, over: i128) -> u64 {
    let steepest = i128::from(rate).checked_div(SLEW_PARTS).unwrap_or(0);
    let wanted = i128::from(rate).saturating_mul(ahead).checked_div(over).unwrap_or(0);
    let correction = wanted.clamp(steepest.saturating_neg(), steepest);
    u64::try_from(i128::from(rate).saturating_add(correction)).unwrap_or(rate).max(1)
}

fn slope(ns: u128, ticks: u64) -> Option<u64> {
    let scaled = ns.checked_mul(u128::from(SCALE_ONE))?;
    u64::try_from(scaled.checked_div(u128::from(ticks))?).ok().filter(|scale| *scale > 0)
}

#[allow(clippy::disallowed_methods, reason = "the edge where stamps meet the monotonic clock")]
fn measure_scale() -> u64 {
    if !stamp::counter_usable() {
        return SCALE_ONE;
    }
    let (from, started) = (stamp::stamp_now(), Instant::now());
    let mut passed = Duration::ZERO;
    while passed < Duration::from_millis(5) {
        std::hint::spin_loop();
        passed = started.elapsed();
    }
    let ticks = stamp::stamp_now().wrapping_sub(from);
    slope(passed.as_nanos(), ticks).unwrap_or(SCALE_ONE)
}

fn clamp(ns: i128) -> i64 {
    i64::try_from(ns).unwrap_or(if ns < 0 { i64::MIN } else { i64::MAX })
}
