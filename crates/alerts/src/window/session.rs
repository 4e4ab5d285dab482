//! Days that start at a time of a named zone, and numbers of the samples of such a day.

use jiff::{Timestamp, civil, tz::TimeZone};
use serde::{Deserialize, Serialize};

use super::counter::growth;
use crate::rule::{Function, Session};

/// Nanoseconds since 1970 on the wall clock.
pub(crate) type Wall = i64;

/// From when to when a session is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: Wall,
    pub(crate) end: Wall,
}

/// Tells sessions apart.
#[derive(Debug, Clone)]
pub(crate) struct SessionClock {
    zone: TimeZone,
    start: civil::Time,
}

impl SessionClock {
    /// None when no zone has this name.
    pub(crate) fn new(session: &Session) -> Option<Self> {
        let hour = i8::try_from(session.start.hour()).ok()?;
        let minute = i8::try_from(session.start.minute()).ok()?;
        let start = civil::Time::new(hour, minute, 0, 0).ok()?;
        Some(Self { zone: TimeZone::get(&session.zone).ok()?, start })
    }

    /// The session that `at` is in. A start that falls into an hour that a zone skips is after it, one
    /// in an hour that comes twice is the first.
    pub(crate) fn span(&self, at: Wall) -> Span {
        let moment = Timestamp::from_nanosecond(i128::from(at)).unwrap_or(Timestamp::UNIX_EPOCH);
        let today = self.zone.to_datetime(moment).date();
        let start = self.start_of(today);
        if at < start {
            let yesterday = today.yesterday().unwrap_or(today);
            return Span { start: self.start_of(yesterday), end: start };
        }
        let end = self.start_of(today.tomorrow().unwrap_or(today));
        Span { start, end: end.max(at.saturating_add(1)) }
    }

    fn start_of(&self, date: civil::Date) -> Wall {
        let start =
            self.zone.to_ambiguous_zoned_datetime(date.to_datetime(self.start)).compatible();
        let nanos = start.map_or(0, |start| start.timestamp().as_nanosecond());
        i64::try_from(nanos).unwrap_or(i64::MAX)
    }
}

/// Something that begins anew with each session. The session before is kept, so that a wall clock
/// that is set forward and back again loses nothing.
#[derive(Debug, Clone)]
pub(crate) struct Sessions<T> {
    span: Span,
    now: T,
    before: Option<(Span, T)>,
}

impl<T: Clone> Sessions<T> {
    pub(crate) fn new(span: Span, now: T) -> Self {
        Self { span, now, before: None }
    }

    pub(crate) fn span(&self) -> Span {
        self.span
    }

    pub(crate) fn get(&self) -> &T {
        &self.now
    }

    /// What belongs to the newest session.
    pub(crate) fn only(&mut self) -> &mut T {
        &mut self.now
    }

    /// What belongs to the session of `at`; `next` makes that of a new session from the last one. None
    /// when `at` is older than the session before.
    pub(crate) fn at(
        &mut self,
        at: Wall,
        clock: &SessionClock,
        next: impl FnOnce(&T) -> T,
    ) -> Option<&mut T> {
        if at >= self.span.end {
            let new = next(&self.now);
            let old = std::mem::replace(&mut self.now, new);
            self.before = Some((self.span, old));
            self.span = clock.span(at);
        } else if at < self.span.start {
            let (span, before) = self.before.take()?;
            if at < span.start {
                self.before = Some((span, before));
                return None;
            }
            self.span = span;
            self.now = before;
        }
        Some(&mut self.now)
    }
}

/// Numbers of the samples of one session.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tally {
    pub(crate) n: u64,
    sum: f64,
    bounds: Option<(f64, f64)>,
    ends: Option<(f64, f64)>,
    grown: f64,
    is_bad: bool,
}

impl Tally {
    pub(crate) fn push(&mut self, value: f64) {
        self.n += 1;
        if !value.is_finite() {
            self.is_bad = true;
            return;
        }
        self.sum += value;
        self.bounds =
            Some(self.bounds.map_or((value, value), |(a, b)| (a.min(value), b.max(value))));
        self.grown += self.ends.map_or(0.0, |(_, last)| growth(last, value));
        self.ends = Some(self.ends.map_or((value, value), |(first, _)| (first, value)));
    }

    /// None when there are too few samples for it, or a session has no such number.
    #[expect(clippy::cast_precision_loss, reason = "a count of samples is far below 2^52")]
    pub(crate) fn value(&self, function: Function) -> Option<f64> {
        if self.is_bad && function != Function::Count {
            return Some(f64::NAN);
        }
        match function {
            Function::Count => Some(self.n as f64),
            Function::Sum => Some(self.sum),
            Function::Mean => (self.n > 0).then(|| self.sum / self.n as f64),
            Function::Min => self.bounds.map(|(min, _)| min),
            Function::Max => self.bounds.map(|(_, max)| max),
            Function::Last => self.ends.map(|(_, last)| last),
            Function::Change => self.ends.map(|(first, last)| last - first),
            Function::Increase => (self.n > 1).then_some(self.grown),
            Function::Quantile(_) | Function::Rate | Function::SinceValue => None,
        }
    }
}
