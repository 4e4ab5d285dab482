//! A changelog in the form of Keep a Changelog: filled from commits, released, checked. What people wrote in it stays.

mod commit;
mod sections;

use std::time::SystemTime;

pub use commit::{Commit, Section};

use crate::day::date;
use sections::Document;

/// Where the commits that are in the changelog end; hidden in the document.
const UP_TO: &str = "<!-- commits up to ";

/// Why a changelog could not be changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChangelogError {
    /// There is nothing to release.
    #[error("nothing is under `## [Unreleased]`, so there is nothing to release")]
    NothingUnreleased,
    /// The version is no version, or not later than the last.
    #[error("`{version}` is not a version later than {last}")]
    Version {
        /// What was asked for.
        version: String,
        /// The last release, or `none`.
        last: String,
    },
    /// The document has no heading to write below.
    #[error("line {line}: {message}")]
    Form {
        /// Line, counted from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
}

/// The last commit that the changelog knows, if it says so.
pub fn changelog_up_to(text: &str) -> Option<&str> {
    text.split_once(UP_TO)?.1.split_once(" -->").map(|(hash, _)| hash)
}

/// Adds what users should know of the commits, oldest first, to the section Unreleased. Only `feat`, `fix`, `perf`,
/// `security`, `deprecate` and `remove` commits and those marked as breaking are taken; running it again with later
/// commits adds those alone. Lines that are there are neither changed nor repeated.
///
/// # Errors
///
/// [`ChangelogError::Form`] if the document is no changelog.
pub fn update_changelog(text: &str, commits: &[Commit]) -> Result<String, ChangelogError> {
    let mut document = Document::parse(text)?;
    for commit in commits {
        if let Some((section, line)) = commit.entry() {
            document.unreleased().add(section, &line);
        }
    }
    if let Some(last) = commits.last() {
        document.set_up_to(&last.hash);
    }
    Ok(document.to_string())
}

/// Turns Unreleased into a version, and begins a new Unreleased.
///
/// # Errors
///
/// [`ChangelogError`] if there is nothing to release or the version is not later than the last.
pub fn release_changelog(
    text: &str,
    version: &str,
    now: SystemTime,
) -> Result<String, ChangelogError> {
    let mut document = Document::parse(text)?;
    let last = document.last_version().map(str::to_owned);
    let parsed = semver::Version::parse(version).ok();
    let is_later =
        match (&parsed, last.as_deref().and_then(|last| semver::Version::parse(last).ok())) {
            (Some(version), Some(last)) => *version > last,
            (parsed, None) => parsed.is_some(),
            (None, _) => false,
        };
    if !is_later {
        let last = last.unwrap_or_else(|| "none".to_owned());
        return Err(ChangelogError::Version { version: version.to_owned(), last });
    }
    if document.unreleased().is_empty() {
        return Err(ChangelogError::NothingUnreleased);
    }
    document.release(version, &date(now));
    Ok(document.to_string())
}

/// What is wrong with a changelog: line and message. Empty if it is in form.
pub fn check_changelog(text: &str) -> Vec<(usize, String)> {
    match Document::parse(text) {
        Ok(document) => document.problems(),
        Err(ChangelogError::Form { line, message }) => vec![(line, message)],
        Err(error) => vec![(0, error.to_string())],
    }
}
