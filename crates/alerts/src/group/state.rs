//! What a dispatcher knows, as rows that survive a restart.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::SystemTime,
};

use serde::{Deserialize, Serialize};

use crate::history::HistoryRow;
use crate::notification::{Notification, is_open};
use crate::outbox::{Kept, Row, Rows};
use crate::silence::Silence;
use crate::state::nanos;
use crate::{Alert, AlertState, Labels, Severity};

/// Key of the only row of `meta`.
const ONE: &str = "1";

/// Separates a group's key from an alert's; neither has one.
const JOINT: char = '\n';

/// All rows.
#[derive(Debug, Clone)]
pub(crate) struct State {
    meta: Kept<Meta>,
    pub(crate) groups: Kept<Group>,
    pub(crate) members: Kept<Member>,
    pub(crate) queue: Kept<Queued>,
    pub(crate) silences: Kept<Silence>,
    pub(crate) messages: Kept<Messages>,
    pub(crate) stopped: Kept<Stopped>,
    pub(crate) dead: Kept<Dead>,
    pub(crate) history: Kept<HistoryRow>,
}

/// Counters and the clock.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Meta {
    /// Begins the id of each notification.
    pub(crate) outbox_id: String,
    /// Number of the next notification.
    pub(crate) next: u64,
    /// Number of the next row of history.
    pub(crate) next_history: u64,
    /// The dispatcher's clock when this was written, and the wall's, ns.
    pub(crate) clock_ms: u64,
    pub(crate) wall_ns: i64,
    /// Since ever.
    pub(crate) delivered: u64,
    pub(crate) dead: u64,
    /// Rows of history that were dropped because nobody took them.
    pub(crate) history_dropped: u64,
}

/// Alerts that are told together.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Group {
    pub(crate) route: String,
    pub(crate) labels: Labels,
    /// When it is looked at next.
    pub(crate) next_ms: u64,
    /// When it was last told.
    pub(crate) told_ms: Option<u64>,
}

/// One alert in one group.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Member {
    pub(crate) alert: Alert,
    /// What people know of it.
    pub(crate) told: Option<Told>,
    /// When people were first told of this episode.
    pub(crate) first_told_ms: Option<u64>,
    /// When people were last told.
    pub(crate) last_told_ms: Option<u64>,
    /// It was open at some time since it was last told, and not muted all that time.
    pub(crate) is_news: bool,
    /// Ends since it was last told.
    pub(crate) flaps: u32,
    pub(crate) peak_value: Option<f64>,
    #[serde(with = "nanos::option")]
    pub(crate) first_fired_at: Option<SystemTime>,
    pub(crate) acked_by: Option<String>,
    /// Steps of escalation that were taken, by their place in the route.
    pub(crate) escalated: BTreeSet<usize>,
    /// Receivers that know of it besides those of the route.
    pub(crate) also_told: BTreeSet<String>,
}

/// What people know of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Told {
    pub(crate) state: AlertState,
    pub(crate) severity: Severity,
    pub(crate) is_open: bool,
    pub(crate) is_muted: bool,
}

/// A notification that waits for its receiver's answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Queued {
    pub(crate) notification: Notification,
    pub(crate) queued_ms: u64,
    pub(crate) attempts: u32,
    /// The fallback has been told.
    pub(crate) fell_back: bool,
}

/// Messages of one group at one receiver, oldest first.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Messages(pub(crate) Vec<Message>);

/// A message that was delivered, and whom it is about.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Message {
    pub(crate) message_id: String,
    /// What it says of its alerts.
    pub(crate) items: Vec<crate::notification::Item>,
    pub(crate) sent_ms: u64,
}

/// A receiver that said that it is gone.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Stopped {
    pub(crate) address: Option<u32>,
    pub(crate) detail: String,
    #[serde(rename = "at_ns", with = "nanos")]
    pub(crate) at: SystemTime,
}

/// A notification that was given up.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Dead {
    pub(crate) notification: Notification,
    pub(crate) attempts: u32,
    pub(crate) detail: String,
    #[serde(rename = "at_ns", with = "nanos")]
    pub(crate) at: SystemTime,
}

impl State {
    pub(crate) fn new(outbox_id: String) -> Self {
        let mut state = Self {
            meta: Kept::new("meta"),
            groups: Kept::new("group"),
            members: Kept::new("member"),
            queue: Kept::new("queue"),
            silences: Kept::new("silence"),
            messages: Kept::new("message"),
            stopped: Kept::new("stopped"),
            dead: Kept::new("dead"),
            history: Kept::new("history"),
        };
        state.meta.insert(ONE, Meta { outbox_id, next: 1, ..Meta::default() });
        state
    }

    /// Takes over what was loaded; how many rows could not be understood.
    pub(crate) fn load(&mut self, rows: &Rows) -> usize {
        self.meta.load(rows)
            + self.groups.load(rows)
            + self.members.load(rows)
            + self.queue.load(rows)
            + self.silences.load(rows)
            + self.messages.load(rows)
            + self.stopped.load(rows)
            + self.dead.load(rows)
            + self.history.load(rows)
    }

    /// Rows that changed since the last call, with the clock if there are any.
    pub(crate) fn take_changes(&mut self) -> Result<Vec<Row>, serde_json::Error> {
        let mut rows = Vec::new();
        self.groups.take_changes(&mut rows)?;
        self.members.take_changes(&mut rows)?;
        self.queue.take_changes(&mut rows)?;
        self.silences.take_changes(&mut rows)?;
        self.messages.take_changes(&mut rows)?;
        self.stopped.take_changes(&mut rows)?;
        self.dead.take_changes(&mut rows)?;
        self.history.take_changes(&mut rows)?;
        if !rows.is_empty() {
            self.meta.take_changes(&mut rows)?;
        }
        Ok(rows)
    }

    /// All rows, for a snapshot.
    pub(crate) fn save(&self) -> Result<Rows, serde_json::Error> {
        let mut rows = Rows::new();
        self.meta.save(&mut rows)?;
        self.groups.save(&mut rows)?;
        self.members.save(&mut rows)?;
        self.queue.save(&mut rows)?;
        self.silences.save(&mut rows)?;
        self.messages.save(&mut rows)?;
        self.stopped.save(&mut rows)?;
        self.dead.save(&mut rows)?;
        self.history.save(&mut rows)?;
        Ok(rows)
    }

    pub(crate) fn meta(&self) -> Meta {
        self.meta.get(ONE).cloned().unwrap_or_default()
    }

    pub(crate) fn change_meta(&mut self, change: impl FnOnce(&mut Meta)) {
        let mut meta = self.meta();
        change(&mut meta);
        self.meta.insert(ONE, meta);
    }

    /// A row of history, kept until somebody took it.
    pub(crate) fn note(&mut self, row: HistoryRow, rows_max: usize) {
        if self.history.len() >= rows_max {
            self.change_meta(|meta| meta.history_dropped = meta.history_dropped.saturating_add(1));
            return;
        }
        let number = self.meta().next_history;
        self.change_meta(|meta| meta.next_history = number.saturating_add(1));
        self.history.insert(&number_key(number), row);
    }
}

impl Member {
    pub(crate) fn new(alert: Alert) -> Self {
        Self {
            is_news: false,
            flaps: 0,
            peak_value: alert.peak_value,
            first_fired_at: alert.fired_at,
            alert,
            told: None,
            first_told_ms: None,
            last_told_ms: None,
            acked_by: None,
            escalated: BTreeSet::new(),
            also_told: BTreeSet::new(),
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        is_open(&self.alert)
    }

    /// Takes over a change. Ends, values and the first moment are kept until they were told.
    pub(crate) fn see(&mut self, alert: Alert) {
        let (was_open, is_open) = (self.is_open(), is_open(&alert));
        if was_open && !is_open {
            self.flaps = self.flaps.saturating_add(1);
        }
        if !was_open && is_open {
            // Who knew of the last episode has not seen this one.
            self.acked_by = None;
            self.escalated.clear();
            self.first_told_ms = None;
            self.first_fired_at = self.first_fired_at.or(alert.fired_at);
        }
        self.peak_value = worse(self.peak_value, alert.peak_value, alert.threshold);
        self.alert = alert;
    }

    /// People know everything now.
    pub(crate) fn tell(&mut self, at_ms: u64, is_muted: bool) {
        let (state, severity) = (self.alert.to, self.alert.severity);
        self.told = Some(Told { state, severity, is_open: self.is_open(), is_muted });
        self.first_told_ms = self.first_told_ms.or(Some(at_ms));
        self.last_told_ms = Some(at_ms);
        self.is_news = false;
        self.flaps = 0;
        if !self.is_open() {
            self.peak_value = None;
            self.first_fired_at = None;
        }
    }
}

/// The value further from the limit.
pub(crate) fn worse(a: Option<f64>, b: Option<f64>, limit: Option<f64>) -> Option<f64> {
    match (a, b, limit) {
        (Some(a), Some(b), Some(limit)) => {
            Some(if (a - limit).abs() > (b - limit).abs() { a } else { b })
        }
        (a, b, _) => b.or(a),
    }
}

/// Key of a member; all of a group's begin with the group's key and [`JOINT`].
pub(crate) fn member_key(group: &str, alert: &str) -> String {
    format!("{group}{JOINT}{alert}")
}

/// What a group's members' keys begin with.
pub(crate) fn member_prefix(group: &str) -> String {
    format!("{group}{JOINT}")
}

/// Key of the messages of a group at a receiver.
pub(crate) fn message_key(receiver: &str, group: &str) -> String {
    format!("{receiver}{JOINT}{group}")
}

/// A number as a key that sorts as the number does.
pub(crate) fn number_key(number: u64) -> String {
    format!("{number:020}")
}

pub(crate) fn key_number(key: &str) -> u64 {
    key.parse().unwrap_or(0)
}

/// Keys of the alerts that something is about.
pub(crate) type Index = BTreeMap<String, BTreeSet<String>>;
