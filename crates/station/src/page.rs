//! The live page: dashboards of the board over this store, whole without a script, live with one.

mod alarms;
mod asked;
mod cache;
mod html;
mod verdict;

use plimsoll_board::query::Query;
use plimsoll_board::svg::Mark;
use plimsoll_board::{Board, Cell, ColumnKind, Data, Rule, Scope, Table, Tables, Variable};
use plimsoll_metrics::read::Datum;
use plimsoll_metrics::{ColumnType, built_in};

use crate::behind::{AskError, Reading};

pub(crate) use asked::Asked;
pub(crate) use cache::Cache;
use cache::Question;
pub(crate) use html::{CSS, Facts, SCRIPT, main, whole};
pub(crate) use verdict::{Verdict, verdict};

/// Rows of one panel at most; a picture has about 1,600 points of a line.
const ROWS_MAX: usize = 20_000;
/// Marks of one picture at most.
const MARKS_MAX: usize = 40;
/// Values of a variable that a person can choose from.
const VALUES_MAX: usize = 200;

/// The board over the built-in tables, with the limits of these rules.
pub(crate) fn board(rules: Vec<Rule>) -> Result<Board, String> {
    let kind = |ty| match ty {
        ColumnType::Symbol => ColumnKind::Label,
        ColumnType::Varchar => ColumnKind::Text,
        ColumnType::Timestamp => ColumnKind::Moment,
        _ => ColumnKind::Number,
    };
    let tables = built_in().map(|(_, schema)| {
        let columns = schema.all_columns().map(|column| (column.name.to_string(), kind(column.ty)));
        Table::new(schema.name.to_string(), columns)
    });
    Board::new(tables.collect::<Tables>(), rules).map_err(|error| error.to_string())
}

/// The store of a page, and what it was asked before.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) store: &'a Reading,
    pub(crate) cache: &'a Cache,
    /// Another number when the past of the store may have changed.
    pub(crate) past: u64,
}

impl Source<'_> {
    /// What a panel shows; `id` tells it from all others.
    fn ask(&self, id: &str, query: &Query, asked: &Asked) -> Result<Data, AskError> {
        let key = format!("{id}?{} {:?}", asked.query(), asked.scope.mode);
        let question = Question { key, query, scope: &asked.scope, past: self.past };
        self.cache.answer(question, |scope| ask(self.store, query, scope))
    }
}

/// Deploys, halts and changed limits, for every picture over time; none before the first.
fn marks(store: &Reading, asked: &Asked) -> Vec<Mark> {
    let (from, to) = (asked.scope.from_ns, asked.scope.to_ns);
    let sql = format!(
        "SELECT ts, kind, target, from_value, to_value FROM ops_events WHERE ts >= {from} AND ts < {to} ORDER BY ts DESC LIMIT {MARKS_MAX}"
    );
    let rows = store.query(&sql, MARKS_MAX).map(|answer| answer.rows).unwrap_or_default();
    let mark = |row: Vec<Datum>| {
        let mut cells = row.into_iter();
        let Some(Datum::Timestamp(at)) = cells.next() else { return None };
        let mut words = cells.map(|datum| match datum {
            Datum::Text(text) => text,
            _ => String::new(),
        });
        let mut next = || words.next().unwrap_or_default();
        let (kind, target, from, to) = (next(), next(), next(), next());
        let change = if to.is_empty() { String::new() } else { format!(" {from} → {to}") };
        Some(Mark::new(at.as_nanos(), format!("{kind} {target}{change}")))
    };
    rows.into_iter().filter_map(mark).collect()
}

/// What a store answers; a table without a row yet has nothing to show, which is not an error.
fn ask(store: &Reading, query: &Query, scope: &Scope) -> Result<Data, AskError> {
    let sql = query.sql(store.dialect(), scope);
    let rows = match store.query(&sql, ROWS_MAX) {
        Ok(answer) => answer.rows,
        Err(error) => {
            let known = store.tables()?;
            if query.tables().iter().all(|table| known.iter().any(|name| name == table)) {
                return Err(error);
            }
            Vec::new()
        }
    };
    Ok(query.read(rows.into_iter().map(|row| row.into_iter().map(cell).collect::<Vec<Cell>>())))
}

fn cell(datum: Datum) -> Cell {
    match datum {
        Datum::Long(v) => Cell::Integer(v),
        Datum::Double(v) => Cell::Number(v),
        Datum::Text(v) => Cell::Text(v),
        Datum::Timestamp(v) => Cell::Moment(v.as_nanos()),
        _ => Cell::Null,
    }
}

/// The values that a person can choose for a variable; none before the first row.
fn values(store: &Reading, variable: Variable) -> Vec<String> {
    let answer = store.query(&variable.values_sql(""), VALUES_MAX);
    let rows = answer.map(|answer| answer.rows).unwrap_or_default();
    rows.into_iter().flatten().map(|datum| datum.to_string()).collect()
}
