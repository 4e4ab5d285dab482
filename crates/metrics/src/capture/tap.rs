//! What stands in for drainer and shipper: from the rings into memory, when a test asks.

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use plimsoll_ring::RingError;

use super::CapturedRow;
use crate::{
    batch::Batch,
    block,
    derive::Deriver,
    drain::{Lane, replay_time},
    interpret::{Interpreter, Unread},
    risk::Beginning,
    scratch::append_record,
    shared::Shared,
    tables,
    value::Timestamp,
};

/// A row that no store would get.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RefusedRow {
    /// Its table.
    pub table: String,
    /// The thread's run.
    pub run: u64,
    /// Its number in run and table.
    pub seq: u64,
    /// Why.
    pub reason: String,
}

/// Rows of one pipeline so far.
#[derive(Debug)]
pub(crate) struct Tap {
    now: i64,
    is_replay: bool,
    is_closed: bool,
    lanes: Vec<Lane>,
    deriver: Deriver,
    interpreter: Interpreter,
    log_read: usize,
    tables: BTreeMap<String, Vec<CapturedRow>>,
    refused: Vec<RefusedRow>,
    /// Emitted after the close into a ring that was made before it.
    late: u64,
}

impl Tap {
    pub(crate) fn new(now: Timestamp, is_replay: bool) -> Result<Self, RingError> {
        let mut deriver = Deriver::new(Duration::ZERO)?;
        deriver.settle(Beginning::nothing());
        Ok(Self {
            now: now.as_nanos(),
            is_replay,
            is_closed: false,
            lanes: Vec::new(),
            deriver,
            interpreter: Interpreter::default(),
            log_read: 0,
            tables: tables::built_in().map(|(_, s)| (s.name.to_string(), Vec::new())).collect(),
            refused: Vec::new(),
            late: 0,
        })
    }

    pub(crate) fn rows(&self, table: &str) -> Option<Vec<CapturedRow>> {
        self.tables.get(table).cloned()
    }

    pub(crate) fn refused(&self) -> Vec<RefusedRow> {
        self.refused.clone()
    }

    pub(crate) fn set_now(&mut self, now: Timestamp) {
        self.now = now.as_nanos();
    }

    pub(crate) fn clear(&mut self) {
        self.tables.values_mut().for_each(Vec::clear);
        self.refused.clear();
    }

    /// Rows that come from now on are refused.
    pub(crate) fn close(&mut self) {
        self.is_closed = true;
    }

    /// Takes what is in the rings.
    pub(crate) fn drain(&mut self, shared: &Shared) {
        self.lanes.extend(shared.take_new_lanes().into_iter().map(Lane::new));
        // Threads go on emitting meanwhile; a ring's worth of each is enough for one look.
        for lane in &mut self.lanes {
            lane.is_ended = lane.consumer.is_retired();
            take(lane, shared, &mut self.deriver, self.now, self.is_replay);
        }
        // Read after the rings: a label is interned before its first row is emitted.
        let log = shared.registry.log_from(self.log_read);
        self.log_read = self.log_read.saturating_add(log.len());
        self.interpreter.learn(&log);
        for at in 0..self.lanes.len() {
            self.interpret(at, shared);
        }
        self.keep_rows(shared);
        self.sum_up(shared);
    }

    fn interpret(&mut self, at: usize, shared: &Shared) {
        let Some(lane) = self.lanes.get_mut(at) else { return };
        if self.is_closed {
            self.late = self.late.saturating_add(lane.release());
            return;
        }
        let refused = &mut self.refused;
        self.interpreter.rows(&lane.block, |Unread { run, seq, table, reason }| {
            shared.ledger.add(run, &table, 0, 1);
            refused.push(RefusedRow { table, run, seq, reason });
        });
        let rows = lane.release();
        shared.ledger.spooled.fetch_add(rows, Relaxed);
    }

    fn keep_rows(&mut self, shared: &Shared) {
        let Interpreter { symbols, tables, .. } = &mut self.interpreter;
        for pending in tables.iter_mut().filter(|pending| !pending.rows.is_empty()) {
            let schema = Arc::new(pending.layout.schema.clone());
            let batch = Batch::new(&schema, symbols, &pending.rows);
            let rows = batch.rows().map(|cells| CapturedRow::new(&schema, &batch, cells));
            self.tables.entry(schema.name.to_string()).or_default().extend(rows);
            for &(run, count) in &pending.runs {
                shared.ledger.add(run, &schema.name, count, 0);
            }
            pending.rows.clear();
            pending.runs.clear();
        }
    }

    /// Adds up attempts and drops, and lets go of lanes whose thread is gone.
    fn sum_up(&mut self, shared: &Shared) {
        let ledger = &shared.ledger;
        self.lanes.retain(|lane| {
            let is_done = lane.is_ended && lane.consumer.backlog_slots() == 0;
            if is_done {
                let (attempts, drops) = lane.totals();
                ledger.past_attempts.fetch_add(attempts, Relaxed);
                ledger.past_drops.fetch_add(drops, Relaxed);
            }
            !is_done
        });
        let past = (ledger.past_attempts.load(Relaxed), ledger.past_drops.load(Relaxed));
        let (attempts, drops) =
            self.lanes.iter().map(Lane::totals).fold(past, |sum, lane| {
                (sum.0.saturating_add(lane.0), sum.1.saturating_add(lane.1))
            });
        ledger.attempted.store(attempts, Relaxed);
        ledger.dropped.store(drops.saturating_add(self.late), Relaxed);
    }
}

/// Copies the records of a ring into the lane's block, as the drainer does.
fn take(lane: &mut Lane, shared: &Shared, deriver: &mut Deriver, now: i64, is_replay: bool) {
    let Lane { consumer, block, upto, last_ts, last_ts_taken, .. } = lane;
    block::begin_rows(block, shared.scope.id, consumer.run());
    let mut last = *last_ts;
    let records = usize::try_from(consumer.slots()).unwrap_or(usize::MAX);
    *upto = consumer.drain(records, |record| {
        let start = block.len();
        let time = if is_replay { replay_time(&record, &mut last, now) } else { now };
        append_record(block, time, record.seq(), &record);
        if Deriver::reads(record.table()) {
            deriver.see(block, start, |series| shared.registry.series_labels(series));
        }
    });
    *last_ts_taken = last;
}
