//! A group's wait is over: what is there to tell?

use std::time::SystemTime;

use super::muting::Sources;
use super::state::{Member, Queued, member_key, number_key};
use super::{Dispatcher, lane, millis};
use crate::notification::{ITEMS_MAX, Item, Kind, News, Notification, alert_key};
use crate::route::Route;

/// A member with what there is to say of it.
struct Finding {
    key: String,
    news: Option<News>,
    muted: Option<String>,
}

impl Dispatcher {
    /// Tells a group, if there is news or it is time to repeat, and sets when it is looked at next.
    pub(super) fn flush(&mut self, group: &str, at: u64, wall: SystemTime, sources: &Sources) {
        let Some(found) = self.state.groups.get(group).cloned() else { return };
        let Some(route) = self.routes.iter().find(|r| r.name == found.route).cloned() else {
            return;
        };
        let findings = self.findings(group, wall, sources);
        let has_news = findings.iter().any(|finding| finding.news.is_some_and(is_loud));
        let is_repeat = found.told_ms.is_some_and(|told| {
            at.saturating_sub(told) >= millis(route.repeat) && self.has_open_told(&findings)
        });
        let kind = if has_news { Kind::News } else { Kind::Repeat };
        if has_news || is_repeat {
            let items = self.items(&findings, kind);
            self.send(group, &route, kind, &items, wall);
            self.mark_told(&findings, kind, at);
        }
        self.clear(group, &findings);
        let is_told = has_news || is_repeat;
        let interval = if route.interval.is_zero() { route.repeat } else { route.interval };
        if let Some(found) = self.state.groups.get_mut(group) {
            found.told_ms = if is_told { Some(at) } else { found.told_ms };
            found.next_ms = at.saturating_add(millis(interval).max(1));
        }
    }

    fn findings(&self, group: &str, wall: SystemTime, sources: &Sources) -> Vec<Finding> {
        let of = |key: String| {
            let member = self.state.members.get(&key)?;
            let muted = self.why_muted(member, wall, sources);
            Some(Finding { news: news(member, muted.is_some()), key, muted })
        };
        self.members_of(group).into_iter().filter_map(of).collect()
    }

    /// Whether something that people know of still wants them.
    fn has_open_told(&self, findings: &[Finding]) -> bool {
        findings.iter().any(|finding| {
            let member = self.state.members.get(&finding.key);
            member.is_some_and(|m| is_still(m, finding.muted.is_some()) && m.acked_by.is_none())
        })
    }

    /// What the message lists: with news also what else is open, so that the newest message of a group is
    /// the whole of it.
    fn items(&self, findings: &[Finding], kind: Kind) -> Vec<Item> {
        let mut items = Vec::new();
        for finding in findings {
            let Some(member) = self.state.members.get(&finding.key) else { continue };
            let is_still = is_still(member, finding.muted.is_some());
            let news = match (kind, finding.news) {
                (Kind::News, Some(news)) => news,
                _ if is_still => News::Still,
                _ => continue,
            };
            items.push(item(member, news, finding.muted.clone()));
        }
        items.sort_by_key(|item| {
            (!item.is_open(), std::cmp::Reverse(item.alert.severity), item.alert.wall_at)
        });
        items
    }

    /// Queues the items for each receiver of the route, and what ended for those who were told besides.
    fn send(&mut self, group: &str, route: &Route, kind: Kind, items: &[Item], wall: SystemTime) {
        let mut also: Vec<(String, Vec<Item>)> = Vec::new();
        for item in items.iter().filter(|item| !item.is_open()) {
            let key = member_key(group, &alert_key(&item.alert));
            let Some(member) = self.state.members.get(&key) else { continue };
            for receiver in member.also_told.iter().filter(|name| !route.to.contains(name)) {
                match also.iter_mut().find(|(name, _)| name == receiver) {
                    Some((_, items)) => items.push(item.clone()),
                    None => also.push((receiver.clone(), vec![item.clone()])),
                }
            }
        }
        for receiver in &route.to {
            self.queue(receiver, group, kind, items, wall);
        }
        for (receiver, items) in also {
            self.queue(&receiver, group, kind, &items, wall);
        }
    }

    /// Puts a message into a receiver's queue; one that waits there for the same group takes it in.
    pub(super) fn queue(
        &mut self,
        receiver: &str,
        group: &str,
        kind: Kind,
        items: &[Item],
        wall: SystemTime,
    ) {
        let at = self.state.meta().clock_ms;
        if matches!(kind, Kind::News | Kind::Repeat) && self.fold(receiver, group, kind, items) {
            return;
        }
        let labels = self.state.groups.get(group).map(|found| found.labels.clone());
        for part in items.chunks(ITEMS_MAX) {
            let (id, number) = self.next_id();
            let notification = Notification {
                id,
                receiver: receiver.to_owned(),
                group: group.to_owned(),
                group_labels: labels.clone().unwrap_or_default(),
                kind,
                items: part.to_vec(),
                created_at: wall,
                note: None,
                earlier: Vec::new(),
            };
            let queued = Queued { notification, queued_ms: at, attempts: 0, fell_back: false };
            self.enqueue(number, queued);
        }
    }

    pub(super) fn next_id(&mut self) -> (String, u64) {
        let meta = self.state.meta();
        self.state.change_meta(|meta| meta.next = meta.next.saturating_add(1));
        (format!("{}-{}", meta.outbox_id, meta.next), meta.next)
    }

    pub(super) fn enqueue(&mut self, number: u64, queued: Queued) {
        let receiver = queued.notification.receiver.clone();
        self.state.queue.insert(&number_key(number), queued);
        self.lanes.entry(receiver).or_default().push(number);
    }

    /// Adds items to the last message of the group that waits, if that was not tried yet: then its receiver
    /// may have seen it, and what has one id says one thing.
    fn fold(&mut self, receiver: &str, group: &str, kind: Kind, items: &[Item]) -> bool {
        let Some(lane) = self.lanes.get(receiver) else { return false };
        let is_of_group = |queued: &Queued| {
            let is_alike = matches!(queued.notification.kind, Kind::News | Kind::Repeat);
            queued.notification.group == group && is_alike
        };
        let last = lane
            .waiting()
            .rev()
            .find(|number| self.state.queue.get(&number_key(*number)).is_some_and(is_of_group));
        let Some(number) = last.filter(|number| !lane.was_tried(*number)) else { return false };
        let Some(queued) = self.state.queue.get_mut(&number_key(number)) else { return false };
        if queued.notification.items.len().saturating_add(items.len()) > ITEMS_MAX {
            return false;
        }
        if kind == Kind::News {
            queued.notification.kind = Kind::News;
        }
        for item in items {
            lane::fold_item(&mut queued.notification.items, item);
        }
        true
    }

    fn mark_told(&mut self, findings: &[Finding], kind: Kind, at: u64) {
        for finding in findings {
            let Some(member) = self.state.members.get(&finding.key) else { continue };
            let is_listed = match kind {
                Kind::News => finding.news.is_some(),
                _ => is_still(member, finding.muted.is_some()),
            };
            if is_listed && let Some(member) = self.state.members.get_mut(&finding.key) {
                member.tell(at, finding.muted.is_some());
            }
        }
    }

    /// Forgets what is over and told, or over and never to be told; then the group if nothing is left.
    fn clear(&mut self, group: &str, findings: &[Finding]) {
        for finding in findings {
            if self.state.members.get(&finding.key).is_some_and(|member| !member.is_open()) {
                self.forget(group, &finding.key);
            }
        }
        if self.members_of(group).is_empty() {
            self.state.groups.remove(group);
        }
    }
}

/// What there is to say of a member; see [`News`].
fn news(member: &Member, is_muted: bool) -> Option<News> {
    let known_open = member.told.filter(|told| told.is_open);
    let Some(told) = known_open else {
        return match (member.is_open(), is_muted) {
            (true, false) => Some(News::Fired),
            (false, false) if member.is_news => Some(News::Brief),
            _ => None,
        };
    };
    if !member.is_open() {
        return Some(News::Resolved);
    }
    let is_changed = told.state != member.alert.to || told.severity != member.alert.severity;
    match (told.is_muted, is_muted) {
        (false, true) => Some(News::Muted),
        (true, true) => None,
        (true, false) => Some(News::Unmuted),
        (false, false) if member.flaps > 0 => Some(News::FiredAgain),
        (false, false) => is_changed.then_some(News::Changed),
    }
}

/// Whether a message is made because of it. That something is muted now is said in passing only.
fn is_loud(news: News) -> bool {
    news != News::Muted
}

fn is_still(member: &Member, is_muted: bool) -> bool {
    let is_known = member.told.is_some_and(|told| told.is_open);
    member.is_open() && is_known && !is_muted
}

pub(super) fn item(member: &Member, news: News, muted: Option<String>) -> Item {
    Item {
        alert: member.alert.clone(),
        news,
        flaps: match news {
            // Its end is told by the word itself.
            News::Brief | News::Resolved => member.flaps.saturating_sub(1),
            _ => member.flaps,
        },
        peak_value: member.peak_value,
        first_fired_at: member.first_fired_at,
        muted,
        acked_by: member.acked_by.clone(),
    }
}
