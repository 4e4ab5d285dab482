//! One producer's ring, as the drainer sees it.

use plimsoll_ring::{Consumer, Record};

use crate::{own::TABLES_MAX, row::bits};

/// A ring and what was taken from it in this round.
#[derive(Debug)]
pub(crate) struct Lane {
    pub(crate) consumer: Consumer,
    /// Payload of the block of this round.
    pub(crate) block: Vec<u8>,
    pub(crate) upto: u64,
    pub(crate) is_ended: bool,
    /// Rows left out because the spool was nearly full, by table.
    pub(crate) shed: Box<[u64; TABLES_MAX]>,
    /// Tables of rows that were left out in this round.
    pub(crate) shed_now: Vec<u8>,
    /// `ts` of the last row in the spool, for replays.
    pub(crate) last_ts: i64,
    /// `ts` of the last row of this round.
    pub(crate) last_ts_taken: i64,
    /// Number of the next row about this run.
    pub(crate) next_seq: u64,
    pub(crate) is_announced: bool,
}

impl Lane {
    pub(crate) fn new(consumer: Consumer) -> Self {
        Self {
            consumer,
            block: Vec::new(),
            upto: 0,
            is_ended: false,
            shed: Box::new([0; TABLES_MAX]),
            shed_now: Vec::new(),
            last_ts: 0,
            last_ts_taken: 0,
            next_seq: 0,
            is_announced: false,
        }
    }

    /// Attempts and drops of all tables.
    pub(crate) fn totals(&self) -> (u64, u64) {
        let (mut attempted, mut dropped) = (0_u64, 0_u64);
        for (table, shed) in (0_u8..).zip(self.shed.iter()) {
            attempted = attempted.saturating_add(self.consumer.attempts(table));
            dropped = dropped.saturating_add(self.consumer.dropped(table)).saturating_add(*shed);
        }
        (attempted, dropped)
    }

    /// Frees what was taken, once it is in the spool; returns the rows.
    pub(crate) fn release(&mut self) -> u64 {
        self.consumer.release(self.upto);
        self.last_ts = self.last_ts_taken;
        for table in self.shed_now.drain(..) {
            if let Some(n) = self.shed.get_mut(usize::from(table)) {
                *n = n.saturating_add(1);
            }
        }
        let rows = crate::block::rows(&self.block).map_or(0, |(_, _, records)| records.count());
        self.block.clear();
        u64::try_from(rows).unwrap_or(u64::MAX)
    }
}

/// Time of a row of a replay: its own `ts`, else that of the row before it.
pub(crate) fn replay_time(record: &Record<'_>, last_ts: &mut i64, wall: i64) -> i64 {
    let has_ts = record.flags() & bits::TS_GIVEN != 0;
    let has_codes = crate::tables::by_number(record.table())
        .is_some_and(|schema| schema.columns.iter().any(|c| c.origin.is_code()));
    let at = if has_codes { 2 } else { 1 };
    if has_ts && let Some(ts) = record.word(at) {
        *last_ts = ts.cast_signed();
    }
    if *last_ts == 0 { wall } else { *last_ts }
}
