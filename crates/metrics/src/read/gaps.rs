//! The counts that [`judge`] wants, from a store file.

use std::{collections::HashMap, time::Duration};

use rusqlite::{Row, params};

use crate::{
    ddl::quote,
    gaps::{Expired, Finding, HOLES_MAX, RunCount, TableCount, judge},
    read::{ReadError, Store},
    schema::Key,
    tables::built_in,
    value::Timestamp,
};

/// Runs per table whose missing ranges are looked up; the others are counted only.
const RUNS_WITH_HOLES_MAX: usize = 64;

impl Store {
    /// What was lost, per run and table, as `producer_runs` proves it at `now`.
    ///
    /// # Errors
    ///
    /// [`ReadError::Query`]; [`ReadError::NoTable`] if the store has no `producer_runs`: then
    /// nothing can be said.
    pub fn gaps(&self, now: Timestamp) -> Result<Vec<Finding>, ReadError> {
        self.known_table("producer_runs")?;
        let runs = self.run_counts(now).map_err(|source| self.failed(source))?;
        let mut tables = Vec::new();
        for name in self.table_names()?.iter().filter(|name| *name != "producer_runs") {
            tables.extend(self.table_counts(name).map_err(|source| self.failed(source))?);
        }
        Ok(judge(&runs, &tables))
    }

    fn run_counts(&self, now: Timestamp) -> rusqlite::Result<Vec<RunCount>> {
        let mut statement = self.connection.prepare(
            "SELECT max(producer), run, table_name, max(attempted), max(dropped), max(quarantined),
                 max(acked), max(state = 'closed'), max(CASE WHEN exit_reason = 'shipped' THEN NULL ELSE ts_init END)
             FROM producer_runs WHERE table_name IS NOT NULL GROUP BY run, table_name",
        )?;
        let count = |row: &Row<'_>, at: usize| {
            row.get::<_, Option<i64>>(at).map(|v| v.and_then(|v| u64::try_from(v).ok()))
        };
        let rows = statement.query_map([], |row| {
            let heard: Option<i64> = row.get(8)?;
            let silent = now.as_nanos().saturating_sub(heard.unwrap_or(i64::MIN));
            Ok(RunCount {
                producer: row.get::<_, Option<String>>(0)?.unwrap_or_default(),
                run: row.get(1)?,
                table: row.get(2)?,
                attempted: count(row, 3)?,
                dropped: count(row, 4)?.unwrap_or(0),
                quarantined: count(row, 5)?.unwrap_or(0),
                acked: count(row, 6)?,
                is_closed: row.get::<_, Option<bool>>(7)?.unwrap_or(false),
                silent_for: Duration::from_nanos(u64::try_from(silent).unwrap_or(0)),
            })
        })?;
        rows.collect()
    }

    fn table_counts(&self, name: &str) -> rusqlite::Result<Vec<TableCount>> {
        let is_natural = self.is_natural(name)?;
        let view = quote(name);
        let mut statement = self.connection.prepare(&format!(
            "SELECT run, count(*), min(seq), max(seq), max(producer) FROM {view}
             WHERE run IS NOT NULL AND seq IS NOT NULL GROUP BY run"
        ))?;
        let rows = statement.query_map([], |row| {
            let unsigned = |at| row.get::<_, i64>(at).map(|v| u64::try_from(v).unwrap_or(0));
            Ok(TableCount {
                producer: row.get::<_, Option<String>>(4)?.unwrap_or_default(),
                run: row.get(0)?,
                table: name.to_owned(),
                is_natural,
                stored: unsigned(1)?,
                seq_range: Some((unsigned(2)?, unsigned(3)?)),
                holes: Vec::new(),
                expired: Expired::Rows(0),
            })
        })?;
        let mut counts = rows.collect::<rusqlite::Result<Vec<TableCount>>>()?;
        let has_holes = |t: &&mut TableCount| !t.is_natural && t.has_holes();
        for count in counts.iter_mut().filter(has_holes).take(RUNS_WITH_HOLES_MAX) {
            count.holes = self.holes(&view, count.run)?;
        }
        self.add_expired(name, is_natural, &mut counts)?;
        Ok(counts)
    }

    /// Ranges of `seq` that are missing between two rows of a run, the first few.
    fn holes(&self, view: &str, run: i64) -> rusqlite::Result<Vec<(u64, u64)>> {
        let mut statement = self.connection.prepare(&format!(
            "SELECT before + 1, seq - 1 FROM (
                 SELECT seq, lag(seq) OVER (ORDER BY seq) AS before FROM {view} WHERE run = ?1)
             WHERE seq > before + 1 ORDER BY seq LIMIT ?2"
        ))?;
        let limit = i64::try_from(HOLES_MAX).unwrap_or(i64::MAX);
        let unsigned = |v: i64| u64::try_from(v).unwrap_or(0);
        let rows = statement.query_map(params![run, limit], |row| {
            Ok((unsigned(row.get(0)?), unsigned(row.get(1)?)))
        })?;
        rows.collect()
    }

    /// Retention notes what it deletes per run, so that it is told from a loss exactly.
    fn add_expired(
        &self,
        name: &str,
        is_natural: bool,
        counts: &mut Vec<TableCount>,
    ) -> rusqlite::Result<()> {
        let mut statement = self
            .connection
            .prepare("SELECT run, rows FROM schema_expired WHERE table_name = ?1")?;
        let expired = statement
            .query_map([name], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))?
            .collect::<rusqlite::Result<HashMap<i64, i64>>>()?;
        for (run, rows) in expired {
            let expired = Expired::Rows(u64::try_from(rows).unwrap_or(0));
            if let Some(count) = counts.iter_mut().find(|c| c.run == run) {
                count.expired = expired;
                continue;
            }
            counts.push(TableCount {
                producer: String::new(),
                run,
                table: name.to_owned(),
                is_natural,
                stored: 0,
                seq_range: None,
                holes: Vec::new(),
                expired,
            });
        }
        Ok(())
    }

    /// Whether the key of a table is the venue's: any but (ts, run, seq).
    fn is_natural(&self, name: &str) -> rusqlite::Result<bool> {
        if let Some((_, schema)) = built_in().find(|(_, schema)| schema.name == name) {
            return Ok(matches!(schema.key, Key::Natural(_)));
        }
        self.connection.query_row(
            "SELECT count(*) FILTER (WHERE pk > 0 AND name NOT IN ('ts', 'run', 'seq')) > 0
             FROM pragma_table_info('_' || ?1)",
            [name],
            |row| row.get(0),
        )
    }
}
