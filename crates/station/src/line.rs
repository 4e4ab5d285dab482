//! Line protocol as a server reads it: one line at a time, without a copy, with QuestDB's verdicts.
//!
//! `plimsoll-metrics` has a reader too; it keeps going after a bad line and copies every field.
//! This one stops at the first bad line, says where it is, and is what ingest's speed hangs on.

mod number;
mod scan;

use std::borrow::Cow;

pub(crate) use number::Precision;
pub(crate) use scan::Scanner;

/// Why a body cannot be taken; nothing of it is stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {reason}")]
pub(crate) struct Problem {
    /// Number of the line, from 1.
    pub(crate) line: usize,
    /// Byte of the line, from 1.
    pub(crate) column: usize,
    pub(crate) reason: String,
}

/// One value of a line.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value<'b> {
    Double(f64),
    /// Written as NaN or infinite; a store keeps it as unknown.
    NonFinite,
    Long(i64),
    /// Nanoseconds since 1970-01-01 UTC.
    Timestamp(i64),
    Bool(bool),
    Text(Cow<'b, str>),
}

impl Value<'_> {
    /// What it is, for a message.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Double(_) | Self::NonFinite => "a float",
            Self::Long(_) => "an integer",
            Self::Timestamp(_) => "a time",
            Self::Bool(_) => "a truth value",
            Self::Text(_) => "a text",
        }
    }
}

/// A value with its name.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Field<'b> {
    pub(crate) name: Cow<'b, str>,
    pub(crate) value: Value<'b>,
    /// As it was written, without quotes and suffix.
    pub(crate) raw: &'b str,
    /// Offset of the name in the body.
    pub(crate) at: usize,
}

/// A label with its name.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Label<'b> {
    pub(crate) name: Cow<'b, str>,
    pub(crate) value: Cow<'b, str>,
    /// Offset of the name in the body.
    pub(crate) at: usize,
}

/// One line; reused for the next.
#[derive(Debug, Default)]
pub(crate) struct Line<'b> {
    /// Number of the line in the body, from 1.
    pub(crate) number: usize,
    /// Offset of its first byte in the body.
    pub(crate) start: usize,
    pub(crate) table: Cow<'b, str>,
    pub(crate) labels: Vec<Label<'b>>,
    pub(crate) fields: Vec<Field<'b>>,
    /// Nanoseconds since 1970-01-01 UTC; `None` when the line has no time.
    pub(crate) ts: Option<i64>,
}

impl Line<'_> {
    /// A problem at an offset of the body.
    pub(crate) fn problem(&self, at: usize, reason: impl Into<String>) -> Problem {
        let column = at.saturating_sub(self.start).saturating_add(1);
        Problem { line: self.number, column, reason: reason.into() }
    }
}
