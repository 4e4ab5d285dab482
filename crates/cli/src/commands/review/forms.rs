//! A review in the forms that other programs read.

use plimsoll_review::{Diff, Report, Severity, lints};

use crate::report::{Entry, Findings, Level, Place, Rule};

/// Maps a review. What blocks is an error, the rest a warning or a note.
pub(super) fn findings(report: &Report, diff: &Diff, blocks_on: Severity) -> Findings {
    let mut rules: Vec<Rule> =
        lints().map(|lint| Rule { id: lint.id.to_owned(), title: lint.title.to_owned() }).collect();
    rules.push(Rule { id: "model".to_owned(), title: "An opinion of the model".to_owned() });
    let entries = report
        .findings
        .iter()
        .map(|found| Entry {
            rule: found.rule.clone(),
            level: match found.severity {
                severity if severity >= blocks_on => Level::Error,
                Severity::Low => Level::Note,
                _ => Level::Warning,
            },
            message: format!("{}. {}", found.title, found.why),
            place: Some(Place {
                path: found.path.clone(),
                line: found.line,
                end_line: found.end_line,
                columns: None,
            }),
            fingerprint: Some(found.fingerprint.clone()),
        })
        .collect();
    let looked_at = diff.files.iter().map(|file| file.path().to_owned()).collect();
    Findings { tool: "review", rules, entries, looked_at }
}
