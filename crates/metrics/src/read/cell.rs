//! One value that was read.

use std::fmt;

use rusqlite::{Row, types::ValueRef};

use crate::{read::time::Rfc3339, sink::sqlite::text_of, value::Timestamp};

/// A value that was read.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Datum {
    /// Unknown or not applicable.
    Null,
    /// An integer.
    Long(i64),
    /// A float.
    Double(f64),
    /// Text, or the text of a label.
    Text(String),
    /// A moment.
    Timestamp(Timestamp),
}

impl fmt::Display for Datum {
    /// `NULL` is empty; a float is the shortest text that reads back the same.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => Ok(()),
            Self::Long(v) => write!(f, "{v}"),
            Self::Double(v) => write!(f, "{v:?}"),
            Self::Text(v) => f.write_str(v),
            Self::Timestamp(v) => write!(f, "{}", Rfc3339(*v)),
        }
    }
}

pub(super) fn row(row: &Row<'_>, is_ts: &[bool]) -> rusqlite::Result<Vec<Datum>> {
    is_ts.iter().enumerate().map(|(i, is_ts)| Ok(datum(row.get_ref(i)?, *is_ts))).collect()
}

fn datum(value: ValueRef<'_>, is_ts: bool) -> Datum {
    match value {
        ValueRef::Null => Datum::Null,
        ValueRef::Integer(v) if is_ts => Datum::Timestamp(Timestamp::from_nanos(v)),
        ValueRef::Integer(v) => Datum::Long(v),
        ValueRef::Real(v) => Datum::Double(v),
        ValueRef::Blob(bytes) => Datum::Text(String::from_utf8_lossy(bytes).into_owned()),
        text @ ValueRef::Text(_) => text_of(text).map_or(Datum::Null, Datum::Text),
    }
}
