//! Rows of `producer_runs`: what each emitter tried, so that every loss is proven and sized.

use std::sync::atomic::Ordering::Relaxed;

use plimsoll_ring::RingError;

use crate::{
    block,
    counts::Ledger,
    dictionary::Scope,
    own::TABLES_MAX,
    record::Head,
    schema::SCHEMA_VERSION,
    scratch::Scratch,
    shared::Shared,
    tables::{self, ProducerRun, RunState},
};

use super::{DrainOptions, Lane};

/// First number of the rows about a run that another process finished.
const TAKEN_OVER: u64 = 1 << 39;

/// Writes the rows.
#[derive(Debug)]
pub(crate) struct Runs {
    scratch: Scratch,
    scope: Scope,
    build: Build,
    has_shipper: bool,
    /// Blocks that wait for the next write.
    blocks: Vec<Vec<u8>>,
    /// Runs whose thread is gone and whose rows are not all in the store yet.
    ended: Vec<Run>,
}

/// What the producer is.
#[derive(Debug)]
struct Build {
    version: String,
    git_commit: String,
    config_hash: String,
}

/// Counts of one run.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) run: u64,
    pub(crate) next_seq: u64,
    pub(crate) state: RunState,
    pub(crate) exit_reason: &'static str,
    /// Attempted and dropped, by table.
    pub(crate) tables: Vec<(u8, u64, u64)>,
}

impl Runs {
    pub(crate) fn new(scope: &Scope, options: &DrainOptions) -> Result<Self, RingError> {
        Ok(Self {
            scratch: Scratch::new()?,
            scope: scope.clone(),
            build: Build {
                version: options.version.clone(),
                git_commit: options.git_commit.clone(),
                config_hash: options.config_hash.clone(),
            },
            has_shipper: options.has_shipper,
            blocks: Vec::new(),
            ended: Vec::new(),
        })
    }

    /// The blocks that wait for the next write.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = &[u8]> {
        self.blocks.iter().map(Vec::as_slice)
    }

    /// They are in the spool; returns how many rows they were.
    pub(crate) fn written(&mut self) -> u64 {
        let rows = self
            .blocks
            .drain(..)
            .map(|payload| block::rows(&payload).map_or(0, |(_, _, records)| records.count()));
        u64::try_from(rows.sum::<usize>()).unwrap_or(u64::MAX)
    }

    /// Writes a row per table of a living lane.
    pub(crate) fn beat(&mut self, lane: &mut Lane, shared: &Shared, now: i64, is_final: bool) {
        let state = match (is_final, lane.is_announced) {
            (true, _) => RunState::Closed,
            (false, true) => RunState::Beat,
            (false, false) => RunState::Open,
        };
        let run = Run {
            run: lane.consumer.run(),
            next_seq: lane.next_seq,
            state,
            exit_reason: if is_final { "closed" } else { "" },
            tables: counts(lane),
        };
        lane.is_announced = true;
        lane.next_seq = self.write(&run, None, &shared.ledger, now);
    }

    /// Keeps the counts of a lane whose thread is gone.
    pub(crate) fn end(&mut self, lane: Lane, shared: &Shared) {
        let tables = counts(&lane);
        for &(_, attempted, dropped) in &tables {
            shared.ledger.past_attempts.fetch_add(attempted, Relaxed);
            shared.ledger.past_drops.fetch_add(dropped, Relaxed);
        }
        self.ended.push(Run {
            run: lane.consumer.run(),
            next_seq: lane.next_seq,
            state: RunState::Beat,
            exit_reason: "thread ended",
            tables,
        });
        // What stays of the file is taken for an empty lane by a recovery.
        lane.consumer.remove().unwrap_or_default();
    }

    /// Writes the rows of ended lanes, the last ones once all of their rows have a fate.
    pub(crate) fn beat_ended(&mut self, shared: &Shared, now: i64, is_final: bool) {
        let mut ended = std::mem::take(&mut self.ended);
        ended.retain_mut(|run| {
            // Without a shipper nothing more will ever be known here.
            let is_done = is_final || !self.has_shipper || run.is_settled(&shared.ledger);
            run.state = if is_done { RunState::Closed } else { RunState::Beat };
            run.next_seq = self.write(run, None, &shared.ledger, now);
            !is_done
        });
        self.ended = ended;
    }

    /// Writes the last rows of a run that another process did not live to write.
    pub(crate) fn close_taken_over(
        &mut self,
        scope: &Scope,
        mut run: Run,
        ledger: &Ledger,
        now: i64,
    ) {
        run.next_seq = TAKEN_OVER;
        run.state = RunState::Closed;
        run.exit_reason = "killed";
        self.write(&run, Some(scope), ledger, now);
    }

    /// Returns the number of the next row; `other` is the scope of another process's run.
    fn write(&mut self, run: &Run, other: Option<&Scope>, ledger: &Ledger, now: i64) -> u64 {
        let scope = other.unwrap_or(&self.scope);
        let mut payload = Vec::new();
        block::begin_rows(&mut payload, scope.id, run.run);
        let mut seq = run.next_seq;
        for &(table, attempted, dropped) in &run.tables {
            let Some(schema) = tables::by_number(table) else { continue };
            let fate = ledger.fate(run.run, &schema.name);
            let row = self.build.row(run, scope, &schema.name, (attempted, dropped));
            // What became of rows that another process ships, that process says.
            let row = if self.has_shipper {
                row.quarantined(fate.quarantined.cast_signed()).acked(fate.acked.cast_signed())
            } else {
                row
            };
            let head = Head { time: now, seq, table: 0, slots: 1, bits: 0, series: 0, presence: 0 };
            self.scratch.append(&mut payload, &row, head);
            seq = seq.saturating_add(1);
        }
        if block::has_records(&payload) {
            self.blocks.push(payload);
        }
        seq
    }
}

impl Build {
    fn row<'a>(
        &'a self,
        run: &Run,
        scope: &'a Scope,
        table: &'a str,
        (attempted, dropped): (u64, u64),
    ) -> ProducerRun<'a> {
        ProducerRun::new(run.state, table)
            .host(scope.host.as_str())
            .process_id(scope.process_id.as_str())
            .version(self.version.as_str())
            .git_commit(self.git_commit.as_str())
            .config_hash(self.config_hash.as_str())
            .exit_reason(run.exit_reason)
            .pid(i64::from(scope.pid))
            .schema_version(i64::from(SCHEMA_VERSION))
            .attempted(attempted.cast_signed())
            .dropped(dropped.cast_signed())
    }
}

impl Run {
    fn is_settled(&self, ledger: &Ledger) -> bool {
        self.tables.iter().all(|&(table, attempted, dropped)| {
            let Some(schema) = tables::by_number(table) else { return true };
            let fate = ledger.fate(self.run, &schema.name);
            fate.acked.saturating_add(fate.quarantined) >= attempted.saturating_sub(dropped)
        })
    }
}

/// Attempted and dropped of every table that the lane saw.
fn counts(lane: &Lane) -> Vec<(u8, u64, u64)> {
    (0_u8..)
        .zip(lane.shed.iter())
        .map(|(table, shed)| {
            let attempted = lane.consumer.attempts(table);
            (table, attempted, lane.consumer.dropped(table).saturating_add(*shed))
        })
        .filter(|&(_, attempted, _)| attempted > 0)
        .take(TABLES_MAX)
        .collect()
}
