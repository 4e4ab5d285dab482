//! One row as a test reads it.

use std::{fmt, sync::Arc};

use crate::{
    batch::{Batch, Cell},
    schema::{ColumnType, Schema, leading},
    sink::MemoryValue,
    value::Timestamp,
};

/// One row, by column. Its `Display` is `column=value` in the order of the columns, the eight
/// leading ones and absent values left out, so that it fits a snapshot; `Debug` shows all.
#[derive(Clone, PartialEq)]
pub struct CapturedRow {
    schema: Arc<Schema>,
    values: Vec<Option<MemoryValue>>,
}

impl CapturedRow {
    pub(super) fn new(schema: &Arc<Schema>, batch: &Batch<'_>, cells: &[Cell]) -> Self {
        let values = cells.iter().map(|&cell| match cell {
            Cell::Null => None,
            Cell::Double(v) => Some(MemoryValue::Double(v)),
            Cell::Long(v) => Some(MemoryValue::Long(v)),
            Cell::Timestamp(v) => Some(MemoryValue::Timestamp(v)),
            text => batch.str_of(text).map(|text| MemoryValue::Text(text.to_owned())),
        });
        Self { values: values.collect(), schema: Arc::clone(schema) }
    }

    /// Name of the table.
    #[must_use]
    pub fn table(&self) -> &str {
        &self.schema.name
    }

    /// Names of all columns, in order.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.schema.all_columns().map(|column| column.name.as_ref())
    }

    /// The float of a column; `None` when it is absent.
    ///
    /// # Panics
    ///
    /// If the table has no such column, or one of another type.
    #[must_use]
    #[track_caller]
    pub fn f64(&self, column: &str) -> Option<f64> {
        self.value(column, &[ColumnType::Double])?.as_f64()
    }

    /// The integer of a column, 0 or 1 for a truth value; `None` when it is absent.
    ///
    /// # Panics
    ///
    /// As for [`CapturedRow::f64`].
    #[must_use]
    #[track_caller]
    pub fn i64(&self, column: &str) -> Option<i64> {
        self.value(column, &[ColumnType::Long, ColumnType::Int])?.as_i64()
    }

    /// The label or text of a column; `None` when it is absent.
    ///
    /// # Panics
    ///
    /// As for [`CapturedRow::f64`].
    #[must_use]
    #[track_caller]
    pub fn text(&self, column: &str) -> Option<&str> {
        self.value(column, &[ColumnType::Symbol, ColumnType::Varchar])?.as_str()
    }

    /// The moment of a column; `None` when it is absent.
    ///
    /// # Panics
    ///
    /// As for [`CapturedRow::f64`].
    #[must_use]
    #[track_caller]
    pub fn ts(&self, column: &str) -> Option<Timestamp> {
        self.value(column, &[ColumnType::Timestamp])?.as_i64().map(Timestamp::from_nanos)
    }

    /// Whether a column has no value.
    ///
    /// # Panics
    ///
    /// If the table has no such column.
    #[must_use]
    #[track_caller]
    pub fn is_absent(&self, column: &str) -> bool {
        self.value(column, &[]).is_none()
    }

    /// Whether the column `flags` has the bit `flag`, one of [`flags`](crate::flags).
    #[must_use]
    pub fn has_flag(&self, flag: i64) -> bool {
        let flags = self.values.get(leading::FLAGS).and_then(Option::as_ref);
        flags.and_then(MemoryValue::as_i64).is_some_and(|flags| flags & flag != 0)
    }

    /// No type is any type.
    #[track_caller]
    #[allow(clippy::panic, reason = "a misspelled column in a test must not read as absent")]
    fn value(&self, column: &str, types: &[ColumnType]) -> Option<&MemoryValue> {
        let table = self.table();
        let Some(at) = self.schema.position(column) else {
            let columns: Vec<_> = self.columns().collect();
            panic!("`{table}` has no column `{column}`, only {}", columns.join(", "));
        };
        let ty = self.schema.all_columns().nth(at).map(|column| column.ty);
        if let Some(ty) = ty.filter(|ty| !types.is_empty() && !types.contains(ty)) {
            panic!("column `{column}` of `{table}` is a {ty:?}, not one of {types:?}");
        }
        self.values.get(at)?.as_ref()
    }

    fn present(&self) -> impl Iterator<Item = (&str, &MemoryValue)> {
        self.columns().zip(&self.values).filter_map(|(name, value)| Some((name, value.as_ref()?)))
    }
}

impl fmt::Display for CapturedRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let absent = self.values.iter().take(leading::COUNT).filter(|v| v.is_none()).count();
        let shown = self.present().skip(leading::COUNT.saturating_sub(absent));
        write_pairs(f, shown)
    }
}

impl fmt::Debug for CapturedRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{{", self.table())?;
        write_pairs(f, self.present())?;
        f.write_str("}")
    }
}

fn write_pairs<'a>(
    f: &mut fmt::Formatter<'_>,
    pairs: impl Iterator<Item = (&'a str, &'a MemoryValue)>,
) -> fmt::Result {
    for (at, (name, value)) in pairs.enumerate() {
        if at > 0 {
            f.write_str(" ")?;
        }
        write!(f, "{name}=")?;
        match value {
            MemoryValue::Double(v) => write!(f, "{v}")?,
            MemoryValue::Long(v) | MemoryValue::Timestamp(v) => write!(f, "{v}")?,
            MemoryValue::Text(text) if text.contains([' ', '=', '"', '\n']) => {
                write!(f, "{text:?}")?;
            }
            MemoryValue::Text(text) => f.write_str(text)?,
        }
    }
    Ok(())
}
