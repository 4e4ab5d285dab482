//! A panel's query, asked of whatever store there is.

use plimsoll_board::query::Query;
use plimsoll_board::{Cell, Data, Dialect, Scope};
use serde_json::Value;

use crate::failure::Failure;
use crate::store::{Reading, StorePlace};

/// Rows of one panel at most.
const ROWS_MAX: usize = 20_000;

/// A store, and which tables it has.
pub(super) struct Answers {
    place: StorePlace,
    open: Option<Reading>,
    tables: Vec<String>,
}

impl Answers {
    pub(super) fn new(place: StorePlace) -> Self {
        Self { place, open: None, tables: Vec::new() }
    }

    /// Opens the store anew: a file may have been replaced, and tables made.
    pub(super) fn begin(&mut self) -> Result<(), Failure> {
        let mut open = self.place.open()?;
        let sql = if self.place.is_server() {
            "SELECT table_name FROM tables()"
        } else {
            "SELECT name FROM sqlite_schema WHERE type = 'view'"
        };
        let rows = open.query(sql, ROWS_MAX)?.rows;
        let names = rows.into_iter().flatten();
        self.tables = names.filter_map(|name| Some(name.as_str()?.to_owned())).collect();
        self.open = Some(open);
        Ok(())
    }

    /// What the store answers; a table that is not there yet has no rows.
    pub(super) fn ask(&mut self, query: &Query, scope: &Scope) -> Result<Data, Failure> {
        let dialect = if self.place.is_server() { Dialect::QuestDb } else { Dialect::Sqlite };
        let has = |table: &str| self.tables.iter().any(|name| name == table);
        let is_there = query.tables().iter().all(|table| has(table));
        let rows = match &mut self.open {
            Some(open) if is_there => open.query(&query.sql(dialect, scope), ROWS_MAX)?.rows,
            _ => Vec::new(),
        };
        Ok(query.read(rows.into_iter().map(|row| row.into_iter().map(cell).collect::<Vec<Cell>>())))
    }
}

fn cell(value: Value) -> Cell {
    match value {
        Value::Null => Cell::Null,
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Cell::Integer(whole),
            (None, Some(number)) => Cell::Number(number),
            (None, None) => Cell::Null,
        },
        Value::Bool(truth) => Cell::Integer(truth.into()),
        Value::String(text) => Cell::Text(text),
        other => Cell::Text(other.to_string()),
    }
}
