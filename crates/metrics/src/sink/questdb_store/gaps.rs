//! The counts that [`judge`] wants, from QuestDB.

use std::time::Duration;

use crate::{
    ddl::quote,
    gaps::{Expired, Finding, HOLES_MAX, RunCount, TableCount, Verdict, Why, judge},
    sink::{
        exec::QueryError,
        json::Json,
        questdb_store::{QuestDb, columns},
    },
    value::Timestamp,
};

/// Runs per table whose missing ranges are looked up; the others are counted only.
const RUNS_WITH_HOLES_MAX: usize = 64;
/// A row's `ts` may lie this much before its run began: it is the venue's time.
const TS_BEFORE_RUN_NS: i64 = 86_400_000_000_000;

/// A table that has rows of runs.
struct Found {
    /// With prefix.
    full: String,
    is_natural: bool,
    /// Acknowledged rows are not all visible.
    is_pending: bool,
    /// What retention keeps, in ns, at least; `None` keeps all.
    kept_ns: Option<i64>,
    newest: Option<i64>,
}

impl QuestDb {
    /// What was lost, per run and table, as `producer_runs` proves it at `now`. QuestDB does not
    /// note which rows it dropped with a partition: of a run that began before the retention's
    /// edge, missing oldest rows are [`Why::PerhapsExpired`].
    ///
    /// # Errors
    ///
    /// [`QueryError`]; [`QueryError::Sql`] if the store has no `producer_runs`: then nothing can
    /// be said.
    pub fn gaps(&mut self, now: Timestamp) -> Result<Vec<Finding>, QueryError> {
        let runs = self.run_counts(now)?;
        let mut counts = Vec::new();
        let mut pending = Vec::new();
        for table in self.tables_of_runs()? {
            if table.is_pending {
                pending.push(self.bare(&table.full).to_owned());
            }
            counts.extend(self.table_counts(&table, &runs, now)?);
        }
        let told: Vec<RunCount> = runs.into_iter().map(|(run, _)| run).collect();
        let mut findings = judge(&told, &counts);
        let is_lost = |f: &&mut Finding| matches!(f.verdict, Verdict::Lost { .. });
        for finding in findings.iter_mut().filter(is_lost) {
            if pending.contains(&finding.table) {
                finding.verdict = Verdict::Unknown { why: Why::NotApplied };
            }
        }
        Ok(findings)
    }

    fn bare<'n>(&self, full: &'n str) -> &'n str {
        full.strip_prefix(self.prefix.as_str()).unwrap_or(full)
    }

    /// What each run said of each table, and when it began.
    fn run_counts(&mut self, now: Timestamp) -> Result<Vec<(RunCount, Option<i64>)>, QueryError> {
        let table = quote(&format!("{}producer_runs", self.prefix));
        let found = self.query(&format!(
            "SELECT run, table_name, last(producer), max(attempted), max(dropped), max(quarantined),
                 max(acked), max(CASE WHEN state = 'closed' THEN 1 ELSE 0 END),
                 max(CASE WHEN exit_reason = 'shipped' THEN NULL ELSE cast(ts_init AS LONG) END),
                 min(cast(ts_init AS LONG))
             FROM {table} WHERE table_name IS NOT NULL AND run IS NOT NULL"
        ))?;
        found.rows.iter().map(|row| run_count(row, now).ok_or(no_table())).collect()
    }

    /// The tables with the prefix that have `run` and `seq`, but `producer_runs`.
    fn tables_of_runs(&mut self) -> Result<Vec<Found>, QueryError> {
        let listed = self.query(
            "SELECT table_name, ttlValue, ttlUnit, walEnabled AND wal_txn <> table_txn,
                 cast(table_max_timestamp AS LONG), table_suspended FROM tables() ORDER BY 1",
        )?;
        let mut tables = Vec::new();
        for row in &listed.rows {
            let Some(full) = text(row, 0) else { return Err(no_table()) };
            if !full.starts_with(&self.prefix) || self.bare(full) == "producer_runs" {
                continue;
            }
            let Some(columns) = columns(&mut self.client, full)? else { continue };
            let has = |name: &str| columns.iter().any(|c| c.column.name == name);
            if !(has("run") && has("seq") && has("producer")) {
                continue;
            }
            let mut keys = columns.iter().filter(|c| c.is_key).map(|c| c.column.name.as_str());
            tables.push(Found {
                full: full.to_owned(),
                is_natural: keys.any(|key| !["ts", "run", "seq"].contains(&key)),
                is_pending: [3, 5]
                    .iter()
                    .any(|at| row.get(*at).and_then(Json::as_bool) == Some(true)),
                kept_ns: kept_ns(long(row, 1), text(row, 2)),
                // Microseconds, whatever the table's own unit.
                newest: long(row, 4).map(|us| us.saturating_mul(1_000)),
            });
        }
        Ok(tables)
    }

    fn table_counts(
        &mut self,
        table: &Found,
        runs: &[(RunCount, Option<i64>)],
        now: Timestamp,
    ) -> Result<Vec<TableCount>, QueryError> {
        let (view, name) = (quote(&table.full), self.bare(&table.full).to_owned());
        let found = self.query(&format!(
            "SELECT run, count(), min(seq), max(seq), last(producer) FROM {view}
             WHERE run IS NOT NULL AND seq IS NOT NULL"
        ))?;
        let edge = table.edge(now);
        let begun = |run| runs.iter().find(|(r, _)| r.run == run && r.table == name)?.1;
        let expired = |run| match edge {
            // A run without a beginning may be as old as it likes.
            Some(edge) if begun(run).is_none_or(|begun| begun < edge) => Expired::PerhapsOldest,
            _ => Expired::Rows(0),
        };
        let mut counts = Vec::new();
        for row in &found.rows {
            counts.push(table_count(row, &name, table.is_natural, expired).ok_or(no_table())?);
        }
        // A run of which nothing is left is in no row: what may have gone must still be said.
        let is_absent =
            |run: &RunCount| run.table == name && !counts.iter().any(|c| c.run == run.run);
        let absent: Vec<TableCount> = runs
            .iter()
            .filter(|(run, _)| is_absent(run))
            .map(|(run, _)| TableCount {
                producer: run.producer.clone(),
                run: run.run,
                table: name.clone(),
                is_natural: table.is_natural,
                stored: 0,
                seq_range: None,
                holes: Vec::new(),
                expired: expired(run.run),
            })
            .collect();
        let has_holes = |t: &&mut TableCount| !t.is_natural && t.has_holes();
        for count in counts.iter_mut().filter(has_holes).take(RUNS_WITH_HOLES_MAX) {
            count.holes = self.holes(&view, count.run)?;
        }
        counts.extend(absent);
        Ok(counts)
    }

    /// Ranges of `seq` that are missing between two rows of a run, the first few.
    fn holes(&mut self, view: &str, run: i64) -> Result<Vec<(u64, u64)>, QueryError> {
        let found = self.query(&format!(
            "SELECT before + 1, seq - 1 FROM (
                 SELECT seq, lag(seq) OVER (ORDER BY seq) AS before FROM {view} WHERE run = {run})
             WHERE seq > before + 1 ORDER BY seq LIMIT {HOLES_MAX}"
        ))?;
        let range = |row: &Vec<Json>| Some((unsigned(row, 0)?, unsigned(row, 1)?));
        found.rows.iter().map(|row| range(row).ok_or(no_table())).collect()
    }
}

impl Found {
    /// Rows of a run that began before this may have been dropped; `None` if none was.
    fn edge(&self, now: Timestamp) -> Option<i64> {
        let newest = self.newest.map_or(now.as_nanos(), |newest| newest.min(now.as_nanos()));
        Some(newest.saturating_sub(self.kept_ns?).saturating_add(TS_BEFORE_RUN_NS))
    }
}

fn run_count(row: &[Json], now: Timestamp) -> Option<(RunCount, Option<i64>)> {
    let silent = long(row, 8).map_or(0, |heard| now.as_nanos().saturating_sub(heard));
    let count = RunCount {
        producer: text(row, 2).unwrap_or_default().to_owned(),
        run: long(row, 0)?,
        table: text(row, 1)?.to_owned(),
        attempted: unsigned(row, 3),
        dropped: unsigned(row, 4).unwrap_or(0),
        quarantined: unsigned(row, 5).unwrap_or(0),
        acked: unsigned(row, 6),
        is_closed: long(row, 7) == Some(1),
        silent_for: Duration::from_nanos(u64::try_from(silent).unwrap_or(0)),
    };
    Some((count, long(row, 9)))
}

fn table_count(
    row: &[Json],
    name: &str,
    is_natural: bool,
    expired: impl Fn(i64) -> Expired,
) -> Option<TableCount> {
    let run = long(row, 0)?;
    Some(TableCount {
        producer: text(row, 4).unwrap_or_default().to_owned(),
        run,
        table: name.to_owned(),
        is_natural,
        stored: unsigned(row, 1)?,
        seq_range: Some((unsigned(row, 2)?, unsigned(row, 3)?)),
        holes: Vec::new(),
        expired: expired(run),
    })
}

/// The least that a retention of so many units keeps; a month has 28 days at least.
fn kept_ns(value: Option<i64>, unit: Option<&str>) -> Option<i64> {
    const HOUR_NS: i64 = 3_600_000_000_000;
    let hours = match unit? {
        "HOUR" => 1,
        "DAY" => 24,
        "WEEK" => 7 * 24,
        "MONTH" => 28 * 24,
        _ => 365 * 24,
    };
    value.filter(|v| *v > 0).map(|v| v.saturating_mul(hours).saturating_mul(HOUR_NS))
}

fn no_table() -> QueryError {
    QueryError::Json { source: None }
}

fn text(row: &[Json], at: usize) -> Option<&str> {
    row.get(at)?.as_str()
}

fn long(row: &[Json], at: usize) -> Option<i64> {
    row.get(at)?.as_i64()
}

fn unsigned(row: &[Json], at: usize) -> Option<u64> {
    long(row, at).and_then(|n| u64::try_from(n).ok())
}
