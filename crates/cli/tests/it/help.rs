use crate::run::plimsoll;

#[track_caller]
fn check(args: &[&str], wanted: &[&str]) {
    let dir = tempfile::tempdir().unwrap();
    let ran = plimsoll(dir.path(), args);
    assert_eq!(ran.code, 0, "{args:?}: {ran:?}");
    for wanted in wanted {
        assert!(ran.out.contains(wanted), "{args:?} lacks `{wanted}`:\n{}", ran.out);
    }
}

#[test]
fn help_lists_commands_examples_and_exit_codes() {
    let general =
        ["demo", "paper", "completions", "Examples:", "plimsoll demo --fast", "Exit codes:"];
    check(&["--help"], &general);
    let demo = [
        "--speed",
        "--fast",
        "--data",
        "--store",
        "--end",
        "--dry-run",
        "runs/demo.db]",
        "Examples:",
        "Exit codes:",
    ];
    check(&["demo", "--help"], &demo);
    check(&["paper", "--help"], &["venue", "trade"]);
    check(&["paper", "venue", "--help"], &["--listen", "--dir", "`paper.listen`", "Examples:"]);
    check(&["paper", "trade", "--help"], &["--venue", "--advance", "--json", "Examples:"]);
}

#[test]
fn version_is_that_of_the_package() {
    check(&["--version"], &[concat!("plimsoll ", env!("CARGO_PKG_VERSION"))]);
}

#[test]
fn completions_are_there_for_each_shell() {
    for (shell, wanted) in
        [("bash", "complete -F"), ("zsh", "#compdef plimsoll"), ("fish", "complete -c plimsoll")]
    {
        check(&["completions", shell], &[wanted, "demo"]);
    }
}

#[test]
fn wrong_usage_is_answered_with_2_and_what_would_be_right() {
    let dir = tempfile::tempdir().unwrap();
    for (args, wanted) in [
        (vec!["dmeo"], "demo"),
        (vec!["demo", "--speed", "0"], "--speed"),
        (vec!["demo", "--fast", "--speed", "5"], "cannot be used with"),
        (vec!["demo", "--end", "noon"], "2026-11-24"),
        (vec!["demo", "--questdb", "tcp://db:9000"], "https://"),
        (vec!["paper", "venue"], "--dir"),
    ] {
        let ran = plimsoll(dir.path(), &args);
        assert_eq!(ran.code, 2, "{args:?}: {ran:?}");
        assert!(ran.err.contains(wanted), "{args:?} lacks `{wanted}`:\n{}", ran.err);
        assert_eq!(ran.out, "", "{args:?}: errors belong on stderr");
    }
}
