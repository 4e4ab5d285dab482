//! A check in the forms that other programs read.

use std::collections::BTreeSet;

use plimsoll_drift::{self as drift, Report};

use crate::report::{Entry, Findings, Level, Place, Rule};

/// Every rule with what it is about.
const RULES: &[(&str, &str)] = &[
    ("port", "A port is another one than the declared"),
    ("version", "A version is another one than the declared"),
    ("path", "A path leads elsewhere than the declared"),
    ("value", "A value is another one than the declared"),
    ("table", "A table is made, written or asked for in ways that do not agree"),
    ("table-list", "A list of tables leaves one out"),
    ("live-table", "A running database has other tables than the declared"),
    ("lock", "A lock file does not hold what the manifest asks for"),
    ("installed", "What is installed is not what is asked for or declared"),
    ("derived-file", "A derived file is not there"),
    ("expected", "A file does not state what it should"),
    ("baseline", "An entry of the baseline is over, or covers nothing"),
    ("marker", "A mark has no reason, or accepts nothing"),
    ("unparsable", "A file cannot be read as its format"),
    (NOT_CHECKED, "A file was not checked, so nothing can be said of it"),
];
const NOT_CHECKED: &str = "not-checked";

/// Maps a report. What could not be told is an entry too: no form may look better than the exit code.
pub(super) fn findings(report: &Report) -> Findings {
    let rules = RULES.iter().map(|(id, title)| Rule { id: (*id).into(), title: (*title).into() });
    let mut entries: Vec<Entry> =
        report.findings.iter().map(|finding| entry(report, finding)).collect();
    for skipped in report.skipped.iter().filter(|skipped| skipped.is_open) {
        entries.push(Entry {
            rule: NOT_CHECKED.to_owned(),
            level: Level::Error,
            message: format!("not checked: {}", skipped.reason),
            place: Some(Place { path: skipped.path.clone(), line: 1, end_line: 1, columns: None }),
            fingerprint: None,
        });
    }
    if report.values_checked == 0 {
        entries.push(Entry {
            rule: NOT_CHECKED.to_owned(),
            level: Level::Error,
            message: "nothing was compared, so nothing can be said".to_owned(),
            place: None,
            fingerprint: None,
        });
    }
    let looked_at: BTreeSet<String> =
        report.occurrences.iter().map(|occurrence| occurrence.place.path.clone()).collect();
    Findings {
        tool: "drift",
        rules: rules.collect(),
        entries,
        looked_at: looked_at.into_iter().collect(),
    }
}

fn entry(report: &Report, finding: &drift::Finding) -> Entry {
    Entry {
        rule: finding.rule.to_owned(),
        level: match finding.level {
            drift::Level::Note => Level::Note,
            drift::Level::Warning if !report.is_strict => Level::Warning,
            _ => Level::Error,
        },
        message: finding.message.clone(),
        place: place(&finding.place),
        fingerprint: Some(finding.fingerprint.clone()),
    }
}

/// A place in a file; what a server or an engine said has none.
fn place(place: &drift::Place) -> Option<Place> {
    if place.path.contains(':') || place.path.starts_with("questdb at ") {
        return None;
    }
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let (start, end) = (place.start, place.end);
    Some(Place {
        path: place.path.clone(),
        line: count(start.line),
        end_line: count(end.line),
        columns: (start != end).then(|| (count(start.column), count(end.column))),
    })
}
