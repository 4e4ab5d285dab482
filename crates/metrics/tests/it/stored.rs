//! Builds batches by column name, and reads a store back.

use std::path::Path;

use plimsoll_metrics::{
    Batch, Cell, Column, ColumnType, Rows, Schema, Sink, SinkError, SqliteOptions, SqliteSink,
    Symbols, built_in,
    read::{Datum, Store},
};

/// A value of a row.
#[derive(Debug, Clone, Copy)]
pub(crate) enum V<'a> {
    L(i64),
    D(f64),
    S(&'a str),
}

/// A column and its value.
pub(crate) type Put<'a> = (&'a str, V<'a>);

/// Rows of one table on their way to a sink.
pub(crate) struct Build {
    pub(crate) schema: Schema,
    symbols: Symbols,
    rows: Rows,
}

impl Build {
    pub(crate) fn of(schema: &Schema) -> Self {
        Self { schema: schema.clone(), symbols: Symbols::default(), rows: Rows::default() }
    }

    pub(crate) fn table(name: &str) -> Self {
        Self::of(built_in().find(|(_, s)| s.name == name).unwrap().1)
    }

    pub(crate) fn row(mut self, values: &[Put<'_>]) -> Self {
        self.add(values);
        self
    }

    pub(crate) fn add(&mut self, values: &[Put<'_>]) {
        for column in self.schema.all_columns() {
            let value = values.iter().find(|(name, _)| column.name == *name).map(|(_, v)| *v);
            match (column.ty, value) {
                (_, None) => self.rows.push(Cell::Null),
                (ColumnType::Timestamp, Some(V::L(v))) => self.rows.push(Cell::Timestamp(v)),
                (_, Some(V::L(v))) => self.rows.push(Cell::Long(v)),
                (_, Some(V::D(v))) => self.rows.push(Cell::Double(v)),
                (ColumnType::Symbol, Some(V::S(v))) => {
                    let id = self.symbols.intern(v);
                    self.rows.push(Cell::Symbol(id));
                }
                (_, Some(V::S(v))) => self.rows.push_text(v),
            }
        }
        self.rows.end_row();
    }

    pub(crate) fn write(&self, sink: &mut dyn Sink) -> Result<(), SinkError> {
        sink.write(&self.batch())
    }

    pub(crate) fn batch(&self) -> Batch<'_> {
        Batch::new(&self.schema, &self.symbols, &self.rows)
    }
}

/// `ts`, `run`, `seq` of a row.
pub(crate) fn at(ts: i64, run: i64, seq: i64) -> [Put<'static>; 3] {
    [("ts", V::L(ts)), ("run", V::L(run)), ("seq", V::L(seq))]
}

/// The same with more values.
pub(crate) fn with<'a>(key: [Put<'a>; 3], more: &[Put<'a>]) -> Vec<Put<'a>> {
    key.iter().chain(more).copied().collect()
}

pub(crate) fn open(path: &Path) -> SqliteSink {
    SqliteSink::open(path, SqliteOptions::default()).unwrap()
}

#[track_caller]
pub(crate) fn ask(path: &Path, sql: &str) -> Vec<Vec<Datum>> {
    Store::open(path).unwrap().query(sql, 1_000_000).unwrap().rows
}

#[track_caller]
pub(crate) fn count(path: &Path, table: &str) -> i64 {
    match ask(path, &format!("SELECT count(*) FROM {table}"))[0][0] {
        Datum::Long(n) => n,
        ref other => panic!("{other:?}"),
    }
}

/// A schema without one of its columns, as an older build had it.
pub(crate) fn without(schema: &Schema, column: &str) -> Schema {
    let mut older = schema.clone();
    let columns: Vec<Column> =
        schema.columns.iter().filter(|c| c.name != column).cloned().collect();
    older.columns = columns.into();
    older
}
