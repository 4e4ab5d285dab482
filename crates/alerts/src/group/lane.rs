//! The queue of one receiver: one message at a time, in order.

use std::{
    collections::VecDeque,
    time::{Duration, SystemTime},
};

use super::state::{Dead, Message, Messages, Queued, Stopped, key_number, message_key, number_key};
use super::{Dispatcher, millis, state};
use crate::Now;
use crate::history::HistoryRow;
use crate::notification::{Earlier, Item, News, Notification, alert_key};
use crate::notify::{NotifyError, Receipt};

/// First and longest pause after a failure.
const BACKOFF_MS: (u64, u64) = (250, 60_000);

/// Longest pause that a receiver may ask for; one that asks for more is asked again after this.
const PAUSE_MAX: Duration = Duration::from_secs(15 * 60);

/// Messages of one group that are brought up to date; older ones stay as they are.
const MESSAGES_MAX: usize = 8;

/// Dead letters that are kept; of older ones only the number is known.
const DEAD_MAX: usize = 1_000;

/// What is known of one receiver since the start.
#[derive(Debug, Clone, Default)]
pub(super) struct Lane {
    waiting: VecDeque<u64>,
    in_flight: Option<u64>,
    /// The greatest number that was tried, perhaps by the process before this one.
    tried_upto: u64,
    pub(super) not_before_ms: u64,
    pub(super) failures: u32,
    pub(super) last_error: Option<String>,
}

impl Lane {
    pub(super) fn push(&mut self, number: u64) {
        self.waiting.push_back(number);
    }

    /// Numbers that wait, the oldest first; the one in flight is the first.
    pub(super) fn waiting(&self) -> impl DoubleEndedIterator<Item = u64> {
        self.waiting.iter().copied()
    }

    pub(super) fn was_tried(&self, number: u64) -> bool {
        number <= self.tried_upto
    }

    fn remove(&mut self, number: u64) {
        self.waiting.retain(|waiting| *waiting != number);
    }
}

impl Dispatcher {
    /// The next message for a receiver, if it is its time. It is in flight until [`Dispatcher::settle`].
    pub fn take(&mut self, receiver: &str, now: Now) -> Option<Notification> {
        let at = self.clock.at(now);
        let lane = self.lanes.get_mut(receiver)?;
        if lane.in_flight.is_some() || lane.not_before_ms > at {
            return None;
        }
        let number = lane.waiting.front().copied()?;
        lane.in_flight = Some(number);
        lane.tried_upto = lane.tried_upto.max(number);
        let mut notification = self.state.queue.get(&number_key(number))?.notification.clone();
        notification.earlier = self.earlier(&notification);
        Some(notification)
    }

    /// What became of the message in flight.
    pub fn settle(&mut self, receiver: &str, result: Result<Receipt, NotifyError>, now: Now) {
        let at = self.tick(now);
        let Some(lane) = self.lanes.get_mut(receiver) else { return };
        let Some(number) = lane.in_flight.take() else { return };
        let key = number_key(number);
        let Some(queued) = self.state.queue.get_mut(&key) else { return };
        queued.attempts = queued.attempts.saturating_add(1);
        let queued = queued.clone();
        self.note_attempt(&queued, &result, now.wall);
        match result {
            Ok(receipt) => self.delivered(number, &queued, &receipt, at),
            Err(error) => self.failed(number, &queued, &error, at, now.wall),
        }
    }

    fn delivered(&mut self, number: u64, queued: &Queued, receipt: &Receipt, at: u64) {
        let receiver = &queued.notification.receiver;
        if let Some(lane) = self.lanes.get_mut(receiver) {
            lane.failures = 0;
            lane.last_error = None;
            lane.not_before_ms = at.saturating_add(millis(receipt.pause.min(PAUSE_MAX)));
            lane.remove(number);
        }
        self.state.queue.remove(&number_key(number));
        self.state.stopped.remove(receiver);
        self.state.change_meta(|meta| meta.delivered = meta.delivered.saturating_add(1));
        self.keep_message(&queued.notification, receipt, at);
    }

    fn failed(
        &mut self,
        number: u64,
        queued: &Queued,
        error: &NotifyError,
        at: u64,
        wall: SystemTime,
    ) {
        let receiver = queued.notification.receiver.clone();
        let detail = error.to_string();
        if let Some(lane) = self.lanes.get_mut(&receiver) {
            lane.last_error = Some(detail.clone());
            let pause = match error {
                NotifyError::RateLimited { retry_after, .. } => {
                    millis((*retry_after).min(PAUSE_MAX))
                }
                NotifyError::Unreachable { .. } => {
                    lane.failures = lane.failures.saturating_add(1);
                    backoff_ms(lane.failures, number)
                }
                NotifyError::Refused { .. } | NotifyError::Gone { .. } => 0,
            };
            lane.not_before_ms = at.saturating_add(pause);
        }
        match error {
            NotifyError::RateLimited { retry_after, is_global: true, .. } => {
                self.pause_alike(
                    &receiver,
                    at.saturating_add(millis((*retry_after).min(PAUSE_MAX))),
                );
            }
            NotifyError::RateLimited { .. } | NotifyError::Unreachable { .. } => {}
            NotifyError::Refused { .. } => self.bury(number, &detail, wall),
            NotifyError::Gone { .. } => {
                let stopped = Stopped { address: None, detail: detail.clone(), at: wall };
                self.state.stopped.insert(&receiver, stopped);
                self.bury(number, &detail, wall);
            }
        }
    }

    /// Receivers of the same service wait as well.
    fn pause_alike(&mut self, receiver: &str, until_ms: u64) {
        let kind = |name: &str| self.config.receivers.get(name).map(std::mem::discriminant);
        let of = kind(receiver);
        let alike: Vec<String> =
            self.lanes.keys().filter(|name| kind(name) == of).cloned().collect();
        for name in alike {
            if let Some(lane) = self.lanes.get_mut(&name) {
                lane.not_before_ms = lane.not_before_ms.max(until_ms);
            }
        }
    }

    /// The address at which a receiver said that it is gone.
    pub(crate) fn stopped_at(&mut self, receiver: &str, address: Option<u32>) {
        if let Some(stopped) = self.state.stopped.get_mut(receiver) {
            stopped.address = address;
        }
    }

    /// Receivers that said that they are gone, with the address at which they did.
    pub(crate) fn stopped(&self) -> Vec<(String, Option<u32>)> {
        self.state
            .stopped
            .iter()
            .map(|(name, stopped)| (name.to_owned(), stopped.address))
            .collect()
    }

    /// Messages that waited too long: the fallback is told, in the end they are given up.
    pub(super) fn give_up(&mut self, at: u64, wall: SystemTime) {
        let (soft, hard) = self.patience();
        let mut old: Vec<(u64, bool)> = Vec::new();
        for lane in self.lanes.values() {
            for number in lane.waiting() {
                let Some(queued) = self.state.queue.get(&number_key(number)) else { continue };
                let age = at.saturating_sub(queued.queued_ms);
                if age < soft.min(hard) {
                    break;
                }
                let is_free = lane.in_flight != Some(number);
                if (age >= hard && is_free) || (age >= soft && !queued.fell_back) {
                    old.push((number, age >= hard && is_free));
                }
            }
        }
        for (number, is_dead) in old {
            let receiver = self.state.queue.get(&number_key(number)).map(|queued| {
                let receiver = queued.notification.receiver.clone();
                let error = self.lanes.get(&receiver).and_then(|lane| lane.last_error.clone());
                (receiver, error)
            });
            let Some((receiver, error)) = receiver else { continue };
            let error =
                error.unwrap_or_else(|| format!("receiver `{receiver}` has not answered yet"));
            if is_dead {
                self.bury(number, &format!("given up: {error}"), wall);
            } else {
                self.fall_back(number, &error);
            }
        }
    }

    fn patience(&self) -> (u64, u64) {
        (millis(self.config.fallback_after), millis(self.config.give_up_after))
    }

    /// A message is never delivered to its receiver: the fallback is told, and it is kept as a dead letter.
    fn bury(&mut self, number: u64, detail: &str, wall: SystemTime) {
        self.fall_back(number, detail);
        let key = number_key(number);
        let Some(queued) = self.state.queue.remove(&key) else { return };
        if let Some(lane) = self.lanes.get_mut(&queued.notification.receiver) {
            lane.remove(number);
        }
        self.state.change_meta(|meta| meta.dead = meta.dead.saturating_add(1));
        let (notification, attempts) = (queued.notification, queued.attempts);
        let dead = Dead { notification, attempts, detail: detail.to_owned(), at: wall };
        self.state.dead.insert(&key, dead);
        if self.state.dead.len() > DEAD_MAX {
            let oldest = self.state.dead.iter().next().map(|(key, _)| key.to_owned());
            oldest.map(|key| self.state.dead.remove(&key));
        }
    }

    /// Tells the fallback once, with the same id and why it is told.
    fn fall_back(&mut self, number: u64, why: &str) {
        let fallback = self.config.fallback.clone();
        let Some(queued) = self.state.queue.get_mut(&number_key(number)) else { return };
        if queued.fell_back {
            return;
        }
        queued.fell_back = true;
        if queued.notification.receiver == fallback {
            return;
        }
        let mut notification = queued.notification.clone();
        notification.note = Some(why.to_owned());
        notification.receiver = fallback;
        let (_, number) = self.next_id();
        let queued_ms = self.state.meta().clock_ms;
        self.enqueue(number, Queued { notification, queued_ms, attempts: 0, fell_back: false });
    }

    /// Messages of the same group at the same receiver, as they should read now.
    fn earlier(&self, notification: &Notification) -> Vec<Earlier> {
        let key = message_key(&notification.receiver, &notification.group);
        let Some(Messages(messages)) = self.state.messages.get(&key) else { return Vec::new() };
        let of = |message: &Message| Earlier {
            message_id: message.message_id.clone(),
            items: updated(&message.items, &notification.items),
        };
        messages.iter().map(of).collect()
    }

    fn keep_message(&mut self, notification: &Notification, receipt: &Receipt, at: u64) {
        let key = message_key(&notification.receiver, &notification.group);
        let mut messages = self.state.messages.get(&key).cloned().unwrap_or_default().0;
        for message in &mut messages {
            message.items = updated(&message.items, &notification.items);
        }
        if let Some(message_id) =
            receipt.message_id.clone().filter(|_| !notification.items.is_empty())
            && messages.iter().all(|message| message.message_id != message_id)
        {
            let items = notification.items.clone();
            messages.push(Message { message_id, items, sent_ms: at });
        }
        messages.retain(|message| message.items.iter().any(Item::is_open));
        let surplus = messages.len().saturating_sub(MESSAGES_MAX);
        messages.drain(..surplus);
        if !messages.is_empty() {
            self.state.messages.insert(&key, Messages(messages));
        } else if self.state.messages.get(&key).is_some() {
            self.state.messages.remove(&key);
        }
    }

    fn note_attempt(
        &mut self,
        queued: &Queued,
        result: &Result<Receipt, NotifyError>,
        wall: SystemTime,
    ) {
        let notification = &queued.notification;
        let items = notification.items.iter().map(Some);
        let items: Vec<Option<&Item>> =
            if notification.items.is_empty() { vec![None] } else { items.collect() };
        for item in items {
            let mut row = HistoryRow::delivery(notification, item, wall);
            row.attempts = queued.attempts;
            row.delivered = Some(result.is_ok());
            match result {
                Ok(receipt) => row.message_id = receipt.message_id.clone().unwrap_or_default(),
                Err(error) => row.detail = error.to_string(),
            }
            self.note(row);
        }
    }

    /// When something waits in a lane, the moment at which there is something to do.
    pub(super) fn lanes_due(&self) -> impl Iterator<Item = u64> {
        let (soft, hard) = self.patience();
        self.lanes.values().flat_map(move |lane| {
            let front = lane.waiting.front().and_then(|n| self.state.queue.get(&number_key(*n)));
            let is_free = front.is_some() && lane.in_flight.is_none();
            let ready = is_free.then_some(lane.not_before_ms);
            let unhappy = lane
                .waiting()
                .filter_map(|number| self.state.queue.get(&number_key(number)))
                .find(|queued| !queued.fell_back);
            let soft = unhappy.map(|queued| queued.queued_ms.saturating_add(soft));
            let hard = front.filter(|_| is_free).map(|q| q.queued_ms.saturating_add(hard));
            ready.into_iter().chain(soft).chain(hard)
        })
    }

    /// Queues of what was loaded. All of it may have been tried before.
    pub(super) fn fill_lanes(&mut self) {
        for (key, queued) in self.state.queue.iter() {
            let number = key_number(key);
            let lane = self.lanes.entry(queued.notification.receiver.clone()).or_default();
            lane.push(number);
            lane.tried_upto = number;
        }
    }

    /// Names of receivers that something waits for and that are not in the configuration any more: what waits
    /// goes to the fallback.
    pub(crate) fn leave_old_receivers(&mut self, wall: SystemTime) {
        let known: Vec<&str> = self.config.names().collect();
        let is_old = |name: &&String| !known.contains(&name.as_str());
        let old: Vec<String> = self.lanes.keys().filter(is_old).cloned().collect();
        for receiver in old {
            let numbers: Vec<u64> =
                self.lanes.get(&receiver).into_iter().flat_map(Lane::waiting).collect();
            for number in numbers {
                let detail = format!("receiver `{receiver}` is not in the configuration any more");
                self.bury(number, &detail, wall);
            }
            self.lanes.remove(&receiver);
        }
    }
}

/// Adds an item to a message that was not tried yet, so that it tells both.
pub(super) fn fold_item(items: &mut Vec<Item>, new: &Item) {
    let key = alert_key(&new.alert);
    let Some(old) = items.iter_mut().find(|item| alert_key(&item.alert) == key) else {
        items.push(new.clone());
        return;
    };
    let flaps = old.flaps.saturating_add(new.flaps);
    let (news, flaps) = match (old.news, new.news) {
        (News::Fired | News::Brief, News::Resolved) => (News::Brief, flaps),
        (News::Brief, News::Fired) => (News::Fired, flaps.saturating_add(1)),
        (News::Resolved, News::Fired) => (News::FiredAgain, flaps.saturating_add(1)),
        (News::Resolved, News::Brief) => (News::Resolved, flaps.saturating_add(1)),
        (News::Fired, News::FiredAgain | News::Changed | News::Still | News::Unmuted) => {
            (News::Fired, flaps)
        }
        (old, News::Still) => (old, flaps),
        (_, new) => (new, flaps),
    };
    let limit = new.alert.threshold;
    old.peak_value = state::worse(old.peak_value, new.peak_value, limit);
    old.first_fired_at = old.first_fired_at.or(new.first_fired_at);
    (old.news, old.flaps) = (news, flaps);
    old.alert = new.alert.clone();
    (old.muted, old.acked_by) = (new.muted.clone(), new.acked_by.clone());
}

/// Items of a message with what is known of them now.
fn updated(items: &[Item], news: &[Item]) -> Vec<Item> {
    let of = |old: &Item| {
        let key = alert_key(&old.alert);
        news.iter().find(|new| alert_key(&new.alert) == key).unwrap_or(old).clone()
    };
    items.iter().map(of).collect()
}

/// Doubling pauses with a spread of a fifth, so that many do not come back at once.
fn backoff_ms(failures: u32, number: u64) -> u64 {
    let (first, last) = BACKOFF_MS;
    let doubled =
        first.saturating_mul(1_u64.checked_shl(failures.saturating_sub(1)).unwrap_or(u64::MAX));
    let pause = doubled.min(last);
    let spread = number.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(u64::from(failures)) % 41;
    // From 80 to 120 hundredths.
    pause.saturating_mul(spread.saturating_add(80)) / 100
}
