//! Reads a record's name, title, date and status.

use super::{Adr, AdrProblem, AdrStatus};

const HEADINGS: [&str; 4] = ["## Status", "## Context", "## Decision", "## Consequences"];

pub(super) fn record(name: &str, text: &str) -> Result<Adr, Vec<AdrProblem>> {
    let mut problems = Vec::new();
    let mut add = |message: String| problems.push(AdrProblem { name: name.to_owned(), message });
    let number = number(name);
    if number.is_none() {
        add("the name does not begin with four digits and a dash".to_owned());
    }
    let first = text.lines().next().unwrap_or_default();
    let title = number
        .and_then(|number| first.strip_prefix(&format!("# {number:04}. ")))
        .map(|title| title.trim().to_owned());
    if let (Some(number), None) = (number, &title) {
        add(format!("line 1 is `{first}`, wanted `# {number:04}. The decision`"));
    }
    let date = text.lines().find_map(|line| line.strip_prefix("Date: ")).map(str::trim);
    let is_date = date.is_some_and(|date| date.parse::<jiff::civil::Date>().is_ok());
    if !is_date {
        add(format!(
            "the date is `{}`, wanted a line `Date: 2026-11-24`",
            date.unwrap_or("missing")
        ));
    }
    for heading in HEADINGS {
        if !text.lines().any(|line| line.trim_end() == heading) {
            add(format!("no heading `{heading}`"));
        }
    }
    let paragraph = status_paragraph(text).unwrap_or_default();
    let status = status(paragraph);
    if status.is_none() {
        add(format!(
            "the status is `{}`, wanted Proposed, Accepted, Rejected or Superseded by NNNN",
            paragraph.chars().take(60).collect::<String>()
        ));
    }
    match (number, title, date, status) {
        (Some(number), Some(title), Some(date), Some(status)) if problems.is_empty() => {
            Ok(Adr { number, name: name.to_owned(), title, date: date.to_owned(), status })
        }
        _ => Err(problems),
    }
}

/// `0007-title.md` has number 7.
fn number(name: &str) -> Option<u32> {
    let (digits, _) = name.split_once('-')?;
    let is_number = digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| is_number)
}

/// The text below `## Status` up to the next heading.
fn status_paragraph(text: &str) -> Option<&str> {
    let start = text.find("\n## Status\n")? + "\n## Status\n".len();
    let rest = text.get(start..)?;
    let end = rest.find("\n## ").unwrap_or(rest.len());
    rest.get(..end).map(str::trim)
}

fn status(paragraph: &str) -> Option<AdrStatus> {
    let lower = paragraph.to_lowercase();
    let number = || {
        lower
            .split(|character: char| !character.is_ascii_digit())
            .find(|word| word.len() == 4)
            .and_then(|word| word.parse().ok())
    };
    if lower.starts_with("proposed") {
        Some(AdrStatus::Proposed)
    } else if lower.starts_with("accepted") {
        let by = paragraph.split_once(" by ").map(|(_, by)| by.lines().next().unwrap_or(by));
        let by = by.map(|by| by.trim().trim_end_matches('.').to_owned());
        Some(AdrStatus::Accepted { by })
    } else if lower.starts_with("rejected") {
        Some(AdrStatus::Rejected)
    } else if lower.starts_with("superseded") || lower.starts_with("replaced") {
        Some(AdrStatus::Superseded { by: number() })
    } else {
        None
    }
}

/// The text with another paragraph below `## Status`.
pub(super) fn with_status(text: &str, status: &str) -> String {
    match status_paragraph(text).and_then(|old| text.split_once(&format!("\n## Status\n\n{old}"))) {
        Some((before, after)) => format!("{before}\n## Status\n\n{status}{after}"),
        None => text.to_owned(),
    }
}
