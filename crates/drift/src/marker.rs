//! Marks in files that a value is meant to differ: `plimsoll:ignore[key] reason`.

use crate::span::{Lines, Position};

const MARK: &str = "plimsoll:ignore";

/// One mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Marker {
    /// The line it is about, counted from one; `None` for the whole file.
    line: Option<usize>,
    /// The keys it is about; all if it is empty.
    keys: Vec<String>,
    pub(crate) at: Position,
    pub(crate) has_reason: bool,
    pub(crate) is_used: bool,
}

impl Marker {
    pub(crate) fn covers(&self, line: usize, keys: &[String]) -> bool {
        let is_here = self.line.is_none_or(|own| own == line);
        let is_key = self.keys.is_empty()
            || keys.iter().any(|key| self.keys.iter().any(|own| own == key || is_below(key, own)));
        is_here && is_key
    }
}

fn is_below(key: &str, section: &str) -> bool {
    key.strip_prefix(section).is_some_and(|rest| rest.starts_with('.'))
}

/// The marks of a text.
pub(crate) fn markers(text: &str) -> Vec<Marker> {
    let mut found = Vec::new();
    let mut from = 0;
    let mut lines = None;
    while let Some(at) =
        memchr::memmem::find(text.as_bytes().get(from..).unwrap_or_default(), MARK.as_bytes())
    {
        let start = from + at;
        from = start + MARK.len();
        // In a code span somebody writes about marks.
        if start > 0 && text.as_bytes().get(start - 1) == Some(&b'`') {
            continue;
        }
        let lines = lines.get_or_insert_with(|| Lines::new(text));
        let index = lines.index_of(start);
        let end = lines.line(index).map_or(text.len(), |line| line.end);
        let rest = text.get(from..end).unwrap_or_default();
        let (line, rest) = if let Some(rest) = rest.strip_prefix("-next-line") {
            (Some(index + 2), rest)
        } else if let Some(rest) = rest.strip_prefix("-file") {
            (None, rest)
        } else {
            (Some(index + 1), rest)
        };
        // A word that only begins so is no mark.
        if rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_') {
            continue;
        }
        let (keys, reason) = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((keys, reason)) => {
                (keys.split(',').map(|key| key.trim().to_owned()).collect(), reason)
            }
            None => (Vec::new(), rest),
        };
        let reason = reason.trim_matches(|c: char| !c.is_alphanumeric());
        let has_reason = reason.len() >= 3;
        found.push(Marker { line, keys, at: lines.position(start), has_reason, is_used: false });
    }
    found
}
