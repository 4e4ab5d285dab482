//! Contradictions in the bounds, all of them at once.

use super::{Config, Mode};

/// A value that cannot work, or that makes another one useless.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// The key, without the section.
    pub key: String,
    /// What was found.
    pub found: String,
    /// What was wanted.
    pub wanted: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ralph.{} is {}, wanted {}", self.key, self.found, self.wanted)
    }
}

/// More would make the state file large: it remembers when each call was made.
const CALLS_PER_HOUR_MAX: u32 = 10_000;
/// The client's own limit of a hook is 600 s.
const HOOK_WAIT_MAX_SECS: u32 = 570;
const PROGRESS_BYTES: std::ops::RangeInclusive<u32> = 1_024..=1_048_576;
/// A week: longer than anybody means.
const WALL_CLOCK_MAX_HOURS: f64 = 168.0;
const BUDGET_MAX_USD: f64 = 1e6;

impl Config {
    /// Returns everything that is wrong with these values; empty if they can work together.
    #[must_use]
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut add = |key: &str, found: String, wanted: &str| {
            problems.push(Problem { key: key.to_owned(), found, wanted: wanted.to_owned() });
        };
        let budget = self.max_budget_usd;
        if !(budget > 0.0 && budget <= BUDGET_MAX_USD) {
            add("max_budget_usd", budget.to_string(), "an amount above 0 and at most 1,000,000");
        }
        let hours = self.max_wall_clock_hours;
        if !(hours > 0.0 && hours <= WALL_CLOCK_MAX_HOURS) {
            add("max_wall_clock_hours", hours.to_string(), "more than 0 and at most 168 hours");
        }
        if self.max_calls_per_hour.get() > CALLS_PER_HOUR_MAX {
            let found = self.max_calls_per_hour.to_string();
            add("max_calls_per_hour", found, "at most 10,000");
        }
        if self.hook_wait_max_secs > HOOK_WAIT_MAX_SECS {
            let wanted = "at most 570, as clients end a hook after 600 s";
            add("hook_wait_max_secs", self.hook_wait_max_secs.to_string(), wanted);
        }
        let interval = self.iteration_interval_min_secs;
        if interval > self.hook_wait_max_secs {
            let wanted = "at most hook_wait_max_secs, or no iteration could follow another";
            add("iteration_interval_min_secs", interval.to_string(), wanted);
        }
        let total = f64::from(interval) * f64::from(self.max_iterations.get());
        if total > hours * 3_600.0 {
            let wanted = "an interval with which max_iterations fit into max_wall_clock_hours";
            add("iteration_interval_min_secs", interval.to_string(), wanted);
        }
        if !PROGRESS_BYTES.contains(&self.progress_max_bytes) {
            add("progress_max_bytes", self.progress_max_bytes.to_string(), "1,024 to 1,048,576");
        }
        let confidence = self.start_confidence_min_ratio;
        if !(0.0..=1.0).contains(&confidence) {
            add("start_confidence_min_ratio", confidence.to_string(), "0 to 1");
        }
        let tag = &self.completion_tag;
        if tag.trim() != tag || tag.is_empty() || tag.contains('\n') {
            let wanted = "one line without blanks around it";
            add("completion_tag", format!("{tag:?}"), wanted);
        }
        problems.extend(self.check_problems());
        problems.extend(self.price_problems());
        problems
    }

    /// Returns why the budget ends a loop before its last iteration, where a cost is expected.
    ///
    /// Apart from [`Config::problems`], because a hook that is told a smaller budget has to obey
    /// it, whatever was expected.
    #[must_use]
    pub fn budget_problem(&self) -> Option<Problem> {
        let cost = self.expected_iteration_cost_usd?;
        let problem = |found: String, wanted: &str| {
            let key = "expected_iteration_cost_usd".to_owned();
            Some(Problem { key, found, wanted: wanted.to_owned() })
        };
        if !(cost > 0.0 && cost <= BUDGET_MAX_USD) {
            return problem(cost.to_string(), "an amount above 0 and at most 1,000,000");
        }
        let total = cost * f64::from(self.max_iterations.get());
        if total <= self.max_budget_usd {
            return None;
        }
        let found = format!("{cost}, {total} for {} iterations", self.max_iterations);
        problem(found, "a cost with which max_iterations fit into max_budget_usd")
    }

    fn check_problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut total_secs = 0_u32;
        for (index, check) in self.checks.iter().enumerate() {
            let key = format!("checks[{index}]");
            let mut add = |field: &str, found: String, wanted: &str| {
                let key = format!("{key}.{field}");
                problems.push(Problem { key, found, wanted: wanted.to_owned() });
            };
            if check.name.trim().is_empty() {
                add("name", "empty".to_owned(), "a name");
            }
            if check.command.first().is_none_or(|program| program.trim().is_empty()) {
                add("command", "empty".to_owned(), "a program and its arguments");
            }
            if check.timeout_secs == 0 {
                add("timeout_secs", "0".to_owned(), "at least 1");
            }
            if self.checks.iter().take(index).any(|other| other.name == check.name) {
                add("name", format!("`{}` twice", check.name), "names that differ");
            }
            total_secs = total_secs.saturating_add(check.timeout_secs);
        }
        if total_secs > HOOK_WAIT_MAX_SECS && self.mode == Mode::Loop {
            problems.push(Problem {
                key: "checks".to_owned(),
                found: format!("{total_secs} s of timeouts together"),
                wanted: "at most 570 s, as clients end a hook after 600 s".to_owned(),
            });
        }
        problems
    }

    fn price_problems(&self) -> Vec<Problem> {
        let wrong = |(model, price): (&String, &crate::price::Price)| {
            price.problem().map(|(field, found)| Problem {
                key: format!("prices.{model}.{field}"),
                found,
                wanted: "USD per million tokens, at least 0, with at most 3 decimals".to_owned(),
            })
        };
        self.prices.iter().filter_map(wrong).collect()
    }
}
