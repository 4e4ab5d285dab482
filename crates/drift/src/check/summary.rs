//! All files together: conflicts, tables, packages, what is missing.

use std::collections::{BTreeMap, BTreeSet};

use super::{Canon, Checked, Inherited, origin_place};
use crate::fact::Kind;
use crate::packages::{self, Installed};
use crate::report::{Finding, Level, Occurrence, Place, REPORT_VERSION, Report, Skipped, State};
use crate::tables;

/// What a check read besides texts.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Around {
    /// Files and folders that were not checked.
    pub skipped: Vec<Skipped>,
    /// What is installed, if somebody was asked.
    pub installed: Vec<Installed>,
    /// Findings of others: a database, a container engine.
    pub findings: Vec<Finding>,
    /// How many values those have compared.
    pub compared: usize,
    /// Every file below the root was looked at, so that what nobody states is missing.
    pub is_whole: bool,
}

/// Puts together what the files say.
pub fn summarize(canon: &Canon, mut files: Vec<Checked>, around: Around) -> Report {
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let mut report = Report {
        report_version: REPORT_VERSION,
        files_read: files.len(),
        skipped: around.skipped,
        untracked: canon.facts.untracked.clone(),
        is_strict: canon.config.strict,
        ..Report::default()
    };
    let conflicts = conflicts(&files);
    for file in &files {
        of_file(canon, file, &conflicts, &mut report);
    }
    let tables: Vec<_> = files.iter().flat_map(|file| &file.tables).collect();
    let (found, compared) = tables::agree(&canon.facts, &tables);
    if around.is_whole {
        report.findings.extend(found);
    } else {
        // Of some files only it is not known whether others make a table.
        report.findings.extend(found.into_iter().filter(|f| f.state == State::Drift));
    }
    for (place, missing) in files.iter().flat_map(|file| &file.lists) {
        let key = missing.join(", ");
        let message = format!("this list of tables leaves out what is declared: {key}");
        let finding =
            Finding::new("table-list", State::MissingInDocument, Level::Error, key, place.clone());
        report.findings.push(finding.with_message(message));
    }
    let packages: Vec<_> = files.iter().flat_map(|file| &file.packages).collect();
    let (found, versions) = packages::agree(&packages, &around.installed);
    report.findings.extend(found);
    let (found, installed) = packages::against_canon(canon, &around.installed);
    report.findings.extend(found);
    report.findings.extend(around.findings);
    report.values_checked += compared + versions + installed + around.compared;
    if around.is_whole {
        missing(canon, &files, &mut report);
    }
    mark(&mut files, &mut report);
    finish(&mut report, files);
    report
}

/// Adds what one file says.
fn of_file(canon: &Canon, file: &Checked, conflicts: &BTreeSet<ConflictKey>, report: &mut Report) {
    let says_something =
        !file.occurrences.is_empty() || !file.tables.is_empty() || !file.packages.is_empty();
    report.files_with_values += usize::from(says_something);
    report.values_checked += file.occurrences.len();
    for environment in &file.undeclared {
        let reason = format!("the environment `{environment}` is not declared");
        *report.values_skipped.entry(reason).or_default() += 1;
    }
    if file.ignored > 0 {
        *report.values_skipped.entry("the section `drift` says so".to_owned()).or_default() +=
            file.ignored;
    }
    report.findings.extend(file.occurrences.iter().filter(|o| o.state == State::Drift).map(
        |occurrence| drifted(canon, occurrence, conflicts.contains(&conflict_key(occurrence))),
    ));
    report.values_checked += file.inherited.len();
    let inherited = file.inherited.iter().filter(|inherited| inherited.is_drift());
    report.findings.extend(inherited.map(|inherited| of_other(canon, inherited)));
    report.findings.extend(file.malformed.as_ref().map(|(place, what)| {
        let message = format!("it cannot be read as its format: {what}");
        Finding::new("unparsable", State::Unparsable, Level::Error, "", place.clone())
            .with_message(message)
    }));
}

type ConflictKey = (Vec<String>, Option<String>, String);

fn conflict_key(occurrence: &Occurrence) -> ConflictKey {
    (
        occurrence.keys.clone(),
        occurrence.profile.clone(),
        occurrence.found.trim().to_ascii_lowercase(),
    )
}

/// What several files say against what is declared.
fn conflicts(files: &[Checked]) -> BTreeSet<ConflictKey> {
    let mut saying: BTreeMap<ConflictKey, BTreeSet<&str>> = BTreeMap::new();
    for file in files {
        for occurrence in
            file.occurrences.iter().filter(|occurrence| occurrence.state == State::Drift)
        {
            saying.entry(conflict_key(occurrence)).or_default().insert(&file.path);
        }
    }
    saying.into_iter().filter(|(_, files)| files.len() > 1).map(|(key, _)| key).collect()
}

fn drifted(canon: &Canon, occurrence: &Occurrence, is_conflict: bool) -> Finding {
    let key = occurrence.keys.join(" or ");
    let kind = occurrence
        .keys
        .first()
        .and_then(|key| canon.facts.facts.iter().find(|fact| fact.key == *key));
    let rule = match kind.map(|fact| fact.kind) {
        Some(Kind::Port) => "port",
        Some(Kind::Versions) => "version",
        Some(Kind::Path) => "path",
        _ => "value",
    };
    let of_profile =
        occurrence.profile.as_ref().map(|profile| format!(" in {profile}")).unwrap_or_default();
    let message = format!(
        "`{key}`{of_profile} is {}, and here it is {} (declared at {})",
        occurrence.declared, occurrence.found, occurrence.origin
    );
    let finding = Finding::new(rule, State::Drift, Level::Error, key, occurrence.place.clone());
    Finding {
        found: Some(occurrence.found.clone()),
        declared: Some(occurrence.declared.clone()),
        origin: Some(occurrence.origin.clone()),
        profile: occurrence.profile.clone(),
        fix: occurrence.fix.clone(),
        is_conflict,
        ..finding.with_message(message)
    }
}

/// What a service inherits from another file is told where it says that it does; a fix there would change the other.
fn of_other(canon: &Canon, inherited: &Inherited) -> Finding {
    let finding = drifted(canon, &inherited.occurrence, false);
    let from = inherited.occurrence.place.clone();
    let message = format!("{}, inherited from {from}", finding.message);
    let related = vec![(from, "states it".to_owned())];
    let place = inherited.place.clone();
    Finding { place, fix: None, related, ..finding.with_message(message) }
}

/// Derived files that are not there, and files that do not state what they should.
fn missing(canon: &Canon, files: &[Checked], report: &mut Report) {
    let is_read = |path: &str| files.iter().any(|file| file.path == path);
    for (path, origin) in &canon.facts.derived {
        if !is_read(path)
            && !report.skipped.iter().any(|skipped| skipped.path == *path && !skipped.is_open)
        {
            let message = format!("the derived file `{path}` is not there");
            let finding = Finding::new(
                "derived-file",
                State::MissingInDocument,
                Level::Error,
                path,
                origin_place(origin),
            );
            report.findings.push(Finding {
                origin: Some(origin.to_string()),
                ..finding.with_message(message)
            });
        }
    }
    for (key, paths) in &canon.config.expected {
        for path in paths {
            let file = files.iter().find(|file| file.path == *path);
            let states =
                file.is_some_and(|file| file.occurrences.iter().any(|o| o.keys.contains(key)));
            if !states {
                let message = format!("`{path}` should state `{key}`, and does not");
                let finding = Finding::new(
                    "expected",
                    State::MissingInDocument,
                    Level::Error,
                    key,
                    Place::top_of(path),
                );
                report.findings.push(finding.with_message(message));
            }
        }
    }
}

/// Takes away what marks in the files accept; marks without a reason and without use are told.
fn mark(files: &mut [Checked], report: &mut Report) {
    for file in files {
        let path = file.path.clone();
        let before = report.findings.len();
        let markers = &mut file.markers;
        report.findings.retain(|finding| {
            if finding.place.path != path {
                return true;
            }
            let keys: Vec<String> = finding.key.split(" or ").map(str::to_owned).collect();
            let marker = markers
                .iter_mut()
                .find(|m| m.has_reason && m.covers(finding.place.start.line, &keys));
            marker.map(|marker| marker.is_used = true).is_none()
        });
        report.accepted += before - report.findings.len();
        for marker in &file.markers {
            let mut place = Place::top_of(path.clone());
            (place.start, place.end) = (marker.at, marker.at);
            let (level, what) = match (marker.has_reason, marker.is_used) {
                (false, _) => (
                    Level::Error,
                    "a mark without a reason does not count; say why this may differ",
                ),
                (true, false) => (Level::Note, "this mark accepts nothing; take it away"),
                (true, true) => continue,
            };
            let state = if marker.has_reason { State::Match } else { State::Drift };
            report
                .findings
                .push(Finding::new("marker", state, level, "", place).with_message(what));
        }
    }
}

fn finish(report: &mut Report, files: Vec<Checked>) {
    report.occurrences = files.into_iter().flat_map(|file| file.occurrences).collect();
    let findings = std::mem::take(&mut report.findings);
    report.findings = findings.into_iter().map(Finding::with_fingerprint).collect();
    report.findings.sort_by(|a, b| (&a.place, &a.key, a.rule).cmp(&(&b.place, &b.key, b.rule)));
    report.findings.dedup_by(|a, b| {
        (&a.place, &a.key, a.rule, &a.message) == (&b.place, &b.key, b.rule, &b.message)
    });
    report.skipped.sort();
}
