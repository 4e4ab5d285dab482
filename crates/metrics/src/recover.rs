//! What a killed process left in its rings goes into the spool before anything new.

use std::{
    collections::HashMap,
    io,
    path::{Path, PathBuf},
    sync::atomic::Ordering::Relaxed,
};

use plimsoll_ring::{Anchor, Orphan, OrphanLane, convert};

use crate::{
    block,
    derive::Deriver,
    dictionary::{self, Entry, Scope},
    drain::{Drainer, Run},
    own::TABLES_MAX,
    record::Head,
    spool::Block,
    tables::RunState,
};

/// Next number of each run and table that the spool holds.
pub(crate) type HighWater = HashMap<(u64, u8), u64>;

/// Where the run directories of a spool's producers lie: a folder of the rings' directory that
/// is named after the spool, so that the next start looks for its own only.
pub(crate) fn parent_of(rings: &Path, spool_dir: &Path) -> io::Result<PathBuf> {
    let spool = std::fs::canonicalize(spool_dir)?;
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(spool.as_os_str().as_encoded_bytes());
    let hash = hasher.finalize();
    let mut rest = crc32fast::Hasher::new_with_initial(hash);
    rest.update(spool.as_os_str().as_encoded_bytes());
    Ok(rings.join(format!("{hash:08x}{:08x}", rest.finalize())))
}

/// What the spool holds of runs and of the risk derivation, before anything new is written.
#[derive(Debug)]
pub(crate) struct Surveyor<'d> {
    deriver: &'d mut Deriver,
    seen: HighWater,
    /// Rows that wait.
    waiting: u64,
}

impl<'d> Surveyor<'d> {
    pub(crate) fn new(deriver: &'d mut Deriver) -> Self {
        Self { deriver, seen: HighWater::new(), waiting: 0 }
    }

    /// Takes in the next block.
    pub(crate) fn see(&mut self, found: &Block<'_>) {
        match found.kind {
            block::STATE => self.deriver.state().load(found.payload),
            block::ROWS => {
                let Some((_, run, records)) = block::rows(found.payload) else { return };
                for head in records.filter_map(Head::read) {
                    self.waiting = self.waiting.saturating_add(u64::from(!found.context));
                    let next = self.seen.entry((run, head.table)).or_default();
                    *next = (*next).max(head.seq.saturating_add(1));
                }
            }
            _ => {}
        }
    }

    /// All blocks were seen; returns the next number of each run and table, and the rows.
    pub(crate) fn finish(self) -> (HighWater, u64) {
        self.deriver.keep();
        (self.seen, self.waiting)
    }
}

/// What was taken over.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct TakenOver {
    pub(crate) processes: u64,
    pub(crate) rows: u64,
    /// What could not be read, for a person.
    pub(crate) notes: Vec<String>,
}

/// Takes over every run directory in `parent` whose owner is gone.
pub(crate) fn take_over(
    drainer: &mut Drainer,
    parent: &Path,
    seen: &HighWater,
) -> io::Result<TakenOver> {
    let mut taken = TakenOver::default();
    for orphan in plimsoll_ring::orphans(parent)? {
        let name = orphan.name().to_owned();
        match take_one(drainer, orphan, seen) {
            Ok((rows, notes)) => {
                taken.processes = taken.processes.saturating_add(1);
                taken.rows = taken.rows.saturating_add(rows);
                taken.notes.extend(notes);
            }
            // It stays where it is; the next start tries again.
            Err(error) => taken.notes.push(format!("run `{name}`: {error}")),
        }
    }
    Ok(taken)
}

fn take_one(
    drainer: &mut Drainer,
    orphan: Orphan,
    seen: &HighWater,
) -> io::Result<(u64, Vec<String>)> {
    let journal = orphan.journal()?;
    let lanes = orphan.lanes()?;
    let notes: Vec<String> =
        lanes.errors.iter().map(|e| format!("{}: {e}", orphan.name())).collect();
    let Some(gone) = Gone::read(&journal, orphan.anchors()?) else {
        // It died before its first label was on record: no handle was given out, no row emitted.
        orphan.remove()?;
        return Ok((0, notes));
    };
    drainer.deriver.forget_labels();
    let mut rows = 0_u64;
    let mut blocks = Vec::new();
    for mut lane in lanes.lanes {
        let (found, ends) = gone.read_lane(&mut lane, seen, &mut drainer.deriver, &mut blocks);
        rows = rows.saturating_add(found);
        drainer.close_taken_over(&gone.scope, run_of(&lane, &ends));
    }
    drainer.deriver.forget_labels();
    drainer.spool_taken_over(&journal, &blocks).map_err(io::Error::other)?;
    drainer.ledger().recovered.fetch_add(rows, Relaxed);
    orphan.remove()?;
    Ok((rows, notes))
}

/// - **ends:** the number after each table's last record, which a death may have left uncounted.
fn run_of(lane: &OrphanLane, ends: &HashMap<u8, u64>) -> Run {
    let attempts = |table| lane.attempts(table).max(ends.get(&table).copied().unwrap_or_default());
    let tables = (0..=u8::MAX)
        .take(TABLES_MAX)
        .map(|table| (table, attempts(table), lane.dropped(table)))
        .filter(|&(_, attempted, _)| attempted > 0)
        .collect();
    Run { run: lane.run(), next_seq: 0, state: RunState::Closed, exit_reason: "killed", tables }
}

/// Bytes of records from which on a new block is begun.
const BLOCK_BYTES: usize = 1 << 20;

/// What explains the records of a process that is gone.
struct Gone {
    scope: Scope,
    series: HashMap<u32, Vec<(String, String)>>,
    anchors: Vec<Anchor>,
}

impl Gone {
    fn read(journal: &[u8], anchors: Vec<Anchor>) -> Option<Self> {
        let mut found = None;
        let mut series = HashMap::new();
        for (_, entry) in dictionary::entries(journal) {
            match entry {
                Entry::Scope(scope) => found = Some(scope),
                Entry::Series { id, labels } => {
                    series.insert(id, labels);
                }
                _ => {}
            }
        }
        found.map(|scope| Self { scope, series, anchors })
    }

    /// Appends the lane's records that the spool does not hold to `blocks`; returns how many, and
    /// the number after each table's last record.
    fn read_lane(
        &self,
        lane: &mut OrphanLane,
        seen: &HighWater,
        deriver: &mut Deriver,
        blocks: &mut Vec<Vec<u8>>,
    ) -> (u64, HashMap<u8, u64>) {
        let run = lane.run();
        let mut payload = Vec::new();
        block::begin_rows(&mut payload, self.scope.id, run);
        let (mut rows, mut last_ts, mut ends) = (0_u64, 0_i64, HashMap::new());
        lane.drain(|record| {
            ends.insert(record.table(), record.seq().saturating_add(1));
            // The process may have died between writing the spool and freeing the ring.
            if seen.get(&(run, record.table())).is_some_and(|&next| record.seq() < next) {
                return;
            }
            if payload.len() >= BLOCK_BYTES {
                blocks.push(std::mem::take(&mut payload));
                block::begin_rows(&mut payload, self.scope.id, run);
            }
            let start = payload.len();
            let mut time = convert(&self.anchors, record.stamp()).unwrap_or(0);
            if self.scope.is_replay {
                time = crate::drain::replay_time(&record, &mut last_ts, time);
            }
            crate::scratch::append_record(&mut payload, time, record.seq(), &record);
            if Deriver::reads(record.table()) {
                let labels = |id| self.series.get(&id).cloned().unwrap_or_default();
                deriver.see(&mut payload, start, labels);
            }
            rows = rows.saturating_add(1);
        });
        if block::has_records(&payload) {
            blocks.push(payload);
        }
        (rows, ends)
    }
}
