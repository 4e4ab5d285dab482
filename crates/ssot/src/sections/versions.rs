//! Which version of what is used, and what is needed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::key::Key;
use crate::spec::Complaint;

/// Section `versions`: the exact version of each service and tool, by name.
///
/// As text: `1.10` is not `1.1`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Versions(pub BTreeMap<String, String>);

impl Versions {
    /// Returns what names no version.
    #[must_use]
    pub fn problems(&self) -> Vec<Complaint> {
        let wrong = self.0.iter().filter(|(_, version)| !is_version(version));
        let complaint = |(name, version): (&String, &String)| {
            let message = format!("{version:?} names no version, wanted one such as 9.2.3");
            Complaint::new(message, [Key::of(name).to_string()])
        };
        wrong.map(complaint).collect()
    }
}

/// Section `runtime`: what programs need, by name, such as python `>=3.12` or rust `1.95`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Runtime(pub BTreeMap<String, String>);

impl Runtime {
    /// Returns what is no requirement.
    #[must_use]
    pub fn problems(&self) -> Vec<Complaint> {
        self.0
            .iter()
            .filter_map(|(name, needed)| {
                let message = wrong_requirement(needed)?;
                Some(Complaint::new(message, [Key::of(name).to_string()]))
            })
            .collect()
    }
}

const COMPARATORS: [&str; 10] = ["===", "~=", "==", "!=", ">=", "<=", "^", "~", ">", "<"];

fn wrong_requirement(needed: &str) -> Option<String> {
    if let Some(version) = needed.strip_suffix('+').filter(|version| is_version(version)) {
        return Some(format!(
            "{needed:?} is not read by anything, write {:?}",
            format!(">={version}")
        ));
    }
    let parts = needed.split(',').map(str::trim);
    let is_part = |part: &str| {
        let version = COMPARATORS.iter().find_map(|sign| part.strip_prefix(sign));
        is_version(version.or_else(|| part.strip_prefix('=')).unwrap_or(part).trim_start())
    };
    let message = || format!("{needed:?} is no requirement, wanted one such as >=3.12,<4");
    (!parts.into_iter().all(is_part)).then(message)
}

/// Digits first, perhaps after a `v`, and no blanks; `latest` is none.
fn is_version(text: &str) -> bool {
    let digits = text.strip_prefix('v').unwrap_or(text);
    let is_letter = |c: char| c.is_ascii_alphanumeric() || ".-+_*!".contains(c);
    digits.starts_with(|c: char| c.is_ascii_digit()) && digits.chars().all(is_letter)
}
