//! Decision records: numbered documents that are written once, accepted by somebody, and listed in an index.

mod parse;

use std::fmt::Write as _;
use std::time::SystemTime;

use crate::day::{date, days_since};
use crate::slug::slug;

/// Days after which a proposal has to be decided.
pub const PROPOSED_DAYS_MAX: i64 = 30;

const INDEX_BEGIN: &str = "<!-- index -->";
const INDEX_END: &str = "<!-- /index -->";

/// What a decision record says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Adr {
    /// Number, from the file's name.
    pub number: u32,
    /// File name.
    pub name: String,
    /// The decision as a sentence.
    pub title: String,
    /// `2026-11-24`.
    pub date: String,
    /// What became of it.
    pub status: AdrStatus,
}

/// What became of a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum AdrStatus {
    /// Not decided yet.
    Proposed,
    /// Decided, by whom if it says so.
    Accepted {
        /// A name.
        by: Option<String>,
    },
    /// Decided against.
    Rejected,
    /// Replaced by a later record.
    Superseded {
        /// Number of that record, if it is named.
        by: Option<u32>,
    },
}

/// Something wrong with a record.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AdrProblem {
    /// File name.
    pub name: String,
    /// What was found, and what is wanted.
    pub message: String,
}

/// Why a record could not be accepted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AcceptError {
    /// It is no record.
    #[error("`{name}`: {message}")]
    NoRecord {
        /// File name.
        name: String,
        /// What is wrong.
        message: String,
    },
    /// Only a proposal is accepted.
    #[error(
        "`{name}` is {found}, only a proposed record can be accepted; write a new one that replaces it"
    )]
    NotProposed {
        /// File name.
        name: String,
        /// Its status in words.
        found: String,
    },
}

impl Adr {
    /// Reads a record.
    ///
    /// # Errors
    ///
    /// What is missing: a number in the name, a title with the same number, a date, a heading, a status.
    pub fn parse(name: &str, text: &str) -> Result<Adr, Vec<AdrProblem>> {
        parse::record(name, text)
    }
}

impl AdrStatus {
    /// The word in the index.
    pub fn name(&self) -> &'static str {
        match self {
            AdrStatus::Proposed => "proposed",
            AdrStatus::Accepted { .. } => "accepted",
            AdrStatus::Rejected => "rejected",
            AdrStatus::Superseded { .. } => "superseded",
        }
    }
}

/// A new record after those that are there: its file name and its text.
pub fn new_adr(existing: &[Adr], title: &str, now: SystemTime) -> (String, String) {
    let number = existing.iter().map(|adr| adr.number).max().unwrap_or(0).saturating_add(1);
    let title = title.trim();
    let name = format!("{number:04}-{}.md", slug(title));
    let text = format!(
        "# {number:04}. {title}\n\nDate: {}\n\n## Status\n\nProposed.\n\n## Context\n\nWhat forces the decision: facts \
         with their source, measurements with the command that made them.\n\n## Decision\n\nWhat we do. One \
         paragraph.\n\n## Consequences\n\nWhat gets easier, what gets harder, what would make us decide again.\n",
        date(now)
    );
    (name, text)
}

/// The text of a proposed record after somebody accepted it. Nothing else of it changes.
///
/// # Errors
///
/// [`AcceptError`] if it is no record, or not a proposal.
pub fn accept_adr(
    name: &str,
    text: &str,
    by: &str,
    now: SystemTime,
) -> Result<String, AcceptError> {
    let adr = Adr::parse(name, text).map_err(|problems| AcceptError::NoRecord {
        name: name.to_owned(),
        message: problems.into_iter().map(|problem| problem.message).collect::<Vec<_>>().join("; "),
    })?;
    if adr.status != AdrStatus::Proposed {
        let found = adr.status.name().to_owned();
        return Err(AcceptError::NotProposed { name: name.to_owned(), found });
    }
    let status = format!("Accepted on {} by {}.", date(now), by.trim());
    Ok(parse::with_status(text, &status))
}

/// All that is wrong with the records and their index; empty if nothing is.
///
/// `files` are names and texts of the folder, without template and index; `index` is the text of its README.
pub fn check_adrs(
    files: &[(String, String)],
    index: Option<&str>,
    now: SystemTime,
) -> Vec<AdrProblem> {
    let mut problems = Vec::new();
    let mut adrs: Vec<Adr> = Vec::new();
    for (name, text) in files {
        match Adr::parse(name, text) {
            Ok(adr) => adrs.push(adr),
            Err(found) => problems.extend(found),
        }
    }
    adrs.sort_by_key(|adr| adr.number);
    let mut add = |name: &str, message: String| {
        problems.push(AdrProblem { name: name.to_owned(), message });
    };
    for pair in adrs.windows(2) {
        if let [first, second] = pair
            && first.number == second.number
        {
            add(&second.name, format!("number {:04} is taken by `{}`", first.number, first.name));
        }
    }
    for adr in &adrs {
        let age = days_since(&adr.date, now).unwrap_or(0);
        if adr.status == AdrStatus::Proposed && age > PROPOSED_DAYS_MAX {
            let message = format!(
                "proposed for {age} days, more than {PROPOSED_DAYS_MAX}: accept it, or write down why not"
            );
            add(&adr.name, message);
        }
        if let AdrStatus::Superseded { by: Some(by) } = adr.status
            && !adrs.iter().any(|other| other.number == by)
        {
            add(&adr.name, format!("superseded by {by:04}, and there is no such record"));
        }
    }
    let wanted = adr_index(index.unwrap_or_default(), &adrs);
    if index != Some(wanted.as_str()) {
        add("README.md", "the index does not list the records as they are".to_owned());
    }
    problems
}

/// The index with its table made anew; text outside the table stays.
pub fn adr_index(index: &str, adrs: &[Adr]) -> String {
    let mut table =
        format!("{INDEX_BEGIN}\n\n| record | decision | status | date |\n|---|---|---|---|\n");
    let mut adrs: Vec<_> = adrs.iter().collect();
    adrs.sort_by_key(|adr| adr.number);
    for Adr { number, name, title, date, status } in adrs {
        let title = title.replace('|', "\\|");
        // Writing to a string cannot fail.
        writeln!(table, "| [{number:04}]({name}) | {title} | {} | {date} |", status.name())
            .unwrap_or_default();
    }
    table.push('\n');
    table.push_str(INDEX_END);
    let parts = index.split_once(INDEX_BEGIN).and_then(|(before, rest)| {
        let (_, after) = rest.split_once(INDEX_END)?;
        Some((before, after))
    });
    match parts {
        Some((before, after)) => format!("{before}{table}{after}"),
        None if index.trim().is_empty() => {
            format!(
                "# Decision records\n\nOne page for each decision that was hard. A record is not edited once it is accepted; a later one replaces it.\n\n{table}\n"
            )
        }
        None => format!("{}\n\n{table}\n", index.trim_end()),
    }
}
