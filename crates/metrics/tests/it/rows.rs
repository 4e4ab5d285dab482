//! Batches by hand.

use std::borrow::Cow;

use plimsoll_metrics::{Batch, Cell, Column, ColumnType, Key, Rows, Schema, Symbols};

/// One value of a row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum V {
    Null,
    D(f64),
    L(i64),
    T(i64),
    S(String),
    X(String),
}

pub(crate) fn s(text: &str) -> V {
    V::S(text.to_owned())
}

pub(crate) fn x(text: &str) -> V {
    V::X(text.to_owned())
}

/// Rows of one table, as a shipper would hand them over.
pub(crate) struct TestBatch {
    pub(crate) schema: Schema,
    pub(crate) symbols: Symbols,
    pub(crate) rows: Rows,
}

impl TestBatch {
    pub(crate) fn new(schema: &Schema) -> Self {
        Self { schema: schema.clone(), symbols: Symbols::default(), rows: Rows::default() }
    }

    /// A row with these values of the table's own columns; `ts` and `seq` from the arguments.
    pub(crate) fn row(mut self, ts: i64, seq: i64, values: &[V]) -> Self {
        let leading = [
            V::T(ts),
            V::T(ts + 1),
            s("prod"),
            s("live"),
            s("bot@host"),
            V::L(77),
            V::L(seq),
            V::L(0),
        ];
        assert_eq!(
            leading.len() + values.len(),
            self.schema.width(),
            "row of {}",
            self.schema.name
        );
        for value in leading.iter().chain(values) {
            self.push(value);
        }
        self.rows.end_row();
        self
    }

    /// A row of all values, the leading ones included.
    pub(crate) fn raw(mut self, values: &[V]) -> Self {
        for value in values {
            self.push(value);
        }
        self.rows.end_row();
        self
    }

    fn push(&mut self, value: &V) {
        match value {
            V::Null => self.rows.push(Cell::Null),
            V::D(v) => self.rows.push(Cell::Double(*v)),
            V::L(v) => self.rows.push(Cell::Long(*v)),
            V::T(v) => self.rows.push(Cell::Timestamp(*v)),
            V::S(text) => {
                let id = self.symbols.intern(text);
                self.rows.push(Cell::Symbol(id));
            }
            V::X(text) => self.rows.push_text(text),
        }
    }

    pub(crate) fn batch(&self) -> Batch<'_> {
        Batch::new(&self.schema, &self.symbols, &self.rows)
    }
}

/// A table with one column of each type: `s`, `v`, `d`, `n`, `b`, `t`.
pub(crate) fn every_type(name: &str) -> Schema {
    let mut schema = Schema::own("", &[]);
    schema.name = Cow::Owned(name.to_owned());
    let columns = [
        ("s", ColumnType::Symbol),
        ("v", ColumnType::Varchar),
        ("d", ColumnType::Double),
        ("n", ColumnType::Long),
        ("b", ColumnType::Int),
        ("t", ColumnType::Timestamp),
    ];
    let columns = columns.map(|(name, ty)| Column::dynamic(name.to_owned(), ty));
    schema.columns = Cow::Owned(columns.to_vec());
    schema
}

/// The same table with the venue's identity `ts`, `s`, `v`.
pub(crate) fn natural(name: &str) -> Schema {
    let mut schema = every_type(name);
    schema.key = Key::Natural(Cow::Owned(vec!["ts".into(), "s".into(), "v".into()]));
    schema
}

/// Values that every column takes.
pub(crate) fn plain() -> [V; 6] {
    [s("BTC-USD"), x("id-1"), V::D(1.5), V::L(-3), V::L(1), V::T(1_700_000_000_000_000_000)]
}
