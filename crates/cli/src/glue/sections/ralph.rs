//! Section `ralph`.

use plimsoll_ralph::{Config, Problem};
use plimsoll_ssot::{Complaint, Layers, Loosens, SectionSpec};

/// Its name.
pub(crate) const NAME: &str = "ralph";

pub(super) fn register(layers: Layers) -> Layers {
    let spec = SectionSpec::new(NAME, &Config::default())
        .with_schema(super::schema_of::<Config>())
        .with_check(problems)
        .with_variable("RALPH_MODE", "mode")
        .with_variable("RALPH_MAX_ITERATIONS", "max_iterations")
        .with_variable("RALPH_MAX_BUDGET_USD", "max_budget_usd")
        .with_limit("mode", Loosens::AnyChange)
        .with_limit("iteration_interval_min_secs", Loosens::Down)
        .with_limit("guard_list", Loosens::AnyChange);
    let most = [
        "max_iterations",
        "max_budget_usd",
        "max_tokens",
        "max_consecutive_errors",
        "max_no_progress",
        "max_failed_checks",
        "max_calls_per_hour",
        "max_wall_clock_hours",
    ];
    layers.with_section(most.iter().fold(spec, |spec, key| spec.with_limit(*key, Loosens::Up)))
}

fn problems(config: &Config) -> Vec<Complaint> {
    let single = config.problems().into_iter().map(|Problem { key, found, wanted, .. }| {
        Complaint::new(format!("{found}, wanted {wanted}"), [key])
    });
    let budget = config.budget_problem().map(|Problem { key, found, wanted, .. }| {
        Complaint::new(
            format!("{found}, wanted {wanted}"),
            [key.as_str(), "max_budget_usd", "max_iterations"],
        )
    });
    single.chain(budget).collect()
}
