//! Deterministic lints: what of the checklist a program can see. They run first, and without a key.

mod errors;
mod injection;
mod input;
mod kept;
mod keys;
mod leaks;
mod lifecycle;
mod limits;
mod lost;
mod nautilus;
mod numbers;
mod outside;
mod patterns;
mod speed;
mod time;
mod view;
mod work;

use std::collections::HashMap;

use crate::diff::Diff;
use crate::finding::{Finding, Focus, Origin, Severity, fingerprint, sort};
use crate::region::Region;
use view::View;

/// A rule that a program can check.
#[derive(Debug)]
#[non_exhaustive]
pub struct Lint {
    /// Its name, as reports and `disabled_lints` have it.
    pub id: &'static str,
    /// Part of the checklist.
    pub focus: Focus,
    /// How bad it is.
    pub severity: Severity,
    /// One line.
    pub title: &'static str,
    /// Why it matters, and what to do.
    pub why: &'static str,
    /// Path of the two examples.
    pub path: &'static str,
    /// Body of a hunk that it reports, with its marks.
    pub bad: &'static str,
    /// Body of a hunk that it does not report.
    pub good: &'static str,
    in_tests: InTests,
    check: fn(&View<'_>, &Region<'_>, &mut Hits),
}

/// Whether a lint reads test code too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum InTests {
    Read,
    Skip,
}

/// Lines that a lint reports.
#[derive(Debug, Default)]
struct Hits(Vec<(u32, String)>);

impl Hits {
    /// Reports a line of the region.
    fn line(&mut self, region: &Region<'_>, index: usize) {
        if let Some(line) = region.lines.get(index) {
            self.0.push((line.number, line.text.to_owned()));
        }
    }

    /// Reports a place where a line was taken out; `text` is that line.
    fn removed(&mut self, number: u32, text: &str) {
        self.0.push((number, text.to_owned()));
    }
}

/// Every lint, in the checklist's order.
pub fn lints() -> impl Iterator<Item = &'static Lint> {
    [
        limits::LINTS,
        kept::LINTS,
        errors::LINTS,
        lost::LINTS,
        numbers::LINTS,
        time::LINTS,
        keys::LINTS,
        leaks::LINTS,
        input::LINTS,
        outside::LINTS,
        speed::LINTS,
        work::LINTS,
        nautilus::LINTS,
        lifecycle::LINTS,
        injection::LINTS,
    ]
    .into_iter()
    .flatten()
}

/// Runs every lint but those named over a diff. Pure: the same diff gives the same findings.
pub fn lint(diff: &Diff, disabled: &[String]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let chosen: Vec<&Lint> =
        lints().filter(|lint| !disabled.iter().any(|id| id == lint.id)).collect();
    for file in diff.files.iter().filter(|file| !file.is_binary) {
        let view = View::of(file);
        let mut seen: HashMap<(&str, String), usize> = HashMap::new();
        for lint in &chosen {
            let mut hits = Hits::default();
            for region in &view.regions {
                if lint.in_tests == InTests::Read || !region.is_test {
                    (lint.check)(&view, region, &mut hits);
                }
            }
            hits.0.sort();
            hits.0.dedup();
            for (number, text) in hits.0 {
                let occurrence = seen.entry((lint.id, text.clone())).or_default();
                findings.push(finding(lint, file.path(), number, &text, *occurrence));
                *occurrence += 1;
            }
        }
    }
    sort(&mut findings);
    findings
}

fn finding(lint: &Lint, path: &str, line: u32, text: &str, occurrence: usize) -> Finding {
    Finding {
        path: path.to_owned(),
        line,
        end_line: line,
        severity: lint.severity,
        focus: lint.focus,
        rule: lint.id.to_owned(),
        title: lint.title.to_owned(),
        why: lint.why.to_owned(),
        suggestion: None,
        origin: Origin::Lint,
        fingerprint: fingerprint(lint.id, path, text, occurrence),
    }
}
