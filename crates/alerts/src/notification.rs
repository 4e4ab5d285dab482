//! What one receiver is sent at once: the news of a group of alerts.

#[cfg(feature = "http")]
pub(crate) mod cut;
pub(crate) mod moment;
pub(crate) mod text;

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::state::nanos;
use crate::{Alert, AlertState, Labels, Severity};

#[cfg(feature = "http")]
pub(crate) use cut::{cut, cut_bytes};
#[cfg(feature = "http")]
pub(crate) use text::details;
pub use text::{headline, plain_text};

/// Alerts that one notification lists at most; a group with more makes several.
pub(crate) const ITEMS_MAX: usize = 50;

/// A message for one receiver. Its id is the same in every attempt, so that a receiver can tell a
/// repeated delivery from news.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Notification {
    /// Unique over restarts: the outbox's own id and a number.
    pub id: String,
    /// Name of the receiver.
    pub receiver: String,
    /// The group: name of the route and the labels that its alerts share.
    pub group: String,
    /// The labels that its alerts share.
    pub group_labels: Labels,
    /// Why it is sent.
    pub kind: Kind,
    /// The alerts, most severe first; 50 at most.
    pub items: Vec<Item>,
    /// When it was put together.
    #[serde(rename = "created_at_ns", with = "nanos")]
    pub created_at: SystemTime,
    /// Something to say besides, such as that another receiver could not be reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Messages of the same group at the same receiver that were delivered before, oldest first; a
    /// receiver that can edit brings them up to date.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<Earlier>,
}

/// Why a notification is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Kind {
    /// Something changed.
    News,
    /// Nothing changed, for a long time.
    Repeat,
    /// Nobody acknowledged in time.
    Escalation,
    /// Somebody acknowledged.
    Acknowledged,
    /// A person tries the way.
    Test,
}

/// One alert of a notification.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Item {
    /// The alert as it was when the notification was put together.
    pub alert: Alert,
    /// What is told of it.
    pub news: News,
    /// How often it fired and ended again since it was last told.
    #[serde(default)]
    pub flaps: u32,
    /// The worst value since it was last told, over all these episodes, in `alert.text.unit`.
    #[serde(default)]
    pub peak_value: Option<f64>,
    /// When the first of these episodes began to fire.
    #[serde(rename = "first_fired_at_ns", default, with = "nanos::option")]
    pub first_fired_at: Option<SystemTime>,
    /// Why nobody is alarmed by it, if so: a silence, a maintenance window, another alert.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub muted: Option<String>,
    /// Who acknowledged it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acked_by: Option<String>,
}

/// What is told of one alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum News {
    /// It fires, or cannot be judged any more, and was not told before.
    Fired,
    /// It was told, ended and fires again.
    FiredAgain,
    /// It fired and ended again before it could be told.
    Brief,
    /// It was told and still fires with another severity or state.
    Changed,
    /// It was muted, and still fires now that it is not.
    Unmuted,
    /// It was told, and ended.
    Resolved,
    /// It was told, and is muted now.
    Muted,
    /// It was told, and still fires.
    Still,
}

/// A message that was delivered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Earlier {
    /// The receiver's id of the message.
    pub message_id: String,
    /// What it says of its alerts, as of now.
    pub items: Vec<Item>,
}

impl Notification {
    /// A message that a person sends to try the way to a receiver.
    #[must_use]
    pub fn test(id: impl Into<String>, receiver: impl Into<String>, now: SystemTime) -> Self {
        Self {
            id: id.into(),
            receiver: receiver.into(),
            group: "test".to_owned(),
            group_labels: Labels::new(),
            kind: Kind::Test,
            items: Vec::new(),
            created_at: now,
            note: None,
            earlier: Vec::new(),
        }
    }

    /// With one more alert, told as `news`.
    #[must_use]
    pub fn with_item(mut self, alert: Alert, news: News) -> Self {
        self.items.push(Item::new(alert, news));
        self
    }

    /// The worst severity of what is open in it; of everything in it when nothing is open.
    #[must_use]
    pub fn severity(&self) -> Severity {
        let worst = |items: &mut dyn Iterator<Item = &Item>| items.map(|i| i.alert.severity).max();
        worst(&mut self.items.iter().filter(|item| item.is_open()))
            .or_else(|| worst(&mut self.items.iter()))
            .unwrap_or_default()
    }

    /// Whether nothing in it is open any more.
    #[must_use]
    pub fn is_over(&self) -> bool {
        !self.items.iter().any(Item::is_open)
    }
}

impl Item {
    /// An alert told as `news`, without a history.
    #[must_use]
    pub fn new(alert: Alert, news: News) -> Self {
        let (peak_value, first_fired_at) = (alert.peak_value, alert.fired_at);
        let (muted, acked_by) = (None, None);
        Self { alert, news, flaps: 0, peak_value, first_fired_at, muted, acked_by }
    }

    /// Whether a person may have to act: it fires, or cannot be judged.
    #[must_use]
    pub fn is_open(&self) -> bool {
        is_open(&self.alert)
    }
}

/// Whether an alert is open: it fires, or cannot be judged.
pub(crate) fn is_open(alert: &Alert) -> bool {
    matches!(alert.to, AlertState::Firing | AlertState::NoData | AlertState::Error)
}

/// What tells alerts apart, the same in every episode: `rule{label="value"}`.
pub(crate) fn alert_key(alert: &Alert) -> String {
    key(&alert.rule, &alert.labels)
}

/// A name with labels, as a text.
pub(crate) fn key(name: &str, labels: &Labels) -> String {
    let pairs: Vec<String> = labels.iter().map(|(n, v)| format!("{n}={v:?}")).collect();
    format!("{name}{{{}}}", pairs.join(","))
}
