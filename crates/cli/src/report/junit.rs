//! `JUnit` XML: a finding is a failed test case, what was looked at and has none is a passed one.

use super::{Entry, Findings};

pub(super) fn render(findings: &Findings) -> String {
    let tool = escaped(findings.tool);
    let has_finding = |path: &String| {
        findings.entries.iter().any(|entry| entry.place.as_ref().is_some_and(|at| at.path == *path))
    };
    let passed: Vec<&String> =
        findings.looked_at.iter().filter(|path| !has_finding(path)).collect();
    let failures = findings.entries.len();
    let tests = failures + passed.len();
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n<testsuite name=\"plimsoll {tool}\" tests=\"{tests}\" \
         failures=\"{failures}\" errors=\"0\">\n"
    );
    for entry in &findings.entries {
        xml.push_str(&format!(
            "<testcase classname=\"{tool}\" name=\"{}\"><failure type=\"{}\" message=\"{}\"/></testcase>\n",
            escaped(&name(entry)),
            escaped(&entry.rule),
            escaped(&entry.message)
        ));
    }
    for path in passed {
        xml.push_str(&format!("<testcase classname=\"{tool}\" name=\"{}\"/>\n", escaped(path)));
    }
    xml.push_str("</testsuite>\n</testsuites>\n");
    xml
}

fn name(entry: &Entry) -> String {
    match &entry.place {
        Some(place) => format!("{}:{} {}", place.path, place.line, entry.rule),
        None => entry.rule.clone(),
    }
}

/// Text for an attribute. What XML 1.0 cannot say at all becomes U+FFFD.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\n' => safe.push_str("&#10;"),
            '\t' => safe.push_str("&#9;"),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => safe.push('\u{fffd}'),
            other => safe.push(other),
        }
    }
    safe
}
