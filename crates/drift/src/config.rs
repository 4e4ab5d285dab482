//! What a person may say about the check: the section `drift` of the canonical file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How to check. Every part may be left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Config {
    /// Other names of a fact, or of the service that a fact is about: `limits.drawdown_kill_ratio: [halt_pct]`.
    pub aliases: BTreeMap<String, Vec<String>>,
    /// Files, and keys in them, that are left out, each with a reason.
    pub ignore: Vec<Ignore>,
    /// Files that are held to a profile whatever they are called.
    pub scopes: Vec<Scope>,
    /// Files that are checked although they look like tests, archives or somebody else's.
    pub include: Vec<String>,
    /// Keys that are not looked for.
    pub untracked: Vec<String>,
    /// Further facts that no section has, by their keys: `mttr_minutes: 5`.
    pub facts: BTreeMap<String, String>,
    /// Names of the tables that there should be.
    pub tables: Vec<String>,
    /// Files that have to state a fact, by its key.
    pub expected: BTreeMap<String, Vec<String>>,
    /// The port inside the container where it is not the one that the service has by itself.
    pub container_ports: BTreeMap<String, u16>,
    /// The largest file that is read. Default 4 MiB.
    pub file_bytes_max: u64,
    /// The file of accepted drift. Default `.plimsoll/drift-baseline.json`.
    pub baseline: String,
    /// Whether what the repository states and nobody declares fails the check.
    pub strict: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            aliases: BTreeMap::new(),
            ignore: Vec::new(),
            scopes: Vec::new(),
            include: Vec::new(),
            untracked: Vec::new(),
            facts: BTreeMap::new(),
            tables: Vec::new(),
            expected: BTreeMap::new(),
            container_ports: BTreeMap::new(),
            file_bytes_max: 4 * 1024 * 1024,
            baseline: ".plimsoll/drift-baseline.json".to_owned(),
            strict: false,
        }
    }
}

/// What is left out of the check.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Ignore {
    /// Globs of paths below the root.
    pub files: Vec<String>,
    /// Only these keys; all if it is empty.
    pub keys: Vec<String>,
    /// Why. An entry without a reason is an error.
    pub reason: String,
}

/// Which profile some files are held to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Scope {
    /// Globs of paths below the root.
    pub files: Vec<String>,
    /// The profile; `base` for the values that hold without one.
    pub profile: String,
}

impl Config {
    /// What contradicts itself: the path of a value in this section, and what is wrong with it.
    pub fn problems(&self) -> Vec<(String, String)> {
        let mut problems = Vec::new();
        for (index, ignore) in self.ignore.iter().enumerate() {
            if ignore.reason.trim().is_empty() {
                let what = "an entry without a reason; say why these files are left out".to_owned();
                problems.push((format!("ignore[{index}].reason"), what));
            }
            if ignore.files.is_empty() {
                problems.push((format!("ignore[{index}].files"), "no files".to_owned()));
            }
        }
        for (index, scope) in self.scopes.iter().enumerate() {
            if scope.profile.trim().is_empty() {
                problems.push((format!("scopes[{index}].profile"), "no profile".to_owned()));
            }
        }
        if self.file_bytes_max == 0 {
            problems.push(("file_bytes_max".to_owned(), "zero: no file would be read".to_owned()));
        }
        problems
    }
}
