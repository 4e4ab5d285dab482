//! Random changes: one of a tracked value is always seen, one of any other line never.

use plimsoll_drift::{Canon, Checked, State, check_text};
use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::sample::Index;

use crate::canon::canon;
use crate::fixture::{Fixture, Mark};

/// How often a property is tried: more of it when slow tests run.
fn cases() -> u32 {
    let is_slow =
        std::env::vars().any(|(name, value)| name == "PLIMSOLL_SLOW_TESTS" && value == "1");
    if is_slow { 5_000 } else { 256 }
}

fn states(canon: &Canon, path: &str, text: &str) -> Vec<(usize, State)> {
    let checked: Checked = check_text(canon, path, text);
    checked.occurrences.iter().map(|o| (o.place.span.start, o.state)).collect()
}

/// Ports that are right in one place or another, or that services have by themselves.
const PORTS: &[u16] =
    &[9000, 9009, 3000, 6379, 7010, 9001, 9010, 3001, 6380, 8812, 9003, 3100, 9121, 5432];

fn is_ours(mark: &&Mark) -> bool {
    !mark.is_table()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_changed_port_is_seen(which: Index, port in 1_u16..) {
        prop_assume!(!PORTS.contains(&port) && port > 999);
        let fixture = Fixture::shared();
        let ports: Vec<&Mark> = fixture.marks.iter().filter(|mark| mark.key.starts_with("ports.")).collect();
        let mark = which.get(&ports);
        seen(fixture, mark, &port.to_string())?;
    }

    #[test]
    fn a_changed_version_is_seen(which: Index, major in 30_u32..90, minor in 0_u32..90, patch in 0_u32..90) {
        let fixture = Fixture::shared();
        let versions: Vec<&Mark> = fixture.marks.iter()
            .filter(|mark| mark.key.starts_with("versions.") && mark.text.matches('.').count() == 2 && !mark.text.contains('='))
            .collect();
        let mark = which.get(&versions);
        seen(fixture, mark, &format!("{major}.{minor}.{patch}"))?;
    }

    #[test]
    fn a_changed_number_is_seen(which: Index, number in 101_u32..999) {
        let fixture = Fixture::shared();
        let numbers: Vec<&Mark> = fixture.marks.iter()
            .filter(|mark| mark.key.starts_with("ralph.max") && mark.text.bytes().all(|b| b.is_ascii_digit()))
            .collect();
        let mark = which.get(&numbers);
        seen(fixture, mark, &number.to_string())?;
    }

    #[test]
    fn a_changed_line_without_a_tracked_value_raises_nothing(which: Index, digits in prop::collection::vec(0_u8..10, 40)) {
        let fixture = Fixture::shared();
        static LINES: LazyLock<Vec<(String, usize, usize)>> = LazyLock::new(|| untracked(Fixture::shared()));
        let (path, start, end) = which.get(&LINES[..]);
        let text = fixture.text(path);
        let mut digits = digits.into_iter();
        let line: String = text[*start..*end].chars()
            .map(|c| match c {
                '1'..='9' => char::from(b'0' + digits.next().unwrap_or(7).max(1)),
                other => other,
            })
            .collect();
        let is_right_elsewhere = PORTS.iter().any(|port| line.contains(&port.to_string()) && !text[*start..*end].contains(&port.to_string()));
        prop_assume!(!is_right_elsewhere);
        let changed = format!("{}{line}{}", &text[..*start], &text[*end..]);
        let canon = Fixture::canon();
        let wrong: Vec<_> = states(canon, path, &changed).into_iter().filter(|(_, state)| *state != State::Match).collect();
        prop_assert!(wrong.is_empty(), "{path}: {line:?}");
        prop_assert_eq!(states(canon, path, &changed).len(), states(canon, path, text).len(), "{}: {:?}", path, line);
    }
}

fn seen(fixture: &Fixture, mark: &Mark, other: &str) -> Result<(), TestCaseError> {
    let text = fixture.text(&mark.path);
    let end = mark.start + mark.text.len();
    let changed = format!("{}{other}{}", &text[..mark.start], &text[end..]);
    let states = states(Fixture::canon(), &mark.path, &changed);
    let is_seen = states.contains(&(mark.start, State::Drift));
    prop_assert!(is_seen, "{} {} -> {other}", mark.path, mark.text);
    Ok(())
}

/// Lines that state nothing and of which no manifest or lock file is made.
fn untracked(fixture: &Fixture) -> Vec<(String, usize, usize)> {
    let mut lines = Vec::new();
    for (path, text) in &fixture.files {
        let is_manifest = [
            "pyproject.toml",
            ".lock",
            "requirements.txt",
            "Cargo.toml",
            "package.json",
            "package-lock.json",
        ]
        .iter()
        .any(|end| path.ends_with(end));
        let is_skipped = Fixture::canon().skips(path).is_some();
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let end = start + line.trim_end().len();
            let is_tracked = fixture
                .marks
                .iter()
                .filter(is_ours)
                .any(|mark| mark.path == *path && (start..=end).contains(&mark.start));
            if !is_tracked
                && !is_manifest
                && !is_skipped
                && line.bytes().any(|b| b.is_ascii_digit())
            {
                lines.push((path.clone(), start, end));
            }
            start += line.len();
        }
    }
    lines
}

#[test]
fn the_canon_of_the_fixture_looks_for_every_kind_of_value() {
    let canon: Canon = canon();
    assert_eq!(canon.fact_count(), 27);
}
