//! Rows of a store as rules take them.

use std::collections::{BTreeSet, HashSet};
use std::path::Path;
use std::time::{Duration, SystemTime};

use plimsoll_alerts::{Cursors, Row, Wanted};
use plimsoll_metrics::read::{Datum, ReadError, Store};
use plimsoll_metrics::{ColumnType, built_in};

use crate::failure::{Failure, Hint as _};
use crate::store::StorePlace;
use follow::{Cursor, Source, Unread};

mod follow;

/// Longest wait for a server's answer.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// Follows the tables that rules need.
pub(crate) struct StoreRows {
    source: Source,
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
    /// Follows `wanted` from where `cursors` say on, else from `since`. A server is not asked yet.
    pub(crate) fn open(
        place: &StorePlace,
        wanted: &Wanted,
        cursors: &Cursors,
        since: SystemTime,
    ) -> Result<Self, Failure> {
        if !place.is_server() {
            return Self::of_file(Path::new(place.name()), wanted, cursors, since)
                .hint("`plimsoll demo` makes a store in runs/demo.db; name yours with --store");
        }
        let source =
            Source::Server(Box::new(place.server_within(ANSWER_MAX)?), place.prefix().to_owned());
        Ok(Self::new(source, wanted, cursors, since))
    }

    /// The same over an SQLite file.
    pub(crate) fn of_file(
        path: &Path,
        wanted: &Wanted,
        cursors: &Cursors,
        since: SystemTime,
    ) -> Result<Self, ReadError> {
        Ok(Self::new(Source::File(Store::open(path)?), wanted, cursors, since))
    }

    fn new(source: Source, wanted: &Wanted, cursors: &Cursors, since: SystemTime) -> Self {
        let tables = wanted.iter().map(|(name, columns)| {
            let is_text = |ty| matches!(ty, ColumnType::Varchar);
            let schema = built_in().find(|(_, schema)| schema.name == *name);
            let columns_of = schema.into_iter().flat_map(|(_, schema)| schema.all_columns());
            let texts = columns_of.filter(|column| is_text(column.ty));
            Table {
                name: name.clone(),
                columns: columns.clone(),
                cursor: source.cursor(cursors.get(name), ns(since)),
                texts: texts.map(|column| column.name.to_string()).collect(),
                is_unreadable: false,
            }
        });
        let tables = tables.collect();
        Self { source, tables }
    }

    /// What came since the last look. A table that nobody has written yet has no rows.
    pub(crate) fn look(&mut self) -> Look {
        let mut look = Look::default();
        let mut away: Option<String> = None;
        for table in &mut self.tables {
            // A server that does not answer is asked once in a look, not once for each table.
            let since = match &away {
                Some(why) => Err(why.clone()),
                None => {
                    self.source.since(&table.name, &mut table.cursor).map_err(|unread| match unread
                    {
                        Unread::Table(why) => why,
                        Unread::All(why) => away.insert(why).clone(),
                    })
                }
            };
            match since {
                Ok(found) => {
                    if std::mem::take(&mut table.is_unreadable) {
                        look.found.push(table.name.clone());
                    }
                    look.rows.extend(found.map(|found| table.rows(&found)).unwrap_or_default());
                }
                Err(why) => {
                    if !std::mem::replace(&mut table.is_unreadable, true) {
                        look.lost.push((table.name.clone(), why));
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
            let cursor = table.cursor.to_text();
            (table.name.clone(), cursor)
        });
        texts.collect()
    }
}

impl Table {
    fn rows(&self, found: &follow::Found) -> Vec<OwnedRow> {
        let owned = |row: &Vec<Datum>| {
            let mut owned = OwnedRow { table: self.name.clone(), ..OwnedRow::default() };
            for (column, datum) in found.columns.iter().zip(row) {
                self.put(&mut owned, column, datum);
            }
            owned
        };
        found.rows.iter().map(owned).collect()
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

    /// Whether it comes from that service of any machine.
    pub(crate) fn is_of(&self, service: &str) -> bool {
        let producer = self.labels.iter().find(|(name, _)| name == "producer");
        let name = producer.and_then(|(_, value)| value.split_once('@'));
        name.is_some_and(|(name, _)| name == service)
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
