//! Which value a column takes, as QuestDB does it.

use plimsoll_metrics::{Cell, ColumnType, ddl::type_word};

use crate::line::Value;

/// A label or a value on its way into a column.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cast<'l> {
    Label(&'l str),
    /// The value, and as it was written.
    Field(&'l Value<'l>, &'l str),
}

/// What becomes of it.
#[derive(Debug)]
pub(super) enum Kept<'l> {
    Cell(Cell),
    Text(&'l str),
    Label(&'l str),
    /// The column cannot hold it.
    Not,
}

impl<'l> Cast<'l> {
    /// The type of a column that is made for it.
    pub(super) fn wants(self) -> ColumnType {
        match self {
            Self::Label(_) => ColumnType::Symbol,
            Self::Field(Value::Double(_) | Value::NonFinite, _) => ColumnType::Double,
            Self::Field(Value::Long(_), _) => ColumnType::Long,
            Self::Field(Value::Timestamp(_), _) => ColumnType::Timestamp,
            Self::Field(Value::Bool(_), _) => ColumnType::Int,
            Self::Field(Value::Text(_), _) => ColumnType::Varchar,
        }
    }

    pub(super) fn to(self, ty: ColumnType) -> Kept<'l> {
        match self {
            Self::Label(text) => label(text, ty),
            Self::Field(Value::Text(text), _) => label(text, ty),
            Self::Field(value, raw) => number(value, ty).unwrap_or(match (ty, raw.is_empty()) {
                (ColumnType::Symbol, false) => Kept::Label(raw),
                _ => Kept::Not,
            }),
        }
    }

    /// Why it cannot be in a column.
    #[cold]
    pub(super) fn refusal(self, column: &str, ty: ColumnType) -> String {
        let found = match self {
            Self::Label(_) => "a label",
            Self::Field(value, _) => value.kind(),
        };
        format!("column `{column}` is {}, found {found}", type_word(ty))
    }
}

fn label(text: &str, ty: ColumnType) -> Kept<'_> {
    match ty {
        // An empty label is an unknown one.
        ColumnType::Symbol | ColumnType::Varchar if text.is_empty() => Kept::Cell(Cell::Null),
        ColumnType::Symbol => Kept::Label(text),
        ColumnType::Varchar => Kept::Text(text),
        _ => Kept::Not,
    }
}

fn number<'l>(value: &Value<'_>, ty: ColumnType) -> Option<Kept<'l>> {
    Some(Kept::Cell(match (ty, value) {
        (ColumnType::Double, Value::Double(v)) => Cell::Double(*v),
        (ColumnType::Double, Value::NonFinite) => Cell::Null,
        #[allow(clippy::cast_precision_loss, reason = "the column is a float, as in QuestDB")]
        (ColumnType::Double, Value::Long(v)) => Cell::Double(*v as f64),
        (ColumnType::Double, Value::Bool(v)) => Cell::Double(f64::from(*v)),
        (ColumnType::Long, Value::Long(v)) => Cell::Long(*v),
        (ColumnType::Int, Value::Long(v)) => Cell::Long(i32::try_from(*v).ok()?.into()),
        (ColumnType::Long | ColumnType::Int, Value::Bool(v)) => Cell::Long(i64::from(*v)),
        (ColumnType::Timestamp, Value::Timestamp(v) | Value::Long(v)) => Cell::Timestamp(*v),
        _ => return None,
    }))
}
