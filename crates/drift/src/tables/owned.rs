//! Statements about tables, taken out of their texts.

use super::{Deed, TableStatement};
use crate::report::Place;
use crate::span::Span;

/// A column where a file names it.
#[derive(Clone, Debug)]
pub(crate) struct OwnedColumn {
    pub(crate) name: String,
    /// Its type, and where that stands.
    pub(crate) kind: Option<(String, Place)>,
    pub(crate) place: Place,
}

/// One statement about one table.
#[derive(Clone, Debug)]
pub(crate) struct OwnedTable {
    pub(crate) deed: Deed,
    pub(crate) name: String,
    pub(crate) place: Place,
    /// It writes rows in line protocol, not by SQL.
    pub(crate) is_line_protocol: bool,
    pub(crate) columns: Vec<OwnedColumn>,
    pub(crate) timestamp: Option<(String, Place)>,
    pub(crate) partition: Option<(String, Place)>,
    pub(crate) ttl: Option<(String, Place)>,
    pub(crate) dedup: Option<Vec<(String, Place)>>,
}

pub(crate) fn owned(
    table: &TableStatement,
    text: &str,
    place: impl Fn(Span) -> Place,
) -> OwnedTable {
    let said = |span: Option<Span>| span.map(|span| (span.of(text).to_owned(), place(span)));
    let layout = &table.layout;
    OwnedTable {
        deed: table.deed,
        name: table.name.of(text).to_owned(),
        place: place(table.name),
        is_line_protocol: table.is_line_protocol,
        columns: table
            .columns
            .iter()
            .map(|column| OwnedColumn {
                name: column.name.of(text).to_owned(),
                kind: said(column.kind),
                place: place(column.name),
            })
            .collect(),
        timestamp: said(layout.timestamp),
        partition: said(layout.partition),
        ttl: said(layout.ttl),
        dedup: (!layout.dedup.is_empty()).then(|| {
            layout.dedup.iter().map(|name| (name.of(text).to_owned(), place(*name))).collect()
        }),
    }
}
