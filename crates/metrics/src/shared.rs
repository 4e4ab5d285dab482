//! What handles, the drainer and the shipper of one pipeline share.

use std::sync::{
    Arc, Condvar, Mutex, MutexGuard, PoisonError,
    atomic::{
        AtomicBool, AtomicU32, AtomicU64,
        Ordering::{Acquire, Relaxed, Release},
    },
};

use plimsoll_ring::{Arena, Consumer, LaneOptions, RingError};

use crate::{
    counts::Ledger,
    dictionary::Scope,
    labels::{LabelError, Registry},
    past::Handover,
    schema::Schema,
};

/// Of one pipeline.
#[derive(Debug)]
pub(crate) struct Shared {
    /// Number of the pipeline in this process; 0 is none.
    pub(crate) instance: u32,
    pub(crate) scope: Scope,
    pub(crate) registry: Registry,
    pub(crate) arena: Arena,
    pub(crate) ledger: Arc<Ledger>,
    ring_slots: u64,
    run_seed: u64,
    runs: AtomicU64,
    new_lanes: Mutex<Vec<Consumer>>,
    /// Lanes that nobody drains any more, and the attempts that were dealt with.
    closed_lanes: Mutex<Vec<(Consumer, u64)>>,
    own_tables: [AtomicU64; 2],
    is_open: AtomicBool,
    /// What was before, on its way from the shipper to the drainer.
    pub(crate) past: Handover,
    /// Rounds of the drainer that found nothing more to spool, for `flush`.
    pub(crate) progress: Progress,
    /// Takes the rows in place of drainer and shipper, in a test of a strategy.
    #[cfg(feature = "testing")]
    tap: Mutex<Option<crate::capture::Tap>>,
}

/// Lets a thread wait for another to pass a point, with a bound.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    count: Mutex<u64>,
    changed: Condvar,
}

impl Progress {
    pub(crate) fn advance(&self) {
        let mut count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        *count = count.wrapping_add(1);
        self.changed.notify_all();
    }

    pub(crate) fn get(&self) -> u64 {
        *self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the count is no longer `seen`, at most `bound`.
    pub(crate) fn wait_past(&self, seen: u64, bound: std::time::Duration) {
        let count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        drop(
            self.changed
                .wait_timeout_while(count, bound, |count| *count == seen)
                .unwrap_or_else(PoisonError::into_inner),
        );
    }
}

static INSTANCES: AtomicU32 = AtomicU32::new(1);

impl Shared {
    pub(crate) fn new(scope: Scope, arena: Arena, ring_slots: u64) -> Self {
        Self {
            instance: INSTANCES.fetch_add(1, Relaxed),
            registry: Registry::new(&scope),
            run_seed: random63(),
            scope,
            arena,
            ledger: Arc::default(),
            ring_slots,
            runs: AtomicU64::new(0),
            new_lanes: Mutex::new(Vec::new()),
            closed_lanes: Mutex::default(),
            own_tables: [AtomicU64::new(0), AtomicU64::new(0)],
            is_open: AtomicBool::new(true),
            past: Handover::default(),
            progress: Progress::default(),
            #[cfg(feature = "testing")]
            tap: Mutex::new(None),
        }
    }

    /// A run number that no other emitter has: random for the process, then counted.
    pub(crate) fn new_run(&self) -> u64 {
        if self.run_seed == 0 {
            // A fixed clock and run 1 are what a test of a strategy compares with.
            return self.runs.fetch_add(1, Relaxed).wrapping_add(1);
        }
        let n = self.runs.fetch_add(1, Relaxed);
        splitmix(self.run_seed.wrapping_add(n)) >> 1
    }

    /// Makes run numbers count from 1.
    #[cfg(feature = "testing")]
    pub(crate) fn with_fixed_runs(mut self) -> Self {
        self.run_seed = 0;
        self
    }

    /// Makes `tap` take the rows.
    #[cfg(feature = "testing")]
    pub(crate) fn with_tap(mut self, tap: crate::capture::Tap) -> Self {
        self.tap = Mutex::new(Some(tap));
        self
    }

    /// Calls `f` with the tap after it took what is in the rings; `None` when there is no tap.
    #[cfg(feature = "testing")]
    pub(crate) fn with_tap_drained<R>(
        &self,
        f: impl FnOnce(&mut crate::capture::Tap) -> R,
    ) -> Option<R> {
        let mut tap = self.tap.lock().unwrap_or_else(PoisonError::into_inner);
        let tap = tap.as_mut()?;
        tap.drain(self);
        Some(f(tap))
    }

    /// Makes this thread's lane.
    pub(crate) fn register_lane(&self) -> Result<(), RingError> {
        if !self.is_open.load(Acquire) {
            return Err(RingError::Unsupported);
        }
        let options = LaneOptions::new(self.new_run()).with_slots(self.ring_slots);
        let (producer, consumer) = self.arena.lane(&options)?;
        if plimsoll_ring::local::adopt(self.instance, producer).is_some() {
            // The thread is ending: its destructors have no lane any more.
            return Err(RingError::Unsupported);
        }
        self.new_lanes().push(consumer);
        Ok(())
    }

    fn new_lanes(&self) -> MutexGuard<'_, Vec<Consumer>> {
        self.new_lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lanes that were registered since the last call.
    pub(crate) fn take_new_lanes(&self) -> Vec<Consumer> {
        std::mem::take(&mut *self.new_lanes())
    }

    /// Keeps lanes whose threads may still emit, so that what they emit is counted.
    pub(crate) fn keep_closed(&self, lanes: impl IntoIterator<Item = (Consumer, u64)>) {
        self.closed_lanes.lock().unwrap_or_else(PoisonError::into_inner).extend(lanes);
    }

    /// Rows emitted after the close into rings that were made before it.
    pub(crate) fn late_rows(&self) -> u64 {
        let lanes = self.closed_lanes.lock().unwrap_or_else(PoisonError::into_inner);
        lanes.iter().fold(0, |rows, (lane, dealt)| {
            rows.saturating_add(attempts(lane).saturating_sub(*dealt))
        })
    }

    /// Whether the schema of a team's own table is on record.
    #[inline(always)]
    pub(crate) fn knows(&self, table: u8) -> bool {
        let [low, high] = &self.own_tables;
        let word = if table < 64 { low } else { high };
        (word.load(Acquire) >> (table & 63)) & 1 == 1
    }

    /// Puts the schema of a team's own table on record.
    #[cold]
    pub(crate) fn learn(&self, table: u8, schema: &'static Schema) -> Result<(), LabelError> {
        if usize::from(table) >= crate::own::TABLES_MAX {
            return Err(LabelError::TooManyTables);
        }
        if !self.arena.is_owner() {
            return Err(LabelError::Forked);
        }
        self.registry.own_table(table, schema, |bytes| self.arena.append_journal(bytes))?;
        let [low, high] = &self.own_tables;
        let word = if table < 64 { low } else { high };
        word.fetch_or(1 << (table & 63), Release);
        Ok(())
    }

    pub(crate) fn label(&self, text: &str) -> Result<u32, LabelError> {
        self.check_owner()?;
        self.registry.label(text, |bytes| self.arena.append_journal(bytes))
    }

    pub(crate) fn series(&self, labels: &[(&str, &str)]) -> Result<u32, LabelError> {
        self.check_owner()?;
        self.registry.series(labels, |bytes| self.arena.append_journal(bytes))
    }

    /// A lock may be held for ever in a forked child, so it must not be asked there.
    fn check_owner(&self) -> Result<(), LabelError> {
        if self.arena.is_owner() { Ok(()) } else { Err(LabelError::Forked) }
    }

    /// No lane is made from now on; emits are refused and counted.
    pub(crate) fn shut(&self) {
        self.is_open.store(false, Release);
        #[cfg(feature = "testing")]
        self.with_tap_drained(crate::capture::Tap::close);
    }
}

/// Attempts of all tables of a lane.
pub(crate) fn attempts(lane: &Consumer) -> u64 {
    let tables = 0..u8::try_from(crate::own::TABLES_MAX).unwrap_or(u8::MAX);
    tables.fold(0, |all, table| all.saturating_add(lane.attempts(table)))
}

/// A random number of 63 bits, never 0.
pub(crate) fn random63() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    // Keyed by the system's randomness once per process; the counter makes each call differ.
    static CALLS: AtomicU64 = AtomicU64::new(0);
    let mut hasher = std::hash::RandomState::new().build_hasher();
    hasher.write_u64(CALLS.fetch_add(1, Relaxed));
    hasher.write_u32(std::process::id());
    (hasher.finish() >> 1).max(1)
}

/// Mixes a counter into a number that looks random (Steele, Lea and Flood, "Fast splittable
/// pseudorandom number generators", OOPSLA 2014).
fn splitmix(n: u64) -> u64 {
    let mut z = n.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
