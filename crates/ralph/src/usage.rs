//! Tokens and money, and what the edge reads of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::price::{Price, price_of};

/// Tokens, as the API counts them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tokens {
    /// Read, not from a cache.
    pub input_tokens: u64,
    /// Written.
    pub output_tokens: u64,
    /// Read from a cache.
    pub cache_read_tokens: u64,
    /// Written to a cache.
    pub cache_write_tokens: u64,
    /// Of [`Tokens::cache_write_tokens`], those for an hour.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cache_write_1h_tokens: u64,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(n: &u64) -> bool {
    *n == 0
}

#[deny(clippy::arithmetic_side_effects, reason = "a count must not wrap")]
impl Tokens {
    /// All of them together.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.input_tokens
            .saturating_add(self.output_tokens)
            .saturating_add(self.cache_read_tokens)
            .saturating_add(self.cache_write_tokens)
    }

    fn each(self, other: Self, f: impl Fn(u64, u64) -> u64) -> Self {
        Self {
            input_tokens: f(self.input_tokens, other.input_tokens),
            output_tokens: f(self.output_tokens, other.output_tokens),
            cache_read_tokens: f(self.cache_read_tokens, other.cache_read_tokens),
            cache_write_tokens: f(self.cache_write_tokens, other.cache_write_tokens),
            cache_write_1h_tokens: f(self.cache_write_1h_tokens, other.cache_write_1h_tokens),
        }
    }

    /// The sum of both.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        self.each(other, u64::saturating_add)
    }

    /// What this has more than `other`, at least zero.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        self.each(other, u64::saturating_sub)
    }

    /// The larger of each: a message is written several times, with counts that only grow.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        self.each(other, u64::max)
    }
}

/// Tokens and what they cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Usage {
    /// Tokens of all models.
    pub tokens: Tokens,
    /// What the tokens of models with a known price cost, 10⁻⁹ USD.
    pub cost_nano_usd: u64,
    /// Tokens of models without a known price; their cost is not in the sum.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unpriced_tokens: u64,
}

impl Usage {
    /// The cost in USD, or nothing if some of it is not known.
    #[must_use]
    pub fn cost_usd(&self) -> Option<f64> {
        (self.unpriced_tokens == 0).then(|| crate::price::usd(self.cost_nano_usd))
    }

    /// What these tokens cost by a table.
    #[must_use]
    pub fn of(tokens: Tokens, model: &str, prices: &BTreeMap<String, Price>) -> Self {
        match price_of(prices, model) {
            Some(price) => {
                Self { tokens, cost_nano_usd: price.cost_nano_usd(&tokens), unpriced_tokens: 0 }
            }
            None => Self { tokens, cost_nano_usd: 0, unpriced_tokens: tokens.total() },
        }
    }

    /// The sum of both.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            tokens: self.tokens.plus(other.tokens),
            cost_nano_usd: self.cost_nano_usd.saturating_add(other.cost_nano_usd),
            unpriced_tokens: self.unpriced_tokens.saturating_add(other.unpriced_tokens),
        }
    }

    /// What this has more than `other`, at least zero.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        Self {
            tokens: self.tokens.minus(other.tokens),
            cost_nano_usd: self.cost_nano_usd.saturating_sub(other.cost_nano_usd),
            unpriced_tokens: self.unpriced_tokens.saturating_sub(other.unpriced_tokens),
        }
    }
}

/// Tokens that were spent since the last time, by model.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Spent {
    /// By model.
    pub by_model: BTreeMap<String, Tokens>,
    /// When the model was called, seconds since 1970; one entry per message.
    pub calls_secs: Vec<u64>,
    /// Calls of tools in the main conversation.
    pub tool_calls: u64,
    /// Of them, since the last success: those that failed.
    pub tool_errors: u64,
    /// Whether a tool succeeded.
    pub tool_succeeded: bool,
    /// The model of the newest message in the main conversation.
    pub model: Option<String>,
    /// The client's version, if the transcript says it.
    pub client: Option<crate::event::Version>,
    /// The last text of the agent in the main conversation.
    pub last_text: Option<String>,
    /// The error of the API that the main conversation ended with.
    pub api_error: Option<String>,
    /// Where reading goes on.
    pub cursor: Cursor,
}

impl Spent {
    /// Whether there is nothing new.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_model.is_empty() && self.calls_secs.is_empty()
    }

    /// Tokens and cost by a table.
    #[must_use]
    pub fn usage(&self, prices: &BTreeMap<String, Price>) -> Usage {
        self.by_model
            .iter()
            .map(|(model, tokens)| Usage::of(*tokens, model, prices))
            .fold(Usage::default(), Usage::plus)
    }
}

/// Where reading of a session's transcripts goes on. Its shape is ours to change.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// By file: an empty key for the session's own, otherwise a subagent's id.
    pub(crate) files: BTreeMap<String, FileCursor>,
}

impl Cursor {
    /// Bytes that were read of all files.
    pub(crate) fn read_bytes(&self) -> u64 {
        self.files.values().fold(0, |sum, file| sum.saturating_add(file.offset_bytes))
    }

    /// Tokens of the largest of the newest calls.
    #[cfg(feature = "hook")]
    pub(crate) fn largest_call(&self) -> u64 {
        let calls = self.files.values().flat_map(|file| &file.recent);
        calls.map(|call| call.tokens.total()).max().unwrap_or_default()
    }

    /// Adds a subagent's transcript that is not where its session's are, as with 2.0 clients.
    pub(crate) fn register(&mut self, agent_id: &str, path: &str, session_path: &str) {
        let beside = session_path.strip_suffix(".jsonl").unwrap_or(session_path);
        if !path.starts_with(&format!("{beside}/subagents/")) {
            let file = self.files.entry(agent_id.to_owned()).or_default();
            file.path = Some(path.to_owned());
        }
    }
}

/// How far one file was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileCursor {
    pub(crate) offset_bytes: u64,
    /// The newest messages, whose later lines must not count again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) recent: Vec<Counted>,
    /// A subagent's transcript that is not where its session's are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) path: Option<String>,
}

/// A message that was counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counted {
    pub(crate) id: String,
    pub(crate) tokens: Tokens,
}

/// What the configured checks said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CheckResult {
    /// The tree that they ran on; `None` if it could not be told.
    pub tree: Option<String>,
    /// One entry per check that ran, in order.
    pub outcomes: Vec<CheckOutcome>,
}

/// How one check ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CheckOutcome {
    /// Its name.
    pub name: String,
    /// Whether it ended with exit code 0 in time.
    pub passed: bool,
    /// How it ended otherwise, in a few words; secrets are masked.
    pub detail: String,
    /// How long it took, ms.
    pub duration_ms: u64,
}

impl CheckOutcome {
    /// A check that ended.
    #[must_use]
    pub fn new(name: impl Into<String>, passed: bool, detail: impl Into<String>) -> Self {
        Self { name: name.into(), passed, detail: detail.into(), duration_ms: 0 }
    }
}

impl CheckResult {
    /// The result of checks on a tree.
    #[must_use]
    pub fn new(tree: Option<String>, outcomes: Vec<CheckOutcome>) -> Self {
        Self { tree, outcomes }
    }

    /// Whether every check passed.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.outcomes.iter().all(|outcome| outcome.passed)
    }

    /// Whether it is about these checks, by name and in order.
    pub(crate) fn is_of(&self, checks: &[crate::config::Check]) -> bool {
        let names = self.outcomes.iter().map(|outcome| outcome.name.as_str());
        names.eq(checks.iter().map(|check| check.name.as_str()))
    }

    /// Names of the checks that failed.
    #[must_use]
    pub fn failed(&self) -> Vec<&str> {
        let failed = self.outcomes.iter().filter(|outcome| !outcome.passed);
        failed.map(|outcome| outcome.name.as_str()).collect()
    }
}
