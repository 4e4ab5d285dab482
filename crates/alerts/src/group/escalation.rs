//! Nobody acknowledged: somebody else is told.

use std::time::SystemTime;

use super::muting::Sources;
use super::state::{Group, Member};
use super::{Dispatcher, flush, millis};
use crate::history::{HistoryKind, HistoryRow};
use crate::notification::{Item, Kind, News};
use crate::route::{Route, Step};

impl Dispatcher {
    /// Tells those whose turn it is. A member that is muted or acknowledged escalates no further.
    pub(super) fn escalate(&mut self, at: u64, wall: SystemTime, sources: &Sources) {
        let mut messages: Vec<(String, String, Vec<Item>)> = Vec::new();
        for (group, member, index, step) in self.overdue(at) {
            let Some(found) = self.state.members.get(&member) else { continue };
            if self.why_muted(found, wall, sources).is_some() {
                continue;
            }
            let item = flush::item(found, News::Still, None);
            self.note_escalation(&item, &step, wall);
            match messages.iter_mut().find(|(g, to, _)| *g == group && *to == step.to) {
                Some((_, _, items)) => items.push(item),
                None => messages.push((group, step.to.clone(), vec![item])),
            }
            if let Some(found) = self.state.members.get_mut(&member) {
                found.escalated.insert(index);
                found.also_told.insert(step.to);
            }
        }
        for (group, to, items) in messages {
            self.queue(&to, &group, Kind::Escalation, &items, wall);
        }
    }

    /// Members with a step that is due, by group.
    fn overdue(&self, at: u64) -> Vec<(String, String, usize, Step)> {
        let mut found = Vec::new();
        for (key, group, route) in self.escalating() {
            for (member_key, member) in self.state.members.with_prefix(&super::member_prefix(key)) {
                for (index, step, due) in steps(route, member) {
                    if due <= at {
                        found.push((key.to_owned(), member_key.to_owned(), index, step.clone()));
                    }
                }
            }
            debug_assert_eq!(group.route, route.name, "a group has its route");
        }
        found
    }

    /// Moments at which a step is due. Those of muted members have passed and are not repeated here.
    pub(super) fn escalation_due(&self) -> impl Iterator<Item = u64> {
        let mut due = Vec::new();
        let clock_ms = self.state.meta().clock_ms;
        for (key, _, route) in self.escalating() {
            for (_, member) in self.state.members.with_prefix(&super::member_prefix(key)) {
                let moments = steps(route, member).map(|(_, _, due)| due);
                due.extend(moments.filter(|due| *due > clock_ms));
            }
        }
        due.into_iter()
    }

    fn escalating(&self) -> impl Iterator<Item = (&str, &Group, &Route)> {
        self.state.groups.iter().filter_map(|(key, group)| {
            let route = self.routes.iter().find(|route| route.name == group.route)?;
            (!route.escalate.is_empty()).then_some((key, group, route))
        })
    }

    fn note_escalation(&mut self, item: &Item, step: &Step, wall: SystemTime) {
        let mut row = HistoryRow::new(HistoryKind::Escalation, wall);
        row.alert = Some(item.alert.clone());
        row.receiver.clone_from(&step.to);
        let after = crate::notification::moment::span(step.after);
        row.detail = format!("not acknowledged after {after}");
        self.note(row);
    }
}

/// Steps that were not taken yet, with the moment at which each is due.
fn steps<'a>(route: &'a Route, member: &Member) -> impl Iterator<Item = (usize, &'a Step, u64)> {
    let since = member.first_told_ms.filter(|_| member.is_open() && member.acked_by.is_none());
    let taken = member.escalated.clone();
    let steps = since.into_iter().flat_map(move |since| {
        route
            .escalate
            .iter()
            .enumerate()
            .map(move |(index, step)| (index, step, since.saturating_add(millis(step.after))))
    });
    steps.filter(move |(index, _, _)| !taken.contains(index))
}
