//! The live page: dashboards of the board over this store, whole without a script, live with one.

mod asked;
mod html;

use plimsoll_board::query::Query;
use plimsoll_board::{Board, Cell, ColumnKind, Data, Rule, Table, Tables, Variable};
use plimsoll_metrics::read::Datum;
use plimsoll_metrics::{ColumnType, built_in};

use crate::behind::{AskError, Reading};

pub(crate) use asked::Asked;
pub(crate) use html::{CSS, Facts, SCRIPT, main, whole};

/// Rows of one panel at most; a picture has about 1,600 points of a line.
const ROWS_MAX: usize = 20_000;
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

/// What a store answers; a table without a row yet has nothing to show, which is not an error.
fn ask(store: &Reading, query: &Query, asked: &Asked) -> Result<Data, AskError> {
    let sql = query.sql(store.dialect(), &asked.scope);
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
