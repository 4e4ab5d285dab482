//! From an SQLite file.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, Row, params};

use super::Whose;
use crate::{
    ddl::quote,
    derive::past::{POSITION_COLUMNS, Past, RISK_COLUMNS, RiskRow},
    risk::Beginning,
    sink::sqlite::LOCK_WAIT,
};

/// What the file remembers; `None` if a table has more rows than `rows_max`.
pub(super) fn read(
    path: &Path,
    whose: &Whose,
    rows_max: Option<u32>,
) -> Result<Option<Beginning>, String> {
    if !path.exists() {
        return Ok(Some(Past::default().done(0)));
    }
    read_file(path, whose, rows_max).map_err(|error| format!("{}: {error}", path.display()))
}

fn read_file(
    path: &Path,
    whose: &Whose,
    rows_max: Option<u32>,
) -> rusqlite::Result<Option<Beginning>> {
    // A log of writes that nobody merged yet is read through shared memory beside the file, which
    // a connection that only reads could not make.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(LOCK_WAIT)?;
    let reader = Reader { connection, whose, rows_max };
    let mut past = Past::default();
    let is_risk_read = reader.rows("trading_risk", RISK_COLUMNS, |row| {
        let labels = [text(row, 0)?, text(row, 1)?, text(row, 2)?];
        past.risk(&RiskRow {
            labels: labels.each_ref().map(String::as_str),
            numbers: [row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?],
            session_start: row.get(7)?,
            ts: row.get(8)?,
        });
        Ok(())
    })?;
    let are_positions_read = reader.rows("position_changes", POSITION_COLUMNS, |row| {
        let labels = [text(row, 0)?, text(row, 1)?, text(row, 2)?, text(row, 3)?];
        let id: Option<String> = row.get(4)?;
        let labels = labels.each_ref().map(String::as_str);
        past.position(labels, id.as_deref(), &text(row, 5)?, row.get(6)?);
        Ok(())
    })?;
    let is_all = is_risk_read && are_positions_read;
    Ok(is_all.then(|| past.done(whose.session_offset_ns)))
}

fn text(row: &Row<'_>, at: usize) -> rusqlite::Result<String> {
    row.get::<_, Option<String>>(at).map(Option::unwrap_or_default)
}

struct Reader<'w> {
    connection: Connection,
    whose: &'w Whose,
    rows_max: Option<u32>,
}

impl Reader<'_> {
    /// Newest rows of a table first; whether these were all.
    fn rows(
        &self,
        name: &str,
        columns: &str,
        mut see: impl FnMut(&Row<'_>) -> rusqlite::Result<()>,
    ) -> rusqlite::Result<bool> {
        let view = format!("{}{name}", self.whose.prefix);
        let is_there: bool = self.connection.query_row(
            "SELECT count(*) > 0 FROM sqlite_schema WHERE type = 'view' AND name = ?1",
            [&view],
            |row| row.get(0),
        )?;
        if !is_there {
            return Ok(true);
        }
        let mut statement = self.connection.prepare(&format!(
            "SELECT {columns} FROM {} WHERE env = ?1 AND mode = ?2
             ORDER BY ts DESC, run DESC, seq DESC LIMIT ?3",
            quote(&view)
        ))?;
        let limit = self.rows_max.map_or(-1, |max| i64::from(max).saturating_add(1));
        let mut rows = statement.query(params![self.whose.env, self.whose.mode, limit])?;
        let mut seen = 0_u32;
        while let Some(row) = rows.next()? {
            if self.rows_max.is_some_and(|max| seen >= max) {
                return Ok(false);
            }
            seen = seen.saturating_add(1);
            see(row)?;
        }
        Ok(true)
    }
}
