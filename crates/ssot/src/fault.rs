//! Why a value could not become what a section wants.

use std::fmt;

use serde::de::{Error, Expected, Unexpected};

use crate::key::Key;

/// One fault; serde stops at the first.
#[derive(Debug)]
pub(crate) struct Fault {
    /// Where, below the section; set by the first reader that knows.
    pub(crate) key: Option<Key>,
    pub(crate) kind: FaultKind,
}

#[derive(Debug)]
pub(crate) enum FaultKind {
    Wrong { found: String, wanted: String, hint: Option<String> },
    UnknownKey { name: String, known: &'static [&'static str] },
    UnknownVariant { name: String, known: &'static [&'static str] },
    Missing { name: &'static str },
    Message(String),
}

impl Fault {
    pub(crate) fn wrong(found: impl Into<String>, wanted: impl Into<String>) -> Self {
        let kind = FaultKind::Wrong { found: found.into(), wanted: wanted.into(), hint: None };
        Self { key: None, kind }
    }

    pub(crate) fn with_hint(mut self, new: impl Into<String>) -> Self {
        if let FaultKind::Wrong { hint, .. } = &mut self.kind {
            *hint = Some(new.into());
        }
        self
    }

    /// With its place, unless a deeper one is known.
    pub(crate) fn at(self, key: impl FnOnce() -> Key) -> Self {
        Self { key: Some(self.key.unwrap_or_else(key)), ..self }
    }
}

impl Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { key: None, kind: FaultKind::Message(message.to_string()) }
    }

    fn invalid_type(found: Unexpected<'_>, wanted: &dyn Expected) -> Self {
        Self::wrong(found_text(&found), wanted.to_string())
    }

    fn invalid_value(found: Unexpected<'_>, wanted: &dyn Expected) -> Self {
        Self::wrong(found_text(&found), wanted.to_string())
    }

    fn unknown_field(name: &str, known: &'static [&'static str]) -> Self {
        Self { key: None, kind: FaultKind::UnknownKey { name: name.to_owned(), known } }
    }

    fn unknown_variant(name: &str, known: &'static [&'static str]) -> Self {
        Self { key: None, kind: FaultKind::UnknownVariant { name: name.to_owned(), known } }
    }

    fn missing_field(name: &'static str) -> Self {
        Self { key: None, kind: FaultKind::Missing { name } }
    }
}

fn found_text(found: &Unexpected<'_>) -> String {
    match found {
        Unexpected::Bool(value) => format!("`{value}`"),
        Unexpected::Unsigned(value) => format!("`{value}`"),
        Unexpected::Signed(value) => format!("`{value}`"),
        Unexpected::Float(value) => format!("`{value}`"),
        Unexpected::Char(value) => format!("the text {value:?}"),
        Unexpected::Str(value) => format!("the text {value:?}"),
        Unexpected::Unit | Unexpected::Option => "nothing".to_owned(),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Map => "a map".to_owned(),
        other => other.to_string(),
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            FaultKind::Wrong { found, wanted, .. } => write!(f, "{found}, wanted {wanted}"),
            FaultKind::UnknownKey { name, .. } => write!(f, "unknown key `{name}`"),
            FaultKind::UnknownVariant { name, .. } => write!(f, "unknown choice `{name}`"),
            FaultKind::Missing { name } => write!(f, "`{name}` is missing"),
            FaultKind::Message(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for Fault {}
