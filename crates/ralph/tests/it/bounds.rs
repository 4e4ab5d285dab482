//! Bounds from file and environment.

use plimsoll_ralph::Config;

#[test]
fn the_smallest_bounds_hold_whatever_the_others_are() {
    let mut config = Config::default();
    let problems =
        config.apply_env([("RALPH_MAX_ITERATIONS", "1"), ("RALPH_MAX_BUDGET_USD", "0.01")]);
    assert_eq!(problems, [], "a bound that another one makes useless is no contradiction");
    assert_eq!((config.max_iterations.get(), config.max_budget_usd), (1, 0.01));
}

#[test]
fn a_bound_that_cannot_be_used_is_told_and_changes_nothing() {
    let mut config = Config::default();
    let problems = config
        .apply_env([("RALPH_MAX_ITERATIONS", "0"), ("PLIMSOLL_RALPH__HOOK_WAIT_MAX_SECS", "9999")]);
    let names: Vec<_> = problems.iter().map(|problem| problem.name.as_str()).collect();
    assert_eq!(names, ["RALPH_MAX_ITERATIONS", "PLIMSOLL_RALPH__HOOK_WAIT_MAX_SECS"]);
    assert_eq!(config, Config::default());
}
