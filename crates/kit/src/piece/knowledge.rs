//! What people have to know.

use super::{How, Piece, Rendered, Source};
use crate::facts::Person;
use crate::mark::Marks;

const RUNBOOKS: [(&str, &str); 5] = [
    ("docs/runbooks/deploy.md", include_str!("../../templates/runbooks/deploy.md")),
    ("docs/runbooks/rollback.md", include_str!("../../templates/runbooks/rollback.md")),
    ("docs/runbooks/recovery.md", include_str!("../../templates/runbooks/recovery.md")),
    (
        "docs/runbooks/incident-response.md",
        include_str!("../../templates/runbooks/incident-response.md"),
    ),
    ("docs/runbooks/on-call.md", include_str!("../../templates/runbooks/on-call.md")),
];

pub(super) fn render(source: &Source<'_>) -> Vec<Rendered> {
    let mut all: Vec<Rendered> = RUNBOOKS
        .iter()
        .map(|(path, template)| {
            let runbook = source.whole(Piece::Runbooks, path, template);
            let text = runbook.text.replace("CONTACTS\n", &contacts(source));
            Rendered { text: text.replace("ESCALATION\n", &escalation(source)), ..runbook }
        })
        .collect();
    all.push(source.whole(
        Piece::ReviewChecklist,
        "docs/review-checklist.md",
        include_str!("../../templates/review-checklist.md"),
    ));
    let text = source.filling.fill(include_str!("../../templates/contributing.md"));
    let how = How::Part {
        marks: Marks::Html,
        name: "contributing",
        head: "# Contributing\n\n".to_owned(),
    };
    all.push(Rendered {
        piece: Piece::Contributing,
        path: "CONTRIBUTING.md".to_owned(),
        text,
        how,
    });
    all
}

/// A cell of a table; a bar in it would end it.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ")
}

fn contacts(source: &Source<'_>) -> String {
    if source.facts.people.is_empty() {
        return "Nobody is named yet: the section `contacts` of the canonical file is the place.\n"
            .to_owned();
    }
    let mut text = "| who | name | for | reach |\n|---|---|---|---|\n".to_owned();
    for (who, Person { name, role, reach }) in &source.facts.people {
        let role = role.as_deref().unwrap_or_default();
        let cells = [who, name, role, &reach.join(", ")].map(cell);
        text.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    text
}

fn escalation(source: &Source<'_>) -> String {
    if source.facts.escalation.is_empty() {
        return "No order is given yet: `contacts.escalation` is the place.\n".to_owned();
    }
    let line = |(place, (who, minutes)): (usize, &(String, u32))| match minutes {
        0 => format!("{}. {who}, at once.\n", place + 1),
        1 => format!("{}. {who}, after 1 minute without an answer.\n", place + 1),
        _ => format!("{}. {who}, after {minutes} minutes without an answer.\n", place + 1),
    };
    source.facts.escalation.iter().enumerate().map(line).collect()
}
