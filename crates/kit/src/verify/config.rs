//! The section `verify` of the configuration.

use serde::{Deserialize, Serialize};

use super::CHECKS;

/// Which checks have to be ok, and how long one may take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct VerifyConfig {
    /// Names of checks without which the set-up is not whole.
    pub required: Vec<String>,
    /// Longest that one check may take, seconds.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 3600)))]
    pub limit_s: u32,
    /// Folders whose Python code is scanned.
    pub python_paths: Vec<String>,
    /// A backtest that has to end with 0: a program and its arguments. Default: that of `plimsoll demo`.
    pub backtest: Vec<String>,
}

/// What is wrong with a value of the section.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct VerifyProblem {
    /// The key.
    pub key: &'static str,
    /// What it holds.
    pub found: String,
    /// What it should hold.
    pub wanted: String,
}

impl Default for VerifyConfig {
    fn default() -> VerifyConfig {
        let required = ["monitoring.trade-rows", "review.lints", "drift.configuration"];
        VerifyConfig {
            required: required.map(str::to_owned).to_vec(),
            limit_s: 120,
            python_paths: vec![".".to_owned()],
            backtest: Vec::new(),
        }
    }
}

impl VerifyConfig {
    /// Values that cannot be meant.
    pub fn problems(&self) -> Vec<VerifyProblem> {
        let is_known = |id: &&String| CHECKS.iter().any(|check| check.id == id.as_str());
        let mut problems: Vec<VerifyProblem> = self
            .required
            .iter()
            .filter(|id| !is_known(id))
            .map(|id| VerifyProblem {
                key: "required",
                found: format!("`{id}`"),
                wanted: "the name of a check, as `plimsoll verify --list` has it".to_owned(),
            })
            .collect();
        if !(1..=3600).contains(&self.limit_s) {
            problems.push(VerifyProblem {
                key: "limit_s",
                found: self.limit_s.to_string(),
                wanted: "1 to 3600 seconds".to_owned(),
            });
        }
        problems
    }
}
