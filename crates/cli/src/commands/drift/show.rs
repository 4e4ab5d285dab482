//! A report as people and programs read it.

use std::collections::BTreeMap;
use std::fs;

use clap::ValueEnum;
use plimsoll_drift::{Finding, Level, Report, State, excerpt};
use serde_json::json;

use super::check::CheckArgs;
use super::subject::Subject;
use crate::failure::Failure;

/// How a report is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Look {
    /// For people, with the lines of the files
    Text,
    /// One JSON object: version, verdict, report
    Json,
}

pub(crate) fn report(args: &CheckArgs, subject: &Subject, report: &Report) -> Result<(), Failure> {
    match args.look() {
        Look::Text => {
            text(args, subject, report);
            Ok(())
        }
        Look::Json => {
            let mut report_only = report.clone();
            if !args.all {
                report_only.occurrences.clear();
            }
            let body = json!({
                "version": 1,
                "verdict": report.verdict(),
                "canonical": subject.canonical,
                "report": report_only,
            });
            println!("{}", serde_json::to_string_pretty(&body)?);
            Ok(())
        }
    }
}

fn text(args: &CheckArgs, subject: &Subject, report: &Report) {
    if args.all {
        for occurrence in &report.occurrences {
            let keys = occurrence.keys.join(" or ");
            let profile =
                occurrence.profile.as_ref().map(|p| format!(" [{p}]")).unwrap_or_default();
            let (place, state, found) = (&occurrence.place, occurrence.state, &occurrence.found);
            println!("{place}: {state}: {keys}{profile}: {found}");
        }
        println!();
    }
    let mut texts: BTreeMap<&str, Option<String>> = BTreeMap::new();
    for finding in &report.findings {
        let text = texts
            .entry(&finding.place.path)
            .or_insert_with(|| fs::read_to_string(subject.root.join(&finding.place.path)).ok());
        println!("{}{}", weight(finding), excerpt(finding, text.as_deref()));
    }
    for skipped in report.skipped.iter().filter(|skipped| skipped.is_open) {
        println!("not checked: {}: {}", skipped.path, skipped.reason);
    }
    tally(report);
}

fn weight(finding: &Finding) -> &'static str {
    match finding.level {
        Level::Note => "note: ",
        Level::Warning => "warning: ",
        _ => "",
    }
}

/// What was checked, what was not, and what came of it.
fn tally(report: &Report) {
    let errors = report.findings.iter().filter(|finding| finding.level == Level::Error).count();
    let others = report.findings.len() - errors;
    println!(
        "checked {} values in {} of {} files: {errors} findings, {others} warnings and notes, {} accepted",
        report.values_checked, report.files_with_values, report.files_read, report.accepted
    );
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for skipped in &report.skipped {
        // Sizes and places would make every file a reason of its own.
        let reason = if skipped.reason.contains(" bytes, more than") {
            "too large"
        } else {
            &skipped.reason
        };
        *reasons.entry(reason).or_default() += 1;
    }
    for (reason, count) in reasons {
        println!("skipped {count} files: {reason}");
    }
    for (reason, count) in &report.values_skipped {
        println!("skipped {count} values: {reason}");
    }
    if report.values_checked == 0 {
        println!("nothing was compared, so nothing can be said");
    }
    let unreachable = report.in_state(State::Unreachable).count();
    if unreachable > 0 {
        println!("{unreachable} things did not answer, so nothing can be said of them");
    }
}
