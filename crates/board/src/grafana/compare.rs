//! What is there against what should be.

use std::collections::BTreeMap;

use super::{File, MARK};

/// How a directory differs from an export.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Difference {
    /// A file is missing.
    Missing {
        /// Its path.
        path: String,
    },
    /// A file has another text.
    Changed {
        /// Its path.
        path: String,
        /// Number of the first line that is not the same, from 1.
        line: usize,
        /// That line as it is.
        found: String,
        /// That line as it should be.
        wanted: String,
    },
    /// A file that an earlier export made is no part of this one.
    Extra {
        /// Its path.
        path: String,
    },
}

/// Compares what is in a directory with an export. Files that no export made are nobody's business
/// here.
#[must_use]
pub fn compare(there: &[File], wanted: &[File]) -> Vec<Difference> {
    let there: BTreeMap<&str, &str> =
        there.iter().map(|file| (file.path.as_str(), file.text.as_str())).collect();
    let mut all: Vec<Difference> = wanted
        .iter()
        .filter_map(|file| match there.get(file.path.as_str()) {
            None => Some(Difference::Missing { path: file.path.clone() }),
            Some(text) => changed(file, text),
        })
        .collect();
    let is_wanted = |path: &str| wanted.iter().any(|file| file.path == path);
    let extra = there.iter().filter(|(path, text)| !is_wanted(path) && is_ours(text));
    all.extend(extra.map(|(path, _)| Difference::Extra { path: (*path).to_owned() }));
    all
}

/// Whether an export made it: a marked file, or a dashboard with an identity of ours.
fn is_ours(text: &str) -> bool {
    text.starts_with(MARK)
        || text.contains("\"uid\": \"plimsoll-") && text.contains("\"schemaVersion\"")
}

fn changed(wanted: &File, found: &str) -> Option<Difference> {
    if wanted.text == found {
        return None;
    }
    let same = wanted.text.lines().zip(found.lines()).take_while(|(a, b)| a == b).count();
    let line = |text: &str| text.lines().nth(same).unwrap_or("(the file ends)").trim().to_owned();
    Some(Difference::Changed {
        path: wanted.path.clone(),
        line: same.saturating_add(1),
        found: line(found),
        wanted: line(&wanted.text),
    })
}
