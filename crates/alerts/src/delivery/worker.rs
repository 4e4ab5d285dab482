//! A thread for each receiver, so that one that hangs holds up no other.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc::{self, Receiver, SyncSender},
};

use super::{DeliveryConfig, Input, StartError};
use crate::notification::Notification;
use crate::notify::{Notify, NotifyError, Receipt};
use crate::receiver::{ReceiverConfig, ReceiverError, STDERR, Stderr, receiver};
use crate::secret::Secrets;

/// The way to a receiver's thread; it takes one message at a time.
#[derive(Debug)]
pub(super) struct Worker {
    jobs: SyncSender<Notification>,
}

impl Worker {
    /// Hands over a message. Whether the thread is there.
    pub(super) fn send(&self, notification: Notification) -> bool {
        self.jobs.try_send(notification).is_ok()
    }
}

/// All receivers of a configuration, and standard error.
pub(super) fn receivers(
    config: &DeliveryConfig,
    secrets: &Secrets,
    own: Vec<(String, Box<dyn Notify>)>,
) -> Result<BTreeMap<String, Box<dyn Notify>>, StartError> {
    let mut own: BTreeMap<String, Box<dyn Notify>> = own.into_iter().collect();
    let mut made: BTreeMap<String, Box<dyn Notify>> = BTreeMap::new();
    for (name, config) in &config.receivers {
        let notify = match config {
            ReceiverConfig::Own {} => own.remove(name).ok_or_else(|| {
                StartError::Receiver(ReceiverError::Unknown { receiver: name.clone() })
            })?,
            config => receiver(name, config, secrets).map_err(StartError::Receiver)?,
        };
        made.insert(name.clone(), notify);
    }
    made.entry(STDERR.to_owned()).or_insert_with(|| Box::new(Stderr::new()));
    Ok(made)
}

/// Starts the threads. Those that said that they are gone are not asked before their address has changed.
pub(super) fn start(
    receivers: BTreeMap<String, Box<dyn Notify>>,
    stopped: &[(String, Option<u32>)],
    answers: &SyncSender<Input>,
) -> Result<BTreeMap<String, Worker>, StartError> {
    let mut workers = BTreeMap::new();
    for (name, notify) in receivers {
        let stop = stopped.iter().find(|(stopped, _)| *stopped == name);
        let state = State {
            name: name.clone(),
            notify,
            gone_at: stop.and_then(|(_, address)| *address),
            answers: answers.clone(),
        };
        let (jobs, from) = mpsc::sync_channel(1);
        std::thread::Builder::new()
            .name(format!("plimsoll-to-{name}").chars().take(15).collect())
            .spawn(move || state.run(&from))
            .map_err(|source| StartError::Thread { source })?;
        workers.insert(name, Worker { jobs });
    }
    Ok(workers)
}

struct State {
    name: String,
    notify: Box<dyn Notify>,
    /// The address at which it said that it is gone.
    gone_at: Option<u32>,
    answers: SyncSender<Input>,
}

impl State {
    fn run(mut self, jobs: &Receiver<Notification>) {
        // What it cannot make ready now it will say with the first message.
        let _panicked = catch_unwind(AssertUnwindSafe(|| self.notify.warm_up()));
        while let Ok(notification) = jobs.recv() {
            let (result, address) = self.ask(&notification);
            let answer = Input::Settled { receiver: self.name.clone(), result, address };
            if self.answers.send(answer).is_err() {
                return;
            }
        }
    }

    fn ask(&mut self, notification: &Notification) -> (Result<Receipt, NotifyError>, Option<u32>) {
        if self.gone_at.is_some() && self.gone_at == self.notify.address() {
            let receiver = self.name.clone();
            let detail = "it said so before, and its address is the same".to_owned();
            return (Err(NotifyError::Gone { receiver, detail }), self.gone_at);
        }
        // A receiver of another program may panic; the thread has to answer all the same.
        let asked = catch_unwind(AssertUnwindSafe(|| self.notify.notify(notification)));
        let result = asked.unwrap_or_else(|_| {
            let detail = "it panicked".to_owned();
            Err(NotifyError::Unreachable { receiver: self.name.clone(), detail })
        });
        self.gone_at = match &result {
            Err(NotifyError::Gone { .. }) => self.notify.address(),
            _ => None,
        };
        (result, self.gone_at)
    }
}
