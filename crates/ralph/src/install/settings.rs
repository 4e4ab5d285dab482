//! A client's settings file: our hooks put in and taken out, every other byte left as it is.

mod insert;
mod json;
mod remove;

use jsonc_parser::ast::{Array, Object, Value};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, CommentCollectionStrategy, ParseOptions, parse_to_ast};

pub(super) use insert::{Edit, Entry, add, hooks_value};
pub(super) use json::{Json, Layout};
pub(super) use remove::{take_out, undo};

/// The hook program's name, by which our hooks are found again.
pub(super) const PROGRAM: &str = "plimsoll-hook";

/// Why a settings file cannot be changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// It is no JSON, with or without comments.
    #[error("line {line}, column {column}: {found}, wanted JSON")]
    Parse {
        /// Counted from one.
        line: usize,
        /// Counted from one.
        column: usize,
        /// What is wrong.
        found: String,
    },
    /// A part of it is not what the client takes.
    #[error("`{key}` is {found}, wanted {wanted}")]
    Shape {
        /// Which part; empty for the whole.
        key: String,
        /// What was found.
        found: &'static str,
        /// What was wanted.
        wanted: &'static str,
    },
}

/// A hook in a settings file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Installed {
    /// The event.
    pub event: String,
    /// The command, or the program if there are arguments.
    pub command: String,
    /// The arguments; `None` when a shell runs the command.
    pub args: Option<Vec<String>>,
    /// How long the client lets it run, seconds; `None` if it is not said.
    pub timeout_secs: Option<u32>,
}

impl Installed {
    /// Whether it is one of ours.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        names(&self.command, PROGRAM)
    }
}

/// Whether a command names a program, in whatever directory and quotes.
pub(super) fn names(command: &str, program: &str) -> bool {
    command
        .split(|c: char| c.is_whitespace() || matches!(c, '\'' | '"' | '/'))
        .any(|part| part == program)
}

/// Every hook of a settings file or of a plugin's `hooks.json`.
///
/// # Errors
///
/// [`SettingsError`] if it cannot be read.
pub fn hooks(text: &str) -> Result<Vec<Installed>, SettingsError> {
    let mut found = Vec::new();
    with_root(text, |root| {
        let Some(hooks) = root.get("hooks").and_then(|prop| prop.value.as_object()) else {
            return Ok(());
        };
        for event in &hooks.properties {
            let groups =
                event.value.as_array().map_or(&[][..], |groups| groups.elements.as_slice());
            for hook in groups.iter().filter_map(Value::as_object).flat_map(hooks_of) {
                found.extend(installed(event.name.as_str(), hook));
            }
        }
        Ok(())
    })?;
    Ok(found)
}

/// A top-level value as the text that stands there.
///
/// # Errors
///
/// [`SettingsError`] if it cannot be read.
pub(super) fn top_level<'a>(text: &'a str, key: &str) -> Result<Option<&'a str>, SettingsError> {
    let mut found = None;
    with_root(text, |root| {
        found = root.get(key).map(|prop| prop.value.range());
        Ok(())
    })?;
    Ok(found.and_then(|range| text.get(range.start..range.end)))
}

fn hooks_of<'a, 'b>(group: &'b Object<'a>) -> Vec<&'b Object<'a>> {
    let hooks = group.get("hooks").and_then(|prop| prop.value.as_array());
    hooks
        .map_or_else(Vec::new, |hooks| hooks.elements.iter().filter_map(Value::as_object).collect())
}

fn installed(event: &str, hook: &Object<'_>) -> Option<Installed> {
    let text = |value: &Value<'_>| value.as_string_lit().map(|text| text.value.to_string());
    let command = text(&hook.get("command")?.value)?;
    let args = hook.get("args").and_then(|prop| prop.value.as_array());
    let args = args.map(|args| args.elements.iter().filter_map(text).collect());
    let timeout = hook.get("timeout").and_then(|prop| prop.value.as_number_lit());
    let timeout_secs = timeout.and_then(|number| number.value.parse().ok());
    Some(Installed { event: event.to_owned(), command, args, timeout_secs })
}

/// Runs `look` over the root object; an empty file counts as an empty object that is nowhere.
fn with_root<T: Default>(
    text: &str,
    look: impl FnOnce(&Object<'_>) -> Result<T, SettingsError>,
) -> Result<T, SettingsError> {
    with_parsed(text, |parsed| parsed.map_or_else(|| Ok(T::default()), |parsed| look(parsed.root)))
}

/// The root object with what stands between its parts.
struct Parsed<'a, 'b> {
    root: &'b Object<'a>,
    /// Beginning and end of every comment.
    comments: Vec<(usize, usize)>,
    /// Places of commas.
    commas: Vec<usize>,
}

/// The same, with comments and commas. The places are bytes of `text`, which may begin with a byte order mark.
fn with_parsed<T>(
    text: &str,
    look: impl FnOnce(Option<&Parsed<'_, '_>>) -> Result<T, SettingsError>,
) -> Result<T, SettingsError> {
    let collect = CollectOptions { comments: CommentCollectionStrategy::Separate, tokens: true };
    // Blanks keep every place what it is in the text.
    let blank = text.strip_prefix('\u{feff}').map(|rest| format!("   {rest}"));
    let parsed = parse_to_ast(blank.as_deref().unwrap_or(text), &collect, &ParseOptions::default());
    let parsed = parsed.map_err(|error| SettingsError::Parse {
        line: error.line_display(),
        column: error.column_display(),
        found: error.kind().to_string(),
    })?;
    let Some(value) = &parsed.value else { return look(None) };
    let Some(root) = value.as_object() else {
        let (key, found, wanted) = (String::new(), kind(value), "an object");
        return Err(SettingsError::Shape { key, found, wanted });
    };
    let comments = parsed.comments.iter().flat_map(|comments| comments.values());
    let comments =
        comments.flat_map(|list| list.iter()).map(|comment| (comment.start(), comment.end()));
    let mut comments: Vec<_> = comments.collect();
    comments.sort_unstable();
    comments.dedup();
    let is_comma = |token: &&jsonc_parser::tokens::TokenAndRange<'_>| {
        token.token == jsonc_parser::tokens::Token::Comma
    };
    let commas = parsed.tokens.iter().flatten().filter(is_comma).map(Ranged::start).collect();
    look(Some(&Parsed { root, comments, commas }))
}

fn kind(value: &Value<'_>) -> &'static str {
    match value {
        Value::StringLit(_) => "a text",
        Value::NumberLit(_) => "a number",
        Value::BooleanLit(_) => "true or false",
        Value::Object(_) => "an object",
        Value::Array(_) => "a list",
        Value::NullKeyword(_) => "null",
    }
}

/// The groups of an event, if they are a list.
fn groups<'a, 'b>(
    hooks: &'b Object<'a>,
    event: &str,
) -> Result<Option<&'b Array<'a>>, SettingsError> {
    let Some(prop) = hooks.get(event) else { return Ok(None) };
    let found = || SettingsError::Shape {
        key: format!("hooks.{event}"),
        found: kind(&prop.value),
        wanted: "a list of groups",
    };
    prop.value.as_array().map(Some).ok_or_else(found)
}

#[cfg(test)]
mod tests;
