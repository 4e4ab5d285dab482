//! Sections of an imagined desk, as crates would register them.

use std::collections::BTreeMap;
use std::io;
use std::num::NonZeroU32;
use std::path::Path;

use plimsoll_ssot::{Complaint, Layers, Loosens, Problems, ReadSecret, SectionSpec, Ssot};
use serde::{Deserialize, Serialize};

/// A crate's own newtype; its name is all that counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Secret(pub(crate) String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mode {
    Off,
    Guard,
    Loop,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Ralph {
    pub(crate) mode: Mode,
    pub(crate) max_iterations: NonZeroU32,
    pub(crate) max_budget_usd: f64,
    pub(crate) max_tokens: Option<u64>,
    pub(crate) expected_cost_usd: Option<f64>,
    pub(crate) label: String,
    pub(crate) is_verbose: bool,
}

impl Default for Ralph {
    fn default() -> Self {
        Self {
            mode: Mode::Guard,
            max_iterations: NonZeroU32::new(15).unwrap(),
            max_budget_usd: 20.0,
            max_tokens: None,
            expected_cost_usd: None,
            label: "-".to_owned(),
            is_verbose: false,
        }
    }
}

impl Ralph {
    fn problems(&self) -> Vec<Complaint> {
        let reached =
            self.expected_cost_usd.map(|cost| cost * f64::from(self.max_iterations.get()));
        match reached {
            Some(cost) if cost > self.max_budget_usd => vec![Complaint::new(
                format!(
                    "the budget of {} USD ends before iteration {}",
                    self.max_budget_usd, self.max_iterations
                ),
                ["max_budget_usd", "max_iterations", "expected_cost_usd"],
            )],
            _ => Vec::new(),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Limits {
    pub(crate) warn_ratio: f64,
    pub(crate) kill_ratio: f64,
    pub(crate) position: Vec<Position>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { warn_ratio: 0.05, kill_ratio: 0.15, position: Vec::new() }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Position {
    pub(crate) r#match: String,
    pub(crate) max_qty: f64,
    #[serde(default)]
    pub(crate) is_counted: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Discord {
    pub(crate) webhook: Option<Secret>,
    pub(crate) channel: String,
}

pub(crate) type Ports = BTreeMap<String, u16>;

/// Secrets of a table.
pub(crate) struct Kept(pub(crate) &'static [(&'static str, &'static str)]);

impl ReadSecret for Kept {
    fn variable(&self, name: &str) -> Option<String> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    }

    fn file(&self, path: &Path) -> io::Result<String> {
        let found = self.variable(path.to_str().unwrap());
        found.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }
}

/// The layers of the desk without anything said.
pub(crate) fn desk() -> Layers {
    let limits = SectionSpec::new("limits", &Limits::default())
        .with_check(|limits: &Limits| match limits.warn_ratio < limits.kill_ratio {
            true => Vec::new(),
            false => vec![Complaint::new(
                "the warning comes after the kill switch",
                ["warn_ratio", "kill_ratio"],
            )],
        })
        .with_limit("warn_ratio", Loosens::Up)
        .with_limit("kill_ratio", Loosens::Up)
        .with_limit("position", Loosens::AnyChange);
    let ralph = SectionSpec::new("ralph", &Ralph::default())
        .with_check(Ralph::problems)
        .with_variable("RALPH_MAX_ITERATIONS", "max_iterations")
        .with_limit("max_budget_usd", Loosens::Up);
    let ports = Ports::from([("grafana".to_owned(), 3000), ("questdb_ilp".to_owned(), 9009)]);
    Layers::new()
        .with_section(ralph)
        .with_section(limits)
        .with_section(SectionSpec::new("discord", &Discord::default()))
        .with_section(SectionSpec::new("ports", &ports))
}

/// The desk with a canonical file.
pub(crate) fn with(text: &str) -> Layers {
    desk().with_file("canonical.yaml", text)
}

pub(crate) fn load(text: &str) -> Result<Ssot, Problems> {
    with(text).load()
}
