//! A value as it is written into a file.

use std::sync::Arc;

use super::EditError;
use crate::node::{Form, Node, Value};
use crate::scalar::{self, Natural};
use crate::yaml;

/// What is known of the place that a value is written to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    /// How the value is read there, if that is known.
    pub(super) form: Option<Form>,
    /// Whether the place is between brackets.
    pub(super) is_flow: bool,
}

/// The value on one line, and what it means.
pub(super) fn written(
    value: &str,
    wanted: Wanted,
    old: Option<&str>,
) -> Result<(String, Arc<Node>), EditError> {
    let parsed = yaml::parse(0, value).ok().flatten();
    let is_null = |node: &Node| matches!(node.value, Value::Null);
    let is_text = match (wanted.form, parsed.as_deref()) {
        (_, Some(node)) if is_null(node) && !value.trim().is_empty() => false,
        (Some(Form::Text), _) => true,
        (Some(_), _) => false,
        (None, Some(node)) => match &node.value {
            Value::Scalar { text, form } => {
                matches!(scalar::natural(text, *form), Natural::Text(_))
                    && scalar::integer(text, *form)
                        .map_err(|misfit| misfit.hint)
                        .err()
                        .flatten()
                        .is_none()
            }
            _ => false,
        },
        (None, None) => true,
    };
    let text = match (is_text, parsed.as_deref().map(|node| &node.value)) {
        // Quotes that were typed are those of YAML, not a part of the text.
        (true, Some(Value::Scalar { text, form: Form::Text })) => quoted(text, wanted, old),
        (true, _) => quoted(value, wanted, old),
        (false, Some(_)) if !value.trim().contains(['\n', '\r']) => value.trim().to_owned(),
        (false, _) => {
            let why = format!("{:?} is no value on one line, as YAML writes it", value.trim());
            return Err(EditError::Value { why });
        }
    };
    match yaml::parse(0, &text) {
        Ok(Some(node)) => Ok((text, node)),
        _ => Err(EditError::Value { why: format!("{text:?} cannot be written into YAML") }),
    }
}

/// Text with the quotes that it needs, and the kind that was there before.
fn quoted(text: &str, wanted: Wanted, old: Option<&str>) -> String {
    let old = old.and_then(|old| old.chars().next()).filter(|c| matches!(c, '"' | '\''));
    match old {
        None if is_plain(text, wanted) => text.to_owned(),
        Some('\'') if !text.chars().any(char::is_control) => {
            format!("'{}'", text.replace('\'', "''"))
        }
        _ => double(text),
    }
}

/// Whether every reader of YAML takes it for this text without quotes.
fn is_plain(text: &str, wanted: Wanted) -> bool {
    let is_letter =
        |c: char| c.is_alphanumeric() || "_-./+@ ".contains(c) || c == ':' && !wanted.is_flow;
    let starts = text.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '/'));
    let is_safe = starts
        && text.chars().all(is_letter)
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !text.contains("- ");
    let is_other = !matches!(scalar::natural(text, Form::Plain), Natural::Text(_))
        || scalar::integer(text, Form::Plain).is_err_and(|misfit| misfit.hint.is_some())
        || scalar::boolean(text, Form::Plain).is_err_and(|misfit| misfit.hint.is_some())
        // YAML 1.1 reads a date as more than text.
        || text.starts_with(|c: char| c.is_ascii_digit()) && text.contains(['-', ':', 'e', 'E']);
    is_safe && !is_other
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
