//! What a table is: one definition, from which DDL, line protocol, the SQLite table and the
//! migration are derived.

use std::borrow::Cow;

/// Version of the built-in tables that this build writes. A store with version N − 1 or N works.
pub const SCHEMA_VERSION: u16 = 2;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ColumnType {
    /// A label of few values: QuestDB `SYMBOL`, in SQLite an id into `strings`.
    Symbol,
    /// Text that is never interned, such as an order id: QuestDB `VARCHAR`, SQLite `TEXT`.
    Varchar,
    /// A 64-bit float, finite: QuestDB `DOUBLE`, SQLite `REAL`.
    Double,
    /// A signed 64-bit integer: QuestDB `LONG`, SQLite `INTEGER`.
    Long,
    /// 0, 1 or unknown: QuestDB `INT` (its `BOOLEAN` cannot be NULL), SQLite `INTEGER`.
    Int,
    /// Nanoseconds since 1970-01-01 UTC: QuestDB `TIMESTAMP_NS`, SQLite `INTEGER`.
    Timestamp,
}

/// Where a row gets the value of a column from.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// The label set of the handle, interned once.
    Series,
    /// One byte that stands for one of these texts; code 1 is the first, 0 is absent.
    Code(&'static [&'static str]),
    /// As [`Origin::Code`], for a table that another build wrote.
    OwnedCode(Box<[Box<str>]>),
    /// The row itself: one word, or text in line.
    Row,
    /// The row itself: the number of an interned label.
    Interned,
}

impl Origin {
    /// Whether the value is one byte of a record's codes.
    #[must_use]
    pub fn is_code(&self) -> bool {
        matches!(self, Self::Code(_) | Self::OwnedCode(_))
    }

    /// The text that a code stands for; `None` for 0, for an unknown code or another origin.
    #[must_use]
    pub fn code_text(&self, code: u8) -> Option<&str> {
        let index = usize::from(code.checked_sub(1)?);
        match self {
            Self::Code(texts) => texts.get(index).copied(),
            Self::OwnedCode(texts) => texts.get(index).map(AsRef::as_ref),
            _ => None,
        }
    }
}

/// One column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Column {
    /// Name; public API of the store. Ends in its unit.
    pub name: Cow<'static, str>,
    /// What it holds.
    pub ty: ColumnType,
    /// Where the value comes from.
    pub origin: Origin,
    /// Schema version that brought it.
    pub since: u16,
}

impl Column {
    /// A column by value; `const`, so that schemas are static.
    #[must_use]
    pub const fn new(name: &'static str, ty: ColumnType, origin: Origin, since: u16) -> Self {
        Self { name: Cow::Borrowed(name), ty, origin, since }
    }

    /// A column that is known only at run time, such as one of a client's line.
    #[must_use]
    pub fn dynamic(name: String, ty: ColumnType) -> Self {
        Self { name: Cow::Owned(name), ty, origin: Origin::Row, since: 1 }
    }
}

/// What makes two rows the same row.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Key {
    /// `(ts, run, seq)`: a replay of the same row is ignored.
    Emission,
    /// Columns of the venue's own identity, `ts` included: the last write wins.
    Natural(Cow<'static, [Cow<'static, str>]>),
}

/// How QuestDB partitions a table by its designated timestamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Partition {
    /// By UTC day.
    Day,
    /// By UTC month.
    Month,
}

/// How long rows are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ttl {
    /// Whole days; goes with [`Partition::Day`].
    Days(u16),
    /// Whole months; goes with [`Partition::Month`], or with `Day` as 30-day months.
    Months(u16),
    /// For ever.
    Never,
}

/// What is shed first when the spool runs full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Importance {
    /// Shed from 80 % on: latency, health, tool calls.
    Low,
    /// Shed from 90 % on: state that the next row repeats.
    Medium,
    /// Shed only when nothing more fits: fills, cash, orders, alerts, operations.
    High,
}

/// One table.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Schema {
    /// Name of the table; public API of the store.
    pub name: Cow<'static, str>,
    /// Columns after the eight of [`LEADING`].
    pub columns: Cow<'static, [Column]>,
    /// Identity of a row.
    pub key: Key,
    /// Partitioning in QuestDB.
    pub partition: Partition,
    /// Retention.
    pub ttl: Ttl,
    /// What is shed first.
    pub importance: Importance,
    /// Schema version that brought the table; 0 for a table of a team's own.
    pub since: u16,
}

/// The columns that every table begins with, in this order.
pub static LEADING: [Column; 8] = [
    Column::new("ts", ColumnType::Timestamp, Origin::Row, 1),
    Column::new("ts_init", ColumnType::Timestamp, Origin::Row, 1),
    Column::new("env", ColumnType::Symbol, Origin::Series, 1),
    Column::new("mode", ColumnType::Symbol, Origin::Series, 1),
    Column::new("producer", ColumnType::Symbol, Origin::Series, 1),
    Column::new("run", ColumnType::Long, Origin::Row, 1),
    Column::new("seq", ColumnType::Long, Origin::Row, 1),
    Column::new("flags", ColumnType::Long, Origin::Row, 1),
];

/// Positions of the leading columns in a row of a [`Batch`](crate::Batch).
pub mod leading {
    /// `ts`: when it was true at the source.
    pub const TS: usize = 0;
    /// `ts_init`: when the producer built the row.
    pub const TS_INIT: usize = 1;
    /// `env`.
    pub const ENV: usize = 2;
    /// `mode`.
    pub const MODE: usize = 3;
    /// `producer`.
    pub const PRODUCER: usize = 4;
    /// `run`.
    pub const RUN: usize = 5;
    /// `seq`.
    pub const SEQ: usize = 6;
    /// `flags`.
    pub const FLAGS: usize = 7;
    /// How many there are.
    pub const COUNT: usize = 8;
}

/// Bits of the column `flags`.
pub mod flags {
    /// A value was NaN or infinite and was left out.
    pub const NON_FINITE_OMITTED: i64 = 1;
    /// `ts` is the producer's clock, not the source's.
    pub const TS_IS_LOCAL: i64 = 2;
    /// The row comes from reconciliation with the venue.
    pub const RECONCILED: i64 = 4;
    /// The row was inferred, not reported by the venue.
    pub const INFERRED: i64 = 8;
    /// The row arrived late.
    pub const LATE: i64 = 16;
    /// `ts` and `ts_init` are on a replay or paper clock.
    pub const PAPER_CLOCK: i64 = 32;
    /// A text was cut to the longest that a row holds; it ends in `…`.
    pub const TEXT_CUT: i64 = 64;
}

impl Schema {
    /// A table of a team's own, with the identity and the guarantees of the built-in ones.
    #[must_use]
    pub const fn own(name: &'static str, columns: &'static [Column]) -> Self {
        Self {
            name: Cow::Borrowed(name),
            columns: Cow::Borrowed(columns),
            key: Key::Emission,
            partition: Partition::Day,
            ttl: Ttl::Never,
            importance: Importance::Medium,
            since: 0,
        }
    }

    /// Every column of a row, the leading ones first.
    pub fn all_columns(&self) -> impl ExactSizeIterator<Item = &Column> + Clone {
        AllColumns { leading: LEADING.iter(), own: self.columns.iter() }
    }

    /// How many columns a row has, the leading ones included.
    #[must_use]
    pub fn width(&self) -> usize {
        LEADING.len().saturating_add(self.columns.len())
    }

    /// Position of a column among all columns.
    #[must_use]
    pub fn position(&self, name: &str) -> Option<usize> {
        self.all_columns().position(|c| c.name == name)
    }

    /// Names of the key's columns, `ts` first.
    pub fn key_columns(&self) -> Vec<&str> {
        match &self.key {
            Key::Emission => vec!["ts", "run", "seq"],
            Key::Natural(columns) => columns.iter().map(AsRef::as_ref).collect(),
        }
    }

    /// Whether rows have the venue's identity, so that a later row replaces an earlier one.
    #[must_use]
    pub fn is_natural(&self) -> bool {
        matches!(self.key, Key::Natural(_))
    }
}

#[derive(Clone)]
struct AllColumns<'a> {
    leading: std::slice::Iter<'a, Column>,
    own: std::slice::Iter<'a, Column>,
}

impl<'a> Iterator for AllColumns<'a> {
    type Item = &'a Column;

    fn next(&mut self) -> Option<&'a Column> {
        self.leading.next().or_else(|| self.own.next())
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let n = self.leading.len().saturating_add(self.own.len());
        (n, Some(n))
    }
}

impl ExactSizeIterator for AllColumns<'_> {}
