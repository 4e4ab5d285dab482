//! The step from one state to the next: a function of state, verdict and time, nothing else.
#![deny(clippy::arithmetic_side_effects)]

use super::{AlertState, Cause};
use crate::rule::{OnAbsent, Resolve, Rule};

/// Nanoseconds on the engine's monotonic axis, or a span of them.
pub(crate) type Tick = i64;

/// A deadline that never comes.
pub(crate) const NEVER: Tick = Tick::MAX;

/// What the newest samples say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The condition holds.
    Holds,
    /// It does not, but a rule that fires is not over it yet.
    Between,
    /// It does not.
    Clear,
    /// There is nothing to judge by.
    Blind(Cause),
}

/// What a rule says about time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timing {
    pub(crate) pending_for: Tick,
    pub(crate) keep_for: Tick,
    pub(crate) is_latched: bool,
    pub(crate) on_absent: OnAbsent,
}

/// State of one alert. What belongs to an episode stays until the next one begins.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Core {
    pub(crate) state: AlertState,
    pub(crate) cause: Cause,
    /// Since when it is not fine.
    pub(crate) begun: Tick,
    /// Since when the condition holds.
    pub(crate) active: Option<Tick>,
    /// Since when it fires.
    pub(crate) fired: Option<Tick>,
    /// Since when a rule that fires is kept doing so although the condition ended.
    pub(crate) kept: Option<Tick>,
}

impl Timing {
    pub(crate) fn of(rule: &Rule) -> Self {
        let tick = |span: std::time::Duration| Tick::try_from(span.as_nanos()).unwrap_or(NEVER);
        Self {
            pending_for: tick(rule.pending_for),
            keep_for: tick(rule.keep_firing_for),
            is_latched: rule.resolve == Resolve::Manual,
            on_absent: rule.absent.then,
        }
    }
}

impl Core {
    /// Takes a verdict at `now`; true when state or cause changed in a way that somebody may want to
    /// know.
    pub(crate) fn step(&mut self, verdict: Verdict, now: Tick, timing: &Timing) -> bool {
        match verdict {
            Verdict::Holds => self.holds(now, timing),
            Verdict::Between => self.between(now),
            Verdict::Clear => self.clear(Cause::Value, now, timing),
            Verdict::Blind(Cause::Unreadable) => self.blind(Cause::Unreadable, now, timing),
            Verdict::Blind(cause) => match timing.on_absent {
                OnAbsent::NoData => self.blind(cause, now, timing),
                OnAbsent::Resolve => self.clear(cause, now, timing),
                OnAbsent::Keep => self.keep(now, timing),
            },
        }
    }

    /// When the state changes by itself if the verdict stays.
    pub(crate) fn due(&self, timing: &Timing) -> Tick {
        match (self.state, self.active, self.kept) {
            (AlertState::Pending, Some(active), _) => active.saturating_add(timing.pending_for),
            (AlertState::Firing, _, Some(kept)) if !timing.is_latched => {
                kept.saturating_add(timing.keep_for)
            }
            _ => NEVER,
        }
    }

    /// Ends it because a person says so.
    pub(crate) fn end(&mut self) -> bool {
        let was_firing = self.is_open() || self.state == AlertState::Firing;
        self.kept = None;
        if was_firing {
            self.become_state(AlertState::Resolved, Cause::Person);
        }
        was_firing
    }

    /// Whether an alert that fired is hidden behind missing data.
    fn is_open(&self) -> bool {
        matches!(self.state, AlertState::NoData | AlertState::Error) && self.fired.is_some()
    }

    fn holds(&mut self, now: Tick, timing: &Timing) -> bool {
        self.kept = None;
        match self.state {
            AlertState::Firing => return false,
            AlertState::Normal | AlertState::Resolved => {
                self.begin(now);
                self.active = Some(now);
            }
            AlertState::Pending => {}
            AlertState::NoData | AlertState::Error if self.fired.is_some() => {
                return self.become_state(AlertState::Firing, Cause::Value);
            }
            AlertState::NoData | AlertState::Error => {
                self.active = self.active.or(Some(now));
            }
        }
        let since = self.active.unwrap_or(now);
        if now.saturating_sub(since) >= timing.pending_for {
            let is_wait_over = self.state == AlertState::Pending;
            self.fired = Some(now);
            let cause = if is_wait_over { Cause::Time } else { Cause::Value };
            return self.become_state(AlertState::Firing, cause);
        }
        self.become_state(AlertState::Pending, Cause::Value)
    }

    /// Not too much any more, not little enough to end it either.
    fn between(&mut self, now: Tick) -> bool {
        match self.state {
            AlertState::Firing => {
                self.kept = None;
                false
            }
            AlertState::NoData | AlertState::Error if self.fired.is_some() => {
                self.become_state(AlertState::Firing, Cause::Value)
            }
            AlertState::Normal | AlertState::Resolved => false,
            AlertState::Pending | AlertState::NoData | AlertState::Error => self.fine(now),
        }
    }

    fn clear(&mut self, cause: Cause, now: Tick, timing: &Timing) -> bool {
        match self.state {
            AlertState::Firing if timing.is_latched => false,
            AlertState::Firing => {
                let since = *self.kept.get_or_insert(now);
                if now.saturating_sub(since) < timing.keep_for {
                    return false;
                }
                self.kept = None;
                self.become_state(AlertState::Resolved, cause)
            }
            AlertState::NoData | AlertState::Error if self.fired.is_some() => {
                if timing.is_latched || timing.keep_for > 0 {
                    self.kept = Some(now);
                    return self.become_state(AlertState::Firing, Cause::Value);
                }
                self.become_state(AlertState::Resolved, cause)
            }
            AlertState::Normal | AlertState::Resolved => false,
            AlertState::Pending | AlertState::NoData | AlertState::Error => self.fine(now),
        }
    }

    fn blind(&mut self, cause: Cause, now: Tick, timing: &Timing) -> bool {
        let state = if cause == Cause::Unreadable { AlertState::Error } else { AlertState::NoData };
        match self.state {
            AlertState::Firing if timing.is_latched => return false,
            AlertState::Normal | AlertState::Resolved => self.begin(now),
            _ => {}
        }
        self.kept = None;
        self.become_state(state, cause)
    }

    /// Nothing to judge by, and the rule is to stay as it was; waits go on.
    fn keep(&mut self, now: Tick, timing: &Timing) -> bool {
        match (self.state, self.kept) {
            (AlertState::Pending, _) => self.holds(now, timing),
            (AlertState::Firing, Some(_)) => self.clear(Cause::Absent, now, timing),
            _ => false,
        }
    }

    /// An episode begins.
    fn begin(&mut self, now: Tick) {
        *self = Self { state: self.state, cause: self.cause, begun: now, ..Self::default() };
    }

    /// Back to normal without having fired; "too few" stays with the cause, so that what was not told
    /// is not taken back either.
    fn fine(&mut self, _now: Tick) -> bool {
        let was_quiet = self.state == AlertState::NoData && self.cause == Cause::TooFew;
        let cause = if was_quiet { Cause::TooFew } else { Cause::Value };
        self.become_state(AlertState::Normal, cause)
    }

    fn become_state(&mut self, state: AlertState, cause: Cause) -> bool {
        let is_blind = matches!(state, AlertState::NoData | AlertState::Error);
        let is_change = self.state != state || (is_blind && self.cause != cause);
        self.state = state;
        self.cause = cause;
        is_change
    }
}

#[cfg(test)]
mod tests;
