//! The SQL that makes the tables, in both dialects. Pure: text in, text out.
//!
//! A table `name` of QuestDB is in SQLite a table `_name`, whose labels are ids into `strings`,
//! and a view `name` that shows the texts: one query serves both stores.

mod names;
mod sqlite;

use crate::schema::{Column, ColumnType, Key, LEADING, Partition, Schema, Ttl};

pub use names::{BACKTEST_PREFIX, DdlError, NAME_BYTES_MAX, backtest_twin, check, quote};
#[cfg(feature = "sqlite")]
pub(crate) use sqlite::{BOOTSTRAP, literal, stored};

/// SQL of which store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Dialect {
    /// QuestDB 9 or newer.
    QuestDb,
    /// SQLite 3.37 or newer.
    Sqlite,
}

/// The word for a type: QuestDB's own, and what SQLite's `schema_columns` notes.
#[must_use]
pub fn type_word(ty: ColumnType) -> &'static str {
    match ty {
        ColumnType::Symbol => "SYMBOL",
        ColumnType::Varchar => "VARCHAR",
        ColumnType::Double => "DOUBLE",
        ColumnType::Long => "LONG",
        ColumnType::Int => "INT",
        ColumnType::Timestamp => "TIMESTAMP_NS",
    }
}

/// The type of a word of [`type_word`]; `None` for any other word.
#[must_use]
pub fn type_of(word: &str) -> Option<ColumnType> {
    Some(match word {
        "SYMBOL" => ColumnType::Symbol,
        "VARCHAR" => ColumnType::Varchar,
        "DOUBLE" => ColumnType::Double,
        "LONG" => ColumnType::Long,
        "INT" => ColumnType::Int,
        "TIMESTAMP_NS" => ColumnType::Timestamp,
        _ => return None,
    })
}

/// The statements that create a table, in order; each may be repeated. `prefix` is put before the
/// table's name, such as `bt_` for backtests; empty for none.
///
/// Call [`check`] first for a table of a team's own.
#[must_use]
pub fn create(schema: &Schema, dialect: Dialect, prefix: &str) -> Vec<String> {
    match dialect {
        Dialect::QuestDb => vec![questdb_create(schema, prefix)],
        Dialect::Sqlite => sqlite::create(schema, prefix),
    }
}

/// A table as it was in a schema version: without the columns that came later. `None` if the
/// table came later; a table of a team's own is in every version.
#[must_use]
pub fn at_version(schema: &Schema, version: u16) -> Option<Schema> {
    if schema.since > version {
        return None;
    }
    let columns: Vec<Column> =
        schema.columns.iter().filter(|c| c.since <= version).cloned().collect();
    Some(Schema { columns: columns.into(), ..schema.clone() })
}

/// A column as a store has it, for the view that shows it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shown<'a> {
    pub(crate) name: &'a str,
    pub(crate) is_symbol: bool,
}

impl<'a> Shown<'a> {
    pub(crate) fn of(column: &'a Column) -> Self {
        Self { name: &column.name, is_symbol: column.ty == ColumnType::Symbol }
    }
}

/// The statements that add a column to a table; `shown` are all columns afterwards.
pub(crate) fn add_column(
    table: &str,
    column: &Column,
    shown: &[Shown<'_>],
    dialect: Dialect,
) -> Vec<String> {
    match dialect {
        Dialect::QuestDb => vec![format!(
            "ALTER TABLE {} ADD COLUMN IF NOT EXISTS {} {}",
            quote(table),
            quote(&column.name),
            type_word(column.ty)
        )],
        Dialect::Sqlite => sqlite::add_column(table, column, shown),
    }
}

/// The statements that drop a column; `shown` are all columns afterwards.
pub(crate) fn drop_column(
    table: &str,
    column: &str,
    shown: &[Shown<'_>],
    dialect: Dialect,
) -> Vec<String> {
    match dialect {
        Dialect::QuestDb => {
            vec![format!("ALTER TABLE {} DROP COLUMN {}", quote(table), quote(column))]
        }
        Dialect::Sqlite => sqlite::drop_column(table, column, shown),
    }
}

/// The statements that drop a table.
pub(crate) fn drop_table(table: &str, dialect: Dialect) -> Vec<String> {
    match dialect {
        Dialect::QuestDb => vec![format!("DROP TABLE IF EXISTS {}", quote(table))],
        Dialect::Sqlite => sqlite::drop_table(table),
    }
}

fn questdb_create(schema: &Schema, prefix: &str) -> String {
    let columns: Vec<String> =
        schema.all_columns().map(|c| format!("  {} {}", quote(&c.name), type_word(c.ty))).collect();
    let keys: Vec<String> = schema.key_columns().into_iter().map(quote).collect();
    let partition = match schema.partition {
        Partition::Day => "DAY",
        Partition::Month => "MONTH",
    };
    format!(
        "CREATE TABLE IF NOT EXISTS {} (\n{}\n) TIMESTAMP({}) PARTITION BY {partition}{} WAL\n  DEDUP UPSERT KEYS({})",
        quote(&format!("{prefix}{}", schema.name)),
        columns.join(",\n"),
        quote("ts"),
        questdb_ttl(schema),
        keys.join(", ")
    )
}

/// QuestDB refuses a TTL that is not a multiple of the partition: one is rounded up, never down.
fn questdb_ttl(schema: &Schema) -> String {
    match (schema.partition, schema.ttl) {
        (_, Ttl::Never) => String::new(),
        (Partition::Day, Ttl::Days(n)) => format!(" TTL {n} DAYS"),
        (Partition::Day, Ttl::Months(n)) => {
            format!(" TTL {} DAYS", u32::from(n).saturating_mul(30))
        }
        (Partition::Month, Ttl::Months(n)) => format!(" TTL {n} MONTHS"),
        (Partition::Month, Ttl::Days(n)) => format!(" TTL {} MONTHS", n.div_ceil(28)),
    }
}

/// Whether a column is part of what makes a row unique.
pub(crate) fn is_key(schema: &Schema, name: &str) -> bool {
    match &schema.key {
        Key::Emission => matches!(name, "ts" | "run" | "seq"),
        Key::Natural(columns) => columns.iter().any(|c| c == name),
    }
}

fn is_leading(name: &str) -> bool {
    LEADING.iter().any(|c| c.name.eq_ignore_ascii_case(name))
}
