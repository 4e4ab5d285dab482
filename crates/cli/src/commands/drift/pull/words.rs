//! What a pull request and its commit say.

use plimsoll_drift::{FixPlan, Report};

use crate::glue::github::Pull;

/// By this a later run knows its own.
const MARK: &str = "<!-- plimsoll drift -->";
/// Lines of a list at most: GitHub takes 65,536 characters.
const LINES_MAX: usize = 100;

pub(super) fn is_ours(pull: &Pull) -> bool {
    pull.body.contains(MARK)
}

pub(super) fn title(plan: &FixPlan) -> String {
    let values: usize = plan.files.iter().map(|file| file.edits.len()).sum();
    let noun = if values == 1 { "value" } else { "values" };
    format!("Bring {values} {noun} back to what is declared")
}

pub(super) fn body(plan: &FixPlan, before: &Report) -> String {
    let mut body = format!(
        "{MARK}\nThese places said something else than the configuration. Nothing else is changed.\n\n\
         | file | key | was | is | declared at |\n|---|---|---|---|---|\n"
    );
    let edits: Vec<_> = plan
        .files
        .iter()
        .flat_map(|file| file.edits.iter().map(move |edit| (file, edit)))
        .collect();
    for (file, edit) in edits.iter().take(LINES_MAX) {
        let finding = before
            .findings
            .iter()
            .find(|found| found.place.path == file.path && found.place.span == edit.span);
        let origin = finding.and_then(|found| found.origin.as_deref()).unwrap_or_default();
        let line = finding.map(|found| found.place.start.line).unwrap_or_default();
        let cells = [&format!("{}:{line}", file.path), &edit.key, &edit.old, &edit.new, origin];
        let cells: Vec<String> = cells.into_iter().map(cell).collect();
        body.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    more(&mut body, edits.len());
    if !plan.left.is_empty() {
        body.push_str("\nLeft to a person:\n\n");
        for (place, why) in plan.left.iter().take(LINES_MAX) {
            body.push_str(&format!("- {}: {}\n", cell(place), why.replace('\n', " ")));
        }
        more(&mut body, plan.left.len());
    }
    body.push_str("\n`plimsoll drift --pr` keeps this up to date, and closes it when it has become needless.\n");
    body
}

fn more(body: &mut String, count: usize) {
    if count > LINES_MAX {
        body.push_str(&format!("\nand {} more\n", count - LINES_MAX));
    }
}

/// Text as code that neither ends its table's cell nor its code.
fn cell(text: impl AsRef<str>) -> String {
    let text = text.as_ref();
    if text.is_empty() {
        return String::new();
    }
    format!("`{}`", text.replace(['\n', '\r', '`'], " ").replace('|', "\\|"))
}
