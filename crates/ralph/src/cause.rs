//! Why something was stopped: always with what was found and what was allowed.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::price::dollars;
use crate::utc;

/// Why a loop was stopped, or a tool refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Cause {
    /// As many iterations as are allowed.
    Iterations {
        /// Iterations since the bounds were granted.
        count: u32,
        /// The bound.
        max: u32,
    },
    /// As much money as is allowed.
    Budget {
        /// Spent, 10⁻⁹ USD.
        spent_nano_usd: u64,
        /// The bound.
        max_nano_usd: u64,
    },
    /// As many tokens as are allowed.
    Tokens {
        /// Used.
        used: u64,
        /// The bound.
        max: u64,
    },
    /// As much time as is allowed.
    WallClock {
        /// Taken, seconds.
        elapsed_secs: u64,
        /// The bound.
        max_secs: u64,
    },
    /// Failures with no success between.
    ConsecutiveErrors {
        /// How many.
        count: u32,
        /// The bound.
        max: u32,
    },
    /// Iterations in a row that changed nothing.
    NoProgress {
        /// How many.
        count: u32,
        /// The bound.
        max: u32,
    },
    /// Claims of being done that the checks refuted.
    FailedChecks {
        /// How many in a row.
        count: u32,
        /// The bound.
        max: u32,
        /// Which failed the last time.
        failed: Vec<String>,
    },
    /// More model calls in an hour than are allowed; the loop goes on later.
    CallsPerHour {
        /// In the last 60 minutes.
        calls: u32,
        /// The bound.
        max: u32,
        /// When there is room again, ms since 1970.
        resume_at_ms: u64,
    },
    /// The quiet hours; the loop goes on later.
    QuietHours {
        /// Their end, ms since 1970.
        resume_at_ms: u64,
    },
    /// Something still runs in the background; its report wakes the session.
    Background {
        /// How many tasks.
        tasks: u32,
    },
    /// The API failed; the client has told its user.
    ApiError {
        /// The client's word for it.
        error: String,
    },
    /// The bounds cannot be read.
    LimitsUnreadable {
        /// Why.
        detail: String,
    },
    /// The state cannot be read or written, so nothing may rest on it.
    StateUnavailable {
        /// Why.
        detail: String,
    },
    /// A rule of the guard list.
    GuardList {
        /// Which.
        rule: String,
        /// What to do instead.
        advice: String,
    },
    /// A person said so.
    Person,
    /// The task is done, and the checks say so too.
    Done,
}

impl Cause {
    /// One word for it, for a label.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Iterations { .. } => "iterations",
            Self::Budget { .. } => "budget",
            Self::Tokens { .. } => "tokens",
            Self::WallClock { .. } => "wall_clock",
            Self::ConsecutiveErrors { .. } => "errors",
            Self::NoProgress { .. } => "no_progress",
            Self::FailedChecks { .. } => "failed_checks",
            Self::CallsPerHour { .. } => "calls_per_hour",
            Self::QuietHours { .. } => "quiet_hours",
            Self::Background { .. } => "background",
            Self::ApiError { .. } => "api_error",
            Self::LimitsUnreadable { .. } => "limits_unreadable",
            Self::StateUnavailable { .. } => "state_unavailable",
            Self::GuardList { .. } => "guard_list",
            Self::Person => "person",
            Self::Done => "done",
        }
    }

    /// Whether only a person's word opens the way again. What a prompt of a person already says,
    /// that somebody is there and looks, ends the other causes.
    #[must_use]
    pub fn needs_reset(&self) -> bool {
        matches!(self, Self::Budget { .. } | Self::Tokens { .. })
    }

    /// What a person can do about it.
    #[must_use]
    pub fn advice(&self) -> String {
        match self {
            Self::Iterations { .. } => "look at `plimsoll ralph report`; RALPH RESET grants as many again".into(),
            Self::Budget { .. } | Self::Tokens { .. } => {
                "look at what it was spent on with `plimsoll ralph report`; RALPH RESET grants it again, `ralph.max_budget_usd` and `ralph.max_tokens` set it".into()
            }
            Self::WallClock { .. } => "RALPH RESET grants the time again; `ralph.max_wall_clock_hours` sets it".into(),
            Self::ConsecutiveErrors { .. } => "read the last failures, remove their cause, then RALPH RESET".into(),
            Self::NoProgress { .. } => "the agent is stuck: say what is missing in a prompt of your own, or make the task smaller".into(),
            Self::FailedChecks { failed, .. } => {
                format!("run {} yourself; fix the check or the code, then RALPH RESET", failed.join(", "))
            }
            Self::CallsPerHour { resume_at_ms, .. } | Self::QuietHours { resume_at_ms } => {
                format!("resume at {} UTC: send RALPH RESUME GO then", utc::clock(*resume_at_ms))
            }
            Self::Background { .. } => "nothing: its report wakes the session; RALPH RESUME GO goes on without it".into(),
            Self::ApiError { .. } => "when the API answers again, send RALPH RESUME GO".into(),
            Self::LimitsUnreadable { .. } => "`plimsoll ralph doctor` says what is wrong; `plimsoll ralph install` writes the file anew".into(),
            Self::StateUnavailable { .. } => "make `.ralph` writable; `plimsoll ralph doctor` says what is wrong".into(),
            Self::GuardList { advice, .. } => advice.clone(),
            Self::Person => "RALPH RESUME goes on with a paused loop".into(),
            Self::Done => "look at the changes; `plimsoll ralph report` has the record".into(),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Iterations { count, max } => write!(f, "iteration {count} of {max}"),
            Self::Budget { spent_nano_usd, max_nano_usd } => {
                write!(f, "{} of {} spent", dollars(*spent_nano_usd), dollars(*max_nano_usd))
            }
            Self::Tokens { used, max } => write!(f, "{used} of {max} tokens used"),
            Self::WallClock { elapsed_secs, max_secs } => {
                write!(f, "{} of {} taken", span(*elapsed_secs), span(*max_secs))
            }
            Self::ConsecutiveErrors { count, max } => {
                write!(f, "{count} failures without a success between, {max} allowed")
            }
            Self::NoProgress { count, max } => {
                write!(f, "{count} iterations in a row changed nothing, {max} allowed")
            }
            Self::FailedChecks { count, max, failed } => {
                let failed = failed.join(", ");
                write!(f, "said to be done {count} times while {failed} failed, {max} allowed")
            }
            Self::CallsPerHour { calls, max, resume_at_ms } => {
                let at = utc::clock(*resume_at_ms);
                write!(f, "{calls} of {max} model calls in the last hour, resume at {at} UTC")
            }
            Self::QuietHours { resume_at_ms } => {
                write!(f, "quiet hours, resume at {} UTC", utc::clock(*resume_at_ms))
            }
            Self::Background { tasks } => write!(f, "{tasks} background tasks still run"),
            Self::ApiError { error } => write!(f, "the API failed: {error}"),
            Self::LimitsUnreadable { detail } => write!(f, "the limits cannot be read: {detail}"),
            Self::StateUnavailable { detail } => write!(f, "no state to rest on: {detail}"),
            Self::GuardList { rule, .. } => write!(f, "the guard list refuses it: {rule}"),
            Self::Person => write!(f, "a person said so"),
            Self::Done => write!(f, "the task is done"),
        }
    }
}

/// `3 h 25 min`, `4 min 5 s`, `12 s`.
pub(crate) fn span(secs: u64) -> String {
    match secs {
        0..60 => format!("{secs} s"),
        60..3_600 if secs.is_multiple_of(60) => format!("{} min", secs / 60),
        60..3_600 => format!("{} min {} s", secs / 60, secs % 60),
        _ if secs % 3_600 / 60 == 0 => format!("{} h", secs / 3_600),
        _ => format!("{} h {} min", secs / 3_600, secs % 3_600 / 60),
    }
}

/// Seconds of a span, rounded down.
pub(crate) fn whole_secs(span: Duration) -> u64 {
    span.as_secs()
}
