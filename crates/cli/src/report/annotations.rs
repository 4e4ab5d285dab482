//! Workflow commands, one line each, as GitHub's runners read them from a step's output.

use super::{Entry, Findings, Level};

pub(super) fn render(findings: &Findings) -> String {
    findings.entries.iter().map(|entry| line(findings.tool, entry)).collect()
}

fn line(tool: &str, entry: &Entry) -> String {
    let command = match entry.level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "notice",
    };
    let mut properties = Vec::new();
    if let Some(place) = &entry.place {
        properties.push(format!("file={}", property(&place.path)));
        properties.push(format!("line={},endLine={}", place.line, place.end_line));
        // A runner's last column belongs to the range, and it wants columns on one line only.
        if let Some((first, end)) = place.columns.filter(|_| place.line == place.end_line) {
            properties.push(format!("col={first},endColumn={}", end.saturating_sub(1).max(first)));
        }
    }
    properties.push(format!("title={}", property(&format!("{tool}: {}", entry.rule))));
    format!("::{command} {}::{}\n", properties.join(","), data(&entry.message))
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
