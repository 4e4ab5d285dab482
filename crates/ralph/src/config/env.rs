//! Bounds from the environment: they win over the file, and one that cannot be read changes nothing.

use std::str::FromStr;

use super::Config;

/// A variable that was set and is not used.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EnvProblem {
    /// The variable.
    pub name: String,
    /// What was found; never the value of a variable that is not one of ours.
    pub found: String,
    /// What was wanted.
    pub wanted: String,
}

impl std::fmt::Display for EnvProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} is `{}`, wanted {}", self.name, self.found, self.wanted)
    }
}

const PREFIX: &str = "PLIMSOLL_RALPH__";
/// Names from before there was a section, and the keys that they mean.
const SHORT: [(&str, &str); 3] = [
    ("RALPH_MODE", "mode"),
    ("RALPH_MAX_ITERATIONS", "max_iterations"),
    ("RALPH_MAX_BUDGET_USD", "max_budget_usd"),
];

impl Config {
    /// Whether a variable may change a bound; the others need not be collected.
    #[must_use]
    pub fn is_env_name(name: &str) -> bool {
        name.starts_with(PREFIX) || SHORT.iter().any(|(short, _)| *short == name)
    }

    /// Takes values from variables: `PLIMSOLL_RALPH__<KEY>` for every key that has one value, and
    /// `RALPH_MODE`, `RALPH_MAX_ITERATIONS`, `RALPH_MAX_BUDGET_USD`, which the long names
    /// precede. An empty value counts as not set.
    ///
    /// Returns what could not be used; those bounds are as before.
    pub fn apply_env<'a>(
        &mut self,
        vars: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Vec<EnvProblem> {
        let mut found: Vec<(bool, String, &str, &str)> = Vec::new();
        for (name, value) in vars {
            if value.is_empty() {
                continue;
            }
            if let Some((_, key)) = SHORT.iter().find(|(short, _)| *short == name) {
                found.push((false, (*key).to_owned(), name, value));
            } else if let Some(key) = name.strip_prefix(PREFIX) {
                found.push((true, key.to_ascii_lowercase(), name, value));
            }
        }
        found.sort();
        let mut problems = Vec::new();
        for (_, key, name, value) in found {
            let before = self.clone();
            let wanted = match self.set(&key, value.trim()) {
                Ok(()) => {
                    let known = before.problems();
                    let new = self.problems().into_iter().find(|new| !known.contains(new));
                    new.map(|problem| problem.wanted)
                }
                Err(wanted) => Some(wanted.to_owned()),
            };
            if let Some(wanted) = wanted {
                *self = before;
                problems.push(EnvProblem {
                    name: name.to_owned(),
                    found: value.chars().take(80).collect(),
                    wanted,
                });
            }
        }
        problems
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), &'static str> {
        fn put<T: FromStr>(
            to: &mut T,
            value: &str,
            wanted: &'static str,
        ) -> Result<(), &'static str> {
            *to = value.parse().map_err(|_unreadable| wanted)?;
            Ok(())
        }
        const COUNT: &str = "a whole number of at least 1";
        const SECONDS: &str = "a whole number of seconds";
        match key {
            "mode" => put(&mut self.mode, value, "off, guard or loop"),
            "max_iterations" => put(&mut self.max_iterations, value, COUNT),
            "max_budget_usd" => put(&mut self.max_budget_usd, value, "an amount in USD"),
            "expected_iteration_cost_usd" => {
                let cost = value.parse().map_err(|_unreadable| "an amount in USD")?;
                self.expected_iteration_cost_usd = Some(cost);
                Ok(())
            }
            "max_tokens" => {
                self.max_tokens = Some(value.parse().map_err(|_unreadable| COUNT)?);
                Ok(())
            }
            "max_consecutive_errors" => put(&mut self.max_consecutive_errors, value, COUNT),
            "max_no_progress" => put(&mut self.max_no_progress, value, COUNT),
            "max_failed_checks" => put(&mut self.max_failed_checks, value, COUNT),
            "max_calls_per_hour" => put(&mut self.max_calls_per_hour, value, COUNT),
            "iteration_interval_min_secs" => {
                put(&mut self.iteration_interval_min_secs, value, SECONDS)
            }
            "max_wall_clock_hours" => put(&mut self.max_wall_clock_hours, value, "hours"),
            "hook_wait_max_secs" => put(&mut self.hook_wait_max_secs, value, SECONDS),
            "quiet_hours_utc" => {
                self.quiet_hours_utc =
                    Some(value.parse().map_err(|_unreadable| "a span such as 22:00-06:30")?);
                Ok(())
            }
            "start_confidence_min_ratio" => {
                put(&mut self.start_confidence_min_ratio, value, "a ratio from 0 to 1")
            }
            "completion_tag" => put(&mut self.completion_tag, value, "a line"),
            "pause_for_background" => put(&mut self.pause_for_background, value, "true or false"),
            "announce_ends" => put(&mut self.announce_ends, value, "true or false"),
            "progress_max_bytes" => put(&mut self.progress_max_bytes, value, "a number of bytes"),
            "checkpoint" => {
                let word = serde_json::Value::from(value);
                let wanted = "off, side_ref or branch";
                self.checkpoint = serde_json::from_value(word).map_err(|_unreadable| wanted)?;
                Ok(())
            }
            _ => Err("a key of the section `ralph` that has one value"),
        }
    }
}
