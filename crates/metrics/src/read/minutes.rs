//! Roll-ups of a store file.

use std::ops::Range;

use rusqlite::{Row, params};

use crate::{
    ddl::quote,
    read::{ReadError, Store},
    rollup::{Minute, RollUp, Sample, each_minute, roll_up},
    value::Timestamp,
};

impl Store {
    /// Minutes of a roll-up within `range`, from the rows of its source. One minute's values are
    /// in memory at a time.
    ///
    /// # Errors
    ///
    /// [`ReadError`]; [`ReadError::NoTable`] before the first row of the source.
    pub fn minutes(&self, of: &RollUp, range: Range<Timestamp>) -> Result<Vec<Minute>, ReadError> {
        let table = self.known_table(of.source)?;
        let labels: Vec<String> = of.labels().map(quote).collect();
        let value = quote(of.value);
        let sql = format!(
            "SELECT ts, {value}, {} FROM {table} WHERE ts >= ?1 AND ts < ?2
             AND {value} IS NOT NULL ORDER BY ts, run, seq",
            labels.join(", ")
        );
        let read = || {
            let mut statement = self.connection.prepare(&sql)?;
            let labels = labels.len();
            let mut minutes = Vec::new();
            for minute in each_minute(&range) {
                let bounds = params![minute.start.as_nanos(), minute.end.as_nanos()];
                let mut failed = None;
                let samples = statement.query_map(bounds, |row| sample(row, labels))?;
                let samples = samples.map_while(|s| s.map_err(|e| failed = Some(e)).ok());
                minutes.extend(roll_up(samples));
                failed.map_or(Ok(()), Err)?;
            }
            Ok(minutes)
        };
        read().map_err(|source| self.failed(source))
    }

    /// The last minute that was rolled up, and the oldest row of the source.
    ///
    /// # Errors
    ///
    /// [`ReadError`].
    pub fn rolled_up(
        &self,
        of: &RollUp,
    ) -> Result<(Option<Timestamp>, Option<Timestamp>), ReadError> {
        let edge = |function: &str, table: &str| match self.known_table(table) {
            Err(ReadError::NoTable { .. }) => Ok(None),
            Err(error) => Err(error),
            Ok(table) => {
                let sql = format!("SELECT {function}(ts) FROM {table}");
                let ns: rusqlite::Result<Option<i64>> =
                    self.connection.query_row(&sql, [], |row| row.get(0));
                let ns = ns.map_err(|source| self.failed(source))?;
                Ok(ns.map(Timestamp::from_nanos))
            }
        };
        Ok((edge("max", &of.target.name)?, edge("min", of.source)?))
    }
}

fn sample(row: &Row<'_>, labels: usize) -> rusqlite::Result<Sample> {
    Ok(Sample {
        ts: Timestamp::from_nanos(row.get(0)?),
        value: row.get(1)?,
        labels: (0..labels)
            .map(|at| row.get(at.saturating_add(2)))
            .collect::<rusqlite::Result<_>>()?,
    })
}
