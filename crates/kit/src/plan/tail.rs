//! Entries of the list with which a YAML file ends.

use super::apply::{Inside, Verdict, entries_text};
use crate::mark::Marks;
use crate::piece::Entry;

/// Puts those entries behind the list that it does not have yet.
pub(super) fn entries(
    there: &str,
    key: &str,
    name: &str,
    entries: &[Entry],
    last: Option<&str>,
) -> Verdict {
    let marks = Marks::Hash;
    let theirs = match marks.find(there, name) {
        crate::mark::Found::Inside { before, behind, .. } => format!("{before}{behind}"),
        _ => there.to_owned(),
    };
    let missing: Vec<Entry> =
        entries.iter().filter(|entry| !theirs.contains(&entry.sign)).cloned().collect();
    let Some(indent) = indent_of_last_list(there, key) else {
        let why = format!("it does not end with the list `{key}`, so nothing can be added to it");
        return Verdict::theirs(Some(there), &why);
    };
    let text = entries_text(&missing, &indent);
    let inside = Inside { marks, name, text: &text, is_taken: false };
    if let Some(verdict) = inside.found(there, last) {
        return verdict;
    }
    if missing.is_empty() || last.is_some() {
        return Verdict::theirs(Some(there), "it has what is needed, or somebody took it away");
    }
    let gap = if there.ends_with('\n') { "" } else { "\n" };
    let block = marks.around(name, &text, &indent);
    Verdict::become_text(Some(there), format!("{there}{gap}{block}"), &text)
}

/// How far the entries of the list are indented, if it is the last thing at the top of the file.
fn indent_of_last_list(text: &str, key: &str) -> Option<String> {
    let is_top = |line: &&str| {
        !line.starts_with([' ', '#', '-', '\t', '\n', '\r']) && !line.trim().is_empty()
    };
    let start = text.lines().rfind(is_top)?;
    let value = start.strip_prefix(key)?.strip_prefix(':')?;
    if !value.split('#').next()?.trim().is_empty() || text.lines().any(|line| line == "...") {
        return None;
    }
    let mut lines = text.lines().skip_while(|line| *line != start).skip(1);
    let entry = lines.find(|line| line.trim_start().starts_with("- "))?;
    Some(entry.chars().take_while(|c| *c == ' ').collect())
}
