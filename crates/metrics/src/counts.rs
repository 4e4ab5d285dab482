//! What became of the rows, by run and table.

use std::{
    collections::HashMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

/// Rows by fate, since the pipeline was opened; as of the drainer's last round.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Calls of emit, drops included.
    pub emitted_rows: u64,
    /// In the spool, where they survive the process; rows that waited there at the start and
    /// rows that the worker writes about runs included.
    pub spooled_rows: u64,
    /// In the store, acknowledged; rows that the worker writes about runs included.
    pub stored_rows: u64,
    /// Refused because ring or spool were full, or the row was too long, or the process forked.
    pub dropped_rows: u64,
    /// Refused by the store; each is in `rejected/` with its reason.
    pub rejected_rows: u64,
    /// Taken over from a process that was killed.
    pub recovered_rows: u64,
    /// Damaged in the spool, as far as blocks that could not be read tell.
    pub damaged_blocks: u64,
}

/// State of the pipeline, for a health check.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Health {
    /// Rows by fate.
    pub counts: Counts,
    /// Bytes that wait in the spool.
    pub spool_bytes: u64,
    /// Share of the spool in use, per mille.
    pub spool_fill_permille: u32,
    /// Whether rings survive kill −9.
    pub is_shared: bool,
    /// Why the rings are on the heap, if they are not shared.
    pub ring_note: Option<String>,
    /// What the shipper waits for, if it does; a person may have to act.
    pub waiting_for: Option<String>,
}

/// Counters that several threads add to.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) spooled: AtomicU64,
    pub(crate) stored: AtomicU64,
    pub(crate) rejected: AtomicU64,
    pub(crate) recovered: AtomicU64,
    pub(crate) damaged: AtomicU64,
    /// Refused before a ring was reached.
    pub(crate) refused: AtomicU64,
    /// Of all lanes, as of the drainer's last round.
    pub(crate) attempted: AtomicU64,
    pub(crate) dropped: AtomicU64,
    /// Of lanes that are gone.
    pub(crate) past_attempts: AtomicU64,
    pub(crate) past_drops: AtomicU64,
    /// Bytes that wait in the spool.
    pub(crate) spool_bytes: AtomicU64,
    /// Slots that could not be emptied at the close.
    pub(crate) left_in_rings: AtomicU64,
    fates: Mutex<HashMap<(u64, String), Fate>>,
    waiting_for: Mutex<Option<String>>,
}

/// Of one table of one run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Fate {
    pub(crate) acked: u64,
    pub(crate) quarantined: u64,
}

impl Ledger {
    fn fates(&self) -> MutexGuard<'_, HashMap<(u64, String), Fate>> {
        self.fates.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn fate(&self, run: u64, table: &str) -> Fate {
        self.fates().get(&(run, table.to_owned())).copied().unwrap_or_default()
    }

    /// Adds to the fate of a run's table.
    pub(crate) fn add(&self, run: u64, table: &str, acked: u64, quarantined: u64) {
        self.stored.fetch_add(acked, Relaxed);
        self.rejected.fetch_add(quarantined, Relaxed);
        let mut fates = self.fates();
        let fate = match fates.get_mut(&(run, table.to_owned())) {
            Some(fate) => fate,
            None => fates.entry((run, table.to_owned())).or_default(),
        };
        fate.acked = fate.acked.saturating_add(acked);
        fate.quarantined = fate.quarantined.saturating_add(quarantined);
    }

    pub(crate) fn set_waiting(&self, reason: Option<String>) {
        *self.waiting_for.lock().unwrap_or_else(PoisonError::into_inner) = reason;
    }

    pub(crate) fn waiting(&self) -> Option<String> {
        self.waiting_for.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
