//! A finding for people: what, where, and the line with a mark below it.

use crate::report::Finding;

/// Longest part of a line that is shown, in characters.
const WIDTH: usize = 120;

/// A finding with the line that it is about. `text` is the file's, or `None` if the finding is about no line of it.
pub fn excerpt(finding: &Finding, text: Option<&str>) -> String {
    let mut shown = format!("{}[{}]: {}\n", finding.state, finding.rule, finding.message);
    let start = finding.place.start;
    let number = start.line.to_string();
    let margin = " ".repeat(number.len());
    shown.push_str(&format!("{margin}--> {}\n", finding.place));
    let line = text.and_then(|text| text.split('\n').nth(start.line.saturating_sub(1)));
    let has_span = finding.place.span.start < finding.place.span.end;
    if let Some(line) = line.filter(|line| has_span && !line.trim().is_empty()) {
        shown.push_str(&marked(line, &number, &margin, finding));
    }
    for (place, what) in &finding.related {
        shown.push_str(&format!("{margin} = {place}: {what}\n"));
    }
    if finding.is_conflict {
        let what = "several files agree with each other against what is declared: who is right?";
        shown.push_str(&format!("{margin} = {what}\n"));
    }
    shown
}

fn marked(line: &str, number: &str, margin: &str, finding: &Finding) -> String {
    let line = line.trim_end_matches('\r');
    let column = finding.place.start.column.saturating_sub(1);
    // A long line is cut so that the value is in the middle.
    let first = if column > WIDTH { column - WIDTH / 2 } else { 0 };
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    let part: String = line.chars().skip(first).take(WIDTH).map(plain).collect();
    let is_one_line = finding.place.end.line == finding.place.start.line;
    let width = if is_one_line { finding.place.end.column.saturating_sub(column + 1) } else { 1 };
    let marks = "^".repeat(width.clamp(1, WIDTH));
    let indent = " ".repeat(column - first);
    let hint = finding.fix.as_ref().map(|fix| format!(" {fix}")).unwrap_or_default();
    format!("{margin} |\n{number} | {part}\n{margin} | {indent}{marks}{hint}\n")
}
