//! Ships the spool of another process: one that runs, was killed, or ended long ago.
//!
//! **Delivery.** Every row that the producer's spool holds, and every row that a killed producer
//! left in its rings, is written to the sink at least once, and is in the store once, because its
//! key is the same each time. Producer and shipper may be killed and started at any moment.

mod orphans;
mod tally;

use std::{
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering::Relaxed},
    time::{Duration, Instant},
};

use crate::{
    counts::Ledger,
    options::RingMemory,
    quarantine::Quarantine,
    ship::{Outcome, Shipper},
    sink::Sink,
    spool::{self, Position, ReadError, SpoolError},
};

pub(crate) use tally::Tally;

/// Longest time between two calls of the caller's progress function, while nothing blocks.
const TURN: Duration = Duration::from_millis(100);

/// How [`ship`] works.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ShipOptions {
    /// Whether to wait for more rows instead of returning when the spool is empty. Default no.
    pub follow: bool,
    /// Time between two looks for more rows. Default 50 ms.
    pub idle: Duration,
    /// How long a store that takes no rows is tried before [`ship`] fails. Default 30 s; with
    /// `follow` it is tried for ever.
    pub patience: Duration,
    /// Time between rows of `producer_runs` about what was shipped. Default 10 s.
    pub beat: Duration,
    /// Time between two looks for what killed producers left, while none runs. Default 10 s.
    pub take_over: Duration,
    /// Where the rings of killed producers lie; as in the producer's options.
    pub ring: RingMemory,
    /// Start of the trading day after midnight UTC, as in the producer's options. Default 0.
    pub session_start: Duration,
    /// What others read who find the spool in use. Default `plimsoll metrics ship`.
    pub purpose: String,
}

impl Default for ShipOptions {
    fn default() -> Self {
        Self {
            follow: false,
            idle: Duration::from_millis(50),
            patience: Duration::from_secs(30),
            beat: Duration::from_secs(10),
            take_over: Duration::from_secs(10),
            ring: RingMemory::Auto,
            session_start: Duration::ZERO,
            purpose: "plimsoll metrics ship".to_owned(),
        }
    }
}

impl ShipOptions {
    /// Sets whether to wait for more rows.
    #[must_use]
    pub const fn with_follow(mut self, follow: bool) -> Self {
        self.follow = follow;
        self
    }
}

/// What was shipped so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShipReport {
    /// Rows that the store took; rows about runs included.
    pub rows: u64,
    /// Rows that it refused; each is in `rejected/` of the spool with its reason.
    pub rejected: u64,
    /// Blocks of the spool that are damaged and gone.
    pub damaged_blocks: u64,
    /// Rows that killed producers had left in their rings.
    pub recovered_rows: u64,
    /// Bytes that wait in the spool, as far as it was looked at.
    pub waiting_bytes: u64,
    /// Why the store takes no rows, if it does not.
    pub waiting_for: Option<String>,
}

/// Why a spool was not shipped to its end. What is not in the store is still in the spool.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ShipError {
    /// The spool cannot be used, or another shipper has it.
    #[error("cannot open spool `{}`", dir.display())]
    Spool {
        /// The spool.
        dir: PathBuf,
        /// Cause.
        source: Box<SpoolError>,
    },
    /// The spool's blocks cannot be read.
    #[error("cannot read spool `{}`", dir.display())]
    Read {
        /// The spool.
        dir: PathBuf,
        /// Cause.
        source: Box<ReadError>,
    },
    /// The store took no rows for as long as it was tried.
    #[error("store took no rows for {} s: {reason}", patience.as_secs())]
    Store {
        /// How long it was tried.
        patience: Duration,
        /// What it said last.
        reason: String,
    },
    /// What killed producers left cannot be listed.
    #[error("cannot look for rings of killed processes of spool `{}`", dir.display())]
    TakeOver {
        /// The spool.
        dir: PathBuf,
        /// Cause.
        source: std::io::Error,
    },
    /// There is no memory for rings.
    #[error("cannot make rings")]
    Ring {
        /// Cause.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Ships the spool in `dir` to `sink`: all that is there, or with `follow` also what comes.
///
/// `on_progress` is called at least every 100 ms while nothing blocks, and ends the shipping with
/// [`ControlFlow::Break`]. A producer may run, end and start meanwhile. While none runs, what
/// killed ones left in their rings is put into the spool first.
///
/// # Errors
///
/// [`ShipError`]. Nothing is lost by it: shipping again goes on where this ended.
pub fn ship(
    dir: &Path,
    sink: impl Sink + 'static,
    options: &ShipOptions,
    on_progress: &mut dyn FnMut(&ShipReport) -> ControlFlow<()>,
) -> Result<ShipReport, ShipError> {
    let reader = spool::open_reader(dir, &options.purpose)
        .map_err(|source| ShipError::Spool { dir: dir.to_owned(), source: Box::new(source) })?;
    let ledger = Arc::new(Ledger::default());
    let mut shipper =
        Shipper::new(Arc::clone(&ledger), reader, Box::new(sink), Quarantine::new(dir));
    shipper.tally =
        Some(Tally::open(dir).map_err(|source| ShipError::Ring { source: Box::new(source) })?);
    let now = now();
    let next = Next { beat: now, take_over: now };
    let mut session = Session { dir, options, ledger, shipper, on_progress, next };
    session.run()?;
    Ok(session.report())
}

struct Next {
    beat: Instant,
    take_over: Instant,
}

struct Session<'a> {
    dir: &'a Path,
    options: &'a ShipOptions,
    ledger: Arc<Ledger>,
    shipper: Shipper,
    on_progress: &'a mut dyn FnMut(&ShipReport) -> ControlFlow<()>,
    next: Next,
}

/// The caller wants no more.
struct Stopped;

impl Session<'_> {
    fn run(&mut self) -> Result<(), ShipError> {
        self.take_over_if_due()?;
        self.next.beat = later(now(), self.options.beat);
        loop {
            match self.shipper.gather() {
                Ok(Some(upto)) => {
                    if self.deliver(upto)?.is_err() {
                        return Ok(());
                    }
                }
                Ok(None) if self.options.follow => {
                    self.take_over_if_due()?;
                    if self.pause(self.options.idle).is_err() {
                        break;
                    }
                }
                Ok(None) => break,
                Err(source) => {
                    let dir = self.dir.to_owned();
                    return Err(ShipError::Read { dir, source: Box::new(source) });
                }
            }
            if now() >= self.next.beat {
                self.next.beat = later(now(), self.options.beat);
                self.tell_runs();
            }
            if self.tell().is_break() {
                break;
            }
        }
        self.tell_runs();
        Ok(())
    }

    /// Delivers what was gathered, trying as long as the options say.
    fn deliver(&mut self, upto: Position) -> Result<Result<(), Stopped>, ShipError> {
        let started = now();
        loop {
            match self.shipper.deliver(upto) {
                Outcome::Done => return Ok(Ok(())),
                Outcome::Later(pause) => {
                    let patience = self.options.patience;
                    if !self.options.follow && started.elapsed() >= patience {
                        let reason = self.ledger.waiting().unwrap_or_default();
                        return Err(ShipError::Store { patience, reason });
                    }
                    if self.pause(pause).is_err() {
                        return Ok(Err(Stopped));
                    }
                }
            }
        }
    }

    /// Writes rows about the runs. What fails now goes with the next rows, or is made anew by the
    /// next shipper of this spool.
    fn tell_runs(&mut self) {
        let (_, wall) = plimsoll_ring::stamp_and_wall_now();
        if self.shipper.add_tally_rows(wall) > 0 && self.shipper.write_tables().is_ok() {
            self.shipper.keep_tally();
        }
    }

    fn take_over_if_due(&mut self) -> Result<(), ShipError> {
        if now() >= self.next.take_over {
            orphans::take_over(self.dir, self.options, &self.ledger)?;
            self.next.take_over = later(now(), self.options.take_over);
        }
        Ok(())
    }

    #[allow(clippy::disallowed_methods, reason = "bounded, and the caller may end it")]
    fn pause(&mut self, time: Duration) -> Result<(), Stopped> {
        let end = later(now(), time);
        loop {
            if self.tell().is_break() {
                return Err(Stopped);
            }
            let left = end.saturating_duration_since(now());
            if left.is_zero() {
                return Ok(());
            }
            std::thread::sleep(left.min(TURN));
        }
    }

    fn tell(&mut self) -> ControlFlow<()> {
        let report = self.report();
        (self.on_progress)(&report)
    }

    fn report(&self) -> ShipReport {
        ShipReport {
            rows: self.ledger.stored.load(Relaxed),
            rejected: self.ledger.rejected.load(Relaxed),
            damaged_blocks: self.ledger.damaged.load(Relaxed),
            recovered_rows: self.ledger.recovered.load(Relaxed),
            waiting_bytes: self.shipper.reader().unacked_bytes(),
            waiting_for: self.ledger.waiting(),
        }
    }
}

#[allow(clippy::disallowed_methods, reason = "shipping paces itself at this edge")]
fn now() -> Instant {
    Instant::now()
}

fn later(from: Instant, by: Duration) -> Instant {
    from.checked_add(by).unwrap_or(from)
}
