//! The section `ralph` of the canonical file: every bound, with a default on the safe side.

mod env;
mod problems;
mod quiet;

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroU64};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::classify::Room;
use crate::guard_list::GuardList;
use crate::price::Price;

pub use env::EnvProblem;
pub use problems::Problem;
pub use quiet::QuietHours;

/// What the hooks do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Mode {
    /// Nothing.
    Off,
    /// Never lets a session go on, and ends any loop at its bounds.
    Guard,
    /// Runs loops of its own, and leaves sessions without one alone.
    #[default]
    Loop,
}

/// Where an iteration's state is kept in git.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Checkpoint {
    /// Nowhere.
    Off,
    /// As a commit at `refs/ralph/<loop>/<n>`; branch, index and files are not touched.
    #[default]
    SideRef,
    /// As a commit on the branch, of the loop's files only.
    Branch,
}

/// A command that says whether the work is done, by exit code 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Check {
    /// What people call it.
    pub name: String,
    /// Program and arguments; run without a shell, at the project root.
    pub command: Vec<String>,
    /// How long it may run, seconds. Default 300.
    #[serde(default = "check_timeout")]
    pub timeout_secs: u32,
    /// Variables of the environment that it sees besides those of any tool chain. Default none.
    #[serde(default)]
    pub env_allow: Vec<String>,
}

fn check_timeout() -> u32 {
    300
}

/// Bounds and habits of loops and guards.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Config {
    /// What the hooks do. Default `loop`.
    pub mode: Mode,
    /// Iterations of one loop. Default 15.
    pub max_iterations: NonZeroU32,
    /// Cost of one loop, USD. Default 20.
    pub max_budget_usd: f64,
    /// What an iteration is expected to cost, USD; with it a check of the configuration refuses a
    /// budget that ends a loop before `max_iterations` do. Default none.
    pub expected_iteration_cost_usd: Option<f64>,
    /// Tokens of one loop, of all kinds together. Default none.
    pub max_tokens: Option<NonZeroU64>,
    /// Failures with no success between. Default 3.
    pub max_consecutive_errors: NonZeroU32,
    /// Iterations in a row that change nothing. Default 5.
    pub max_no_progress: NonZeroU32,
    /// Claims in a row of being done that the checks refute. Default 3.
    pub max_failed_checks: NonZeroU32,
    /// Model calls in the last 60 minutes, subagents included. Over it, loops wait. Default 100.
    pub max_calls_per_hour: NonZeroU32,
    /// Shortest pause between two iterations, seconds; loops wait for it. Default 10.
    pub iteration_interval_min_secs: u32,
    /// How long a loop may take, hours. Default 4.
    pub max_wall_clock_hours: f64,
    /// Longest wait inside a hook, seconds; it must be shorter than the hook's timeout in the
    /// client's settings. What would take longer lets the stop through. Default 300.
    pub hook_wait_max_secs: u32,
    /// No iteration begins in these hours, UTC, such as `22:00-06:30`. Default none.
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub quiet_hours_utc: Option<QuietHours>,
    /// The line that claims that the task is done. Default `<promise>COMPLETE</promise>`.
    pub completion_tag: String,
    /// Commands that must succeed before a loop counts as done. Default none.
    pub checks: Vec<Check>,
    /// Where an iteration's state is kept in git. Default `side_ref`.
    pub checkpoint: Checkpoint,
    /// Whether a loop lets a stop through while a background task runs. Default true.
    pub pause_for_background: bool,
    /// Whether a loop's end, with its cost and its reason, goes to the receivers of the section `alerts`. Default true.
    pub announce_ends: bool,
    /// Size of `.ralph/progress.md`, bytes; older iterations are dropped. Default 65,536.
    pub progress_max_bytes: u32,
    /// Confidence from which on a mechanical task starts a loop without asking, 0 to 1. Default 0.65.
    pub start_confidence_min_ratio: f64,
    /// Tool calls that a person should decide about.
    pub guard_list: GuardList,
    /// What models cost, by name without a date. Tokens of other models are counted, and their
    /// cost is unknown. Default: public list prices of November 2026.
    pub prices: BTreeMap<String, Price>,
}

const fn nonzero(n: u32) -> NonZeroU32 {
    match NonZeroU32::new(n) {
        Some(n) => n,
        None => NonZeroU32::MIN,
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            mode: Mode::Loop,
            max_iterations: nonzero(15),
            max_budget_usd: 20.0,
            expected_iteration_cost_usd: None,
            max_tokens: None,
            max_consecutive_errors: nonzero(3),
            max_no_progress: nonzero(5),
            max_failed_checks: nonzero(3),
            max_calls_per_hour: nonzero(100),
            iteration_interval_min_secs: 10,
            max_wall_clock_hours: 4.0,
            hook_wait_max_secs: 300,
            quiet_hours_utc: None,
            completion_tag: "<promise>COMPLETE</promise>".to_owned(),
            checks: Vec::new(),
            checkpoint: Checkpoint::SideRef,
            pause_for_background: true,
            announce_ends: true,
            progress_max_bytes: 65_536,
            start_confidence_min_ratio: Room::default().confidence_min_ratio,
            guard_list: GuardList::default(),
            prices: crate::price::list_prices(),
        }
    }
}

impl Config {
    /// Sets what the hooks do.
    #[must_use]
    pub fn with_mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// Sets the iterations of one loop.
    #[must_use]
    pub fn with_max_iterations(mut self, n: NonZeroU32) -> Self {
        self.max_iterations = n;
        self
    }

    /// Sets the cost of one loop, USD.
    #[must_use]
    pub fn with_max_budget_usd(mut self, usd: f64) -> Self {
        self.max_budget_usd = usd;
        self
    }

    /// Sets the tokens of one loop.
    #[must_use]
    pub fn with_max_tokens(mut self, tokens: NonZeroU64) -> Self {
        self.max_tokens = Some(tokens);
        self
    }

    /// Sets the shortest pause between two iterations, seconds.
    #[must_use]
    pub fn with_iteration_interval_min_secs(mut self, secs: u32) -> Self {
        self.iteration_interval_min_secs = secs;
        self
    }

    /// Adds a command that must succeed before a loop counts as done.
    #[must_use]
    pub fn with_check(mut self, check: Check) -> Self {
        self.checks.push(check);
        self
    }

    pub(crate) fn iteration_interval_min(&self) -> Duration {
        Duration::from_secs(self.iteration_interval_min_secs.into())
    }

    pub(crate) fn hook_wait_max(&self) -> Duration {
        Duration::from_secs(self.hook_wait_max_secs.into())
    }

    /// The wall clock of a loop; a value that no `Duration` can be is no bound that passes.
    pub(crate) fn max_wall_clock(&self) -> Duration {
        Duration::try_from_secs_f64(self.max_wall_clock_hours * 3_600.0).unwrap_or_default()
    }

    /// The budget in units that add up exactly; what is no amount of money is none.
    pub(crate) fn max_budget_nano_usd(&self) -> u64 {
        crate::price::nano_usd(self.max_budget_usd).unwrap_or_default()
    }
}

impl Check {
    /// A check that runs `command` for at most 300 s.
    #[must_use]
    pub fn new(name: impl Into<String>, command: impl IntoIterator<Item = String>) -> Self {
        Self {
            name: name.into(),
            command: command.into_iter().collect(),
            timeout_secs: check_timeout(),
            env_allow: Vec::new(),
        }
    }
}

impl Mode {
    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Guard => "guard",
            Self::Loop => "loop",
        }
    }
}

impl std::str::FromStr for Mode {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Off, Self::Guard, Self::Loop].into_iter().find(|m| m.name() == text).ok_or(())
    }
}
