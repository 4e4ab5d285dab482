//! How things stand, for a person or a page.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::{Dispatcher, control::show_matches, state::number_key};
use crate::Alert;
use crate::notification::{Notification, alert_key};
use crate::route::route_labels;
use crate::state::nanos;

/// How delivery stands.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Status {
    /// Alerts that are open: they fire, or cannot be judged.
    pub open: Vec<Open>,
    /// Receivers, by name.
    pub receivers: Vec<ReceiverStatus>,
    /// Silences that hold or will: id, and words.
    pub silences: Vec<(String, String)>,
    /// The newest messages that were given up, newest first; 20 at most.
    pub dead_letters: Vec<DeadLetter>,
    /// Messages that wait.
    pub waiting: u64,
    /// Messages that were delivered since the outbox was made.
    pub delivered: u64,
    /// Messages that were given up since the outbox was made.
    pub dead: u64,
    /// Rows of history that wait to be taken, and that were dropped because nobody took them.
    pub history_waiting: u64,
    /// See [`Status::history_waiting`].
    pub history_dropped: u64,
    /// Alerts that were not followed because too many are open.
    pub refused: u64,
    /// Why the outbox could not be written, if so: then what waits would not survive a crash.
    pub outbox_error: Option<String>,
}

/// An alert that is open.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Open {
    /// Rule and labels: what `ack` takes.
    pub name: String,
    /// The alert.
    pub alert: Alert,
    /// Whether people were told.
    pub is_told: bool,
    /// Why they are not told, if so.
    pub muted: Option<String>,
    /// Who takes care.
    pub acked_by: Option<String>,
    /// Who was told because nobody acknowledged.
    pub escalated_to: Vec<String>,
}

/// How one receiver stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReceiverStatus {
    /// Its name.
    pub name: String,
    /// Messages that wait for it.
    pub waiting: u64,
    /// When the oldest of them was put together.
    pub oldest: Option<Waiting>,
    /// Failures in a row.
    pub failures: u32,
    /// The last failure; gone after a success.
    pub last_error: Option<String>,
    /// Why it is not asked any more, if so.
    pub stopped: Option<String>,
}

/// A message that waits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Waiting {
    /// Its id.
    pub id: String,
    /// When it was put together.
    #[serde(rename = "since_ns", with = "nanos")]
    pub since: SystemTime,
    /// How often it was tried.
    pub attempts: u32,
}

/// A message that was given up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DeadLetter {
    /// Its id.
    pub id: String,
    /// Who should have had it.
    pub receiver: String,
    /// Its first line.
    pub headline: String,
    /// How often it was tried.
    pub attempts: u32,
    /// Why it was given up.
    pub detail: String,
    /// When.
    #[serde(rename = "at_ns", with = "nanos")]
    pub at: SystemTime,
}

impl Dispatcher {
    /// How things stand.
    #[must_use]
    pub fn status(&self, wall: SystemTime) -> Status {
        let meta = self.state.meta();
        let dead = self.state.dead.values().map(|dead| DeadLetter {
            id: dead.notification.id.clone(),
            receiver: dead.notification.receiver.clone(),
            headline: crate::notification::headline(&dead.notification),
            attempts: dead.attempts,
            detail: dead.detail.clone(),
            at: dead.at,
        });
        let mut dead_letters: Vec<DeadLetter> = dead.collect();
        dead_letters.reverse();
        dead_letters.truncate(20);
        let silences = self.state.silences.iter().map(|(id, silence)| {
            (id.to_owned(), format!("{}: {}", show_matches(&silence.matches), silence.show()))
        });
        Status {
            open: self.open(wall),
            receivers: self.lanes.keys().map(|name| self.receiver_status(name)).collect(),
            silences: silences.collect(),
            dead_letters,
            waiting: self.state.queue.len() as u64,
            delivered: meta.delivered,
            dead: meta.dead,
            history_waiting: self.state.history.len() as u64,
            history_dropped: meta.history_dropped,
            refused: self.refused,
            outbox_error: None,
        }
    }

    /// Each open alert once, the most severe first.
    fn open(&self, wall: SystemTime) -> Vec<Open> {
        let sources = self.sources();
        let mut open: Vec<Open> = Vec::new();
        for member in self.state.members.values().filter(|member| member.is_open()) {
            let name = alert_key(&member.alert);
            let is_told = member.first_told_ms.is_some();
            if let Some(known) = open.iter_mut().find(|known| known.name == name) {
                known.is_told |= is_told;
                continue;
            }
            open.push(Open {
                name,
                alert: member.alert.clone(),
                is_told,
                muted: self.why_muted(member, wall, &sources),
                acked_by: member.acked_by.clone(),
                escalated_to: member.also_told.iter().cloned().collect(),
            });
        }
        open.sort_by_key(|open| (std::cmp::Reverse(open.alert.severity), open.alert.wall_at));
        open
    }

    fn receiver_status(&self, name: &str) -> ReceiverStatus {
        let lane = self.lanes.get(name);
        let waiting = lane.map_or(0, |lane| lane.waiting().count() as u64);
        let oldest = lane.and_then(|lane| lane.waiting().next());
        let oldest = oldest.and_then(|number| self.state.queue.get(&number_key(number)));
        ReceiverStatus {
            name: name.to_owned(),
            waiting,
            oldest: oldest.map(|queued| Waiting {
                id: queued.notification.id.clone(),
                since: queued.notification.created_at,
                attempts: queued.attempts,
            }),
            failures: lane.map_or(0, |lane| lane.failures),
            last_error: lane.and_then(|lane| lane.last_error.clone()),
            stopped: self.state.stopped.get(name).map(|stopped| stopped.detail.clone()),
        }
    }

    /// Messages that wait, with how often each was tried.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = (u32, &Notification)> {
        self.state.queue.values().map(|queued| (queued.attempts, &queued.notification))
    }

    /// Whether nothing waits for a receiver.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.state.queue.len() == 0
    }

    /// Receivers by route for an alert as it is: who would be told, for a dry run.
    #[must_use]
    pub fn would_tell(&self, alert: &Alert) -> Vec<(String, Vec<String>)> {
        let labels = route_labels(alert);
        self.taking(&labels).into_iter().map(|route| (route.name, route.to)).collect()
    }
}
