//! A table or an answer as CSV (RFC 4180). Another format is another file beside this one.

use std::io::{self, Write};

use crate::read::{Datum, ReadError, Store, cell};

impl Store {
    /// Writes a table, or what a query gives, as CSV with a line of names; returns the number of
    /// rows. NULL is an empty field, an empty text is `""`, moments are RFC 3339. Rows are not
    /// held in memory.
    ///
    /// # Errors
    ///
    /// [`ReadError`]; what was written before stays written.
    pub fn export_csv(&self, sql_or_table: &str, to: &mut dyn Write) -> Result<u64, ReadError> {
        let sql = match self.known_table(sql_or_table.trim()) {
            Ok(table) => format!("SELECT * FROM {table}"),
            Err(ReadError::NoTable { .. }) if sql_or_table.trim().contains(char::is_whitespace) => {
                sql_or_table.to_owned()
            }
            Err(other) => return Err(other),
        };
        let mut statement = self.prepare(&sql)?;
        let columns = super::names(&statement);
        let is_ts = self.which_are_timestamps(&columns);
        let names: Vec<Datum> = columns.into_iter().map(Datum::Text).collect();
        line(&names, to).map_err(|source| ReadError::Write { source })?;
        let mut rows = statement.query([]).map_err(|source| self.failed(source))?;
        let mut count = 0_u64;
        while let Some(row) = rows.next().map_err(|source| self.failed(source))? {
            let cells = cell::row(row, &is_ts).map_err(|source| self.failed(source))?;
            line(&cells, to).map_err(|source| ReadError::Write { source })?;
            count = count.saturating_add(1);
        }
        to.flush().map_err(|source| ReadError::Write { source })?;
        Ok(count)
    }
}

fn line(cells: &[Datum], to: &mut dyn Write) -> io::Result<()> {
    for (i, cell) in cells.iter().enumerate() {
        if i > 0 {
            to.write_all(b",")?;
        }
        match cell {
            Datum::Text(text) if text.is_empty() || text.contains(['"', ',', '\n', '\r']) => {
                write!(to, "\"{}\"", text.replace('"', "\"\""))?;
            }
            other => write!(to, "{other}")?,
        }
    }
    to.write_all(b"\r\n")
}
