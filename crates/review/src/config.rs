//! What an operator may set.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::finding::Severity;
use crate::lint::lints;

/// Section `review` of the canonical configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Config {
    /// Model that reviews.
    pub model: String,
    /// USD for a million tokens of input of that model.
    pub input_usd_per_mtok: f64,
    /// USD for a million tokens of output of that model.
    pub output_usd_per_mtok: f64,
    /// USD that one review may cost at most.
    pub max_budget_usd: f64,
    /// Tokens of one request's diff at most; a larger diff is split by file and by hunk.
    pub max_input_tokens: u32,
    /// Tokens of one answer at most.
    pub max_output_tokens: u32,
    /// Seconds that one request may take.
    pub request_timeout_secs: u32,
    /// Tries of one request, the first included.
    pub max_attempts: u32,
    /// The mildest severity that makes the command exit with 1.
    pub blocks_on: Severity,
    /// Names of lints that do not run.
    pub disabled_lints: Vec<String>,
    /// Paths that nobody reviews: `dir/` for all below it, `*.lock` for names that end so, else the whole path.
    pub exclude: Vec<String>,
}

impl Default for Config {
    /// Source of model and prices: the vendor's model overview, September 2026.
    fn default() -> Self {
        Self {
            model: "claude-opus-5-5".to_owned(),
            input_usd_per_mtok: 4.0,
            output_usd_per_mtok: 20.0,
            max_budget_usd: 2.0,
            max_input_tokens: 40_000,
            max_output_tokens: 16_000,
            request_timeout_secs: 300,
            max_attempts: 4,
            blocks_on: Severity::High,
            disabled_lints: Vec::new(),
            exclude: ["*.lock", "*-lock.json", "*.min.js", "*.snap", "*.svg"]
                .map(str::to_owned)
                .to_vec(),
        }
    }
}

/// A value that cannot be meant.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// The key, without the section.
    pub key: &'static str,
    /// What was found.
    pub found: String,
    /// What was wanted.
    pub wanted: String,
}

impl Config {
    /// All values that cannot be meant; empty if the configuration is sound.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut wants = |is_fine: bool, key, found: String, wanted: &str| {
            if !is_fine {
                problems.push(Problem { key, found, wanted: wanted.to_owned() });
            }
        };
        wants(!self.model.trim().is_empty(), "model", "nothing".to_owned(), "the name of a model");
        for (key, value) in [
            ("input_usd_per_mtok", self.input_usd_per_mtok),
            ("output_usd_per_mtok", self.output_usd_per_mtok),
            ("max_budget_usd", self.max_budget_usd),
        ] {
            let is_fine = value.is_finite() && value >= 0.0;
            wants(is_fine, key, value.to_string(), "a number of USD, 0 or more");
        }
        for (key, value, least) in [
            ("max_input_tokens", self.max_input_tokens, 1_000),
            ("max_output_tokens", self.max_output_tokens, 256),
            ("request_timeout_secs", self.request_timeout_secs, 1),
            ("max_attempts", self.max_attempts, 1),
        ] {
            wants(value >= least, key, value.to_string(), &format!("{least} or more"));
        }
        for id in &self.disabled_lints {
            let is_known = lints().any(|lint| lint.id == id);
            wants(is_known, "disabled_lints", id.clone(), "the name of a lint");
        }
        let dearest = self.request_usd(self.max_input_tokens, self.max_output_tokens);
        wants(
            dearest <= self.max_budget_usd,
            "max_budget_usd",
            format!("{} USD", self.max_budget_usd),
            &format!(
                "at least {dearest:.2} USD, what one request of max_input_tokens and max_output_tokens may cost"
            ),
        );
        problems
    }

    /// What a request costs with so many tokens of input and output, USD.
    pub(crate) fn request_usd(&self, input_tokens: u32, output_tokens: u32) -> f64 {
        (f64::from(input_tokens) * self.input_usd_per_mtok
            + f64::from(output_tokens) * self.output_usd_per_mtok)
            / 1e6
    }

    /// How long one request may take.
    pub fn request_timeout(&self) -> Duration {
        Duration::from_secs(self.request_timeout_secs.into())
    }

    /// Whether nobody reviews this path.
    pub(crate) fn excludes(&self, path: &str) -> bool {
        self.exclude.iter().any(|pattern| {
            if let Some(end) = pattern.strip_prefix('*') {
                path.ends_with(end)
            } else if pattern.ends_with('/') {
                path.starts_with(pattern.as_str()) || path.contains(&format!("/{pattern}"))
            } else {
                path == pattern
            }
        })
    }
}
