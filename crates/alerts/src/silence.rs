//! A person's wish not to be told of some alerts for a while, with who, why and until when.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::state::nanos;
use crate::{Labels, Matcher};

/// No silence is longer: what nobody looked at for a day is told again.
pub const SILENCE_MAX: Duration = Duration::from_secs(24 * 3600);

/// Alerts that match are marked instead of told. What was told before is still told when it ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Silence {
    /// All must match the alert's labels, as in a route.
    pub matches: Vec<Matcher>,
    /// From when on.
    #[serde(rename = "from_ns", with = "nanos")]
    pub from: SystemTime,
    /// Until when, at most a day later.
    #[serde(rename = "until_ns", with = "nanos")]
    pub until: SystemTime,
    /// Who wants it.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// Why a silence is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SilenceError {
    /// It would silence everything.
    #[error("a silence needs at least one label to match")]
    MatchesAll,
    /// Nobody stands for it.
    #[error("a silence needs {0}")]
    Missing(String),
    /// It ends before it begins, or is longer than a day.
    #[error("a silence lasts more than nothing and at most 24 h, this one {} s", span.as_secs())]
    Span {
        /// What was asked for.
        span: Duration,
    },
}

impl Silence {
    /// A silence from now on.
    ///
    /// # Errors
    ///
    /// [`SilenceError`]: without a label to match, an author or a reason, or for longer than a day.
    pub fn new(
        matches: Vec<Matcher>,
        now: SystemTime,
        span: Duration,
        by: impl Into<String>,
        reason: impl Into<String>,
    ) -> Result<Self, SilenceError> {
        let until = now.checked_add(span).ok_or(SilenceError::Span { span })?;
        let silence = Self { matches, from: now, until, by: by.into(), reason: reason.into() };
        silence.check()?;
        Ok(silence)
    }

    /// Whether it may be used, also when it comes from a file.
    pub(crate) fn check(&self) -> Result<(), SilenceError> {
        if self.matches.is_empty() {
            return Err(SilenceError::MatchesAll);
        }
        for (text, what) in [(&self.by, "an author"), (&self.reason, "a reason")] {
            if text.trim().is_empty() {
                return Err(SilenceError::Missing(what.to_owned()));
            }
        }
        let span = self.until.duration_since(self.from).unwrap_or_default();
        if span.is_zero() || span > SILENCE_MAX {
            return Err(SilenceError::Span { span });
        }
        Ok(())
    }

    /// Whether it holds for these labels now; see [`crate::Route::matches`].
    #[must_use]
    pub fn covers(&self, labels: &Labels, now: SystemTime) -> bool {
        self.is_on(now) && self.matches.iter().all(|matcher| matcher.matches(labels))
    }

    /// Whether it holds now.
    #[must_use]
    pub fn is_on(&self, now: SystemTime) -> bool {
        self.from <= now && now < self.until
    }

    /// In words: who, why, until when.
    #[must_use]
    pub fn show(&self) -> String {
        let until = crate::notification::moment::utc(self.until);
        format!("silenced by {} until {until}: {}", self.by, self.reason)
    }
}
