//! A table or an answer as CSV (RFC 4180), or as Parquet.

use std::io::{self, Write};

use crate::read::{Datum, ReadError, Store, cell};
#[cfg(feature = "parquet")]
use crate::schema::ColumnType;

impl Store {
    /// Writes a table, or what a query gives, as CSV with a line of names; returns the number of
    /// rows. NULL is an empty field, an empty text is `""`, moments are RFC 3339. Rows are not
    /// held in memory.
    ///
    /// # Errors
    ///
    /// [`ReadError`]; what was written before stays written.
    pub fn export_csv(&self, sql_or_table: &str, to: &mut dyn Write) -> Result<u64, ReadError> {
        let written = |source| ReadError::Write { source };
        let mut is_first = true;
        let count = self.each(sql_or_table, &mut |columns, cells| {
            if std::mem::take(&mut is_first) {
                let names: Vec<Datum> =
                    columns.iter().map(|name| Datum::Text(name.clone())).collect();
                line(&names, to).map_err(written)?;
            }
            cells.map_or(Ok(()), |cells| line(cells, to).map_err(written))
        })?;
        to.flush().map_err(written)?;
        Ok(count)
    }

    /// Writes a table, or what a query gives, as Parquet. Columns of a table have the table's
    /// types; those of a query are what its first 50,000 rows hold.
    ///
    /// # Errors
    ///
    /// [`ReadError`]; what was written before stays written.
    #[cfg(feature = "parquet")]
    pub fn export_parquet<W: Write + Send>(
        &self,
        sql_or_table: &str,
        to: W,
    ) -> Result<crate::ParquetReport, ReadError> {
        let types = self.types_of(sql_or_table.trim())?;
        let failed = |source| ReadError::Parquet { source: Box::new(source) };
        let mut typed =
            Typed { types, to: Some(to), writer: None, names: Vec::new(), held: Vec::new() };
        self.each(sql_or_table, &mut |columns, cells| {
            if typed.names.is_empty() {
                typed.names = columns.to_vec();
            }
            cells.map_or(Ok(()), |cells| typed.row(cells).map_err(failed))
        })?;
        typed.finish().map_err(failed)
    }

    /// Calls `see` with the names and nothing, then with each row.
    pub(crate) fn each(&self, sql_or_table: &str, see: &mut Seeing<'_>) -> Result<u64, ReadError> {
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
        see(&columns, None)?;
        let mut rows = statement.query([]).map_err(|source| self.failed(source))?;
        let mut count = 0_u64;
        while let Some(row) = rows.next().map_err(|source| self.failed(source))? {
            let cells = cell::row(row, &is_ts).map_err(|source| self.failed(source))?;
            see(&columns, Some(&cells))?;
            count = count.saturating_add(1);
        }
        Ok(count)
    }

    /// Types of a table's columns by name; none for a query.
    #[cfg(feature = "parquet")]
    fn types_of(&self, table: &str) -> Result<Vec<(String, ColumnType)>, ReadError> {
        let find = || {
            let mut statement = self.connection.prepare(
                "SELECT column_name, type FROM schema_columns WHERE table_name = ?1 COLLATE NOCASE",
            )?;
            let rows = statement.query_map([table], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect::<rusqlite::Result<Vec<(String, String)>>>()
        };
        let found = find().map_err(|source| self.failed(source))?;
        Ok(found.into_iter().filter_map(|(name, ty)| Some((name, type_of(&ty)?))).collect())
    }
}

/// Sees the names of the columns, and a row after the first call.
pub(crate) type Seeing<'s> = dyn FnMut(&[String], Option<&[Datum]>) -> Result<(), ReadError> + 's;

#[cfg(feature = "parquet")]
fn type_of(word: &str) -> Option<ColumnType> {
    let types = [
        ColumnType::Symbol,
        ColumnType::Varchar,
        ColumnType::Double,
        ColumnType::Long,
        ColumnType::Int,
        ColumnType::Timestamp,
    ];
    types.into_iter().find(|ty| crate::ddl::type_word(*ty) == word)
}

/// Holds the first rows of columns whose types are not known until it sees what they hold.
#[cfg(feature = "parquet")]
struct Typed<W: Write + Send> {
    types: Vec<(String, ColumnType)>,
    to: Option<W>,
    writer: Option<crate::ParquetWriter<W>>,
    names: Vec<String>,
    held: Vec<Vec<Datum>>,
}

#[cfg(feature = "parquet")]
impl<W: Write + Send> Typed<W> {
    const HELD_MAX: usize = 50_000;

    fn row(&mut self, cells: &[Datum]) -> Result<(), crate::ParquetError> {
        if let Some(writer) = &mut self.writer {
            return writer.row(cells);
        }
        self.held.push(cells.to_vec());
        if self.held.len() >= Self::HELD_MAX { self.begin() } else { Ok(()) }
    }

    fn begin(&mut self) -> Result<(), crate::ParquetError> {
        let Some(to) = self.to.take() else { return Ok(()) };
        let columns: Vec<(String, ColumnType)> = self
            .names
            .iter()
            .enumerate()
            .map(|(at, name)| {
                let known = self.types.iter().find(|(n, _)| n == name).map(|(_, ty)| *ty);
                let ty =
                    known.unwrap_or_else(|| seen(self.held.iter().filter_map(|row| row.get(at))));
                (name.clone(), ty)
            })
            .collect();
        let mut writer = crate::ParquetWriter::new(to, &columns)?;
        for row in std::mem::take(&mut self.held) {
            writer.row(&row)?;
        }
        self.writer = Some(writer);
        Ok(())
    }

    fn finish(mut self) -> Result<crate::ParquetReport, crate::ParquetError> {
        self.begin()?;
        match self.writer {
            Some(writer) => writer.finish(),
            // `begin` made one.
            None => Ok(crate::ParquetReport { rows: 0, digest: String::new() }),
        }
    }
}

/// The type that holds all of these; text when there is nothing to tell by.
#[cfg(feature = "parquet")]
fn seen<'d>(cells: impl Iterator<Item = &'d Datum>) -> ColumnType {
    let mut found = None;
    for cell in cells {
        match cell {
            Datum::Null => {}
            Datum::Double(_) => return ColumnType::Double,
            Datum::Long(_) => found = Some(ColumnType::Long),
            Datum::Timestamp(_) => return ColumnType::Timestamp,
            Datum::Text(_) => return ColumnType::Varchar,
        }
    }
    found.unwrap_or(ColumnType::Varchar)
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
