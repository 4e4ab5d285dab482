//! A pipeline that a test reads: no threads, no disk, a clock that stands still.

mod row;
mod tap;

use std::{path::PathBuf, sync::Arc};

use plimsoll_ring::Arena;

use crate::{
    counts::Counts,
    dictionary::Scope,
    options::Mode,
    phase::Phase,
    pipeline::{Metrics, Running},
    row::{Code, Table},
    shared::{self, Shared},
    value::Timestamp,
};

pub use row::CapturedRow;
pub use tap::RefusedRow;
pub(crate) use tap::Tap;

/// The clock of a capture until [`Captured::set_now`]: 2026-01-01T00:00:00Z.
pub const CAPTURE_NOW: Timestamp = Timestamp::from_nanos(1_767_225_600_000_000_000);

/// Slots of each thread's ring; nothing empties it until the test asks.
const RING_SLOTS: u64 = 1 << 16;

/// The rows of a pipeline that was made with [`Metrics::capture`]. Clones see the same rows.
#[derive(Debug, Clone)]
pub struct Captured {
    shared: Arc<Shared>,
}

impl Metrics {
    /// A pipeline for a test of a strategy: handles work as in live, and the test reads the rows
    /// as the store would have them, completed values and the derivation of risk included.
    ///
    /// Nothing runs beside the test and nothing is written. Every row has the clock
    /// [`CAPTURE_NOW`] as `ts_init`, and as `ts` unless it has one of its own; the first thread
    /// that emits is run 1, the next run 2, and `seq` counts from 0. `env` is `test`, `mode` is
    /// `live`, `trader_id` is `-`. The worker's own table `producer_runs` stays empty. A ring holds 65,536
    /// slots of 64 bytes between two looks; what does not fit is dropped and counted.
    ///
    /// # Panics
    ///
    /// If the machine has no memory for rings.
    #[must_use]
    #[track_caller]
    pub fn capture() -> (Self, Captured) {
        Self::capture_as(Mode::Live)
    }

    /// [`Metrics::capture`] in another mode; in a replay, rows without a time of their own have
    /// that of the row before them.
    ///
    /// # Panics
    ///
    /// If the machine has no memory for rings.
    #[must_use]
    #[track_caller]
    pub fn capture_as(mode: Mode) -> (Self, Captured) {
        let arena = Arena::heap().expect("a test needs memory");
        let tap = Tap::new(CAPTURE_NOW, mode.is_replay()).expect("a test needs memory");
        let shared = Shared::new(scope(mode), arena, RING_SLOTS).with_fixed_runs().with_tap(tap);
        let shared = Arc::new(shared);
        let phase = Phase::new();
        // No thread has anything left to do: closing need not wait for one.
        phase.closed();
        let running = Running {
            shared: Arc::clone(&shared),
            phase: Arc::new(phase),
            threads: Vec::new(),
            trader_id: "-".to_owned(),
            spool_dir: PathBuf::new(),
            has_shipper: false,
            ring_note: Some("rows are captured for a test".to_owned()),
            spool_bytes_max: 0,
        };
        (Self::of(running), Captured { shared })
    }
}

fn scope(mode: Mode) -> Scope {
    Scope {
        id: shared::random63(),
        env: "test".to_owned(),
        mode: mode.as_str().to_owned(),
        producer: "strategy@test".to_owned(),
        process_id: "test".to_owned(),
        pid: 0,
        host: "test".to_owned(),
        is_replay: mode.is_replay(),
    }
}

impl Captured {
    /// Every row of a table so far, of all threads: first those of run 1, each run in its own
    /// order, as of each look.
    ///
    /// # Panics
    ///
    /// If there is no such table; one of your own exists from its first row on, so ask for that
    /// with [`Captured::rows_of`].
    #[must_use]
    #[track_caller]
    #[allow(clippy::panic, reason = "a misspelled table in a test must not read as no rows")]
    pub fn rows(&self, table: &str) -> Vec<CapturedRow> {
        let rows = self.shared.with_tap_drained(|tap| tap.rows(table));
        let Some(rows) = rows.flatten() else { panic!("there is no table `{table}`") };
        rows
    }

    /// Every row of the table that `T` is a row of.
    #[must_use]
    pub fn rows_of<T: Table>(&self) -> Vec<CapturedRow> {
        let rows = self.shared.with_tap_drained(|tap| tap.rows(&T::SCHEMA.name));
        rows.flatten().unwrap_or_default()
    }

    /// Rows that no store would get, such as one whose `ts` is a day ahead of the clock.
    #[must_use]
    pub fn refused(&self) -> Vec<RefusedRow> {
        self.shared.with_tap_drained(|tap| tap.refused()).unwrap_or_default()
    }

    /// Rows by fate: captured ones count as stored, those of [`Captured::refused`] as rejected.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.shared.counts()
    }

    /// Puts the clock at `now` for rows that are emitted from here on.
    pub fn set_now(&self, now: impl Into<Timestamp>) {
        let now = now.into();
        self.shared.with_tap_drained(|tap| tap.set_now(now));
    }

    /// Forgets the rows so far; counts and the state of the risk derivation stay.
    pub fn clear(&self) {
        self.shared.with_tap_drained(Tap::clear);
    }
}
