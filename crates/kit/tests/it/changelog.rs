use plimsoll_kit::{Commit, changelog_up_to, check_changelog, release_changelog, update_changelog};

use crate::at;

fn commit(hash: &str, subject: &str, body: &str) -> Commit {
    Commit { hash: hash.to_owned(), subject: subject.to_owned(), body: body.to_owned() }
}

fn commits() -> Vec<Commit> {
    vec![
        commit("a1", "feat(alerts): keep a rule pending until its window passes", ""),
        commit("a2", "alerts: split rule from evaluation", ""),
        commit("a3", "fix: read the last line", ""),
        commit("a4", "perf(metrics)!: one line a record", ""),
        commit("a5", "feat: other defaults", "BREAKING CHANGE: limits are ratios now"),
        commit("a6", "Merge branch 'x'", ""),
    ]
}

#[test]
fn commits_for_users_become_lines_and_running_twice_adds_nothing() {
    let first = update_changelog("", &commits()).unwrap();
    insta::assert_snapshot!(first, @"
    # Changelog

    The format is that of [Keep a Changelog](https://keepachangelog.com/en/1.1.0/).

    <!-- commits up to a6 -->

    ## [Unreleased]

    ### Added

    - alerts: keep a rule pending until its window passes.

    ### Changed

    - **Breaking:** metrics: one line a record.
    - **Breaking:** Other defaults.

    ### Fixed

    - Read the last line.
    ");
    assert_eq!(changelog_up_to(&first), Some("a6"));
    assert_eq!(update_changelog(&first, &commits()).unwrap(), first);
    assert!(check_changelog(&first).is_empty());
}

#[test]
fn what_people_wrote_stays_byte_for_byte() {
    let first = update_changelog("", &commits()).unwrap();
    let edited = first
        .replace(
            "- Read the last line.",
            "- Read the last line of a file\n  that has no line end.\n\n\n  (Thanks.)",
        )
        .replace("# Changelog\n", "# Changelog of ours\n");
    let later = [commit("b1", "fix(cli): exit with 2 on bad usage", "")];
    let second = update_changelog(&edited, &later).unwrap();
    assert_eq!(changelog_up_to(&second), Some("b1"));
    let without =
        second.replace("- cli: exit with 2 on bad usage.\n", "").replace("up to b1", "up to a6");
    assert_eq!(without, edited);
}

#[test]
fn a_release_needs_something_to_release_and_a_later_version() {
    let text = update_changelog("", &commits()).unwrap()
        + "\n[Unreleased]: https://example.com/a/compare/v0.1.0...HEAD\n";
    let released = release_changelog(&text, "0.2.0", at(0)).unwrap();
    assert!(released.contains("## [Unreleased]\n\n## [0.2.0] - 2026-11-24\n"), "{released}");
    assert!(released.contains("[Unreleased]: https://example.com/a/compare/v0.2.0...HEAD\n"));
    assert!(released.contains("[0.2.0]: https://example.com/a/compare/v0.1.0...v0.2.0\n"));
    assert!(check_changelog(&released).is_empty(), "{:?}", check_changelog(&released));
    for (version, wanted) in [
        ("0.2.0", "`0.2.0` is not a version later than 0.2.0"),
        ("0.1.9", "`0.1.9` is not a version later than 0.2.0"),
        ("next", "`next` is not a version later than 0.2.0"),
        ("0.3.0", "nothing is under `## [Unreleased]`, so there is nothing to release"),
    ] {
        assert_eq!(release_changelog(&released, version, at(0)).unwrap_err().to_string(), wanted);
    }
}

#[test]
fn a_changelog_out_of_form_is_told_by_line() {
    let text = "# Changelog\n\n## [0.1.0] - soon\n\n### New\n\n## [0.2.0] - 2026-11-24\n\n## [0.2.0] - 2026-11-24\n\n## x - 2026-11-24\n";
    let found = check_changelog(text);
    let lines: Vec<_> = found.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [5, 3, 7, 9, 11], "{found:?}");
    assert_eq!(
        check_changelog("hello"),
        [(1, "a changelog begins with a heading such as `# Changelog`".to_owned())]
    );
}
