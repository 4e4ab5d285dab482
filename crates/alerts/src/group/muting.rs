//! Why an alert is marked instead of told: its engine, a silence, another alert.

use std::time::{Duration, SystemTime};

use super::{Dispatcher, state::Member};
use crate::history::{HistoryKind, HistoryRow};
use crate::notification::alert_key;
use crate::route::{Inhibit, route_labels};
use crate::{Alert, AlertState, Labels, Muted, Now};

/// Labels of the alerts that inhibit, for each rule of inhibition.
pub(super) type Sources = Vec<Vec<(String, Labels)>>;

impl Dispatcher {
    /// The engine's reason or a person's.
    pub(super) fn person_mute(
        &self,
        alert: &Alert,
        labels: &Labels,
        wall: SystemTime,
    ) -> Option<String> {
        let own = alert.muted.as_ref().map(|muted| match muted {
            Muted::InhibitedBy { rule } => format!("`{rule}` says enough"),
            Muted::Maintenance { reason } => format!("maintenance: {reason}"),
            Muted::Late => "it arrived late, and nothing newer says the same".to_owned(),
        });
        own.or_else(|| {
            let silence = self.state.silences.values().find(|s| s.covers(labels, wall))?;
            Some(silence.show())
        })
    }

    /// Why a member is not told now.
    pub(super) fn why_muted(
        &self,
        member: &Member,
        wall: SystemTime,
        sources: &Sources,
    ) -> Option<String> {
        let labels = route_labels(&member.alert);
        self.person_mute(&member.alert, &labels, wall).or_else(|| {
            let own = alert_key(&member.alert);
            let mut rules = self.config.inhibit.iter().zip(sources);
            rules.find_map(|(rule, sources)| inhibited(rule, sources, &own, &labels))
        })
    }

    /// What inhibits now.
    pub(super) fn sources(&self) -> Sources {
        if self.config.inhibit.is_empty() {
            return Sources::new();
        }
        let firing = |member: &&Member| member.alert.to == AlertState::Firing;
        let firing: Vec<(String, Labels)> = self
            .state
            .members
            .values()
            .filter(firing)
            .map(|member| (alert_key(&member.alert), route_labels(&member.alert)))
            .collect();
        let of = |rule: &Inhibit| {
            firing.iter().filter(|(_, labels)| rule.is_source(labels)).cloned().collect()
        };
        self.config.inhibit.iter().map(of).collect()
    }

    pub(super) fn is_source(&self, labels: &Labels) -> bool {
        self.config.inhibit.iter().any(|rule| rule.is_source(labels))
    }

    /// Groups that do not wait are looked at now: whom something muted may have to be told.
    pub(super) fn hurry_unwaiting(&mut self, at: u64) {
        let mut groups = Vec::new();
        for (key, group) in self.state.groups.iter() {
            let Some(route) = self.routes.iter().find(|route| route.name == group.route) else {
                continue;
            };
            let is_due =
                self.state.members.with_prefix(&super::member_prefix(key)).any(|(_, m)| {
                    let is_untold = m.is_open() && m.told.is_none_or(|told| told.is_muted);
                    is_untold && (route.interval.is_zero() || route.is_urgent(m.alert.severity))
                });
            if is_due && group.next_ms > at {
                groups.push(key.to_owned());
            }
        }
        for key in groups {
            if let Some(group) = self.state.groups.get_mut(&key) {
                group.next_ms = at;
            }
        }
    }

    /// Nothing waits for others any more: the program ends.
    pub(crate) fn hurry_all(&mut self, now: Now) {
        let at = self.tick(now);
        let groups: Vec<String> = self.state.groups.iter().map(|(key, _)| key.to_owned()).collect();
        for key in groups {
            if let Some(group) = self.state.groups.get_mut(&key) {
                group.next_ms = group.next_ms.min(at);
            }
        }
    }

    /// Silences that are over are forgotten, and that is noted.
    pub(super) fn expire_silences(&mut self, wall: SystemTime) {
        let is_over = |until: SystemTime| until <= wall;
        let over: Vec<String> = self
            .state
            .silences
            .iter()
            .filter(|(_, silence)| is_over(silence.until))
            .map(|(id, _)| id.to_owned())
            .collect();
        for id in over {
            let Some(silence) = self.state.silences.remove(&id) else { continue };
            let mut row = HistoryRow::new(HistoryKind::Silence, wall);
            row.silence_id = id;
            row.detail = format!("over: {}", silence.reason);
            self.note(row);
            self.has_new_mutes = true;
        }
    }

    /// Time until the next silence is over.
    pub(super) fn silence_change(&self, wall: SystemTime) -> Option<Duration> {
        let until = self.state.silences.values().map(|silence| silence.until).min()?;
        Some(until.duration_since(wall).unwrap_or_default())
    }
}

/// Who inhibits an alert with these labels. An alert that is a source itself is not inhibited by one that is
/// a target itself, or two alike would silence each other.
fn inhibited(
    rule: &Inhibit,
    sources: &[(String, Labels)],
    own: &str,
    labels: &Labels,
) -> Option<String> {
    if !rule.is_target(labels) {
        return None;
    }
    let is_both = rule.is_source(labels);
    let by = sources.iter().find(|(key, source)| {
        key != own && rule.is_same(source, labels) && !(is_both && rule.is_target(source))
    })?;
    Some(format!("`{}` says enough", by.1.get("rule")))
}
