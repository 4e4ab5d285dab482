//! Tables: who makes them, who writes into them, who reads from them, and whether they agree.

mod agree;
mod near;
mod owned;
pub(crate) mod sql;

use crate::declared::TableShape;
use crate::report::Place;
use crate::span::Span;

pub(crate) use agree::{agree, differences};
pub(crate) use owned::{OwnedColumn, OwnedTable, owned};

/// What a statement does with a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    /// Makes it, with all its columns.
    Creates,
    /// Makes it out of a query; its columns are not known.
    Derives,
    /// Adds columns to it.
    Alters,
    /// Writes some of its columns.
    Writes,
    /// Reads some of its columns.
    Reads,
    /// Says in prose which columns it has.
    Documents,
}

/// A column where a statement names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ColumnAt {
    pub(crate) name: Span,
    /// Its type, where the statement says it.
    pub(crate) kind: Option<Span>,
}

/// How a statement that makes a table lays it out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) timestamp: Option<Span>,
    pub(crate) partition: Option<Span>,
    pub(crate) ttl: Option<Span>,
    pub(crate) wal: Option<bool>,
    pub(crate) dedup: Vec<Span>,
}

/// One statement about one table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TableStatement {
    pub(crate) deed: Deed,
    pub(crate) name: Span,
    pub(crate) columns: Vec<ColumnAt>,
    pub(crate) layout: Layout,
    /// It writes rows in line protocol, not by SQL.
    pub(crate) is_line_protocol: bool,
}

impl TableStatement {
    pub(crate) fn new(deed: Deed, name: Span) -> Self {
        Self { deed, name, columns: Vec::new(), layout: Layout::default(), is_line_protocol: false }
    }
}

/// The table that the first statement of a text makes.
pub(crate) fn made_by(text: &str) -> Option<TableShape> {
    let mut statements = Vec::new();
    sql::read(text, Span::new(0, text.len()), sql::Escapes::None, &mut statements);
    let made = statements.iter().find(|statement| statement.deed == Deed::Creates)?;
    Some(agree::shape_of(&owned(made, text, |_| Place::top_of(""))))
}
