//! What was lost on the way to a store: proven and sized, or said to be unknown. Pure.
//!
//! `seq` counts attempts per run and table from 0, and `producer_runs` carries how many there
//! were: so missing rows are known even at the end of a run. Rows that the producer counted as
//! dropped or quarantined, or that retention deleted, are not losses of their own.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use crate::{
    schema::{Key, Ttl},
    tables::built_in,
    value::Timestamp,
};

/// Ranges of missing `seq` that are listed per run and table.
pub const HOLES_MAX: usize = 16;

const DAY_NS: i64 = 86_400_000_000_000;

/// What `producer_runs` says about one run and table: the largest of each count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunCount {
    /// `service@host`.
    pub producer: String,
    /// Number of the run.
    pub run: i64,
    /// Table that the counts are of.
    pub table: String,
    /// Calls of emit, drops included.
    pub attempted: Option<u64>,
    /// Refused by ring or spool.
    pub dropped: u64,
    /// Refused by the store.
    pub quarantined: u64,
    /// Acknowledged by the store.
    pub acked: Option<u64>,
    /// Whether the last row of the run is there.
    pub is_closed: bool,
    /// Since when nothing was heard of the run.
    pub silent_for: Duration,
}

/// What retention deleted of a run and table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Expired {
    /// So many rows; 0 if retention has not touched it.
    Rows(u64),
    /// Perhaps the oldest rows; the store does not note which (QuestDB drops partitions).
    PerhapsOldest,
}

/// What a table has of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableCount {
    /// `service@host`; empty if no row is left.
    pub producer: String,
    /// Number of the run.
    pub run: i64,
    /// Table, without prefix.
    pub table: String,
    /// Whether a later row replaces an earlier one, so that rows prove nothing.
    pub is_natural: bool,
    /// Rows.
    pub stored: u64,
    /// Smallest and largest `seq`; `None` without a row.
    pub seq_range: Option<(u64, u64)>,
    /// Missing `seq` between these two, first and last of each range; at most [`HOLES_MAX`].
    pub holes: Vec<(u64, u64)>,
    /// What retention deleted.
    pub expired: Expired,
}

impl TableCount {
    #[cfg(any(feature = "sqlite", feature = "ilp"))]
    /// Whether rows are missing between the first and the last that is stored.
    pub(crate) fn has_holes(&self) -> bool {
        let range = self.seq_range.map_or(0, |(a, b)| b.saturating_sub(a).saturating_add(1));
        range != self.stored
    }
}

/// Which part of a run a hole is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// Before the first row that is stored.
    Head,
    /// Between two stored rows.
    Middle,
    /// After the last stored row, or all when none is stored.
    Tail,
}

/// A range of `seq` that is not in the table. Dropped, quarantined and expired rows are in such
/// ranges too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hole {
    /// Where.
    pub part: Part,
    /// First missing.
    pub first: u64,
    /// Last missing.
    pub last: u64,
}

/// What is known about a run and table.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// Every attempt is stored, or counted as dropped, quarantined or expired.
    Whole,
    /// Rows are missing that nothing accounts for.
    Lost {
        /// How many.
        rows: u64,
        /// Ranges of `seq` that they are in; none for a table whose rows are replaced.
        holes: Vec<Hole>,
    },
    /// It cannot be said.
    Unknown {
        /// Why not.
        why: Why,
    },
}

/// Why it cannot be said whether a run is whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Why {
    /// The run has not said that it ended: it lives, or died and was not recovered yet.
    Open {
        /// Since when nothing was heard of it.
        silent_for: Duration,
    },
    /// Rows are there, but `producer_runs` has none of the run.
    NoRunRow,
    /// `producer_runs` has a row without counts.
    NoCounts,
    /// Rows are missing, but the store has acknowledged some that it does not show yet (QuestDB).
    NotApplied,
    /// Oldest rows are missing and may be expired or lost.
    PerhapsExpired {
        /// How many.
        rows: u64,
    },
    /// More rows are accounted for than were attempted.
    Contradicts {
        /// How many too many.
        surplus: u64,
    },
}

/// One run and table, judged.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// `service@host`.
    pub producer: String,
    /// Number of the run.
    pub run: i64,
    /// Table.
    pub table: String,
    /// Calls of emit, if known.
    pub attempted: Option<u64>,
    /// Rows in the table.
    pub stored: u64,
    /// Refused by ring or spool.
    pub dropped: u64,
    /// Refused by the store.
    pub quarantined: u64,
    /// Deleted by retention, as far as noted.
    pub expired: u64,
    /// What follows.
    pub verdict: Verdict,
}

/// Judges every run and table that either side names, in the order of producer, table and run.
#[must_use]
pub fn judge(runs: &[RunCount], tables: &[TableCount]) -> Vec<Finding> {
    let stored: HashMap<(i64, &str), &TableCount> =
        tables.iter().map(|t| ((t.run, t.table.as_str()), t)).collect();
    let known: HashMap<(i64, &str), &RunCount> =
        runs.iter().map(|r| ((r.run, r.table.as_str()), r)).collect();
    // A run may have no row left in such a table: those of others took their place.
    let natural: HashSet<&str> = built_in()
        .filter(|(_, schema)| matches!(schema.key, Key::Natural(_)))
        .map(|(_, schema)| &*schema.name)
        .chain(tables.iter().filter(|t| t.is_natural).map(|t| t.table.as_str()))
        .collect();
    let mut findings: Vec<Finding> = known
        .iter()
        .map(|(key, run)| finding(run, stored.get(key).copied(), natural.contains(key.1)))
        .chain(tables.iter().filter(|t| !known.contains_key(&(t.run, t.table.as_str()))).map(alone))
        .collect();
    findings.sort_by(|a, b| (&a.producer, &a.table, a.run).cmp(&(&b.producer, &b.table, b.run)));
    findings
}

/// Moment before which a table's rows are too old; `None` if it keeps them for ever. A month is
/// 31 days, so that none goes early.
#[must_use]
pub fn cutoff(ttl: Ttl, now: Timestamp) -> Option<Timestamp> {
    let days = match ttl {
        Ttl::Days(n) => i64::from(n),
        Ttl::Months(n) => i64::from(n).saturating_mul(31),
        Ttl::Never => return None,
    };
    Some(Timestamp::from_nanos(now.as_nanos().saturating_sub(days.saturating_mul(DAY_NS))))
}

fn alone(table: &TableCount) -> Finding {
    Finding {
        producer: table.producer.clone(),
        run: table.run,
        table: table.table.clone(),
        attempted: None,
        stored: table.stored,
        dropped: 0,
        quarantined: 0,
        expired: expired_rows(table),
        verdict: Verdict::Unknown { why: Why::NoRunRow },
    }
}

fn finding(run: &RunCount, table: Option<&TableCount>, is_natural: bool) -> Finding {
    let verdict = match (run.attempted, run.acked) {
        (Some(attempted), Some(acked)) if is_natural => {
            judge_natural(run, attempted, acked, table.map_or(0, |t| t.stored))
        }
        (Some(attempted), _) if !is_natural => judge_emission(run, attempted, table),
        _ => Verdict::Unknown { why: Why::NoCounts },
    };
    Finding {
        producer: run.producer.clone(),
        run: run.run,
        table: run.table.clone(),
        attempted: run.attempted,
        stored: table.map_or(0, |t| t.stored),
        dropped: run.dropped,
        quarantined: run.quarantined,
        expired: table.map_or(0, expired_rows),
        verdict,
    }
}

fn expired_rows(table: &TableCount) -> u64 {
    match table.expired {
        Expired::Rows(rows) => rows,
        Expired::PerhapsOldest => 0,
    }
}

fn open(run: &RunCount) -> Verdict {
    Verdict::Unknown { why: Why::Open { silent_for: run.silent_for } }
}

/// An upsert replaces the `seq` of a row, so only what the store acknowledged counts.
fn judge_natural(run: &RunCount, attempted: u64, acked: u64, stored: u64) -> Verdict {
    if !run.is_closed {
        return open(run);
    }
    let taken = acked.max(stored);
    let accounted = taken.saturating_add(run.dropped).saturating_add(run.quarantined);
    match attempted.checked_sub(accounted) {
        Some(0) => Verdict::Whole,
        Some(rows) => Verdict::Lost { rows, holes: Vec::new() },
        None if taken == attempted => Verdict::Whole,
        None => contradicts(accounted, attempted),
    }
}

fn contradicts(accounted: u64, attempted: u64) -> Verdict {
    Verdict::Unknown { why: Why::Contradicts { surplus: accounted.saturating_sub(attempted) } }
}

fn judge_emission(run: &RunCount, attempted: u64, table: Option<&TableCount>) -> Verdict {
    let stored = table.map_or(0, |t| t.stored);
    let range = table.and_then(|t| t.seq_range);
    let seen = range.map_or(0, |(_, last)| last.saturating_add(1));
    let all = attempted.max(seen);
    let known = run.dropped.saturating_add(run.quarantined);
    let accounted = known.saturating_add(table.map_or(0, expired_rows));
    if !run.is_closed {
        // What was dropped after the last beat is not known yet: holes after it prove nothing.
        let after_beat = seen.saturating_sub(attempted);
        let lost = seen.saturating_sub(stored).saturating_sub(accounted).saturating_sub(after_beat);
        let has_expired = table.is_some_and(|t| t.expired == Expired::PerhapsOldest);
        if lost == 0 || has_expired {
            return open(run);
        }
        return Verdict::Lost { rows: lost, holes: holes(table, seen) };
    }
    match all.checked_sub(stored.saturating_add(accounted)) {
        Some(0) => Verdict::Whole,
        Some(missing) => lost_or_expired(missing, all, table),
        None if stored == all => Verdict::Whole,
        None => contradicts(stored.saturating_add(accounted), all),
    }
}

fn lost_or_expired(missing: u64, all: u64, table: Option<&TableCount>) -> Verdict {
    let head = match table {
        Some(t) if t.expired == Expired::PerhapsOldest => {
            t.seq_range.map_or(all, |(first, _)| first)
        }
        _ => 0,
    };
    match missing.saturating_sub(head) {
        0 => Verdict::Unknown { why: Why::PerhapsExpired { rows: missing } },
        rows => Verdict::Lost { rows, holes: holes(table, all) },
    }
}

/// Missing ranges of `0..all`: the head, those between, the tail.
fn holes(table: Option<&TableCount>, all: u64) -> Vec<Hole> {
    let Some((table, (first, last))) = table.and_then(|t| Some((t, t.seq_range?))) else {
        return range(Part::Tail, 0, all).into_iter().collect();
    };
    let between = table.holes.iter().take(HOLES_MAX);
    range(Part::Head, 0, first)
        .into_iter()
        .chain(between.map(|&(first, last)| Hole { part: Part::Middle, first, last }))
        .chain(range(Part::Tail, last.saturating_add(1), all))
        .collect()
}

fn range(part: Part, start: u64, end: u64) -> Option<Hole> {
    (start < end).then(|| Hole { part, first: start, last: end.saturating_sub(1) })
}
