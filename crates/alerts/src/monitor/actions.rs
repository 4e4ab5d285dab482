//! What else happens when a rule fires, and the journal of it.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::outbox::{Outbox, OutboxError, Rows};
use crate::{Alert, Muted, Now, OnFiring};

/// Table of the journal.
const TABLE: &str = "action";
/// Records that are remembered after their end.
const RECORDS_MAX: usize = 1_000;
/// Pauses between attempts of an action that fails: this, twice this, up to the greatest.
const PAUSE: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// A call of an action, for one firing of one alert.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ActionRecord {
    /// Name of the action.
    pub action: String,
    /// The alert as it fired.
    pub alert: Alert,
    /// When it was asked for the last time, by the wall clock, nanoseconds since 1970.
    pub asked_at_ns: i64,
    /// How often it was asked.
    pub attempts: u32,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of an action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// It is to be asked.
    Wanted,
    /// It was asked and has not answered: a crash came in between. It is asked again.
    Asked,
    /// It was done.
    Done,
    /// It failed, and is asked again while the alert fires.
    Failed {
        /// Why.
        why: String,
    },
    /// The alert ended before it was done.
    Over {
        /// Why it had not been done until then.
        why: String,
    },
}

struct Port {
    rule: String,
    name: String,
    action: Box<dyn OnFiring + Send>,
}

impl std::fmt::Debug for Port {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} on {}", self.name, self.rule)
    }
}

/// Actions and their journal.
#[derive(Debug, Default)]
pub(super) struct Actions {
    ports: Vec<Port>,
    /// By the alert's id and the action's name.
    journal: BTreeMap<(String, String), ActionRecord>,
    /// When those that failed are asked again, on the monotonic clock.
    again_at: BTreeMap<(String, String), Duration>,
}

impl Actions {
    pub(super) fn load(rows: &Rows) -> Self {
        let own = rows.iter().filter(|((table, _), _)| table == TABLE);
        let records = own.filter_map(|(_, value)| ActionRecord::deserialize(value).ok());
        let journal = records.map(|record| (key(&record), record)).collect();
        Self { journal, ..Self::default() }
    }

    pub(super) fn add(&mut self, rule: String, name: String, action: Box<dyn OnFiring + Send>) {
        self.ports.push(Port { rule, name, action });
    }

    /// Notes what is to be asked. A firing that a more severe alert silences asks all the same; one of
    /// long ago or under maintenance does not.
    pub(super) fn note(&mut self, alerts: &[Alert]) {
        let fires = |alert: &&Alert| {
            let is_quiet = matches!(alert.muted, Some(Muted::Late | Muted::Maintenance { .. }));
            alert.is_firing() && !is_quiet
        };
        for alert in alerts.iter().filter(fires) {
            for port in self.ports.iter().filter(|port| port.rule == alert.rule) {
                let key = (alert.alert_id.clone(), port.name.clone());
                self.journal.entry(key).or_insert_with(|| ActionRecord {
                    action: port.name.clone(),
                    alert: alert.clone(),
                    asked_at_ns: 0,
                    attempts: 0,
                    outcome: Outcome::Wanted,
                });
            }
        }
    }

    /// Asks whoever is due; returns what was asked.
    pub(super) fn run(
        &mut self,
        outbox: &mut Outbox,
        is_firing: &dyn Fn(&Alert) -> bool,
        now: Now,
    ) -> Result<Vec<ActionRecord>, OutboxError> {
        let mut asked = Vec::new();
        let mut trouble = None;
        for port in &mut self.ports {
            for (key, record) in &mut self.journal {
                let is_time = self.again_at.get(key).is_none_or(|at| *at <= now.monotonic);
                let is_own = record.action == port.name && record.alert.rule == port.rule;
                if is_over(record) || !is_own || !is_time {
                    continue;
                }
                if let Outcome::Failed { why } = &record.outcome
                    && !is_firing(&record.alert)
                {
                    record.outcome = Outcome::Over { why: why.clone() };
                    trouble = write(outbox, record).err().or(trouble);
                    continue;
                }
                record.attempts = record.attempts.saturating_add(1);
                record.asked_at_ns = crate::state::nanos::of(now.wall);
                record.outcome = Outcome::Asked;
                trouble = write(outbox, record).err().or(trouble);
                record.outcome = match port.action.on_firing(&record.alert) {
                    Ok(()) => Outcome::Done,
                    Err(error) => Outcome::Failed { why: chain(error.as_ref()) },
                };
                let doublings = record.attempts.saturating_sub(1).min(6);
                let pause = PAUSE.saturating_mul(1 << doublings).min(PAUSE_MAX);
                self.again_at.insert(key.clone(), now.monotonic.saturating_add(pause));
                trouble = write(outbox, record).err().or(trouble);
                asked.push(record.clone());
            }
        }
        self.forget_old();
        trouble.map_or(Ok(asked), Err)
    }

    /// How many failed and are still wanted.
    pub(super) fn failed(&self) -> u64 {
        let failed = self.journal.values();
        let failed = failed.filter(|record| matches!(record.outcome, Outcome::Failed { .. }));
        failed.count().try_into().unwrap_or(u64::MAX)
    }

    /// Oldest first.
    pub(super) fn records(&self) -> Vec<ActionRecord> {
        let mut records: Vec<ActionRecord> = self.journal.values().cloned().collect();
        records.sort_by(|a, b| (a.asked_at_ns, &a.action).cmp(&(b.asked_at_ns, &b.action)));
        records
    }

    pub(super) fn rows(&self) -> Result<Rows, serde_json::Error> {
        let rows = self.journal.values().map(|record| {
            let value: Value = serde_json::to_value(record)?;
            Ok((super::key(TABLE, &name(record)), value))
        });
        rows.collect()
    }

    fn forget_old(&mut self) {
        let is_over =
            |record: &ActionRecord| matches!(record.outcome, Outcome::Done | Outcome::Over { .. });
        self.again_at.retain(|key, _| self.journal.get(key).is_some_and(|r| !is_over(r)));
        let too_many = self.journal.len().saturating_sub(RECORDS_MAX);
        if too_many == 0 {
            return;
        }
        let mut over: Vec<(i64, (String, String))> = self
            .journal
            .iter()
            .filter(|(_, record)| is_over(record))
            .map(|(key, record)| (record.asked_at_ns, key.clone()))
            .collect();
        over.sort();
        for (_, key) in over.into_iter().take(too_many) {
            self.journal.remove(&key);
        }
    }
}

fn is_over(record: &ActionRecord) -> bool {
    matches!(record.outcome, Outcome::Done | Outcome::Over { .. })
}

/// One record, on disk when this returns.
fn write(outbox: &mut Outbox, record: &ActionRecord) -> Result<(), OutboxError> {
    let value = serde_json::to_value(record).ok();
    outbox.write(&[(TABLE.to_owned(), name(record), value)])
}

fn key(record: &ActionRecord) -> (String, String) {
    (record.alert.alert_id.clone(), record.action.clone())
}

fn name(record: &ActionRecord) -> String {
    format!("{} {}", record.alert.alert_id, record.action)
}

/// An error with its causes, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    plimsoll_redact::mask(&text, &plimsoll_redact::Rules::default()).into_owned()
}
