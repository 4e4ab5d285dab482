//! Open alerts, as whoever evaluates the rules tells them.

use std::fmt;
use std::time::SystemTime;

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

/// One open alert, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Alarm {
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
}

impl Alarm {
    /// A firing one.
    #[must_use]
    pub fn firing(title: impl Into<String>, level: AlarmLevel, since: SystemTime) -> Self {
        Self {
            title: title.into(),
            level,
            state: "firing".to_owned(),
            is_firing: true,
            value: String::new(),
            limit: String::new(),
            labels: Vec::new(),
            since,
        }
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

/// The port: says which alerts are open. Called for each page, so it must be quick.
pub trait Alarms: Send + Sync + fmt::Debug {
    /// Every alert that is not fine, the worst first.
    fn open(&self) -> Vec<Alarm>;
}
