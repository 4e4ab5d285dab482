//! The decisions of delivery, without a clock, a file or a network: what is told when, to whom.
//!
//! A [`Dispatcher`] takes alerts and gives notifications. Both clocks are arguments, so that a day passes in
//! a millisecond in a test.

mod control;
mod escalation;
mod flush;
mod lane;
mod muting;
pub(crate) mod state;
mod status;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::delivery::DeliveryConfig;
use crate::history::HistoryRow;
use crate::notification::{alert_key, is_open, key};
use crate::outbox::{Row, Rows};
use crate::route::{Route, Then, route_labels};
use crate::state::nanos;
use crate::{Alert, AlertState, Cause, Labels, Now};

pub use control::{Control, ControlError};
pub use status::{DeadLetter, Open, ReceiverStatus, Status, Waiting};

use lane::Lane;
use state::{Group, Index, Member, State, member_key, member_prefix};

/// Groups that are kept apart; alerts of further ones share one group of their route.
const GROUPS_MAX: usize = 5_000;

/// Alerts that are followed; further ones are refused and counted.
const MEMBERS_MAX: usize = 50_000;

/// Rows of history that wait; further ones are dropped and counted.
const HISTORY_MAX: usize = 20_000;

/// An alert that was just told is not told again within this, urgent or not; its flaps are counted.
const SAME_ALERT_GAP_MS: u64 = 2_000;

/// Route of alerts that no other route takes; it leads to the fallback.
const UNROUTED: &str = "unrouted";

/// Longest time away that counts as time: after a longer one the wall clock was wrong.
const AWAY_MS_MAX: u64 = 30 * 86_400_000;

/// Decides what is told when, to whom.
#[derive(Debug, Clone)]
pub struct Dispatcher {
    config: DeliveryConfig,
    routes: Vec<Route>,
    state: State,
    /// Groups in which an alert is, by the alert's key.
    places: Index,
    lanes: BTreeMap<String, Lane>,
    clock: Clock,
    /// Alerts that could not be followed.
    refused: u64,
    /// Silences or sources of inhibition changed: groups that never wait are looked at again.
    has_new_mutes: bool,
}

/// Milliseconds that only go forward, also over a restart.
#[derive(Debug, Clone, Copy)]
struct Clock {
    ms: u64,
    monotonic: Duration,
}

impl Clock {
    fn at(&self, now: Now) -> u64 {
        self.ms.saturating_add(millis(now.monotonic.saturating_sub(self.monotonic)))
    }
}

impl Dispatcher {
    /// A dispatcher that knows nothing yet. `outbox_id` begins the id of each of its notifications.
    #[must_use]
    pub fn new(config: DeliveryConfig, outbox_id: impl Into<String>, now: Now) -> Self {
        let clock = Clock { ms: 0, monotonic: now.monotonic };
        let lanes = config.names().map(|name| (name.to_owned(), Lane::default())).collect();
        let mut routes = config.effective_routes();
        routes.push(Route::new(UNROUTED, [config.fallback.as_str()]));
        Self {
            routes,
            config,
            state: State::new(outbox_id.into()),
            places: Index::new(),
            lanes,
            clock,
            refused: 0,
            has_new_mutes: false,
        }
    }

    /// The dispatcher that wrote `rows`; how many of them could not be understood.
    pub(crate) fn load(
        config: DeliveryConfig,
        outbox_id: String,
        rows: &Rows,
        now: Now,
    ) -> (Self, usize) {
        let mut loaded = Self::new(config, outbox_id, now);
        let failed = loaded.state.load(rows);
        let meta = loaded.state.meta();
        let away = nanos::of(now.wall).saturating_sub(meta.wall_ns).max(0) / 1_000_000;
        let away = u64::try_from(away).unwrap_or(0).min(AWAY_MS_MAX);
        loaded.clock.ms = meta.clock_ms.saturating_add(away);
        loaded.fill_lanes();
        for (key, _) in loaded.state.members.iter() {
            if let Some((group, alert)) = key.split_once('\n') {
                let places = loaded.places.entry(alert.to_owned()).or_default();
                places.insert(group.to_owned());
            }
        }
        loaded.leave_old_routes();
        (loaded, failed)
    }

    /// Takes a change of an alert. The same change may come twice.
    pub fn alert(&mut self, alert: &Alert, now: Now) {
        let at = self.tick(now);
        let labels = route_labels(alert);
        let muted = self.person_mute(alert, &labels, now.wall);
        self.note(HistoryRow::transition(alert, muted.as_deref()));
        if !alert.is_telling() {
            return;
        }
        let key = alert_key(alert);
        let mut groups = self.places.get(&key).cloned().unwrap_or_default();
        if is_open(alert) {
            groups.extend(self.route(&labels, at));
        }
        if alert.cause == Cause::Muting || self.is_source(&labels) {
            self.has_new_mutes = true;
        }
        for group in groups {
            self.follow(&group, &key, alert, muted.is_some(), at);
        }
    }

    /// Brings what is known in step with what an engine says is open: ends what it does not know, such as the
    /// alerts of a rule that was taken away, and takes what was not told here. For the start.
    pub fn resync(&mut self, open: &[Alert], now: Now) {
        let known: BTreeSet<String> = open.iter().map(alert_key).collect();
        let gone: Vec<Alert> = self
            .state
            .members
            .values()
            .filter(|member| member.is_open() && !known.contains(&alert_key(&member.alert)))
            .map(|member| member.alert.clone())
            .collect();
        for mut alert in gone {
            alert.from = alert.to;
            alert.to = AlertState::Resolved;
            alert.cause = Cause::Unknown;
            (alert.row_at, alert.wall_at) = (now.wall, now.wall);
            self.alert(&alert, now);
        }
        for alert in open {
            let key = alert_key(alert);
            let is_known = self.places.get(&key).into_iter().flatten().any(|group| {
                let member = self.state.members.get(&member_key(group, &key));
                member.is_some_and(|m| m.alert.alert_id == alert.alert_id && m.alert.to == alert.to)
            });
            if !is_known {
                self.alert(alert, now);
            }
        }
    }

    /// Does what time asks for: tells groups whose wait is over, escalates, gives up.
    pub fn advance(&mut self, now: Now) {
        let at = self.tick(now);
        self.expire_silences(now.wall);
        if std::mem::take(&mut self.has_new_mutes) {
            self.hurry_unwaiting(at);
        }
        let sources = self.sources();
        let due: Vec<String> = self
            .state
            .groups
            .iter()
            .filter(|(_, group)| group.next_ms <= at)
            .map(|(key, _)| key.to_owned())
            .collect();
        for group in due {
            self.flush(&group, at, now.wall, &sources);
        }
        self.escalate(at, now.wall, &sources);
        self.give_up(at, now.wall);
    }

    /// How long from `now` until [`Dispatcher::advance`] or [`Dispatcher::take`] has something to do.
    #[must_use]
    pub fn next_due(&self, now: Now) -> Option<Duration> {
        let at = self.clock.at(now);
        let groups = self.state.groups.values().map(|group| group.next_ms);
        let due = groups.chain(self.escalation_due()).chain(self.lanes_due()).min();
        let silences = self.silence_change(now.wall);
        let due = due.map(|due| Duration::from_millis(due.saturating_sub(at)));
        due.into_iter().chain(silences).min()
    }

    /// The dispatcher's clock; it is written down with the next change.
    fn tick(&mut self, now: Now) -> u64 {
        let at = self.clock.at(now);
        let wall_ns = nanos::of(now.wall);
        self.state.change_meta(|meta| (meta.clock_ms, meta.wall_ns) = (at, wall_ns));
        at
    }

    /// Groups of an alert by the routes that take it; new ones are made.
    fn route(&mut self, labels: &Labels, at: u64) -> BTreeSet<String> {
        let mut groups = BTreeSet::new();
        for route in self.taking(labels) {
            let mut shared = labels.only(&route.group_by);
            let mut name = key(&route.name, &shared);
            if self.state.groups.get(&name).is_none() && self.state.groups.len() >= GROUPS_MAX {
                shared = Labels::new();
                name = key(&route.name, &shared);
            }
            if self.state.groups.get(&name).is_none() {
                let next_ms = at.saturating_add(millis(route.wait));
                let group = Group { route: route.name, labels: shared, next_ms, told_ms: None };
                self.state.groups.insert(&name, group);
            }
            groups.insert(name);
        }
        groups
    }

    /// Routes that take an alert with these labels; the last one, to the fallback, if no other does.
    fn taking(&self, labels: &Labels) -> Vec<Route> {
        let mut taking = Vec::new();
        for route in &self.routes {
            let is_last_resort = route.name == UNROUTED && !taking.is_empty();
            if route.takes(labels) && !is_last_resort {
                taking.push(route.clone());
                if route.then == Then::Stop {
                    break;
                }
            }
        }
        taking
    }

    fn follow(&mut self, group: &str, key: &str, alert: &Alert, is_muted: bool, at: u64) {
        let member_key = member_key(group, key);
        if self.state.members.get(&member_key).is_none() {
            if self.state.members.len() >= MEMBERS_MAX {
                self.refused = self.refused.saturating_add(1);
                return;
            }
            self.state.members.insert(&member_key, Member::new(alert.clone()));
            self.places.entry(key.to_owned()).or_default().insert(group.to_owned());
        }
        let Some(member) = self.state.members.get_mut(&member_key) else { return };
        member.see(alert.clone());
        member.is_news |= !is_muted && member.is_open();
        let last_told = member.last_told_ms;
        let Some(found) = self.state.groups.get(group) else { return };
        let Some(route) = self.routes.iter().find(|route| route.name == found.route) else {
            return;
        };
        let has_to_wait = found.told_ms.is_none() || !route.interval.is_zero();
        if has_to_wait && !route.is_urgent(alert.severity) {
            return;
        }
        let soonest = last_told.map_or(at, |told| told.saturating_add(SAME_ALERT_GAP_MS).max(at));
        if found.next_ms > soonest
            && let Some(found) = self.state.groups.get_mut(group)
        {
            found.next_ms = soonest;
        }
    }

    /// After a change of the configuration: members of groups whose route is gone go where they belong now,
    /// with what people know of them.
    fn leave_old_routes(&mut self) {
        let is_old = |group: &Group| self.routes.iter().all(|route| route.name != group.route);
        let old: Vec<String> = self
            .state
            .groups
            .iter()
            .filter(|(_, group)| is_old(group))
            .map(|(key, _)| key.to_owned())
            .collect();
        for group in old {
            self.state.groups.remove(&group);
            for key in self.members_of(&group) {
                let Some(member) = self.state.members.remove(&key) else { continue };
                let alert = alert_key(&member.alert);
                self.places.entry(alert.clone()).or_default().remove(&group);
                let labels = route_labels(&member.alert);
                for place in self.route(&labels, self.clock.ms) {
                    self.state.members.insert(&member_key(&place, &alert), member.clone());
                    self.places.entry(alert.clone()).or_default().insert(place);
                }
            }
        }
    }

    fn members_of(&self, group: &str) -> Vec<String> {
        let prefix = member_prefix(group);
        self.state.members.with_prefix(&prefix).map(|(key, _)| key.to_owned()).collect()
    }

    fn forget(&mut self, group: &str, member: &str) {
        if let Some(removed) = self.state.members.remove(member) {
            let key = alert_key(&removed.alert);
            if let Some(places) = self.places.get_mut(&key) {
                places.remove(group);
                if places.is_empty() {
                    self.places.remove(&key);
                }
            }
        }
    }

    fn note(&mut self, row: HistoryRow) {
        self.state.note(row, HISTORY_MAX);
    }

    /// What changed since the last call, to be written down before anything is sent.
    pub(crate) fn take_changes(&mut self) -> Result<Vec<Row>, serde_json::Error> {
        self.state.take_changes()
    }

    /// Everything, for a snapshot.
    pub(crate) fn save(&self) -> Result<Rows, serde_json::Error> {
        self.state.save()
    }

    /// Rows of history that nobody took yet, oldest first, at most `rows_max`.
    #[must_use]
    pub fn history(&self, rows_max: usize) -> Vec<HistoryRow> {
        self.state.history.values().take(rows_max).cloned().collect()
    }

    /// The first `count` rows of [`Dispatcher::history`] are kept elsewhere now.
    pub fn history_taken(&mut self, count: usize) {
        let keys: Vec<String> =
            self.state.history.iter().take(count).map(|(key, _)| key.to_owned()).collect();
        for key in keys {
            self.state.history.remove(&key);
        }
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
