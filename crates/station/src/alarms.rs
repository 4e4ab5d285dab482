//! Open alerts, as whoever evaluates the rules tells them, and what a person may do about them.

use std::fmt;
use std::time::{Duration, SystemTime};

/// How bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum AlarmLevel {
    /// For information.
    Info,
    /// Look at it today.
    Warning,
    /// Act now.
    Critical,
}

impl AlarmLevel {
    /// As people read it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// One open alert, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Alarm {
    /// What [`Operate`] knows it by; empty when nothing can be done about it.
    pub name: String,
    /// What it is about, a few words.
    pub title: String,
    /// How bad.
    pub level: AlarmLevel,
    /// `firing`, `pending`, `no data`.
    pub state: String,
    /// Whether it fires.
    pub is_firing: bool,
    /// The value as people read it.
    pub value: String,
    /// The limit as people read it.
    pub limit: String,
    /// What tells it from others of its rule.
    pub labels: Vec<(String, String)>,
    /// Since when.
    pub since: SystemTime,
    /// Who takes care.
    pub acked_by: Option<String>,
    /// Why people are not told, if so.
    pub muted: Option<String>,
}

impl Alarm {
    /// A firing one.
    #[must_use]
    pub fn firing(title: impl Into<String>, level: AlarmLevel, since: SystemTime) -> Self {
        Self {
            name: String::new(),
            title: title.into(),
            level,
            state: "firing".to_owned(),
            is_firing: true,
            value: String::new(),
            limit: String::new(),
            labels: Vec::new(),
            since,
            acked_by: None,
            muted: None,
        }
    }

    /// Known to [`Operate`] by this name.
    #[must_use]
    pub fn named(self, name: impl Into<String>) -> Self {
        Self { name: name.into(), ..self }
    }

    /// With who takes care, and why people are not told.
    #[must_use]
    pub fn with_people(self, acked_by: Option<String>, muted: Option<String>) -> Self {
        Self { acked_by, muted, ..self }
    }

    /// In another state, which is not firing.
    #[must_use]
    pub fn in_state(self, state: impl Into<String>) -> Self {
        Self { state: state.into(), is_firing: false, ..self }
    }

    /// With value and limit as people read them.
    #[must_use]
    pub fn with_value(self, value: impl Into<String>, limit: impl Into<String>) -> Self {
        Self { value: value.into(), limit: limit.into(), ..self }
    }

    /// With what tells it from others of its rule.
    #[must_use]
    pub fn with_labels(self, labels: Vec<(String, String)>) -> Self {
        Self { labels, ..self }
    }
}

/// How the rules stand.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Watching {
    /// Every alert that is not fine, the worst first.
    pub alarms: Vec<Alarm>,
    /// The clock that the rules go by, if it is not this machine's: that of a replay.
    pub clock: Option<SystemTime>,
    /// Why nobody can say whether all is well, if so.
    pub unknown: Option<String>,
    /// Why no more rows come, if that is as it should be.
    pub over: Option<String>,
    /// How delivery stands, a few words.
    pub delivery: String,
}

impl Watching {
    /// These are open.
    #[must_use]
    pub fn new(alarms: Vec<Alarm>) -> Self {
        Self { alarms, ..Self::default() }
    }

    /// By another clock than this machine's.
    #[must_use]
    pub fn by_clock(self, clock: SystemTime) -> Self {
        Self { clock: Some(clock), ..self }
    }

    /// Nobody can say whether all is well, and why.
    #[must_use]
    pub fn unknown(self, why: impl Into<String>) -> Self {
        Self { unknown: Some(why.into()), ..self }
    }

    /// No more rows come, as it should be, and why.
    #[must_use]
    pub fn over(self, why: impl Into<String>) -> Self {
        Self { over: Some(why.into()), ..self }
    }

    /// How delivery stands, a few words.
    #[must_use]
    pub fn delivering(self, how: impl Into<String>) -> Self {
        Self { delivery: how.into(), ..self }
    }
}

/// The port: says how the rules stand. Called for each page, so it must be quick.
pub trait Alarms: Send + Sync + fmt::Debug {
    /// What is open now.
    fn watching(&self) -> Watching;
}

/// What a person wants of an open alert.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Wish {
    /// Somebody takes care of it.
    Ack {
        /// [`Alarm::name`].
        alarm: String,
        /// What there is to say.
        note: String,
    },
    /// Nobody is told of it for a while.
    Silence {
        /// [`Alarm::name`].
        alarm: String,
        /// For how long; two hours at most.
        span: Duration,
        /// Why.
        reason: String,
    },
}

/// Why a wish was not fulfilled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OperateError {
    /// It cannot be: no such alert is open.
    #[error("{reason}")]
    Refused {
        /// Why.
        reason: String,
    },
    /// Whoever should do it could not, or did not answer.
    #[error("{reason}")]
    Failed {
        /// Why.
        reason: String,
    },
}

/// The port: does what a person on the page wants, and keeps a record of who wanted it. May take a
/// few seconds.
pub trait Operate: Send + Sync + fmt::Debug {
    /// Does it for `by`; returns what was done, in words.
    ///
    /// # Errors
    ///
    /// [`OperateError`]: nothing was changed, or nobody answered.
    fn operate(&self, wish: &Wish, by: &str) -> Result<String, OperateError>;
}
