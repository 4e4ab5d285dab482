//! Rows of a store as rules take them.

use std::collections::{BTreeSet, HashSet};
use std::path::Path;
use std::time::{Duration, SystemTime};

use plimsoll_alerts::{Cursors, Row, Wanted};
use plimsoll_metrics::read::{Answer, Cursor, Datum, ReadError, Store};
use plimsoll_metrics::{ColumnType, Timestamp, built_in};

/// Rows of a table that one look takes; the rest comes with the next one.
const ROWS_MAX: usize = 1_000_000;

/// Follows the tables that rules need.
pub(crate) struct StoreRows {
    store: Store,
    tables: Vec<Table>,
}

struct Table {
    name: String,
    columns: BTreeSet<String>,
    cursor: Cursor,
    /// Columns that are ids and texts; any other text tells series apart.
    texts: HashSet<String>,
    /// It could not be read the last time.
    is_unreadable: bool,
}

/// A row that was read, in its own memory.
#[derive(Debug, Default)]
pub(crate) struct OwnedRow {
    table: String,
    at_ns: i64,
    labels: Vec<(String, String)>,
    numbers: Vec<(String, f64)>,
    texts: Vec<(String, String)>,
}

/// What one look found.
#[derive(Debug, Default)]
pub(crate) struct Look {
    /// New rows of all tables, by their own time.
    pub(crate) rows: Vec<OwnedRow>,
    /// Tables that cannot be read any more, and why.
    pub(crate) lost: Vec<(String, String)>,
    /// Tables that can be read again.
    pub(crate) found: Vec<String>,
}

impl StoreRows {
    /// Follows `wanted` from where `cursors` say on, else from `since`.
    pub(crate) fn open(
        path: &Path,
        wanted: &Wanted,
        cursors: &Cursors,
        since: SystemTime,
    ) -> Result<Self, ReadError> {
        let store = Store::open(path)?;
        let tables = wanted.iter().map(|(name, columns)| {
            let known = cursors.get(name).and_then(|text| serde_json::from_str(text).ok());
            let begin = || Cursor::after(Timestamp::from_nanos(ns(since)));
            let is_text = |ty| matches!(ty, ColumnType::Varchar);
            let schema = built_in().find(|(_, schema)| schema.name == *name);
            let columns_of = schema.into_iter().flat_map(|(_, schema)| schema.all_columns());
            let texts = columns_of.filter(|column| is_text(column.ty));
            Table {
                name: name.clone(),
                columns: columns.clone(),
                cursor: known.unwrap_or_else(begin),
                texts: texts.map(|column| column.name.to_string()).collect(),
                is_unreadable: false,
            }
        });
        Ok(Self { store, tables: tables.collect() })
    }

    /// What came since the last look. A table that nobody has written yet has no rows.
    pub(crate) fn look(&mut self) -> Look {
        let mut look = Look::default();
        for table in &mut self.tables {
            match self.store.tail(&table.name, ROWS_MAX, &mut table.cursor) {
                Ok(answer) => {
                    if std::mem::take(&mut table.is_unreadable) {
                        look.found.push(table.name.clone());
                    }
                    look.rows.extend(table.rows(&answer));
                }
                Err(ReadError::NoTable { .. }) => {}
                Err(error) => {
                    if !std::mem::replace(&mut table.is_unreadable, true) {
                        look.lost.push((table.name.clone(), error.to_string()));
                    }
                }
            }
        }
        look.rows.sort_by_key(|row| row.at_ns);
        look
    }

    /// How far each table was read.
    pub(crate) fn cursors(&self) -> Cursors {
        let texts = self.tables.iter().map(|table| {
            let cursor = serde_json::to_string(&table.cursor).unwrap_or_default();
            (table.name.clone(), cursor)
        });
        texts.collect()
    }
}

impl Table {
    fn rows<'a>(&'a self, answer: &'a Answer) -> impl Iterator<Item = OwnedRow> + 'a {
        answer.rows.iter().map(move |row| {
            let mut owned = OwnedRow { table: self.name.clone(), ..OwnedRow::default() };
            for (column, datum) in answer.columns.iter().zip(row) {
                self.put(&mut owned, column, datum);
            }
            owned
        })
    }

    #[expect(clippy::cast_precision_loss, reason = "rules judge by 15 digits")]
    fn put(&self, row: &mut OwnedRow, column: &str, datum: &Datum) {
        match datum {
            Datum::Timestamp(at) if column == "ts" => row.at_ns = at.as_nanos(),
            Datum::Text(text) if text.is_empty() => {}
            Datum::Text(text) if self.texts.contains(column) => {
                row.texts.push((column.to_owned(), text.clone()));
            }
            Datum::Text(text) => row.labels.push((column.to_owned(), text.clone())),
            _ if !self.columns.contains(column) => {}
            Datum::Double(value) => row.numbers.push((column.to_owned(), *value)),
            Datum::Long(value) => row.numbers.push((column.to_owned(), *value as f64)),
            Datum::Timestamp(at) => {
                row.numbers.push((column.to_owned(), at.as_nanos() as f64 / 1e9));
            }
            _ => {}
        }
    }
}

impl OwnedRow {
    /// When it was true at its source.
    pub(crate) fn at(&self) -> SystemTime {
        let since = Duration::from_nanos(u64::try_from(self.at_ns).unwrap_or(0));
        SystemTime::UNIX_EPOCH + since
    }

    /// Hands it to whoever takes rows.
    pub(crate) fn with<R>(&self, take: impl FnOnce(&Row<'_>) -> R) -> R {
        let labels = pairs(&self.labels);
        let texts = pairs(&self.texts);
        let numbers: Vec<(&str, f64)> =
            self.numbers.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        let row = Row::new(&self.table, self.at());
        take(&row.labels(&labels).numbers(&numbers).texts(&texts))
    }
}

fn pairs(from: &[(String, String)]) -> Vec<(&str, &str)> {
    from.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

fn ns(at: SystemTime) -> i64 {
    let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}
