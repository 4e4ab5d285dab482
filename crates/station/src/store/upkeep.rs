//! Retention and roll-ups, by a timer, on a thread of their own.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, SystemTime};

use plimsoll_metrics::read::Store;
use plimsoll_metrics::rollup::{ROLL_UPS, RollUp, due, write};
use plimsoll_metrics::{SqliteOptions, SqliteSink, Timestamp};

use crate::counts::{Counts, add};
use crate::store::chain;

/// Stretches of time without a row that one call passes over, for each roll-up.
const EMPTY_MAX: u32 = 2_000;
const MINUTE_NS: i64 = 60_000_000_000;

/// What the thread needs.
#[derive(Debug)]
pub(crate) struct Upkeep {
    pub(crate) path: PathBuf,
    pub(crate) options: SqliteOptions,
    /// Who the rolled-up rows say wrote them.
    pub(crate) producer: String,
    pub(crate) rollup_interval: Duration,
    pub(crate) retention_interval: Duration,
    /// How late a row may come and still be in its minute.
    pub(crate) late: Duration,
    pub(crate) counts: Arc<Counts>,
}

impl Upkeep {
    /// Runs until `stop` is closed.
    #[allow(clippy::disallowed_methods, reason = "a timer reads the clock at this edge")]
    pub(crate) fn run(self, stop: &Receiver<()>) {
        let mut passed = [None; ROLL_UPS.len()];
        let mut retained: Option<SystemTime> = None;
        while stop.recv_timeout(self.rollup_interval) == Err(RecvTimeoutError::Timeout) {
            let now = SystemTime::now();
            let is_due = |last: SystemTime| {
                now.duration_since(last).unwrap_or_default() >= self.retention_interval
            };
            let mut failed = self.roll_up(&mut passed, now.into()).err();
            if retained.is_none_or(is_due) {
                retained = Some(now);
                failed = self.retain(now.into()).err().or(failed);
            }
            if let Some(reason) = failed {
                add(&self.counts.upkeep_failed, 1);
                tracing::warn!(reason, "retention or roll-ups failed; they are tried again");
            }
        }
    }

    fn retain(&self, now: Timestamp) -> Result<(), String> {
        let mut sink = self.sink()?;
        for done in sink.retain(now).map_err(|error| chain(&error))? {
            add(&self.counts.rows_retired, done.deleted);
            tracing::info!(table = done.table, rows = done.deleted, "old rows deleted");
        }
        Ok(())
    }

    fn roll_up(
        &self,
        passed: &mut [Option<Timestamp>; ROLL_UPS.len()],
        now: Timestamp,
    ) -> Result<(), String> {
        let store = Store::open(&self.path).map_err(|error| chain(&error))?;
        let mut sink = self.sink()?;
        for (of, passed) in ROLL_UPS.iter().zip(passed) {
            self.roll_up_one(&store, &mut sink, of, passed, now)?;
        }
        Ok(())
    }

    /// Rolls up one table until it is up to now. `passed` is how far it has come, rows or not:
    /// without it, a night without trading would be looked at for ever.
    fn roll_up_one(
        &self,
        store: &Store,
        sink: &mut SqliteSink,
        of: &RollUp,
        passed: &mut Option<Timestamp>,
        now: Timestamp,
    ) -> Result<(), String> {
        let (last, oldest) = store.rolled_up(of).map_err(|error| chain(&error))?;
        let mut last = last.max(*passed);
        for _ in 0..EMPTY_MAX {
            let range = due(last, oldest, self.late, now);
            if oldest.is_none() || range.start >= range.end {
                break;
            }
            let minutes = store.minutes(of, range.clone()).map_err(|error| chain(&error))?;
            write(sink, of, &minutes, &self.producer, now).map_err(|error| chain(&error))?;
            add(&self.counts.minutes_rolled_up, u64::try_from(minutes.len()).unwrap_or(u64::MAX));
            last = Some(Timestamp::from_nanos(range.end.as_nanos().saturating_sub(MINUTE_NS)));
            *passed = last;
            if range.end.as_nanos().saturating_add(MINUTE_NS) > now.as_nanos() {
                break;
            }
        }
        Ok(())
    }

    fn sink(&self) -> Result<SqliteSink, String> {
        SqliteSink::open(&self.path, self.options.clone()).map_err(|error| chain(&error))
    }
}
