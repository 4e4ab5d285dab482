//! What happened, for a table: one row per change of state, and one per attempt to deliver.

use std::{error::Error, time::SystemTime};

use serde::{Deserialize, Serialize};

use crate::notification::{Item, Notification, is_open};
use crate::state::nanos;
use crate::{Alert, Labels};

/// Port: where history is kept. Called on the delivery thread, so it must not wait for long.
pub trait History: Send {
    /// Keeps rows, oldest first.
    ///
    /// After a crash the same rows may be offered again.
    ///
    /// # Errors
    ///
    /// Whatever the place meets. The rows stay in the outbox and are offered again later.
    fn record(&mut self, rows: &[HistoryRow]) -> Result<(), Box<dyn Error + Send + Sync>>;
}

/// One row of the table `alert_history`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HistoryRow {
    /// What happened.
    pub kind: HistoryKind,
    /// When, by the wall clock.
    #[serde(rename = "at_ns", with = "nanos")]
    pub at: SystemTime,
    /// The alert. An attempt to deliver several alerts is a row for each of them. None for a silence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alert: Option<Alert>,
    /// Name of the receiver, of an attempt.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub receiver: String,
    /// Id of the notification, of an attempt.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub notification_id: String,
    /// The receiver's own id of the message.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message_id: String,
    /// Id of the silence, of a silence.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub silence_id: String,
    /// Who silenced or acknowledged.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub actor: String,
    /// Whether the attempt succeeded. None where nothing was attempted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivered: Option<bool>,
    /// Number of this attempt, from 1.
    #[serde(default)]
    pub attempts: u32,
    /// From the change of state to the receiver's answer, milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<f64>,
    /// Why it was not delivered or not told; whom a silence is for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum HistoryKind {
    /// An alert changed its state.
    Transition,
    /// A receiver was asked to take a message.
    Delivery,
    /// Somebody acknowledged an alert.
    Ack,
    /// A silence began or ended.
    Silence,
    /// Somebody else was told because nobody acknowledged.
    Escalation,
}

impl HistoryKind {
    /// As it is written in the table.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Transition => "transition",
            Self::Delivery => "delivery",
            Self::Ack => "ack",
            Self::Silence => "silence",
            Self::Escalation => "escalation",
        }
    }
}

impl HistoryRow {
    pub(crate) fn new(kind: HistoryKind, at: SystemTime) -> Self {
        Self {
            kind,
            at,
            alert: None,
            receiver: String::new(),
            notification_id: String::new(),
            message_id: String::new(),
            silence_id: String::new(),
            actor: String::new(),
            delivered: None,
            attempts: 0,
            latency_ms: None,
            detail: String::new(),
        }
    }

    pub(crate) fn transition(alert: &Alert, why_muted: Option<&str>) -> Self {
        let mut row = Self::new(HistoryKind::Transition, alert.wall_at);
        row.alert = Some(alert.clone());
        row.detail = why_muted.map(|why| format!("muted: {why}")).unwrap_or_default();
        row
    }

    /// Of an attempt, for one of its alerts.
    pub(crate) fn delivery(
        notification: &Notification,
        item: Option<&Item>,
        at: SystemTime,
    ) -> Self {
        let mut row = Self::new(HistoryKind::Delivery, at);
        row.receiver.clone_from(&notification.receiver);
        row.notification_id.clone_from(&notification.id);
        row.alert = item.map(|item| item.alert.clone());
        let waited = |item: &Item| at.duration_since(item.alert.wall_at).ok();
        row.latency_ms = item.and_then(waited).map(|span| span.as_secs_f64() * 1e3);
        row
    }

    /// Labels of the alert.
    #[must_use]
    pub fn labels(&self) -> Option<&Labels> {
        self.alert.as_ref().map(|alert| &alert.labels)
    }

    /// When the alert ended, if it has.
    #[must_use]
    pub fn resolved_at(&self) -> Option<SystemTime> {
        let alert = self.alert.as_ref()?;
        (!is_open(alert) && alert.fired_at.is_some()).then_some(alert.row_at)
    }
}
