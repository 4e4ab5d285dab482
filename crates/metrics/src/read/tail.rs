//! The newest rows of a table, and what came since.

use std::collections::{HashMap, HashSet};

use rusqlite::params;

use crate::{
    ddl::quote,
    read::{Answer, Datum, ReadError, Store},
    value::Timestamp,
};

/// A row that comes this much later than others of its table is still seen by a follower.
const LATE_NS: i64 = 60_000_000_000;
/// In a table that gets many rows, most calls look for rows that are at most this late,
const FRESH_NS: i64 = 2_000_000_000;
/// and after so many of them one looks for all.
const FRESH_CALLS: u32 = 19;
/// Rows of a minute that are many.
const MANY: usize = 20_000;

/// What a follower has seen of a table.
#[derive(Debug, Clone, Default)]
#[cfg_attr(feature = "config", derive(serde::Serialize, serde::Deserialize))]
pub struct Cursor {
    seen: HashMap<i64, i64>,
    ts: Option<i64>,
    /// Calls until one looks for all late rows again.
    #[cfg_attr(feature = "config", serde(skip))]
    fresh_calls: u32,
}

/// What a look found.
struct Found {
    answer: Answer,
    /// Runs of all rows that were looked at, new or not.
    runs: HashSet<i64>,
    looked_at: usize,
}

impl Cursor {
    /// A follower that begins with the rows from `ts` on.
    #[must_use]
    pub fn after(ts: Timestamp) -> Self {
        let ts = Some(ts.as_nanos().saturating_add(LATE_NS));
        Self { ts, ..Self::default() }
    }

    /// Lets the next call look from `now` on at the latest, 60 s for late rows included: after a row
    /// from the future it would miss what others write at the right time. No row is shown twice.
    pub fn hold_to(&mut self, now: Timestamp) {
        self.ts = self.ts.map(|ts| ts.min(now.as_nanos()));
    }
}

impl Store {
    /// The newest `n` rows of a table, oldest first, and with a cursor that has been used: the
    /// rows that came since, at most `n`, the rest at the next call. A row whose `ts` is more
    /// than 60 s before the newest one seen is not shown by a later call. Of a table that gets many
    /// rows, one that is more than 2 s late is shown by every 20th call.
    ///
    /// # Errors
    ///
    /// [`ReadError::NoTable`], [`ReadError::Query`].
    pub fn tail(&self, table: &str, n: usize, cursor: &mut Cursor) -> Result<Answer, ReadError> {
        let name = self.known_table(table)?;
        let mut answer = match cursor.ts {
            None => {
                // Asked before the rows: what arrives in between is new at the next call at worst.
                cursor.seen = self.newest_seqs(&name)?;
                self.newest(&name, n)?
            }
            Some(ts) => self.news(&name, ts, n, cursor)?,
        };
        let at = |name: &str| answer.columns.iter().position(|c| c == name).unwrap_or(usize::MAX);
        let (ts, run, seq) = (at("ts"), at("run"), at("seq"));
        answer.rows.sort_by_key(|row| (long(row, ts), long(row, run), long(row, seq)));
        for row in &answer.rows {
            if let (Some(run), Some(seq)) = (long(row, run), long(row, seq)) {
                let seen = cursor.seen.entry(run).or_insert(seq);
                *seen = seq.max(*seen);
            }
            // What was cut off may be older than what was not.
            if !answer.is_cut {
                cursor.ts = cursor.ts.max(long(row, ts));
            }
        }
        // A table without a row is followed from its first one on.
        cursor.ts = cursor.ts.or(Some(i64::MIN));
        Ok(answer)
    }

    fn news(
        &self,
        name: &str,
        ts: i64,
        n: usize,
        cursor: &mut Cursor,
    ) -> Result<Answer, ReadError> {
        if cursor.fresh_calls > 0 {
            cursor.fresh_calls = cursor.fresh_calls.saturating_sub(1);
            return Ok(self.since(name, ts.saturating_sub(FRESH_NS), n, &cursor.seen)?.answer);
        }
        let found = self.since(name, ts.saturating_sub(LATE_NS), n, &cursor.seen)?;
        if !found.answer.is_cut {
            if found.looked_at > MANY {
                cursor.fresh_calls = FRESH_CALLS;
            }
            // A run without a row in this time has no row that a later call could show again.
            cursor.seen.retain(|run, _| found.runs.contains(run));
        }
        Ok(found.answer)
    }

    fn newest(&self, name: &str, n: usize) -> Result<Answer, ReadError> {
        let limit = i64::try_from(n).unwrap_or(i64::MAX);
        let sql = format!("SELECT * FROM {name} ORDER BY ts DESC, run DESC, seq DESC LIMIT ?1");
        let mut statement = self.connection.prepare(&sql).map_err(|source| self.failed(source))?;
        self.collect(&mut statement, params![limit], n)
    }

    /// The largest `seq` of every run that a late row may still be of.
    fn newest_seqs(&self, name: &str) -> Result<HashMap<i64, i64>, ReadError> {
        let find = || {
            let mut statement = self.connection.prepare(&format!(
                "SELECT run, max(seq) FROM {name} WHERE ts >= (SELECT max(ts) FROM {name}) - ?1
                 AND run IS NOT NULL AND seq IS NOT NULL GROUP BY run"
            ))?;
            let rows = statement.query_map([LATE_NS], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect::<rusqlite::Result<HashMap<i64, i64>>>()
        };
        find().map_err(|source| self.failed(source))
    }

    fn since(
        &self,
        name: &str,
        from: i64,
        n: usize,
        seen: &HashMap<i64, i64>,
    ) -> Result<Found, ReadError> {
        // In the order of `seq`, so that what is cut off is above what was seen of its run.
        let sql = format!("SELECT * FROM {name} WHERE ts >= ?1 ORDER BY run, seq");
        let mut statement = self.connection.prepare(&sql).map_err(|source| self.failed(source))?;
        let columns = super::names(&statement);
        let is_ts = self.which_are_timestamps(&columns);
        let mut answer = Answer { columns, rows: Vec::new(), is_cut: false };
        let (mut runs, mut looked_at) = (HashSet::new(), 0_usize);
        let mut rows = statement.query([from]).map_err(|source| self.failed(source))?;
        while let Some(row) = rows.next().map_err(|source| self.failed(source))? {
            let key = (row.get::<_, Option<i64>>("run"), row.get::<_, Option<i64>>("seq"));
            let (Ok(Some(run)), Ok(Some(seq))) = key else { continue };
            looked_at = looked_at.saturating_add(1);
            runs.insert(run);
            if seen.get(&run).is_some_and(|&seen| seq <= seen) {
                continue;
            }
            if answer.rows.len() == n {
                answer.is_cut = true;
                break;
            }
            answer.rows.push(super::cell::row(row, &is_ts).map_err(|source| self.failed(source))?);
        }
        Ok(Found { answer, runs, looked_at })
    }

    /// The quoted name of a table that the store has.
    pub(super) fn known_table(&self, table: &str) -> Result<String, ReadError> {
        let names = self.table_names()?;
        let found = names.into_iter().find(|name| name.eq_ignore_ascii_case(table));
        found
            .map(|name| quote(&name))
            .ok_or_else(|| ReadError::NoTable { path: self.path.clone(), table: table.to_owned() })
    }
}

fn long(row: &[Datum], at: usize) -> Option<i64> {
    match row.get(at) {
        Some(Datum::Long(v)) => Some(*v),
        Some(Datum::Timestamp(v)) => Some(Timestamp::as_nanos(*v)),
        _ => None,
    }
}
