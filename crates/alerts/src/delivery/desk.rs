//! The delivery thread: one round after the other, each on disk before anything of it is sent.

use std::{
    collections::BTreeMap,
    sync::mpsc::{Receiver, RecvTimeoutError, SyncSender},
    time::Duration,
};

use super::Input;
use super::clock::Clock;
use super::report::{Report, Undelivered};
use super::worker::Worker;
use crate::Now;
use crate::group::Dispatcher;
use crate::history::History;
use crate::notification::headline;
use crate::notify::NotifyError;
use crate::outbox::{Outbox, OutboxError, control};

/// Inputs that are taken in one round, and share one write.
const BATCH_MAX: usize = 512;

/// How often wishes of other processes are looked for, and longest sleep.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Rows of history offered at once, and the wait after they were refused.
const HISTORY_ROWS: usize = 256;
const HISTORY_AGAIN: Duration = Duration::from_secs(5);

/// Wait before a disk that failed is tried again.
const DISK_AGAIN: Duration = Duration::from_secs(1);

pub(super) struct Desk {
    dispatcher: Dispatcher,
    outbox: Outbox,
    workers: BTreeMap<String, Worker>,
    history: Option<Box<dyn History>>,
    clock: Clock,
    looked_at: Duration,
    history_not_before: Duration,
    disk_not_before: Duration,
    outbox_error: Option<String>,
    flushes: Vec<SyncSender<()>>,
    closing: Option<(Duration, SyncSender<Report>)>,
    delivered_before: u64,
    dead_before: u64,
}

impl Desk {
    pub(super) fn new(
        dispatcher: Dispatcher,
        outbox: Outbox,
        workers: BTreeMap<String, Worker>,
        history: Option<Box<dyn History>>,
        clock: Clock,
    ) -> Self {
        let status = dispatcher.status(clock.now().wall);
        Self {
            dispatcher,
            outbox,
            workers,
            history,
            clock,
            looked_at: Duration::ZERO,
            history_not_before: Duration::ZERO,
            disk_not_before: Duration::ZERO,
            outbox_error: None,
            flushes: Vec::new(),
            closing: None,
            delivered_before: status.delivered,
            dead_before: status.dead,
        }
    }

    pub(super) fn run(mut self, inputs: &Receiver<Input>) {
        loop {
            let is_orphaned = self.take_inputs(inputs);
            let now = self.clock.now();
            self.look_for_wishes(now);
            self.dispatcher.advance(now);
            self.write(now);
            self.send(now);
            self.offer_history(now);
            if self.is_over(now, is_orphaned) {
                self.write(now);
                return self.report();
            }
        }
    }

    /// Waits for something to do and takes what is there. Whether nobody can send anything any more.
    fn take_inputs(&mut self, inputs: &Receiver<Input>) -> bool {
        let due = self.dispatcher.next_due(self.clock.now()).unwrap_or(LOOK_EVERY);
        match inputs.recv_timeout(due.min(LOOK_EVERY)) {
            Ok(input) => self.handle(input),
            Err(RecvTimeoutError::Timeout) => return false,
            Err(RecvTimeoutError::Disconnected) => return true,
        }
        for input in inputs.try_iter().take(BATCH_MAX) {
            self.handle(input);
        }
        false
    }

    fn handle(&mut self, input: Input) {
        let now = self.clock.now();
        match input {
            Input::Alert(alert) => self.dispatcher.alert(&alert, now),
            Input::Resync(open) => self.dispatcher.resync(&open, now),
            Input::Settled { receiver, result, address } => {
                let is_gone = matches!(result, Err(NotifyError::Gone { .. }));
                self.dispatcher.settle(&receiver, result, now);
                if is_gone {
                    self.dispatcher.stopped_at(&receiver, address);
                }
            }
            Input::Control(control, answer) => {
                drop(answer.try_send(self.dispatcher.control(&control, now)));
            }
            Input::Hurry => self.dispatcher.hurry_all(now),
            Input::Flush(answer) => self.flushes.push(answer),
            Input::Status(answer) => {
                let mut status = self.dispatcher.status(now.wall);
                status.outbox_error.clone_from(&self.outbox_error);
                drop(answer.try_send(status));
            }
            Input::Close(timeout, answer) => {
                self.dispatcher.hurry_all(now);
                self.closing = Some((now.monotonic.saturating_add(timeout), answer));
            }
        }
    }

    /// Wishes that other processes left as files.
    fn look_for_wishes(&mut self, now: Now) {
        if now.monotonic.saturating_sub(self.looked_at) < LOOK_EVERY {
            return;
        }
        self.looked_at = now.monotonic;
        let dispatcher = &mut self.dispatcher;
        let (outbox, error) = (&mut self.outbox, &mut self.outbox_error);
        let dir = outbox.dir().to_owned();
        let taken = control::take(&dir, |wish| {
            let answer = dispatcher.control(wish, now);
            let written = dispatcher
                .take_changes()
                .map_err(|e| e.to_string())
                .and_then(|rows| outbox.write(&rows).map_err(|e| shown(&e)));
            *error = written.err().or_else(|| error.take());
            answer
        });
        if let Err(failed) = taken {
            self.outbox_error = Some(failed.to_string());
        }
    }

    /// Everything that was decided goes to disk. A disk that fails stops no message: it is told, and tried
    /// again.
    fn write(&mut self, now: Now) {
        let rows = self.dispatcher.take_changes();
        let written = match rows {
            Ok(rows) => self.outbox.write(&rows).map_err(|error| shown(&error)),
            Err(error) => Err(error.to_string()),
        };
        if let Err(error) = written {
            self.outbox_error = Some(error);
        }
        if self.outbox.wants_compaction() && now.monotonic >= self.disk_not_before {
            let compacted = self
                .dispatcher
                .save()
                .map_err(|error| error.to_string())
                .and_then(|rows| self.outbox.compact(&rows).map_err(|error| shown(&error)));
            match compacted {
                Ok(()) => self.outbox_error = None,
                Err(error) => {
                    self.outbox_error = Some(error);
                    self.disk_not_before = now.monotonic.saturating_add(DISK_AGAIN);
                }
            }
        }
        if self.outbox_error.is_none() {
            for answer in self.flushes.drain(..) {
                // Who asked may have given up.
                let _asked_no_more = answer.try_send(());
            }
        }
    }

    fn send(&mut self, now: Now) {
        for (name, worker) in &self.workers {
            let Some(notification) = self.dispatcher.take(name, now) else { continue };
            if !worker.send(notification) {
                let detail = "its thread has ended".to_owned();
                let error = NotifyError::Unreachable { receiver: name.clone(), detail };
                self.dispatcher.settle(name, Err(error), now);
            }
        }
    }

    fn offer_history(&mut self, now: Now) {
        let Some(history) = &mut self.history else {
            self.dispatcher.history_taken(usize::MAX);
            return;
        };
        if now.monotonic < self.history_not_before {
            return;
        }
        let rows = self.dispatcher.history(HISTORY_ROWS);
        if rows.is_empty() {
            return;
        }
        match history.record(&rows) {
            Ok(()) => self.dispatcher.history_taken(rows.len()),
            Err(_) => self.history_not_before = now.monotonic.saturating_add(HISTORY_AGAIN),
        }
    }

    fn is_over(&self, now: Now, is_orphaned: bool) -> bool {
        let Some((until, _)) = &self.closing else { return is_orphaned };
        let has_history = self.history.is_some() && !self.dispatcher.history(1).is_empty();
        let is_done = self.dispatcher.is_quiet() && !has_history;
        is_done || now.monotonic >= *until
    }

    fn report(self) {
        let status = self.dispatcher.status(self.clock.now().wall);
        let undelivered = self.dispatcher.waiting().map(|(attempts, notification)| Undelivered {
            id: notification.id.clone(),
            receiver: notification.receiver.clone(),
            headline: headline(notification),
            attempts,
        });
        let report = Report {
            delivered: status.delivered.saturating_sub(self.delivered_before),
            dead: status.dead.saturating_sub(self.dead_before),
            refused: 0,
            undelivered: undelivered.collect(),
            outbox_error: self.outbox_error,
        };
        // The lock goes before the answer, so that a close that returned lets the next one start.
        drop(self.outbox);
        if let Some((_, answer)) = self.closing {
            drop(answer.try_send(report));
        }
    }
}

/// An error with its cause, in a line.
fn shown(error: &OutboxError) -> String {
    use std::error::Error as _;
    error.source().map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
}
