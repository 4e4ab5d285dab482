//! The section `ralph`: defaults, contradictions, the environment, `limits.json`.

use plimsoll_ralph::hook::{LIMITS, LimitsFile};
use plimsoll_ralph::{Check, Config, Mode, Price};

#[test]
fn the_defaults_are_those_that_are_documented() {
    let config = Config::default();
    assert_eq!(config.problems(), []);
    assert_eq!(
        (config.max_iterations.get(), config.max_budget_usd, config.max_tokens),
        (15, 20.0, None)
    );
    assert_eq!((config.max_consecutive_errors.get(), config.max_no_progress.get()), (3, 5));
    assert_eq!((config.max_failed_checks.get(), config.max_calls_per_hour.get()), (3, 100));
    assert_eq!((config.iteration_interval_min_secs, config.max_wall_clock_hours), (10, 4.0));
}

#[track_caller]
fn check(change: impl FnOnce(&mut Config), key: &str) {
    let mut config = Config::default();
    change(&mut config);
    let problems = config.problems();
    assert!(problems.iter().any(|problem| problem.key == key), "{key}: {problems:?}");
}

#[test]
fn every_contradiction_is_named() {
    check(|c| c.max_budget_usd = 0.0, "max_budget_usd");
    check(|c| c.max_budget_usd = f64::NAN, "max_budget_usd");
    check(|c| c.max_wall_clock_hours = f64::INFINITY, "max_wall_clock_hours");
    check(|c| c.max_wall_clock_hours = -1.0, "max_wall_clock_hours");
    check(|c| c.max_calls_per_hour = 10_001.try_into().unwrap(), "max_calls_per_hour");
    check(|c| c.hook_wait_max_secs = 600, "hook_wait_max_secs");
    check(|c| c.iteration_interval_min_secs = 301, "iteration_interval_min_secs");
    check(|c| c.max_iterations = 100_000.try_into().unwrap(), "iteration_interval_min_secs");
    check(|c| c.progress_max_bytes = 0, "progress_max_bytes");
    check(|c| c.completion_tag = "two\nlines".to_owned(), "completion_tag");
    check(|c| c.completion_tag = String::new(), "completion_tag");
    check(|c| c.checks = vec![Check::new("a", [])], "checks[0].command");
    check(|c| c.checks = vec![Check::new(" ", ["true".to_owned()])], "checks[0].name");
    let twice = || Check::new("a", ["true".to_owned()]);
    check(|c| c.checks = vec![twice(), twice()], "checks[1].name");
    check(|c| c.checks = vec![twice(), Check::new("b", ["true".to_owned()])], "checks");
    check(
        |c| {
            c.prices.insert("m".to_owned(), Price::new(1.0, -1.0, 0.0, [0.0, 0.0]));
        },
        "prices.m.output_usd_per_mtok",
    );
}

#[test]
fn the_environment_wins_and_what_cannot_be_read_changes_nothing() {
    let mut config = Config::default();
    let problems = config.apply_env([
        ("RALPH_MAX_ITERATIONS", "7"),
        ("RALPH_MAX_BUDGET_USD", "5.5"),
        ("PLIMSOLL_RALPH__MAX_BUDGET_USD", "6"),
        ("PLIMSOLL_RALPH__CHECKPOINT", "branch"),
        ("PLIMSOLL_RALPH__MAX_TOKENS", "1000"),
        ("PLIMSOLL_RALPH__QUIET_HOURS_UTC", "22:00-06:00"),
        ("RALPH_MODE", "guard"),
        ("PLIMSOLL_RALPH__MAX_NO_PROGRESS", ""),
        ("HOME", "/nowhere"),
    ]);
    assert_eq!(problems, []);
    assert_eq!((config.max_iterations.get(), config.max_budget_usd), (7, 6.0));
    assert_eq!((config.mode, config.max_tokens.unwrap().get()), (Mode::Guard, 1_000));
    let before = config.clone();
    let problems = config.apply_env([
        ("RALPH_MAX_ITERATIONS", "0"),
        ("RALPH_MODE", "on"),
        ("PLIMSOLL_RALPH__MAX_BUDGET_USD", "1e99"),
        ("PLIMSOLL_RALPH__MAX_ITERATONS", "3"),
    ]);
    let names: Vec<_> = problems.iter().map(|problem| problem.name.as_str()).collect();
    assert_eq!(names.len(), 4, "{problems:?}");
    assert!(problems.iter().all(|problem| !problem.wanted.is_empty()));
    assert_eq!(config, before);
}

#[test]
fn limits_are_read_as_they_were_written_and_unknown_keys_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    assert!(LimitsFile::read(dir.path()).unwrap().is_none());
    let config = Config::default().with_mode(Mode::Guard).with_max_budget_usd(7.25);
    let file = LimitsFile::new(config, Some("ab12".to_owned()));
    file.write(dir.path()).unwrap();
    assert_eq!(LimitsFile::read(dir.path()).unwrap(), Some(file));
    let path = dir.path().join(LIMITS);
    let text = std::fs::read_to_string(&path).unwrap();
    for (from, to) in [
        ("\"max_iterations\": 15", "\"max_iteratons\": 15"),
        ("\"max_iterations\": 15", "\"max_iterations\": 0"),
        ("\"max_budget_usd\": 7.25", "\"max_budget_usd\": -7.25"),
        ("\"schema_version\": 1", "\"schema_version\": 2"),
    ] {
        assert!(text.contains(from), "{from}");
        std::fs::write(&path, text.replace(from, to)).unwrap();
        assert!(LimitsFile::read(dir.path()).is_err(), "{to}");
    }
}
