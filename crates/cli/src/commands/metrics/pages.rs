//! Rows of a server, a page at a time.

use plimsoll_metrics::{QuestDb, ddl};

use crate::failure::{Failure, Hint as _};
use crate::store::{of_json, only_reads};

/// Rows of a page: with every column of our widest table a reply stays far below its bound.
const PAGE_ROWS: u64 = 20_000;

/// Rows of a table by time, or of a query by position.
pub(super) struct Pages<'s> {
    server: &'s mut QuestDb,
    source: String,
    /// For a table: the newest `ts` that was read and how many rows of it.
    at: Option<(String, u64)>,
    is_table: bool,
    read: u64,
    is_over: bool,
}

/// Columns with the server's words for their types, and rows.
pub(super) struct Page {
    pub(super) columns: Vec<(String, String)>,
    pub(super) rows: Vec<Vec<serde_json::Value>>,
}

impl<'s> Pages<'s> {
    pub(super) fn new(server: &'s mut QuestDb, source: &str) -> Result<Self, Failure> {
        let is_table = !source.trim().contains(char::is_whitespace);
        let source = if is_table {
            ddl::quote(source.trim())
        } else {
            only_reads(source)?;
            format!("({})", source.trim().trim_end_matches(';'))
        };
        Ok(Self { server, source, at: None, is_table, read: 0, is_over: false })
    }

    /// Rows of a table from here on: those after the newest ones that it has now.
    pub(super) fn after(server: &'s mut QuestDb, table: &str) -> Result<Self, Failure> {
        let source = ddl::quote(table);
        let mut pages = Self { server, source, at: None, is_table: true, read: 0, is_over: false };
        let newest = pages.server.query(&format!("SELECT max(ts) FROM {}", pages.source))?;
        let newest = newest.rows.first().and_then(|row| row.first()?.as_str().map(str::to_owned));
        if let Some(newest) = newest {
            let sql = format!("SELECT count() FROM {} WHERE ts = '{newest}'", pages.source);
            let same = pages.server.query(&sql)?;
            let same = same.rows.first().and_then(|row| row.first()?.as_i64()).unwrap_or(0);
            pages.at = Some((newest, u64::try_from(same).unwrap_or(0)));
        }
        Ok(pages)
    }

    /// Looks for rows again after the last page.
    pub(super) fn go_on(&mut self) {
        self.is_over = false;
    }

    /// The next page; the first one is there even when it has no rows.
    pub(super) fn next(&mut self) -> Result<Option<Page>, Failure> {
        if self.is_over {
            return Ok(None);
        }
        let sql = self.sql();
        let found = self.server.query(&sql).hint(
            "is QuestDB there, and does it have the table? `plimsoll metrics tables` lists them",
        )?;
        let rows: Vec<Vec<serde_json::Value>> =
            found.rows.iter().map(|row| row.iter().map(of_json).collect()).collect();
        let count = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        self.is_over = count < PAGE_ROWS;
        self.read = self.read.saturating_add(count);
        if let Some(at) = found.position("ts").filter(|_| self.is_table) {
            self.note(&rows, at);
        } else {
            self.is_table = false;
        }
        Ok(Some(Page { columns: found.columns, rows }))
    }

    fn sql(&self) -> String {
        let source = &self.source;
        let (skip, condition) = match &self.at {
            Some((ts, seen)) => (*seen, format!(" WHERE ts >= '{ts}'")),
            None => (self.read, String::new()),
        };
        let order = if self.is_table { " ORDER BY ts" } else { "" };
        let end = skip.saturating_add(PAGE_ROWS);
        format!("SELECT * FROM {source}{condition}{order} LIMIT {skip}, {end}")
    }

    /// Notes how far it came: rows that share a moment may lie on both sides of a page's end.
    fn note(&mut self, rows: &[Vec<serde_json::Value>], at: usize) {
        let ts =
            |row: &Vec<serde_json::Value>| row.get(at).and_then(|v| v.as_str()).map(str::to_owned);
        let Some(newest) = rows.last().and_then(ts) else { return };
        let same = rows.iter().rev().take_while(|row| ts(row).as_ref() == Some(&newest)).count();
        let same = u64::try_from(same).unwrap_or(u64::MAX);
        let before = match &self.at {
            Some((ts, seen)) if *ts == newest => *seen,
            _ => 0,
        };
        self.at = Some((newest, before.saturating_add(same)));
    }
}

/// Writes all pages as Parquet.
#[cfg(feature = "parquet")]
pub(super) fn parquet<W: std::io::Write + Send>(
    mut pages: Pages<'_>,
    to: W,
) -> Result<plimsoll_metrics::ParquetReport, Failure> {
    use plimsoll_metrics::{ColumnType, ParquetWriter};
    let Some(mut page) = pages.next()? else { return Err(anyhow::anyhow!("no answer").into()) };
    let ty = |word: &str| match word {
        "DOUBLE" | "FLOAT" => ColumnType::Double,
        "LONG" | "INT" | "SHORT" | "BYTE" => ColumnType::Long,
        "TIMESTAMP" | "TIMESTAMP_NS" => ColumnType::Timestamp,
        _ => ColumnType::Varchar,
    };
    let columns: Vec<(String, ColumnType)> =
        page.columns.iter().map(|(name, word)| (name.clone(), ty(word))).collect();
    let mut writer = ParquetWriter::new(to, &columns)?;
    loop {
        for row in &page.rows {
            let cells: Vec<_> =
                row.iter().zip(&columns).map(|(value, (_, ty))| cell(value, *ty)).collect();
            writer.row(&cells)?;
        }
        match pages.next()? {
            Some(next) => page = next,
            None => return Ok(writer.finish()?),
        }
    }
}

#[cfg(feature = "parquet")]
fn cell(
    value: &serde_json::Value,
    ty: plimsoll_metrics::ColumnType,
) -> plimsoll_metrics::read::Datum {
    use plimsoll_metrics::{ColumnType, Timestamp, read::Datum};
    if value.is_null() {
        return Datum::Null;
    }
    let known = match ty {
        ColumnType::Double => value.as_f64().map(Datum::Double),
        ColumnType::Long | ColumnType::Int => value.as_i64().map(Datum::Long),
        ColumnType::Timestamp => value
            .as_str()
            .and_then(crate::moment::parse_rfc_ns)
            .map(|ns| Datum::Timestamp(Timestamp::from_nanos(ns))),
        ColumnType::Symbol | ColumnType::Varchar => {
            value.as_str().map(|t| Datum::Text(t.to_owned()))
        }
        _ => None,
    };
    known.unwrap_or_else(|| Datum::Text(crate::grid::text(value)))
}
