//! Where things lie.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::key::Key;
use crate::spec::Complaint;

/// Section `paths`: directories and files by name, such as the catalog of market data.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Paths(pub BTreeMap<String, String>);

impl Paths {
    /// Returns what is no path.
    #[must_use]
    pub fn problems(&self) -> Vec<Complaint> {
        let wrong = self.0.iter().filter(|(_, path)| path.trim().is_empty() || path.contains('\0'));
        let complaint = |(name, path): (&String, &String)| {
            Complaint::new(format!("{path:?} is no path"), [Key::of(name).to_string()])
        };
        wrong.map(complaint).collect()
    }
}

/// Section `derived_files`: files that repeat what is said here, relative to the repository.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct DerivedFiles(pub Vec<String>);

impl DerivedFiles {
    /// Returns what is outside of the repository, and what is there twice.
    #[must_use]
    pub fn problems(&self) -> Vec<Complaint> {
        let mut problems = Vec::new();
        for (at, path) in self.0.iter().enumerate() {
            let key = format!("[{at}]");
            let leaves = path.starts_with(['/', '~']) || path.split('/').any(|part| part == "..");
            if path.trim().is_empty() || leaves {
                let message = format!("{path:?} is no path inside of the repository");
                problems.push(Complaint::new(message, [key]));
            } else if let Some(first) = self.0.iter().take(at).position(|other| other == path) {
                let message = format!("{path:?} is there twice");
                problems.push(Complaint::new(message, [key, format!("[{first}]")]));
            }
        }
        problems
    }
}
