//! Delivery as a thread: alerts in, messages out, and everything in between on disk.

mod clock;
mod config;
mod desk;
mod report;
mod worker;

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
        mpsc::{self, SyncSender, TrySendError},
    },
    thread::JoinHandle,
    time::{Duration, SystemTime},
};

use crate::Alert;
use crate::group::{Control, ControlError, Dispatcher, Status};
use crate::history::History;
use crate::notification::Notification;
use crate::notify::{Notify, NotifyError, Receipt};
use crate::outbox::{self, Outbox, OutboxError, control};
use crate::receiver::ReceiverError;
use crate::secret::Secrets;

pub use config::{DeliveryConfig, DeliveryProblem};
pub use report::{CloseError, Report, Undelivered};

use clock::Clock;
use desk::Desk;

/// Alerts that wait for the delivery thread; one more is refused, as a strategy's thread never waits.
const INPUTS_MAX: usize = 8_192;

/// Longest wait for an answer that the delivery thread gives at once.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// What the delivery thread is told.
enum Input {
    Alert(Box<Alert>),
    Resync(Vec<Alert>),
    Settled {
        receiver: String,
        result: Result<Receipt, NotifyError>,
        address: Option<u32>,
    },
    Control(Control, SyncSender<Result<String, ControlError>>),
    /// Nothing waits for its group any more.
    Hurry,
    /// Answered when everything before it is on disk.
    Flush(SyncSender<()>),
    Status(SyncSender<Status>),
    /// A deadline, and where the report goes.
    Close(Duration, SyncSender<Report>),
}

/// Why delivery cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The outbox cannot be used.
    #[error(transparent)]
    Outbox(OutboxError),
    /// A receiver cannot be made.
    #[error(transparent)]
    Receiver(ReceiverError),
    /// The configuration cannot be meant.
    #[error("{} problems in the configuration of delivery, the first: {key} is {found}, wanted {wanted}", problems.len())]
    Config {
        /// Where the first one is.
        key: String,
        /// What stands there.
        found: String,
        /// What could.
        wanted: String,
        /// All of them.
        problems: Vec<DeliveryProblem>,
    },
    /// No thread can be had.
    #[error("cannot start a thread")]
    Thread {
        /// What the system said.
        source: std::io::Error,
    },
}

/// An alert was not taken: too many wait. It is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("delivery is behind: {INPUTS_MAX} alerts wait already")]
#[non_exhaustive]
pub struct Refused {}

/// What a delivery needs besides its configuration.
#[derive(Default)]
#[non_exhaustive]
pub struct DeliveryPorts {
    history: Option<Box<dyn History>>,
    own: Vec<(String, Box<dyn Notify>)>,
}

impl std::fmt::Debug for DeliveryPorts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DeliveryPorts").field("own", &self.own.len()).finish_non_exhaustive()
    }
}

impl DeliveryPorts {
    /// No history, no receivers but those of the configuration.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Keeps history there.
    #[must_use]
    pub fn with_history(mut self, history: impl History + 'static) -> Self {
        self.history = Some(Box::new(history));
        self
    }

    /// The receiver that the configuration names as `own`.
    #[must_use]
    pub fn with_own(mut self, name: impl Into<String>, receiver: impl Notify + 'static) -> Self {
        self.own.push((name.into(), Box::new(receiver)));
        self
    }
}

/// Tells people. Owns a thread, and one for each receiver; needs no runtime.
#[derive(Debug)]
pub struct Delivery {
    inputs: SyncSender<Input>,
    thread: Option<JoinHandle<()>>,
    refused: Arc<AtomicU64>,
    dir: PathBuf,
    notes: Vec<String>,
}

impl Delivery {
    /// Starts delivery from the outbox in `dir`, which is made if need be; what waits there goes first.
    ///
    /// # Errors
    ///
    /// [`StartError`]: another process delivers from it, it cannot be read, or the configuration names what is
    /// not there. A receiver that cannot be reached is no error.
    pub fn start(
        dir: impl AsRef<Path>,
        config: &DeliveryConfig,
        secrets: &Secrets,
        ports: DeliveryPorts,
    ) -> Result<Self, StartError> {
        let problems = config.problems();
        if let Some(first) = problems.first().cloned() {
            let DeliveryProblem { key, found, wanted } = first;
            return Err(StartError::Config { key, found, wanted, problems });
        }
        let (outbox, loaded) = Outbox::open(dir.as_ref()).map_err(StartError::Outbox)?;
        let clock = Clock::start();
        let (mut dispatcher, failed) =
            Dispatcher::load(config.clone(), outbox::new_id(), &loaded.rows, clock.now());
        dispatcher.leave_old_receivers(clock.now().wall);
        let mut notes = loaded.notes;
        if failed > 0 {
            notes.push(format!("{failed} rows of the outbox could not be understood"));
        }
        let (inputs, from) = mpsc::sync_channel(INPUTS_MAX);
        let refused = Arc::new(AtomicU64::new(0));
        let receivers = worker::receivers(config, secrets, ports.own)?;
        let workers = worker::start(receivers, &dispatcher.stopped(), &inputs)?;
        let desk = Desk::new(dispatcher, outbox, workers, ports.history, clock);
        let thread = std::thread::Builder::new()
            .name("plimsoll-alerts".to_owned())
            .spawn(move || desk.run(&from))
            .map_err(|source| StartError::Thread { source })?;
        let dir = dir.as_ref().to_owned();
        Ok(Self { inputs, thread: Some(thread), refused, dir, notes })
    }

    /// What a person should know of the start: damage to the outbox that was repaired.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Where the outbox is.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Takes a change of an alert. Never waits: it is on disk when [`Delivery::flush`] returns.
    ///
    /// # Errors
    ///
    /// [`Refused`]: too many wait. It is counted in [`Delivery::refused`].
    pub fn tell(&self, alert: Alert) -> Result<(), Refused> {
        self.inputs.try_send(Input::Alert(Box::new(alert))).map_err(|error| {
            self.refused.fetch_add(1, Relaxed);
            match error {
                TrySendError::Full(_) | TrySendError::Disconnected(_) => Refused {},
            }
        })
    }

    /// Alerts that were refused.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused.load(Relaxed)
    }

    /// Brings what is known in step with what an engine says is open; see [`Dispatcher::resync`]. Waits while
    /// too many alerts wait.
    ///
    /// # Errors
    ///
    /// [`Refused`] if the delivery thread has ended.
    pub fn resync(&self, open: Vec<Alert>) -> Result<(), Refused> {
        self.inputs.send(Input::Resync(open)).map_err(|_| Refused {})
    }

    /// Tells now what waits for others of its group.
    ///
    /// # Errors
    ///
    /// [`Refused`] if the delivery thread has ended.
    pub fn hurry(&self) -> Result<(), Refused> {
        self.inputs.send(Input::Hurry).map_err(|_| Refused {})
    }

    /// Waits until everything told so far is on disk. Returns whether it is, within `timeout`.
    #[must_use]
    pub fn flush(&self, timeout: Duration) -> bool {
        let (answer, answered) = mpsc::sync_channel(1);
        self.inputs.send(Input::Flush(answer)).is_ok() && answered.recv_timeout(timeout).is_ok()
    }

    /// Does what a person wants; see [`Dispatcher::control`].
    ///
    /// # Errors
    ///
    /// [`ControlError`]: nothing was changed.
    pub fn control(&self, control: Control) -> Result<String, ControlError> {
        let (answer, answered) = mpsc::sync_channel(1);
        let sent = self.inputs.send(Input::Control(control, answer));
        sent.ok()
            .and_then(|()| answered.recv_timeout(ANSWER_MAX).ok())
            .unwrap_or(Err(ControlError::NoAnswer))
    }

    /// How things stand. `None` if the delivery thread does not answer.
    #[must_use]
    pub fn status(&self) -> Option<Status> {
        let (answer, answered) = mpsc::sync_channel(1);
        self.inputs.send(Input::Status(answer)).ok()?;
        answered.recv_timeout(ANSWER_MAX).ok()
    }

    /// Tells everything that still waits for others, delivers for at most `timeout`, and ends.
    ///
    /// # Errors
    ///
    /// [`CloseError::Undelivered`] with what was not delivered: it is in the outbox, and goes first at the next
    /// start.
    pub fn close(mut self, timeout: Duration) -> Result<Report, CloseError> {
        let (answer, answered) = mpsc::sync_channel(1);
        let sent = self.inputs.send(Input::Close(timeout, answer));
        let report =
            sent.ok().and_then(|()| answered.recv_timeout(timeout.saturating_add(ANSWER_MAX)).ok());
        let thread = self.thread.take();
        let Some(mut report) = report else { return Err(CloseError::Died) };
        drop(thread.map(JoinHandle::join));
        report.refused = self.refused();
        if report.undelivered.is_empty() {
            Ok(report)
        } else {
            Err(CloseError::Undelivered { report })
        }
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        if self.thread.is_some() {
            // Best effort: what waits stays in the outbox.
            let (answer, _) = mpsc::sync_channel(1);
            drop(self.inputs.try_send(Input::Close(Duration::ZERO, answer)));
        }
    }
}

/// How delivery from an outbox stands, also while another process delivers from it.
///
/// # Errors
///
/// [`OutboxError::Absent`] if there is none, and whatever reading meets.
pub fn status(
    dir: &Path,
    config: DeliveryConfig,
    now: SystemTime,
) -> Result<(Status, Option<String>), OutboxError> {
    let rows = outbox::read(dir)?;
    let now_both = Clock::start().now_at(now);
    let (dispatcher, _) = Dispatcher::load(config, String::new(), &rows, now_both);
    Ok((dispatcher.status(now), outbox::holder(dir)))
}

/// Does what a person wants at an outbox: by the process that delivers from it, or here if none does.
///
/// # Errors
///
/// [`control::AskError`]: it was refused, or nobody answered within `timeout`.
pub fn ask(
    dir: &Path,
    config: DeliveryConfig,
    wish: &Control,
    timeout: Duration,
) -> Result<String, control::AskError> {
    match Outbox::open(dir) {
        Ok((mut outbox, loaded)) => {
            let now = Clock::start().now();
            let (mut dispatcher, _) = Dispatcher::load(config, outbox::new_id(), &loaded.rows, now);
            let answer = dispatcher.control(wish, now).map_err(control::AskError::Refused)?;
            let rows = dispatcher.take_changes().map_err(control::AskError::unreadable)?;
            outbox.write(&rows).map_err(control::AskError::Outbox)?;
            Ok(answer)
        }
        Err(OutboxError::Held { .. }) => control::ask(dir, wish, timeout),
        Err(error) => Err(control::AskError::Outbox(error)),
    }
}

/// Sends a test to one receiver, past all queues. Returns its receipt and how long it took.
///
/// # Errors
///
/// Why it did not arrive.
pub fn test_receiver(
    name: &str,
    config: &DeliveryConfig,
    secrets: &Secrets,
) -> Result<(Receipt, Duration), TestError> {
    let of = config.receivers.get(name);
    let of = of.ok_or_else(|| ReceiverError::Unknown { receiver: name.to_owned() });
    let mut receiver = crate::receiver::receiver(name, of.map_err(TestError::Receiver)?, secrets)
        .map_err(TestError::Receiver)?;
    let clock = Clock::start();
    let notification =
        Notification::test(format!("test-{}", outbox::new_id()), name, clock.now().wall);
    let receipt = receiver.notify(&notification).map_err(TestError::Notify)?;
    Ok((receipt, clock.now().monotonic))
}

/// Why a test did not arrive.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TestError {
    /// There is no such receiver.
    #[error(transparent)]
    Receiver(ReceiverError),
    /// It was not taken.
    #[error(transparent)]
    Notify(NotifyError),
}
