//! The embedded store: one thread writes, in transactions that whole requests share.

mod upkeep;

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Instant;

use plimsoll_metrics::{Batch, SinkError, SqliteOptions};
use tokio::sync::{oneshot, watch};

use crate::behind::{Behind, Rows};
use crate::counts::Counts;
use crate::follow::Follower;
use crate::ingest::{Body, Registry};
use crate::memory::Held;
use crate::station::StartError;

pub(crate) use upkeep::Upkeep;

/// Requests that wait to be written; each holds its own part of the memory bound.
const QUEUE: usize = 256;
/// Rows from which a transaction takes no further request.
const ROWS_PER_COMMIT: usize = 20_000;
/// Why a request is not in the store.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum Refusal {
    /// The same request may be taken later.
    #[error("{reason}")]
    Later { reason: String },
    /// A row that the store will never take.
    #[error("{reason}")]
    Never { reason: String },
    /// A person must act.
    #[error("{reason}")]
    Broken { reason: String },
}

/// A request that was read.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) body: Body,
    pub(crate) done: oneshot::Sender<Result<(), Refusal>>,
    /// Its part of the memory bound, until its rows were written and followed.
    pub(crate) held: Held,
}

/// What the writer is told.
#[derive(Debug)]
enum Order {
    Write(Job),
    Stop,
}

/// The way to the writer; clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Writer {
    orders: SyncSender<Order>,
    pub(crate) registry: Arc<Registry>,
}

impl Writer {
    /// Starts the thread. `changed` counts commits.
    pub(crate) fn start(
        behind: &Behind,
        options: &SqliteOptions,
        is_open: bool,
        ends: Ends,
    ) -> Result<(Self, JoinHandle<()>), StartError> {
        let store = |source: Box<dyn std::error::Error + Send + Sync>| StartError::Store {
            path: behind.name(),
            source,
        };
        let sink = behind.write(options).map_err(store)?;
        behind.create_tables().map_err(store)?;
        // Only tables that clients made are asked for, so a server may still be away otherwise.
        let existing = if is_open { behind.tables().map_err(store)? } else { Vec::new() };
        let registry = Arc::new(Registry::new(is_open, &existing));
        let (orders, queue) = sync_channel(QUEUE);
        let known = Arc::clone(&registry);
        let thread = Thread { sink, queue, registry: known, ends };
        let name = "plimsoll-store".to_owned();
        let run = move || thread.run();
        let thread = std::thread::Builder::new().name(name).spawn(run);
        let thread = thread.map_err(|source| StartError::Thread { source })?;
        Ok((Self { orders, registry }, thread))
    }

    /// Hands a request over; gives the reason back when too many wait.
    pub(crate) fn hand_over(&self, job: Job) -> Result<(), &'static str> {
        self.orders.try_send(Order::Write(job)).map_err(|error| match error {
            TrySendError::Full(_) => "too many requests wait for the store",
            TrySendError::Disconnected(_) => "the store is closed",
        })
    }

    /// Ends the thread once it has written what was handed over before.
    pub(crate) fn stop(&self) {
        // A thread that is gone has nothing to be told.
        drop(self.orders.send(Order::Stop));
    }
}

/// Who hears of a commit.
#[derive(Debug)]
pub(crate) struct Ends {
    pub(crate) counts: Arc<Counts>,
    pub(crate) changed: Arc<watch::Sender<u64>>,
    pub(crate) follower: Option<Follower>,
}

struct Thread {
    sink: Rows,
    queue: Receiver<Order>,
    registry: Arc<Registry>,
    ends: Ends,
}

impl Thread {
    fn run(mut self) {
        let mut is_wanted = true;
        while is_wanted {
            let Ok(Order::Write(first)) = self.queue.recv() else { break };
            let mut rows = first.body.rows;
            let mut jobs = vec![first];
            while rows < ROWS_PER_COMMIT {
                match self.queue.try_recv() {
                    Ok(Order::Write(job)) => {
                        rows = rows.saturating_add(job.body.rows);
                        jobs.push(job);
                    }
                    Ok(Order::Stop) => {
                        is_wanted = false;
                        break;
                    }
                    Err(_) => break,
                }
            }
            self.commit(jobs);
        }
        tracing::debug!("store closed");
    }

    fn commit(&mut self, mut jobs: Vec<Job>) {
        // Another request may have added columns since these were read.
        for job in &mut jobs {
            job.body.catch_up(&self.registry);
        }
        match self.write(&jobs) {
            Ok(()) => self.acknowledge(jobs),
            // One of several is at fault: each for itself.
            Err(SinkError::Reject { .. } | SinkError::Pause { .. }) if jobs.len() > 1 => {
                for job in jobs {
                    match self.write(std::slice::from_ref(&job)) {
                        Ok(()) => self.acknowledge(vec![job]),
                        Err(error) => refuse(job, &refusal(&error)),
                    }
                }
            }
            Err(error) => {
                let refusal = refusal(&error);
                jobs.into_iter().for_each(|job| refuse(job, &refusal));
            }
        }
    }

    #[allow(
        clippy::disallowed_methods,
        reason = "how long a commit takes is measured at this edge"
    )]
    fn write(&mut self, jobs: &[Job]) -> Result<(), SinkError> {
        let begun = Instant::now();
        let batches: Vec<Batch<'_>> = jobs.iter().flat_map(|job| job.body.batches()).collect();
        let written = self.sink.write_together(&batches);
        self.ends.counts.committed(begun.elapsed(), self.sink.counts());
        written
    }

    fn acknowledge(&mut self, jobs: Vec<Job>) {
        for job in jobs {
            let Job { body, done, held } = job;
            self.ends.counts.stored(&body);
            // A client that is gone sends the same bytes again, which add nothing.
            match &self.ends.follower {
                None => {
                    drop((body, held));
                    drop(done.send(Ok(())));
                }
                Some(follower) => {
                    drop(done.send(Ok(())));
                    follower.follow(body, held);
                }
            }
        }
        self.ends.counts.changed_now();
        self.ends.changed.send_modify(|commits| *commits = commits.wrapping_add(1));
    }
}

fn refuse(job: Job, refusal: &Refusal) {
    drop(job.done.send(Err(refusal.clone())));
}

fn refusal(error: &SinkError) -> Refusal {
    match error {
        SinkError::Reject { rows } => {
            let reason = rows.first().map_or("a row was refused", |row| row.reason.as_str());
            Refusal::Never { reason: reason.to_owned() }
        }
        SinkError::Pause { reason } => Refusal::Broken { reason: reason.clone() },
        error => Refusal::Later { reason: chain(error) },
    }
}

/// An error and its causes in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
