//! What is told of an alert, in words: complete, so that it can be kept, sent and read anywhere.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::{AlertState, Cause, nanos};
use crate::rule::{Class, Labels, Severity, Text};

/// A change of state of one alert, in words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Alert {
    /// One episode, from the first breach to its end: the same text in each of its changes, also
    /// after a restart.
    pub alert_id: String,
    /// Name of the rule.
    pub rule: String,
    /// Family of the rule.
    pub family: String,
    /// What the rule is about.
    pub class: Class,
    /// How bad this state is.
    pub severity: Severity,
    /// Labels of the instance, and those that the rule adds.
    pub labels: Labels,
    /// State before.
    pub from: AlertState,
    /// State after; the same when only the muting changed.
    pub to: AlertState,
    /// Why.
    pub cause: Cause,
    /// The value, in `text.unit`.
    pub value: Option<f64>,
    /// The limit, in `text.unit`.
    pub threshold: Option<f64>,
    /// The worst value of the episode, in `text.unit`.
    pub peak_value: Option<f64>,
    /// The row's time.
    #[serde(rename = "row_at_ns", with = "nanos")]
    pub row_at: SystemTime,
    /// The wall clock when it was noticed.
    #[serde(rename = "wall_at_ns", with = "nanos")]
    pub wall_at: SystemTime,
    /// Since when the condition holds.
    #[serde(rename = "active_at_ns", with = "nanos::option")]
    pub active_at: Option<SystemTime>,
    /// Since when it fires, or fired.
    #[serde(rename = "fired_at_ns", with = "nanos::option")]
    pub fired_at: Option<SystemTime>,
    /// Why nobody is told, if so.
    pub muted: Option<Muted>,
    /// Whether it was muted before this change.
    pub was_muted: bool,
    /// What people read.
    pub text: Text,
}

/// Why nobody is told, in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Muted {
    /// This alert says enough.
    InhibitedBy {
        /// Its rule.
        rule: String,
    },
    /// A maintenance window.
    Maintenance {
        /// Its reason.
        reason: String,
    },
    /// It is over for long, and newer samples have not said the same yet.
    Late,
}

impl Alert {
    /// Whether it began to fire.
    #[must_use]
    pub fn is_firing(&self) -> bool {
        self.to == AlertState::Firing
    }

    /// Whether an alert that fired has ended.
    #[must_use]
    pub fn is_resolved(&self) -> bool {
        self.to == AlertState::Resolved
    }

    /// When it ended.
    #[must_use]
    pub fn resolved_at(&self) -> Option<SystemTime> {
        self.is_resolved().then_some(self.row_at)
    }

    /// Whether a person should learn of it unless it is muted: it fires, it ended, or there is
    /// nothing to judge by. Waiting and "too little happened to judge" are not told.
    #[must_use]
    pub fn is_telling(&self) -> bool {
        match self.to {
            AlertState::Firing | AlertState::Resolved | AlertState::Error => true,
            AlertState::NoData => self.cause != Cause::TooFew,
            // Data came back: the end of what was told as "no data".
            AlertState::Normal => {
                matches!(self.from, AlertState::NoData | AlertState::Error)
                    && self.cause != Cause::TooFew
            }
            AlertState::Pending => false,
        }
    }

    /// Value beside the limit, for a person's eyes: `17.5 %`; without a value `yes` or `no` for a rule
    /// made of others, else `no data`.
    #[must_use]
    pub fn shown_value(&self) -> String {
        match (self.value, self.threshold, self.to) {
            (Some(value), Some(limit), _) => self.text.unit.show_beside(value, limit),
            (Some(value), None, _) => self.text.unit.show(value),
            (None, None, AlertState::Firing) => "yes".to_owned(),
            (None, None, AlertState::Resolved) => "no".to_owned(),
            (None, _, _) => "no data".to_owned(),
        }
    }

    /// The limit for a person's eyes; empty without one.
    #[must_use]
    pub fn shown_threshold(&self) -> String {
        self.threshold.map(|limit| self.text.unit.show(limit)).unwrap_or_default()
    }
}
