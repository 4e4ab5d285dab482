//! Agents that are on their way out: warned of up to a day, taken out after it.

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::day::days_since;

/// When a definition of a coding agent goes, and what takes its place.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Retirement {
    /// The last day on which its file stays, such as `2026-12-24`.
    pub last_day: String,
    /// What to use instead, in words. Default: nothing is said.
    pub instead: String,
}

/// How it stands with one agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum AgentState {
    /// It stays for so many days more.
    Retired {
        /// Days, the last one not counted.
        days_left: i64,
    },
    /// Its day has passed, and its file is still there.
    Due,
    /// Its file is gone.
    Gone,
}

/// A retired agent as a repository has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RetiredAgent {
    /// Its file, relative to the root.
    pub file: String,
    /// When, and what instead.
    pub retirement: Retirement,
    /// How it stands.
    pub state: AgentState,
}

/// How it stands with every agent that the configuration retires. `is_there` tells whether a file is in the repository.
pub fn retired_agents(
    retired: &BTreeMap<String, Retirement>,
    is_there: impl Fn(&str) -> bool,
    now: SystemTime,
) -> Vec<RetiredAgent> {
    let agent = |(file, retirement): (&String, &Retirement)| {
        let state = match days_since(&retirement.last_day, now) {
            _ if !is_there(file) => AgentState::Gone,
            Some(days) if days > 0 => AgentState::Due,
            // A day that is none is refused with the configuration; nothing is taken out by it.
            days => AgentState::Retired { days_left: -days.unwrap_or_default() },
        };
        RetiredAgent { file: file.clone(), retirement: retirement.clone(), state }
    };
    retired.iter().map(agent).collect()
}

impl RetiredAgent {
    /// The words that its file carries until it goes.
    pub(crate) fn notice(&self) -> String {
        let Retirement { last_day, instead } = &self.retirement;
        let instead = if instead.is_empty() { String::new() } else { format!(" Use {instead}.") };
        format!("**Retired**: this agent goes after {last_day}.{instead}\n")
    }
}

/// What is wrong with an entry: where, what was found, what was wanted.
pub(crate) fn problems(
    retired: &BTreeMap<String, Retirement>,
) -> impl Iterator<Item = (String, String, &'static str)> {
    retired.iter().flat_map(|(file, retirement)| {
        let is_below = !file.is_empty()
            && !file.starts_with('/')
            && file.ends_with(".md")
            && file.split('/').all(|part| !matches!(part, "" | "." | ".."));
        let is_day = retirement.last_day.parse::<jiff::civil::Date>().is_ok();
        let wrong_file = (!is_below).then(|| {
            (
                format!("retired_agents.{file}"),
                format!("{file:?}"),
                "a Markdown file below the root",
            )
        });
        let wrong_day = (!is_day).then(|| {
            let key = format!("retired_agents.{file}.last_day");
            (key, format!("{:?}", retirement.last_day), "a day such as 2026-12-24")
        });
        wrong_file.into_iter().chain(wrong_day)
    })
}
