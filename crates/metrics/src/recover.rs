//! What a killed process left in its rings goes into the spool before anything new.

use std::{
    collections::HashMap,
    io,
    path::{Path, PathBuf},
    sync::atomic::Ordering::Relaxed,
};

use plimsoll_ring::{Orphan, OrphanLane, convert};

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
    let anchors = orphan.anchors()?;
    let lanes = orphan.lanes()?;
    let notes: Vec<String> =
        lanes.errors.iter().map(|e| format!("{}: {e}", orphan.name())).collect();
    let names = Names::read(&journal);
    let Some(scope) = names.scope.clone() else {
        // It died before its first label was on record: no handle was given out, no row emitted.
        orphan.remove()?;
        return Ok((0, notes));
    };
    drainer.deriver.forget_labels();
    let mut rows = 0_u64;
    let mut blocks = Vec::new();
    for mut lane in lanes.lanes {
        let (payload, found) =
            read_lane(&mut lane, &names, &scope, &anchors, seen, &mut drainer.deriver);
        rows = rows.saturating_add(found);
        if block::has_records(&payload) {
            blocks.push(payload);
        }
        drainer.close_taken_over(&scope, run_of(&lane));
    }
    drainer.deriver.forget_labels();
    drainer.spool_taken_over(&journal, &blocks).map_err(io::Error::other)?;
    drainer.ledger().recovered.fetch_add(rows, Relaxed);
    orphan.remove()?;
    Ok((rows, notes))
}

fn read_lane(
    lane: &mut OrphanLane,
    names: &Names,
    scope: &Scope,
    anchors: &[plimsoll_ring::Anchor],
    seen: &HighWater,
    deriver: &mut Deriver,
) -> (Vec<u8>, u64) {
    let mut payload = Vec::new();
    let run = lane.run();
    block::begin_rows(&mut payload, scope.id, run);
    let (mut rows, mut last_ts) = (0_u64, 0_i64);
    lane.drain(|record| {
        // The process may have died between writing the spool and freeing the ring.
        if seen.get(&(run, record.table())).is_some_and(|&next| record.seq() < next) {
            return;
        }
        let start = payload.len();
        let stamp = convert(anchors, record.stamp()).unwrap_or(0);
        let time = if scope.is_replay {
            crate::drain::replay_time(&record, &mut last_ts, stamp)
        } else {
            stamp
        };
        crate::scratch::append_record(&mut payload, time, record.seq(), &record);
        if Deriver::reads(record.table()) {
            deriver.see(&mut payload, start, |series| names.series(series));
        }
        rows = rows.saturating_add(1);
    });
    (payload, rows)
}

fn run_of(lane: &OrphanLane) -> Run {
    let tables = (0..=u8::MAX)
        .take(TABLES_MAX)
        .map(|table| (table, lane.attempts(table), lane.dropped(table)))
        .filter(|&(_, attempted, _)| attempted > 0)
        .collect();
    Run { run: lane.run(), next_seq: 0, state: RunState::Closed, exit_reason: "killed", tables }
}

/// The dictionary of a process that is gone.
struct Names {
    scope: Option<Scope>,
    series: HashMap<u32, Vec<(String, String)>>,
}

impl Names {
    fn read(journal: &[u8]) -> Self {
        let mut names = Self { scope: None, series: HashMap::new() };
        for (_, entry) in dictionary::entries(journal) {
            match entry {
                Entry::Scope(scope) => names.scope = Some(scope),
                Entry::Series { id, labels } => {
                    names.series.insert(id, labels);
                }
                _ => {}
            }
        }
        names
    }

    fn series(&self, id: u32) -> Vec<(String, String)> {
        self.series.get(&id).cloned().unwrap_or_default()
    }
}
