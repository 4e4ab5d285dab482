//! What the configuration says of a repository, as plain data.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::retire::{RetiredAgent, Retirement};

/// Section `kit` of the canonical configuration: which files are kept in step, and how they run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Config {
    /// Pieces that are left out, by name; `plimsoll kit list` has them. Default none.
    pub without: Vec<String>,
    /// Branch that releases come from. Default main.
    pub default_branch: String,
    /// Shell command with which a workflow gets `plimsoll`.
    /// Default `cargo install --locked plimsoll`.
    pub install: String,
    /// Part of the lines that tests must reach. Default 0.8 (80 %).
    pub coverage_min_ratio: f64,
    /// Times that a failed Python test runs again in CI. Default 2.
    pub pytest_reruns: u8,
    /// Whether CI looks for undefined behavior in Rust with Miri, which is slow. Default no.
    pub miri: bool,
    /// Definitions of coding agents that go, by file relative to the root. Default none.
    pub retired_agents: BTreeMap<String, Retirement>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            without: Vec::new(),
            default_branch: "main".to_owned(),
            install: "cargo install --locked plimsoll".to_owned(),
            coverage_min_ratio: 0.8,
            pytest_reruns: 2,
            miri: false,
            retired_agents: BTreeMap::new(),
        }
    }
}

/// A value of the section `kit` that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfigProblem {
    /// The key, without the section.
    pub key: String,
    /// What was found.
    pub found: String,
    /// What was wanted.
    pub wanted: String,
}

impl Config {
    /// Returns everything that is wrong with these values.
    #[must_use]
    pub fn problems(&self) -> Vec<ConfigProblem> {
        let mut problems = Vec::new();
        let mut add = |key: String, found: String, wanted: &str| {
            problems.push(ConfigProblem { key, found, wanted: wanted.to_owned() });
        };
        for (at, name) in self.without.iter().enumerate() {
            if crate::Piece::named(name).is_none() {
                add(
                    format!("without[{at}]"),
                    format!("{name:?}"),
                    "a piece of `plimsoll kit list`",
                );
            }
        }
        let ratio = self.coverage_min_ratio;
        if !(0.0..=1.0).contains(&ratio) {
            add("coverage_min_ratio".to_owned(), ratio.to_string(), "0 to 1");
        }
        let is_branch = |c: char| c.is_ascii_alphanumeric() || "._/-".contains(c);
        let branch = &self.default_branch;
        if branch.is_empty() || !branch.chars().all(is_branch) {
            add("default_branch".to_owned(), format!("{branch:?}"), "the name of a branch");
        }
        for (key, found, wanted) in crate::retire::problems(&self.retired_agents) {
            add(key, found, wanted);
        }
        if self.install.trim().is_empty() || self.install.contains(['\n', '\r']) {
            add("install".to_owned(), format!("{:?}", self.install), "one line of shell");
        }
        problems
    }
}

/// What the rest of the configuration says that files repeat.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Facts {
    /// What Python has to be, such as `>=3.12`.
    pub python: Option<String>,
    /// What Rust has to be, such as `1.95`.
    pub rust: Option<String>,
    /// The canonical file, relative to the repository; `None` if there is none yet.
    pub canonical: Option<String>,
    /// The compose file of staging, relative to the repository.
    pub staging_file: String,
    /// Services as they are in staging.
    pub services: Vec<Service>,
    /// People by short name.
    pub people: BTreeMap<String, Person>,
    /// Who is told after how many minutes, the first one first.
    pub escalation: Vec<(String, u32)>,
    /// Variables that hold secrets, and the key that refers to each.
    pub secrets: BTreeMap<String, String>,
    /// Agents that the configuration retires, as they stand today.
    pub retired: Vec<RetiredAgent>,
    /// Commands that `plimsoll` has, such as `ssot check`; a workflow calls no other.
    pub commands: BTreeSet<String>,
}

/// One service in staging.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Service {
    /// Its name.
    pub name: String,
    /// Image without a tag.
    pub image: String,
    /// Version, which is the image's tag.
    pub version: String,
    /// Address that it listens on at the host.
    pub host: String,
    /// Name of each port, the port at the host in staging, and the one in production.
    pub ports: Vec<(String, u16, u16)>,
    /// Path at which it says over HTTP that it is well.
    pub health_path: Option<String>,
}

/// Somebody who can be reached.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Person {
    /// Name.
    pub name: String,
    /// What they are there for.
    pub role: Option<String>,
    /// Ways to reach them, the best one first.
    pub reach: Vec<String>,
}
