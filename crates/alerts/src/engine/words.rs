//! What an engine says in words: alerts, and how its rules stand.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::{Engine, book::at};
use crate::{
    rule::{Audience, Labels, Rule, Severity, Unit},
    state::{Alert, AlertState, Cause, InstanceId, Mute, Muted, RuleId, Transition, nanos},
};

/// How one rule stands for one set of labels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RuleStatus {
    /// Name of the rule.
    pub rule: String,
    /// How bad it would be.
    pub severity: Severity,
    /// Labels of the instance; empty for a rule that never had one.
    pub labels: Labels,
    /// State.
    pub state: AlertState,
    /// Why.
    pub cause: Cause,
    /// Newest value, in `unit`.
    pub value: Option<f64>,
    /// Limit, in `unit`.
    pub threshold: Option<f64>,
    /// Unit of both.
    pub unit: Unit,
    /// Since when it is not fine.
    #[serde(rename = "since_ns", with = "nanos::option")]
    pub since: Option<SystemTime>,
    /// Why nobody is told, if so.
    pub muted: Option<Muted>,
}

impl Engine {
    /// A change in words; none for one of another engine.
    #[must_use]
    pub fn alert(&self, change: &Transition) -> Option<Alert> {
        let rule = self.rule(change.rule)?;
        let info = self.book.infos.get(at(change.instance.0))?;
        let own = self.symbols.labels(&info.key);
        let labels = own.iter().chain(rule.labels.iter()).collect();
        Some(Alert {
            alert_id: alert_id(rule, &own, change.begun_at),
            rule: rule.name.clone(),
            family: rule.family().to_owned(),
            class: rule.class,
            severity: severity(rule, change),
            labels,
            from: change.from,
            to: change.to,
            cause: change.cause,
            value: change.value,
            threshold: change.threshold,
            peak_value: change.peak_value,
            row_at: change.row_at,
            wall_at: change.wall_at,
            active_at: change.active_at,
            fired_at: change.fired_at,
            muted: change.muted.map(|mute| self.muted(mute)),
            was_muted: change.was_muted,
            text: rule.text.clone(),
        })
    }

    /// The changes that the last call returned, in words.
    pub fn alerts(&self) -> impl Iterator<Item = Alert> {
        self.out.iter().filter_map(|change| self.alert(change))
    }

    /// What is open now and people are told of, in words: it fires, or cannot be judged. What whoever
    /// tells people is brought in step with after a restart (`Delivery::resync`).
    #[must_use]
    pub fn open_alerts(&self) -> Vec<Alert> {
        let now = nanos::at(self.clock.wall_at(self.clock.tick()));
        let instances = (0..).zip(self.book.instances.iter().zip(&self.book.infos));
        let open = instances.filter(|(_, (instance, _))| {
            let plan = self.plans.get(at(instance.plan));
            let state = instance.core.state;
            plan.is_some_and(|plan| plan.rule.audience == Audience::People)
                && matches!(state, AlertState::Firing | AlertState::NoData | AlertState::Error)
        });
        let changes = open.map(|(number, (instance, info))| {
            let walls = &instance.walls;
            Transition {
                rule: RuleId(instance.plan),
                instance: InstanceId(number),
                from: instance.core.state,
                to: instance.core.state,
                cause: instance.core.cause,
                value: instance.value,
                threshold: instance.limit.map(|limit| limit.threshold),
                peak_value: instance.peak.filter(|_| walls.active.is_some()),
                row_at: nanos::at(walls.fired.or(walls.active).unwrap_or(walls.begun)),
                wall_at: now,
                begun_at: nanos::at(walls.begun),
                active_at: walls.active.map(nanos::at),
                fired_at: walls.fired.map(nanos::at),
                muted: info.muted,
                was_muted: info.muted.is_some(),
            }
        });
        changes.filter_map(|change| self.alert(&change)).filter(Alert::is_telling).collect()
    }

    /// Whether a rule fires for these labels, those included that it adds itself.
    #[must_use]
    pub fn is_firing(&self, rule: &str, labels: &Labels) -> bool {
        self.open_alerts().iter().any(|a| a.is_firing() && a.rule == rule && a.labels == *labels)
    }

    /// How each rule stands for each set of labels, in the order of the rules. A rule that has never
    /// had a series is without data.
    #[must_use]
    pub fn status(&self) -> Vec<RuleStatus> {
        let mut all: Vec<(usize, RuleStatus)> = Vec::new();
        let mut has_instance = vec![false; self.plans.len()];
        for (instance, info) in self.book.instances.iter().zip(&self.book.infos) {
            let Some(plan) = self.plans.get(at(instance.plan)) else { continue };
            if let Some(has) = has_instance.get_mut(at(instance.plan)) {
                *has = true;
            }
            let core = instance.core;
            let status = RuleStatus {
                labels: self.symbols.labels(&info.key),
                state: core.state,
                cause: core.cause,
                value: instance.value,
                threshold: instance.limit.map(|limit| limit.threshold),
                since: (!core.state.is_fine()).then(|| nanos::at(instance.walls.begun)),
                muted: info.muted.map(|mute| self.muted(mute)),
                ..RuleStatus::never_seen(&plan.rule)
            };
            all.push((at(instance.plan), status));
        }
        for (index, (plan, has)) in self.plans.iter().zip(has_instance).enumerate() {
            if !has {
                let mut status = RuleStatus::never_seen(&plan.rule);
                if plan.is_unreadable {
                    (status.state, status.cause) = (AlertState::Error, Cause::Unreadable);
                }
                all.push((index, status));
            }
        }
        all.sort_by(|a, b| (a.0, &a.1.labels).cmp(&(b.0, &b.1.labels)));
        all.into_iter().map(|(_, status)| status).collect()
    }

    fn muted(&self, mute: Mute) -> Muted {
        match mute {
            Mute::Inhibited(instance) => {
                let rule = self.book.instances.get(at(instance.0));
                let rule = rule.and_then(|instance| self.plans.get(at(instance.plan)));
                let rule = rule.map(|plan| plan.rule.name.clone()).unwrap_or_default();
                Muted::InhibitedBy { rule }
            }
            Mute::Maintenance(window) => {
                let reason = self.maintenance.reason(window).to_owned();
                Muted::Maintenance { reason }
            }
            Mute::Late => Muted::Late,
        }
    }
}

impl RuleStatus {
    fn never_seen(rule: &Rule) -> Self {
        Self {
            rule: rule.name.clone(),
            severity: rule.severity,
            labels: Labels::new(),
            state: AlertState::NoData,
            cause: Cause::NeverSeen,
            value: None,
            threshold: rule.condition.threshold().map(|limit| limit.threshold),
            unit: rule.text.unit,
            since: None,
            muted: None,
        }
    }
}

/// How bad a state is: missing data has a severity of its own, unless an alert that fired hides behind.
fn severity(rule: &Rule, change: &Transition) -> Severity {
    let is_blind = |state| matches!(state, AlertState::NoData | AlertState::Error);
    let is_about_data =
        is_blind(change.to) || (is_blind(change.from) && change.to == AlertState::Normal);
    match (is_about_data, change.fired_at) {
        (false, _) => rule.severity,
        (true, None) => rule.absent.severity,
        (true, Some(_)) => rule.severity.max(rule.absent.severity),
    }
}

/// One episode of one rule and one set of labels, the same at each start of the program.
fn alert_id(rule: &Rule, labels: &Labels, begun_at: SystemTime) -> String {
    let mut hash = Fnv::default();
    hash.text(&rule.name);
    for (name, value) in labels {
        hash.text(name);
        hash.text(value);
    }
    hash.bytes(&nanos::of(begun_at).to_le_bytes());
    format!("{:016x}", hash.0)
}

/// FNV-1a with 64 bits: the same on each machine and in each version.
#[derive(Debug)]
pub(super) struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    /// A text and its end, so that "ab" "c" is not "a" "bc".
    pub(super) fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
        self.bytes(&[0xff]);
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    pub(super) fn finish(&self) -> u64 {
        self.0
    }
}
