//! What became of the rows that were shipped for other processes, over restarts of the shipper.
//!
//! A producer that only writes the spool cannot know what the store took, so its shipper says it,
//! in rows of `producer_runs` that carry `acked` and `quarantined` and nothing else. The counts
//! lie beside the spool with the position that they are of: blocks before it that come again,
//! because a kill came between counting and acknowledging, are delivered and not counted again.

use std::{
    collections::{BTreeMap, HashMap},
    io,
    path::{Path, PathBuf},
};

use plimsoll_ring::RingError;

use crate::{
    block,
    dictionary::{self, Entry, Scope},
    record::Head,
    row::Table,
    scratch::Scratch,
    spool::Position,
    tables::{ProducerRun, RunState},
    wire::{self, Get, Put},
};

const VERSION: u32 = 1;

/// Runs that are remembered; of more, those that were shipped longest ago are forgotten.
const RUNS_MAX: usize = 1_024;

/// First number of a shipper's rows about a run. The producer counts up from 0, who takes over a
/// killed producer's run from 1 << 39.
const FIRST_SEQ: u64 = 1 << 38;

/// Numbers per second of the clock, one for each table of a run. Together with the row's time
/// they cannot be those of a shipper before a restart.
const SEQ_PER_SECOND: u64 = 128;

/// Of one run.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct RunTally {
    scope: u64,
    /// Order in which the runs were last shipped.
    touched: u64,
    is_reported: bool,
    /// Stored and refused, by table.
    tables: BTreeMap<String, (u64, u64)>,
}

/// Counts by run and table.
#[derive(Debug)]
pub(crate) struct Tally {
    path: PathBuf,
    upto: Position,
    /// The blocks that come now were counted before.
    is_repeat: bool,
    touched: u64,
    scopes: HashMap<u64, Scope>,
    runs: BTreeMap<u64, RunTally>,
    scratch: Scratch,
}

impl Tally {
    /// Reads the counts of the spool in `dir`; a file that is no use counts as none.
    pub(crate) fn open(dir: &Path) -> Result<Self, RingError> {
        let path = dir.join("shipped");
        let bytes = std::fs::read(&path).unwrap_or_default();
        let mut tally = Self {
            path,
            upto: Position::default(),
            is_repeat: false,
            touched: 0,
            scopes: HashMap::new(),
            runs: BTreeMap::new(),
            scratch: Scratch::new()?,
        };
        if tally.decode(&bytes).is_none() {
            tally.upto = Position::default();
            tally.runs.clear();
        }
        Ok(tally)
    }

    /// Up to where the counts go.
    pub(crate) fn upto(&self) -> Position {
        self.upto
    }

    /// Takes in a block of entries.
    pub(crate) fn learn(&mut self, payload: &[u8]) {
        for (id, entry) in dictionary::entries(payload) {
            if let Entry::Scope(scope) = entry {
                self.scopes.insert(id, scope);
            }
        }
    }

    /// Notes whose rows a block has that is to be delivered.
    pub(crate) fn see(&mut self, payload: &[u8], position: Position) {
        self.is_repeat = position <= self.upto;
        if let Some((scope, run, _)) = block::rows(payload) {
            self.runs.entry(run).or_default().scope = scope;
        }
    }

    /// Counts rows of what is being delivered.
    pub(crate) fn add(&mut self, run: u64, table: &str, stored: u64, refused: u64) {
        if self.is_repeat || table == ProducerRun::SCHEMA.name {
            return;
        }
        self.touched = self.touched.saturating_add(1);
        let tally = self.runs.entry(run).or_default();
        tally.touched = self.touched;
        tally.is_reported = false;
        let counts = match tally.tables.get_mut(table) {
            Some(counts) => counts,
            None => tally.tables.entry(table.to_owned()).or_default(),
        };
        *counts = (counts.0.saturating_add(stored), counts.1.saturating_add(refused));
    }

    /// All before `upto` is in the store and counted. Before it is acknowledged, so that what
    /// comes again is known.
    pub(crate) fn save(&mut self, upto: Position) -> io::Result<()> {
        if upto <= self.upto {
            return Ok(());
        }
        self.upto = upto;
        self.write()
    }

    /// The rows about the runs are in the store.
    pub(crate) fn keep(&mut self) -> io::Result<()> {
        self.prune();
        self.write()
    }

    /// Rows about the runs whose counts changed: the names that they need, and the block.
    pub(crate) fn rows(&mut self, now: i64) -> Vec<(Vec<u8>, Vec<u8>)> {
        let seconds = u64::try_from(now).unwrap_or(0) / 1_000_000_000;
        let first = FIRST_SEQ.saturating_add(seconds.saturating_mul(SEQ_PER_SECOND) % FIRST_SEQ);
        let mut blocks = Vec::new();
        for (&run, tally) in self.runs.iter_mut().filter(|(_, tally)| !tally.is_reported) {
            let Some(scope) = self.scopes.get(&tally.scope) else { continue };
            // A scope of our own: that of an older build may have other columns.
            let scope = Scope { id: scope.id | (1 << 63), ..scope.clone() };
            let mut payload = Vec::new();
            block::begin_rows(&mut payload, scope.id, run);
            for (seq, (table, &(stored, refused))) in (first..).zip(&tally.tables) {
                let row = ProducerRun::new(RunState::Beat, table)
                    .host(scope.host.as_str())
                    .process_id(scope.process_id.as_str())
                    .pid(i64::from(scope.pid))
                    .exit_reason("shipped")
                    .acked(stored.cast_signed())
                    .quarantined(refused.cast_signed());
                let head =
                    Head { time: now, seq, table: 0, slots: 1, bits: 0, series: 0, presence: 0 };
                self.scratch.append(&mut payload, &row, head);
            }
            tally.is_reported = true;
            if block::has_records(&payload) {
                blocks.push((names(&scope), payload));
            }
        }
        blocks
    }

    fn prune(&mut self) {
        while self.runs.len() > RUNS_MAX {
            let oldest = self.runs.iter().min_by_key(|(_, tally)| tally.touched);
            let Some((&run, _)) = oldest else { break };
            self.runs.remove(&run);
        }
        let runs = &self.runs;
        if self.scopes.len() > RUNS_MAX {
            self.scopes.retain(|id, _| runs.values().any(|tally| tally.scope == *id));
        }
    }

    /// Not synced: after a power failure counts may be missing, and then it shows.
    fn write(&self) -> io::Result<()> {
        let new = self.path.with_extension("new");
        std::fs::write(&new, self.encode())?;
        std::fs::rename(&new, &self.path)
    }

    fn encode(&self) -> Vec<u8> {
        let mut body = Put::default();
        body.u32(VERSION).u64(self.upto.segment).u64(self.upto.offset);
        body.u32(u32::try_from(self.runs.len()).unwrap_or(u32::MAX));
        for (run, tally) in &self.runs {
            body.u64(*run).u64(tally.scope).u64(tally.touched).u8(u8::from(tally.is_reported));
            body.u16(u16::try_from(tally.tables.len()).unwrap_or(u16::MAX));
            for (table, (stored, refused)) in &tally.tables {
                body.str(table).u64(*stored).u64(*refused);
            }
        }
        let mut bytes = Vec::new();
        wire::frame(&mut bytes, &body.0);
        for (id, scope) in &self.scopes {
            if self.runs.values().any(|tally| tally.scope == *id) {
                dictionary::append(&mut bytes, *id, &Entry::Scope(scope.clone()));
            }
        }
        bytes
    }

    fn decode(&mut self, bytes: &[u8]) -> Option<()> {
        let mut from = Get(bytes);
        let mut body = Get(wire::unframe(&mut from)?);
        if body.u32()? != VERSION {
            return None;
        }
        self.upto = Position { segment: body.u64()?, offset: body.u64()? };
        for _ in 0..body.u32()? {
            let run = body.u64()?;
            let (scope, touched, is_reported) = (body.u64()?, body.u64()?, body.u8()? == 1);
            let mut tables = BTreeMap::new();
            for _ in 0..body.u16()? {
                tables.insert(body.str()?.to_owned(), (body.u64()?, body.u64()?));
            }
            self.touched = self.touched.max(touched);
            self.runs.insert(run, RunTally { scope, touched, is_reported, tables });
        }
        self.learn(from.0);
        Some(())
    }
}

/// What the rows about a run need to be understood.
fn names(scope: &Scope) -> Vec<u8> {
    let mut names = Vec::new();
    dictionary::append(&mut names, scope.id, &Entry::Scope(scope.clone()));
    let number = ProducerRun::table_id().number;
    let table = Entry::Table { number, schema: ProducerRun::SCHEMA.clone() };
    dictionary::append(&mut names, scope.id, &table);
    names
}
