//! The tables that queries may read, as plain data.

use std::collections::BTreeMap;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ColumnKind {
    /// A label of few values.
    Label,
    /// Text.
    Text,
    /// A number.
    Number,
    /// Nanoseconds since 1970-01-01 UTC.
    Moment,
}

/// One table.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Table {
    /// Name.
    pub name: String,
    /// Columns by name.
    pub columns: BTreeMap<String, ColumnKind>,
}

impl Table {
    /// A table of these columns.
    pub fn new<N: Into<String>>(
        name: impl Into<String>,
        columns: impl IntoIterator<Item = (N, ColumnKind)>,
    ) -> Self {
        let columns = columns.into_iter().map(|(name, kind)| (name.into(), kind)).collect();
        Self { name: name.into(), columns }
    }

    /// Whether there is a column of this name.
    #[must_use]
    pub fn has(&self, column: &str) -> bool {
        self.columns.contains_key(column)
    }
}

/// All tables of a store, by name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tables(BTreeMap<String, Table>);

impl Tables {
    /// The table of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Table> {
        self.0.get(name)
    }

    /// The tables, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Table> {
        self.0.values()
    }
}

impl FromIterator<Table> for Tables {
    fn from_iter<I: IntoIterator<Item = Table>>(tables: I) -> Self {
        Self(tables.into_iter().map(|table| (table.name.clone(), table)).collect())
    }
}
