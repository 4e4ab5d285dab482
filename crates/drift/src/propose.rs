//! What a repository states, for a canonical file to begin with.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::check::{Canon, CanonError, Checked};
use crate::config::Config;
use crate::declared::{Declared, Origin};
use crate::fact::known::KNOWN;
use crate::report::{Occurrence, Place, State};

/// A value that files state.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Proposal {
    /// `ports` or `versions`.
    pub section: &'static str,
    /// The key in the section.
    pub name: String,
    /// What they say, most places first; more than one is a conflict.
    pub said: Vec<Stated>,
}

/// One of the things that files say.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Stated {
    /// The value.
    pub value: String,
    /// Where it stands.
    pub places: Vec<Place>,
}

/// Something that makes `check_tree` find whatever is said of known services, their ports and versions.
///
/// # Errors
///
/// [`CanonError`] if the configuration contradicts itself.
pub fn explorer(config: Config) -> Result<Canon, CanonError> {
    let mut declared = Vec::new();
    for known in KNOWN {
        for (word, port) in known.ports {
            let key = if word.is_empty() {
                format!("ports.{}", known.name)
            } else {
                format!("ports.{}_{word}", known.name)
            };
            declared.push(Declared::new(key, i64::from(*port), Origin::Default));
        }
        declared.push(Declared::new(format!("versions.{}", known.name), "0.0.0", Origin::Default));
    }
    Canon::new(&declared, config)
}

/// Puts together what files say of each value.
pub fn propose(files: &[Checked]) -> Vec<Proposal> {
    let mut all: BTreeMap<&str, BTreeMap<String, Vec<Place>>> = BTreeMap::new();
    for file in files {
        for occurrence in outside(&file.occurrences) {
            let [key] = occurrence.keys.as_slice() else { continue };
            let Some(value) = plain(key, &occurrence.found) else { continue };
            all.entry(key).or_default().entry(value).or_default().push(occurrence.place.clone());
        }
    }
    let proposals = all.into_iter().filter_map(|(key, said)| {
        let (section, name) = key.split_once('.')?;
        let section = if section == "ports" { "ports" } else { "versions" };
        let mut said: Vec<Stated> =
            said.into_iter().map(|(value, places)| Stated { value, places }).collect();
        said.sort_by(|a, b| b.places.len().cmp(&a.places.len()).then(a.value.cmp(&b.value)));
        Some(Proposal { section, name: name.to_owned(), said })
    });
    proposals.collect()
}

/// Without the ports inside containers: the second one of a mapping says nothing about the first.
fn outside(occurrences: &[Occurrence]) -> impl Iterator<Item = &Occurrence> {
    let mut seen = BTreeSet::new();
    occurrences.iter().filter(move |occurrence| {
        let is_first = seen.insert((occurrence.keys.clone(), occurrence.place.start.line));
        is_first || occurrence.state == State::Drift
    })
}

/// A value as a canonical file has it; `None` for what only compares, as `>=9`.
fn plain(key: &str, found: &str) -> Option<String> {
    if key.starts_with("ports.") {
        return found.parse::<u16>().ok().map(|port| port.to_string());
    }
    let version = found.trim_start_matches('v');
    let is_exact = version.starts_with(|c: char| c.is_ascii_digit()) && version.contains('.');
    is_exact.then(|| version.to_owned())
}
