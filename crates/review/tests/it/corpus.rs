//! How much of what people plant the lints see. Changes 1 to 44 were written by somebody who had not read the lints, 45 to
//! 51 before whoever changed the lints next had read them, the others to tune by. No lint is changed by what the half
//! `held-out` shows: it is measured, and that is all.

use std::path::Path;

use plimsoll_review::{Config, Diff, Review, lint};
use serde::Deserialize;

/// Lines that a finding may stand away from what was planted: a lint may name the call or its function.
const NEAR: u32 = 4;

#[derive(Deserialize)]
struct Entry {
    file: String,
    half: String,
    verdict: String,
    focus: Option<String>,
    line: Option<u32>,
}

#[derive(Debug, Default)]
struct Measured {
    defects: usize,
    seen: usize,
    clean: usize,
    quiet: usize,
}

/// Whose changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    /// 1 to 44.
    Another,
    /// From 45 on.
    Us,
}

impl Entry {
    fn by(&self) -> By {
        let number = self.file.split('-').next().and_then(|number| number.parse::<u32>().ok());
        if number.unwrap() <= 44 { By::Another } else { By::Us }
    }
}

fn measure(half: &str, by: By) -> Measured {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/corpus");
    let text = std::fs::read_to_string(dir.join("manifest.json")).unwrap();
    let entries: Vec<Entry> = serde_json::from_str(&text).unwrap();
    let mut measured = Measured::default();
    for entry in entries.iter().filter(|entry| entry.half == half && entry.by() == by) {
        let text = std::fs::read_to_string(dir.join(&entry.file)).unwrap();
        let findings = lint(&Diff::parse(&text).unwrap(), &[]);
        let at: Vec<String> = findings.iter().map(|f| format!("{}:{}", f.rule, f.line)).collect();
        if entry.verdict == "defect" {
            let line = entry.line.unwrap();
            let is_seen = findings.iter().any(|found| found.line.abs_diff(line) <= NEAR);
            measured.defects += 1;
            measured.seen += usize::from(is_seen);
            // What was missed of the other half stays unsaid: whoever reads it would tune by it.
            if !is_seen && half == "tuning" {
                println!("{half}: missed {} {:?} line {line}: {at:?}", entry.file, entry.focus);
            }
        } else {
            measured.clean += 1;
            measured.quiet += usize::from(findings.is_empty());
            if !findings.is_empty() && half == "tuning" {
                println!("{half}: {} is clean, and has {at:?}", entry.file);
            }
        }
    }
    // The other half is shown to who asks for it, so that nobody tunes by accident.
    if half == "tuning" || std::env::var_os("PLIMSOLL_HELD_OUT").is_some() {
        println!("{half}, {by:?}: {measured:?}");
    }
    measured
}

/// The goal is 0.9 of both.
#[track_caller]
fn check(half: &str, by: By, seen_min: usize, quiet_min: usize) {
    let measured = measure(half, by);
    assert!(measured.seen >= seen_min, "{half}, {by:?}: {measured:?}");
    assert!(measured.quiet >= quiet_min, "{half}, {by:?}: {measured:?}");
}

#[test]
fn lints_see_what_they_were_tuned_by() {
    check("tuning", By::Another, 14, 8);
    check("tuning", By::Us, 53, 28);
}

#[test]
fn lints_see_as_many_defects_of_the_half_that_was_kept_away_as_before() {
    check("held-out", By::Another, 11, 8);
    check("held-out", By::Us, 5, 2);
}

#[test]
fn each_focus_has_three_defects_in_each_half() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/corpus");
    let text = std::fs::read_to_string(dir.join("manifest.json")).unwrap();
    let entries: Vec<Entry> = serde_json::from_str(&text).unwrap();
    for half in ["tuning", "held-out"] {
        for focus in [
            "input_validation",
            "api_keys",
            "position_limits",
            "error_handling",
            "performance",
            "nautilus",
        ] {
            let of = |entry: &&Entry| entry.half == half && entry.focus.as_deref() == Some(focus);
            let count = entries.iter().filter(of).count();
            assert!(count >= 3, "{half}, {focus}: {count}");
        }
    }
    assert!(entries.len() >= 40);
}

/// Where a proof wants the requests of all changes, `PLIMSOLL_REVIEW_REQUESTS` names the file.
#[test]
fn every_change_has_a_request_that_holds_its_lines_and_no_secret() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/corpus");
    let text = std::fs::read_to_string(dir.join("manifest.json")).unwrap();
    let entries: Vec<Entry> = serde_json::from_str(&text).unwrap();
    let mut bodies = Vec::new();
    for entry in &entries {
        let text = std::fs::read_to_string(dir.join(&entry.file)).unwrap();
        let requests = Review::new(&Diff::parse(&text).unwrap(), &Config::default()).requests();
        assert_eq!(requests.len(), 1, "{}", entry.file);
        let body = &requests[0].body;
        let sent = body["messages"][0]["content"][0]["text"].as_str().unwrap();
        assert!(sent.contains("=====change "), "{}", entry.file);
        assert!(!sent.contains("q7Zr0VtX4mN9bLw2Kc8PdYh5"), "{}: a secret leaves", entry.file);
        bodies.push(body.clone());
    }
    if let Some(path) = std::env::var_os("PLIMSOLL_REVIEW_REQUESTS") {
        std::fs::write(path, serde_json::to_string(&bodies).unwrap()).unwrap();
    }
}
