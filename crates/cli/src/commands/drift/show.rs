//! A report as people and programs read it.

use std::collections::BTreeMap;
use std::fs;

use clap::ValueEnum;
use plimsoll_drift::{Finding, Level, Report, State, excerpt};
use serde_json::json;

use super::check::CheckArgs;
use super::forms;
use super::subject::Subject;
use crate::failure::Failure;
use crate::report::Form;

/// How a report is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Look {
    /// For people, with the lines of the files
    Text,
    /// One JSON object: version, verdict, report
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// `JUnit` XML, for test reports
    Junit,
    /// Workflow commands that GitHub shows beside the lines
    Github,
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
        Look::Sarif => form(report, Form::Sarif),
        Look::Junit => form(report, Form::Junit),
        Look::Github => form(report, Form::Github),
    }
}

/// The form alone on standard output, the numbers beside it.
fn form(report: &Report, form: Form) -> Result<(), Failure> {
    print!("{}", forms::findings(report).render(form));
    eprint!("{}", tally(report));
    Ok(())
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
    print!("{}", tally(report));
}

fn weight(finding: &Finding) -> &'static str {
    match finding.level {
        Level::Note => "note: ",
        Level::Warning => "warning: ",
        _ => "",
    }
}

/// What was checked, what was not, and what came of it.
fn tally(report: &Report) -> String {
    let mut said = Vec::new();
    let errors = report.findings.iter().filter(|finding| finding.level == Level::Error).count();
    let others = report.findings.len() - errors;
    said.push(format!(
        "checked {} values in {} of {} files: {errors} findings, {others} warnings and notes, {} accepted",
        report.values_checked, report.files_with_values, report.files_read, report.accepted
    ));
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
        said.push(format!("skipped {count} files: {reason}"));
    }
    for (reason, count) in &report.values_skipped {
        said.push(format!("skipped {count} values: {reason}"));
    }
    if report.values_checked == 0 {
        said.push("nothing was compared, so nothing can be said".to_owned());
    }
    let unreachable = report.in_state(State::Unreachable).count();
    if unreachable > 0 {
        said.push(format!("{unreachable} things did not answer, so nothing can be said of them"));
    }
    said.into_iter().map(|line| line + "\n").collect()
}
