//! An answer, whatever store it came from.

use crate::query::{Output, Query, Role};
use crate::unit::Unit;

/// One value of an answer.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub enum Cell {
    /// Unknown or not applicable.
    #[default]
    Null,
    /// A whole number; in a column of moments ns since 1970 UTC.
    Integer(i64),
    /// A number.
    Number(f64),
    /// A text; in a column of moments ISO 8601.
    Text(String),
    /// A moment, ns since 1970 UTC.
    Moment(i64),
}

/// Rows and what their columns mean.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Data {
    /// Columns.
    pub columns: Vec<Output>,
    /// Rows, each as wide as `columns`.
    pub rows: Vec<Vec<Cell>>,
}

impl Query {
    /// What a store answered, with moments as moments, whatever way the store writes them. Rows that
    /// are not as wide as the query's columns are left out.
    #[must_use]
    pub fn read(&self, rows: impl IntoIterator<Item = Vec<Cell>>) -> Data {
        let columns = self.outputs();
        let is_moment = |column: &Output| column.role == Role::Time || column.unit == Unit::Moment;
        let moments: Vec<bool> = columns.iter().map(is_moment).collect();
        let fits = |row: &Vec<Cell>| row.len() == moments.len();
        let rows = rows.into_iter().filter(fits).map(|row| {
            let cells = row.into_iter().zip(&moments);
            cells.map(|(cell, is_moment)| if *is_moment { moment(cell) } else { cell }).collect()
        });
        Data { rows: rows.collect(), columns }
    }
}

impl Cell {
    /// The number; a moment has none.
    #[must_use]
    pub fn number(&self) -> Option<f64> {
        match self {
            #[allow(clippy::cast_precision_loss, reason = "pictures need no more than 2^53")]
            Self::Integer(value) => Some(*value as f64),
            Self::Number(value) => value.is_finite().then_some(*value),
            _ => None,
        }
    }

    /// The moment, ns since 1970 UTC.
    #[must_use]
    pub fn moment(&self) -> Option<i64> {
        match self {
            Self::Moment(ns) => Some(*ns),
            _ => None,
        }
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl Data {
    /// Position of the column that has the rows' moments.
    #[must_use]
    pub fn time(&self) -> Option<usize> {
        self.columns.iter().position(|column| column.role == Role::Time)
    }

    /// Positions of the columns of a role.
    pub fn of_role(&self, role: Role) -> impl Iterator<Item = usize> + '_ {
        let has = move |(_, column): &(usize, &Output)| column.role == role;
        self.columns.iter().enumerate().filter(has).map(|(at, _)| at)
    }

    /// Whether there is nothing to show.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let has_value = |row: &Vec<Cell>| {
            self.of_role(Role::Value).any(|at| row.get(at).is_some_and(|cell| *cell != Cell::Null))
        };
        !self.rows.iter().any(has_value)
    }
}

fn moment(cell: Cell) -> Cell {
    match cell {
        Cell::Integer(ns) => Cell::Moment(ns),
        Cell::Text(text) => crate::clock::parse(&text).map_or(Cell::Text(text), Cell::Moment),
        other => other,
    }
}
