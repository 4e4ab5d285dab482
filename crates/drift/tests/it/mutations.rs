//! Every tracked value of the fixture is changed in turn; each change is found where it is, and undone.

use std::collections::BTreeSet;

use plimsoll_drift::{
    Around, Canon, Checked, Finding, FixOptions, Report, State, Verdict, check_text, plan,
    summarize,
};

use crate::canon::canon;
use crate::fixture::{Fixture, Mark};
use crate::mutate::others;

fn report(canon: &Canon, files: Vec<Checked>) -> Report {
    let mut around = Around::default();
    around.is_whole = true;
    summarize(canon, files, around)
}

fn checked(canon: &Canon, fixture: &Fixture) -> Vec<Checked> {
    let files = fixture.files.iter().filter(|(path, _)| canon.skips(path).is_none());
    files.map(|(path, text)| check_text(canon, path, text)).collect()
}

fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

#[test]
fn the_clean_tree_states_what_is_marked_and_nothing_else() {
    let fixture = Fixture::load();
    let canon = canon();
    let report = report(&canon, checked(&canon, &fixture));
    let found: BTreeSet<(String, usize, String)> = report
        .occurrences
        .iter()
        .map(|o| (o.place.path.clone(), o.place.span.start, o.keys.join(",")))
        .collect();
    let marked: BTreeSet<(String, usize, String)> = fixture
        .marks
        .iter()
        .filter(|mark| !mark.is_table())
        .map(|mark| (mark.path.clone(), mark.start, mark.key.clone()))
        .collect();
    let mut wrong = String::new();
    let mut show = |what: &str, (path, start, key): &(String, usize, String)| {
        let text = fixture.text(path);
        let rest: String = text[*start..].chars().take(24).collect();
        wrong.push_str(&format!("{what} {path}:{} {key} {rest:?}\n", line_of(text, *start)));
    };
    marked.difference(&found).for_each(|mark| show("not found", mark));
    found.difference(&marked).for_each(|mark| show("not marked", mark));
    for finding in &report.findings {
        wrong
            .push_str(&format!("finding {} {} {}\n", finding.place, finding.rule, finding.message));
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert_eq!(report.verdict(), Verdict::Clean);
    for occurrence in &report.occurrences {
        let is_mark = |mark: &&Mark| {
            mark.path == occurrence.place.path && mark.start == occurrence.place.span.start
        };
        let mark = fixture.marks.iter().find(is_mark).unwrap();
        assert_eq!(occurrence.found, mark.text, "{}", occurrence.place);
        assert!(mark.is_inside || occurrence.profile == mark.profile, "{}", occurrence.place);
    }
}

/// A mutation: the file's new text, and what was done.
struct Mutation<'f> {
    mark: &'f Mark,
    other: String,
    text: String,
}

fn mutations(fixture: &Fixture) -> Vec<Mutation<'_>> {
    let mut all = Vec::new();
    for mark in &fixture.marks {
        for other in others(mark) {
            let text = fixture.text(&mark.path);
            let end = mark.start + mark.text.len();
            let text = format!("{}{other}{}", &text[..mark.start], &text[end..]);
            all.push(Mutation { mark, other, text });
        }
    }
    all
}

/// The finding at the place of a mutation.
fn finding_at<'r>(report: &'r Report, mutation: &Mutation<'_>) -> Option<&'r Finding> {
    report.findings.iter().find(|finding| {
        finding.place.path == mutation.mark.path
            && finding.place.span.start == mutation.mark.start
            && finding.state != State::Match
    })
}

#[test]
fn every_changed_value_is_found_where_it_is_and_brought_back_to_the_byte() {
    let fixture = Fixture::load();
    let canon = canon();
    let clean = checked(&canon, &fixture);
    let all = mutations(&fixture);
    let mut wrong = String::new();
    for mutation in &all {
        let path = &mutation.mark.path;
        let mut files: Vec<Checked> =
            clean.iter().filter(|file| file.path != *path).cloned().collect();
        files.push(check_text(&canon, path, &mutation.text));
        let report = report(&canon, files);
        let place = format!(
            "{path}:{} {} -> {}",
            line_of(fixture.text(path), mutation.mark.start),
            mutation.mark.text,
            mutation.other
        );
        let Some(finding) = finding_at(&report, mutation) else {
            wrong.push_str(&format!("unseen: {place}\n"));
            continue;
        };
        let line = line_of(&mutation.text, mutation.mark.start);
        let before = &mutation.text[..mutation.mark.start];
        let column = before.rsplit('\n').next().unwrap().chars().count() + 1;
        if (finding.place.start.line, finding.place.start.column) != (line, column)
            || report.verdict() != Verdict::Drift
        {
            wrong.push_str(&format!("place: {place} at {}\n", finding.place));
        }
        let plan = plan(&report, &FixOptions::default().with_locks());
        let fixed = plan
            .files
            .iter()
            .find(|fix| fix.path == *path)
            .and_then(|fix| fix.apply_to(&mutation.text));
        if fixed.as_deref() != Some(fixture.text(path)) {
            let line =
                fixed.unwrap_or_default().lines().nth(line - 1).unwrap_or_default().to_owned();
            wrong.push_str(&format!("fix: {place} gives {line}\n"));
        }
    }
    let files: BTreeSet<&str> = fixture.marks.iter().map(|mark| mark.path.as_str()).collect();
    assert!(wrong.is_empty(), "{} of {} wrong\n{wrong}", wrong.lines().count(), all.len());
    assert!(
        all.len() >= 300 && files.len() >= 25,
        "{} mutations in {} files",
        all.len(),
        files.len()
    );
    println!("{} mutations of {} values in {} files", all.len(), fixture.marks.len(), files.len());
}
