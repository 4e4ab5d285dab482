//! The SQLite side: a STRICT table without row ids, keyed as QuestDB dedups, and a view.

use crate::{
    ddl::{Shown, is_key, quote, type_word},
    schema::{Column, ColumnType, Schema},
};

/// Tables that a store has before any other: texts of labels, logical types, versions, and what
/// retention deleted.
pub(crate) const BOOTSTRAP: [&str; 4] = [
    "CREATE TABLE IF NOT EXISTS strings (id INTEGER PRIMARY KEY, text TEXT UNIQUE NOT NULL) STRICT",
    "CREATE TABLE IF NOT EXISTS schema_columns (\n  table_name TEXT NOT NULL, column_name TEXT NOT NULL, type TEXT NOT NULL,\n  PRIMARY KEY (table_name, column_name)\n) STRICT, WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS schema_versions (version INTEGER PRIMARY KEY, applied INTEGER NOT NULL DEFAULT (CAST(unixepoch('subsec') * 1000 AS INTEGER) * 1000000)) STRICT",
    "CREATE TABLE IF NOT EXISTS schema_expired (\n  table_name TEXT NOT NULL, run INTEGER NOT NULL, rows INTEGER NOT NULL, seq_max INTEGER NOT NULL,\n  PRIMARY KEY (table_name, run)\n) STRICT, WITHOUT ROWID",
];

/// Name of the table behind the view `table`.
pub(crate) fn stored(table: &str) -> String {
    format!("_{table}")
}

/// A text as SQL.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

pub(super) fn create(schema: &Schema, prefix: &str) -> Vec<String> {
    let table = format!("{prefix}{}", schema.name);
    let mut columns: Vec<String> = Vec::with_capacity(schema.width());
    for column in schema.all_columns() {
        let not_null = if is_key(schema, &column.name) { " NOT NULL" } else { "" };
        columns.push(format!("  {} {}{not_null}", quote(&column.name), affinity(column.ty)));
    }
    let keys: Vec<String> = schema.key_columns().into_iter().map(quote).collect();
    let types: Vec<String> =
        schema.all_columns().map(|c| type_row(&table, &c.name, c.ty)).collect();
    let shown: Vec<Shown<'_>> = schema.all_columns().map(Shown::of).collect();
    let mut statements: Vec<String> = BOOTSTRAP.iter().map(ToString::to_string).collect();
    statements.extend([
        // Types of a table that somebody dropped by hand must not outlive it.
        format!(
            "DELETE FROM schema_columns WHERE table_name = {} AND NOT EXISTS (\n  SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = {})",
            literal(&table),
            literal(&stored(&table))
        ),
        format!(
            "CREATE TABLE IF NOT EXISTS {} (\n{},\n  PRIMARY KEY ({})\n) STRICT, WITHOUT ROWID",
            quote(&stored(&table)),
            columns.join(",\n"),
            keys.join(", ")
        ),
        format!("INSERT OR IGNORE INTO schema_columns VALUES\n{}", types.join(",\n")),
        drop_view(&table),
        view(&table, &shown),
    ]);
    statements
}

pub(super) fn add_column(table: &str, column: &Column, shown: &[Shown<'_>]) -> Vec<String> {
    vec![
        drop_view(table),
        format!(
            "ALTER TABLE {} ADD COLUMN {} {}",
            quote(&stored(table)),
            quote(&column.name),
            affinity(column.ty)
        ),
        format!(
            "INSERT OR REPLACE INTO schema_columns VALUES\n{}",
            type_row(table, &column.name, column.ty)
        ),
        view(table, shown),
    ]
}

pub(super) fn drop_column(table: &str, column: &str, shown: &[Shown<'_>]) -> Vec<String> {
    vec![
        drop_view(table),
        format!("ALTER TABLE {} DROP COLUMN {}", quote(&stored(table)), quote(column)),
        format!(
            "DELETE FROM schema_columns WHERE table_name = {} AND column_name = {}",
            literal(table),
            literal(column)
        ),
        view(table, shown),
    ]
}

pub(super) fn drop_table(table: &str) -> Vec<String> {
    vec![
        drop_view(table),
        format!("DROP TABLE IF EXISTS {}", quote(&stored(table))),
        format!("DELETE FROM schema_columns WHERE table_name = {}", literal(table)),
    ]
}

fn drop_view(table: &str) -> String {
    format!("DROP VIEW IF EXISTS {}", quote(table))
}

/// A label is looked up only when a query names its column: a join would be made for every row.
fn view(table: &str, shown: &[Shown<'_>]) -> String {
    let columns: Vec<String> = shown
        .iter()
        .map(|c| {
            let name = quote(c.name);
            if c.is_symbol {
                format!("  (SELECT text FROM strings WHERE id = t.{name}) AS {name}")
            } else {
                format!("  t.{name}")
            }
        })
        .collect();
    format!(
        "CREATE VIEW {} AS SELECT\n{}\nFROM {} AS t",
        quote(table),
        columns.join(",\n"),
        quote(&stored(table))
    )
}

fn type_row(table: &str, column: &str, ty: ColumnType) -> String {
    format!("  ({}, {}, {})", literal(table), literal(column), literal(type_word(ty)))
}

fn affinity(ty: ColumnType) -> &'static str {
    match ty {
        ColumnType::Varchar => "TEXT",
        ColumnType::Double => "REAL",
        ColumnType::Symbol | ColumnType::Long | ColumnType::Int | ColumnType::Timestamp => {
            "INTEGER"
        }
    }
}
