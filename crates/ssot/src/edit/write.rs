//! A value as it is written into a file.

use std::sync::Arc;

use super::EditError;
use crate::node::{Form, Node, Value};
use crate::scalar::{self, Natural};
use crate::yaml;

/// What a typed value is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// What YAML takes it for.
    AsTyped,
    /// Text, because that is what its key wants.
    AsText,
}

/// What is known of the place that a value is written to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub(super) written: Written,
    /// Whether the place is between brackets.
    pub(super) is_flow: bool,
    /// What stands there now.
    pub(super) old: Option<&'a str>,
}

/// The value on one line, and what it means.
pub(super) fn write(value: &str, place: Place<'_>) -> Result<(String, Arc<Node>), EditError> {
    let parsed = yaml::parse(0, value).ok().flatten();
    let is_bracketed = value.trim_start().starts_with(['{', '[']);
    let typed = match parsed.as_deref().map(|node| &node.value) {
        // Words with a colon are words, and no map of one entry.
        Some(Value::Map(_) | Value::List(_)) if !is_bracketed => None,
        None if is_bracketed && place.written == Written::AsTyped => {
            let why = format!("{:?} is no list and no map: is a bracket missing?", value.trim());
            return Err(EditError::Value { why });
        }
        typed => typed,
    };
    let is_text = match typed {
        Some(Value::Null) => place.written == Written::AsText || value.trim().is_empty(),
        Some(Value::Scalar { text, form }) => {
            place.written == Written::AsText || *form == Form::Text || !is_other(text)
        }
        Some(Value::List(_) | Value::Map(_)) => place.written == Written::AsText,
        None => true,
    };
    let text = match typed {
        // Quotes that were typed are those of YAML, not a part of the text.
        Some(Value::Scalar { text, form: Form::Text }) => quoted(text, place),
        _ if is_text => quoted(value, place),
        _ if value.trim().contains(['\n', '\r']) => {
            let why = format!("{:?} is no value on one line", value.trim());
            return Err(EditError::Value { why });
        }
        _ => value.trim().to_owned(),
    };
    match yaml::parse(0, &text) {
        Ok(Some(node)) => Ok((text, node)),
        _ => Err(EditError::Value { why: format!("{text:?} cannot be written into YAML") }),
    }
}

/// Whether some reader of YAML would take this text for something else.
pub(super) fn is_ambiguous(leaf: &Node) -> bool {
    matches!(&leaf.value, Value::Scalar { text, form: Form::Plain } if is_other(text))
}

fn is_other(text: &str) -> bool {
    !matches!(scalar::natural(text, Form::Plain), Natural::Text(_))
        || scalar::float(text, Form::Plain).is_err_and(|misfit| misfit.hint.is_some())
        || scalar::boolean(text, Form::Plain).is_err_and(|misfit| misfit.hint.is_some())
        // YAML 1.1 reads dates and more as something else than text.
        || text.starts_with(|c: char| c.is_ascii_digit()) && text.contains(['-', ':', 'e', 'E'])
}

/// Text with the quotes that it needs, and of the kind that was there before.
fn quoted(text: &str, place: Place<'_>) -> String {
    let old = place.old.and_then(|old| old.chars().next()).filter(|c| matches!(c, '"' | '\''));
    match old {
        None if is_plain(text, place.is_flow) && !is_other(text) => text.to_owned(),
        Some('\'') if !text.chars().any(char::is_control) => {
            format!("'{}'", text.replace('\'', "''"))
        }
        _ => double(text),
    }
}

/// Whether it can stand without quotes.
fn is_plain(text: &str, is_flow: bool) -> bool {
    let is_letter = |c: char| c.is_alphanumeric() || "_-./+@ ".contains(c) || c == ':' && !is_flow;
    let starts = text.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '/'));
    starts
        && text.chars().all(is_letter)
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !text.contains("- ")
}

fn double(text: &str) -> String {
    let mut written = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => written.push_str("\\\""),
            '\\' => written.push_str("\\\\"),
            '\n' => written.push_str("\\n"),
            '\r' => written.push_str("\\r"),
            '\t' => written.push_str("\\t"),
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                written.push_str(&format!("\\U{:08x}", u32::from(c)));
            }
            c => written.push(c),
        }
    }
    written.push('"');
    written
}
