//! What a person may change: silences, and who has seen an alert.

use std::{
    collections::BTreeSet,
    time::{Duration, SystemTime},
};

use serde::{Deserialize, Serialize};

use super::state::member_key;
use super::{Dispatcher, flush};
use crate::history::{HistoryKind, HistoryRow};
use crate::notification::{Item, Kind, News, alert_key};
use crate::silence::{Silence, SilenceError};
use crate::{Matcher, Now};

/// A wish of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Control {
    /// Do not tell these for a while.
    Silence(Silence),
    /// Tell them again.
    Unsilence {
        /// Id of the silence.
        id: String,
        /// Who wants it.
        by: String,
    },
    /// Somebody takes care: no repetition, no escalation, until it ends or fires anew.
    Ack {
        /// Id of the alert, the name of its rule, or its rule with labels, as `alerts status` shows it.
        alert: String,
        /// Who does.
        by: String,
        /// What they want to say.
        note: String,
    },
}

/// Why a wish cannot be fulfilled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ControlError {
    /// The silence is none.
    #[error(transparent)]
    Silence(SilenceError),
    /// No silence has this id.
    #[error("no silence is called `{id}`")]
    NoSilence {
        /// The id.
        id: String,
    },
    /// No open alert is called so.
    #[error("no open alert is called `{alert}`")]
    NoAlert {
        /// What was asked for.
        alert: String,
    },
    /// The delivery thread does not answer.
    #[error("the delivery thread does not answer")]
    NoAnswer,
    /// Nobody stands for it.
    #[error("an acknowledgment needs a name")]
    NoName,
}

impl Dispatcher {
    /// Does what a person wants. Returns the id of the silence, or the alerts that were acknowledged, one a
    /// line.
    ///
    /// # Errors
    ///
    /// [`ControlError`]: nothing was changed.
    pub fn control(&mut self, control: &Control, now: Now) -> Result<String, ControlError> {
        self.tick(now);
        match control {
            Control::Silence(silence) => self.silence(silence, now.wall),
            Control::Unsilence { id, by } => self.unsilence(id, by, now.wall),
            Control::Ack { alert, by, note } => self.ack(alert, by, note, now.wall),
        }
    }

    fn silence(&mut self, silence: &Silence, wall: SystemTime) -> Result<String, ControlError> {
        silence.check().map_err(ControlError::Silence)?;
        // The same wish twice, after a crash, is one silence.
        let text = format!("{silence:?}");
        let id = format!("s-{:08x}", crc32fast::hash(text.as_bytes()));
        if self.state.silences.get(&id).is_some() {
            return Ok(id);
        }
        let mut row = HistoryRow::new(HistoryKind::Silence, wall);
        row.silence_id.clone_from(&id);
        row.actor.clone_from(&silence.by);
        row.detail = format!("{}: {}", show_matches(&silence.matches), silence.reason);
        self.note(row);
        self.state.silences.insert(&id, silence.clone());
        self.has_new_mutes = true;
        Ok(id)
    }

    fn unsilence(&mut self, id: &str, by: &str, wall: SystemTime) -> Result<String, ControlError> {
        let removed = self.state.silences.remove(id);
        let silence = removed.ok_or_else(|| ControlError::NoSilence { id: id.to_owned() })?;
        let mut row = HistoryRow::new(HistoryKind::Silence, wall);
        id.clone_into(&mut row.silence_id);
        by.clone_into(&mut row.actor);
        row.detail = format!("lifted: {}", silence.reason);
        self.note(row);
        self.has_new_mutes = true;
        Ok(id.to_owned())
    }

    fn ack(
        &mut self,
        alert: &str,
        by: &str,
        note: &str,
        wall: SystemTime,
    ) -> Result<String, ControlError> {
        if by.trim().is_empty() {
            return Err(ControlError::NoName);
        }
        let of_member = |(key, member): (&str, &super::Member)| {
            let name = alert_key(&member.alert);
            let is_meant = [&member.alert.alert_id, &member.alert.rule, &name]
                .into_iter()
                .any(|known| known == alert);
            (is_meant && member.is_open()).then(|| key.to_owned())
        };
        let meant: Vec<String> = self.state.members.iter().filter_map(of_member).collect();
        if meant.is_empty() {
            return Err(ControlError::NoAlert { alert: alert.to_owned() });
        }
        let mut acked = BTreeSet::new();
        for key in meant {
            let Some(member) = self.state.members.get_mut(&key) else { continue };
            member.acked_by = Some(by.to_owned());
            let (item, also) = (flush::item(member, News::Still, None), member.also_told.clone());
            if acked.insert(alert_key(&item.alert)) {
                self.note_ack(&item, by, note, wall);
            }
            let group = key.split_once('\n').map_or("", |(group, _)| group).to_owned();
            self.tell_ack(&group, &item, also, wall);
        }
        Ok(acked.into_iter().collect::<Vec<_>>().join("\n"))
    }

    fn note_ack(&mut self, item: &Item, by: &str, note: &str, wall: SystemTime) {
        let mut row = HistoryRow::new(HistoryKind::Ack, wall);
        row.alert = Some(item.alert.clone());
        by.clone_into(&mut row.actor);
        note.clone_into(&mut row.detail);
        self.note(row);
    }

    /// Tells everybody who knows of the alert that somebody takes care.
    fn tell_ack(&mut self, group: &str, item: &Item, also: BTreeSet<String>, wall: SystemTime) {
        let is_known = self
            .state
            .members
            .get(&member_key(group, &alert_key(&item.alert)))
            .is_some_and(|member| member.first_told_ms.is_some());
        if !is_known {
            return;
        }
        let route = self.state.groups.get(group).map(|found| found.route.clone());
        let route = route.and_then(|name| self.routes.iter().find(|route| route.name == name));
        let to: BTreeSet<String> =
            route.into_iter().flat_map(|route| route.to.clone()).chain(also).collect();
        for receiver in to {
            self.queue(&receiver, group, Kind::Acknowledged, std::slice::from_ref(item), wall);
        }
    }
}

/// What a silence is for, in words.
pub(super) fn show_matches(matches: &[Matcher]) -> String {
    let globs =
        |globs: &[crate::Glob]| globs.iter().map(crate::Glob::as_str).collect::<Vec<_>>().join("|");
    let show = |m: &Matcher| match (m.is.as_slice(), m.is_not.as_slice()) {
        (is, []) => format!("{}={}", m.label, globs(is)),
        ([], is_not) => format!("{}!={}", m.label, globs(is_not)),
        (is, is_not) => format!("{}={} but not {}", m.label, globs(is), globs(is_not)),
    };
    matches.iter().map(show).collect::<Vec<_>>().join(", ")
}

impl Control {
    /// A silence from now on; see [`Silence::new`].
    ///
    /// # Errors
    ///
    /// As [`Silence::new`].
    pub fn silence(
        matches: Vec<Matcher>,
        now: SystemTime,
        span: Duration,
        by: &str,
        reason: &str,
    ) -> Result<Self, SilenceError> {
        Silence::new(matches, now, span, by, reason).map(Self::Silence)
    }
}
