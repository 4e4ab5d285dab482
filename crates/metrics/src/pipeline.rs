//! The pipeline's owner: opens it, gives out handles, closes it.

use std::{
    path::PathBuf,
    sync::{Arc, atomic::Ordering::Relaxed},
    thread::JoinHandle,
    time::Duration,
};

use crate::{
    counts::{Counts, Health},
    handle::{Account, Series, Strategy},
    labels::LabelError,
    open::{OpenError, Opened},
    options::Options,
    past,
    phase::Phase,
    shared::Shared,
    sink::Sink,
    value::Label,
};

/// A running pipeline from handles to a store. Handles may outlive it: what they emit after the
/// close goes nowhere, and their `counts()` say how much that was.
#[derive(Debug)]
pub struct Metrics {
    running: Option<Running>,
    /// Why nothing runs, for [`Metrics::open_or_disabled`].
    note: Option<String>,
}

#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) shared: Arc<Shared>,
    pub(crate) phase: Arc<Phase>,
    pub(crate) threads: Vec<JoinHandle<()>>,
    pub(crate) trader_id: String,
    pub(crate) spool_dir: PathBuf,
    pub(crate) has_shipper: bool,
    pub(crate) ring_note: Option<String>,
    pub(crate) spool_bytes_max: u64,
}

/// Why a pipeline could not deliver everything.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CloseError {
    /// The time was over. Nothing is lost: the next start on this spool delivers the rest.
    #[error(
        "{spooled_rows} rows wait in `{}`{}",
        dir.display(),
        waiting_for.as_ref().map(|w| format!(" ({w})")).unwrap_or_default()
    )]
    TimedOut {
        /// Rows that are in the spool and not in the store.
        spooled_rows: u64,
        /// The spool.
        dir: PathBuf,
        /// What the shipper waits for.
        waiting_for: Option<String>,
    },
    /// The rings could not be emptied into the spool. With shared rings the next start does it.
    #[error("rows are left in the rings, because `{}` cannot be written", dir.display())]
    NotSpooled {
        /// The spool.
        dir: PathBuf,
    },
    /// This process is a fork; the pipeline is its parent's.
    #[error("this process is a fork: the pipeline is its parent's to close")]
    Forked,
}

impl Metrics {
    /// Opens the pipeline that `options` describe. Touches no network: a server that is down is
    /// not an error. Rows of a process that was killed on this spool are taken over first.
    ///
    /// # Errors
    ///
    /// [`OpenError`] if the spool cannot be used, is held by another process, or the store's
    /// address makes no sense.
    pub fn open(options: &Options) -> Result<Self, OpenError> {
        let sink = crate::open::sink_of(options)?;
        Ok(Self {
            running: Some(Opened::start(options, sink, past::of(options, false))?),
            note: None,
        })
    }

    /// Opens the pipeline on a sink of your own; `options.store` is not looked at.
    ///
    /// # Errors
    ///
    /// [`OpenError`], as for [`Metrics::open`].
    pub fn start<S: Sink + 'static>(sink: S, options: &Options) -> Result<Self, OpenError> {
        let sink: Box<dyn Sink> = Box::new(sink);
        Ok(Self {
            running: Some(Opened::start(options, Some(sink), past::of(options, true))?),
            note: None,
        })
    }

    /// A pipeline that was put together elsewhere.
    #[cfg(feature = "testing")]
    pub(crate) const fn of(running: Running) -> Self {
        Self { running: Some(running), note: None }
    }

    /// A pipeline that does nothing and costs nothing.
    #[must_use]
    pub const fn disabled() -> Self {
        Self { running: None, note: None }
    }

    /// [`Metrics::open`], or a pipeline that does nothing. Says why once, by `tracing` and by
    /// [`Metrics::note`]; the station sees that a producer is missing.
    #[must_use]
    pub fn open_or_disabled(options: &Options) -> Self {
        match Self::open(options) {
            Ok(metrics) => metrics,
            Err(error) => {
                let mut note = error.to_string();
                let mut source = std::error::Error::source(&error);
                while let Some(cause) = source {
                    note = format!("{note}: {cause}");
                    source = cause.source();
                }
                #[cfg(feature = "tracing")]
                tracing::error!(reason = note, "metrics are disabled");
                Self { running: None, note: Some(note) }
            }
        }
    }

    /// Why nothing is recorded, if [`Metrics::open_or_disabled`] could not open.
    #[must_use]
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// Whether rows are recorded.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.running.is_some()
    }

    pub(crate) fn shared(&self) -> Option<&Arc<Shared>> {
        self.running.as_ref().map(|r| &r.shared)
    }

    fn trader_id(&self) -> &str {
        self.running.as_ref().map_or("-", |r| &r.trader_id)
    }

    /// A handle of a strategy. Slow path: interns its labels.
    ///
    /// # Errors
    ///
    /// [`LabelError`] if a label is empty, too long or one too many.
    pub fn strategy(&self, strategy_id: &str) -> Result<Strategy, LabelError> {
        Strategy::new(self.shared(), self.trader_id(), strategy_id)
    }

    /// A handle of an account as a whole, over all its strategies.
    ///
    /// # Errors
    ///
    /// [`LabelError`], as for [`Metrics::strategy`].
    pub fn account(&self, account_id: &str) -> Result<Account, LabelError> {
        Account::new(self.shared(), self.trader_id(), None, account_id)
    }

    /// A handle with any labels, for tables that are not about one strategy.
    ///
    /// # Errors
    ///
    /// [`LabelError`], as for [`Metrics::strategy`].
    pub fn series(&self, labels: &[(&str, &str)]) -> Result<Series, LabelError> {
        Series::new(self.shared(), labels)
    }

    /// Interns a label for a table of your own.
    ///
    /// # Errors
    ///
    /// [`LabelError`], as for [`Metrics::strategy`].
    pub fn label(&self, text: &str) -> Result<Label, LabelError> {
        self.shared().map_or(Ok(Label(0)), |s| s.label(text).map(Label))
    }

    /// Rows by fate so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.shared().map_or_else(Counts::default, |s| s.counts())
    }

    /// State of the pipeline.
    #[must_use]
    pub fn health(&self) -> Health {
        let Some(running) = &self.running else {
            return Health {
                counts: Counts::default(),
                spool_bytes: 0,
                spool_fill_permille: 0,
                is_shared: false,
                ring_note: self.note.clone(),
                waiting_for: None,
            };
        };
        let used = running.shared.ledger.spool_bytes.load(Relaxed);
        let max = running.spool_bytes_max.max(1);
        let permille = used.saturating_mul(1_000).checked_div(max).unwrap_or(1_000);
        Health {
            counts: running.shared.counts(),
            spool_bytes: used,
            spool_fill_permille: u32::try_from(permille).unwrap_or(u32::MAX),
            is_shared: running.shared.arena.dir().is_some(),
            ring_note: running.ring_note.clone(),
            waiting_for: running.shared.ledger.waiting(),
        }
    }

    /// Waits until every row that was emitted before the call is in the spool, at most `bound`;
    /// false if the time was over first.
    #[must_use]
    pub fn flush(&self, bound: Duration) -> bool {
        let Some(running) = &self.running else { return true };
        #[cfg(feature = "testing")]
        if running.shared.with_tap_drained(|_| ()).is_some() {
            return true;
        }
        // The round that runs now may have passed a ring already; the next has not.
        let start = running.shared.progress.get();
        running.phase.wake();
        running.shared.progress.wait_past(start, bound);
        let next = running.shared.progress.get();
        running.phase.wake();
        running.shared.progress.wait_past(next, bound);
        running.shared.progress.get() != next
    }

    /// Delivers what it can and says what it could not. Blocks at most about `timeout`.
    ///
    /// # Errors
    ///
    /// [`CloseError`] if rows are not in the store when `timeout` is over. They are not lost.
    pub fn close(mut self, timeout: Duration) -> Result<Counts, CloseError> {
        let Some(running) = self.running.take() else { return Ok(Counts::default()) };
        running.close(timeout)
    }
}

impl Running {
    fn close(mut self, timeout: Duration) -> Result<Counts, CloseError> {
        if !self.shared.arena.is_owner() {
            // The threads are the parent's; a child has only their handles.
            std::mem::forget(self);
            return Err(CloseError::Forked);
        }
        self.shared.shut();
        self.phase.close(timeout);
        let is_spooled = self.phase.wait_closed();
        let is_done = if self.has_shipper { self.phase.wait_done() } else { is_spooled };
        self.phase.abandon();
        for thread in self.threads.drain(..) {
            // A thread that panicked has nothing more to say here; its rows are in the spool.
            thread.join().unwrap_or_default();
        }
        let counts = self.shared.counts();
        if !is_spooled || self.shared.ledger.left_in_rings.load(Relaxed) > 0 {
            return Err(CloseError::NotSpooled { dir: self.spool_dir.clone() });
        }
        if is_done {
            return Ok(counts);
        }
        let spooled_rows = counts
            .spooled_rows
            .saturating_sub(counts.stored_rows)
            .saturating_sub(counts.rejected_rows);
        Err(CloseError::TimedOut {
            spooled_rows,
            dir: self.spool_dir.clone(),
            waiting_for: self.shared.ledger.waiting(),
        })
    }
}

impl Drop for Metrics {
    /// Best effort: empties the rings into the spool and gives the store 100 ms.
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            drop(running.close(Duration::from_millis(100)));
        }
    }
}

impl Shared {
    pub(crate) fn counts(&self) -> Counts {
        #[cfg(feature = "testing")]
        self.with_tap_drained(|_| ());
        let ledger = &self.ledger;
        let (attempts, drops) = (ledger.attempted.load(Relaxed), ledger.dropped.load(Relaxed));
        let refused = ledger
            .refused
            .load(Relaxed)
            .saturating_add(plimsoll_ring::forked_drops())
            .saturating_add(self.late_rows());
        Counts {
            emitted_rows: attempts.saturating_add(refused),
            spooled_rows: ledger.spooled.load(Relaxed),
            stored_rows: ledger.stored.load(Relaxed),
            dropped_rows: drops.saturating_add(refused),
            rejected_rows: ledger.rejected.load(Relaxed),
            recovered_rows: ledger.recovered.load(Relaxed),
            damaged_blocks: ledger.damaged.load(Relaxed),
        }
    }
}
