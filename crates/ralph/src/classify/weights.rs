//! What outcomes have taught about keywords.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::keywords::prior_of;
use super::{Classification, Role};

/// No keyword moves farther from its prior.
const CHANGE_MAX: f64 = 0.3;
const HALF_LIFE: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// A loop that came to nothing costs more than one that was not started, so it teaches more.
const SUCCESS_STEP: f64 = 0.03;
const FAILURE_STEP: f64 = -0.06;
/// Less than this is forgotten.
const CHANGE_MIN: f64 = 0.001;

/// Changes of weights that loops' outcomes have taught, as they are at one moment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Weights {
    changes: BTreeMap<String, f64>,
    /// The moment, s since 1970.
    at_secs: u64,
}

/// How a loop ended, as far as the words of its task are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// The checks passed at the end.
    Success,
    /// A bound tripped, or a person stopped or discarded it.
    Failure,
}

impl Weights {
    /// Returns what was learned about a keyword.
    ///
    /// - **Unit:** weight, added to the prior; from -0.3 to 0.3, 0 for a keyword that nothing is known about.
    #[must_use]
    pub fn change(&self, keyword: &str) -> f64 {
        self.changes.get(keyword).map_or(0.0, |change| change.clamp(-CHANGE_MAX, CHANGE_MAX))
    }

    /// Returns the keywords about which something was learned, with the change of each.
    pub fn changes(&self) -> impl Iterator<Item = (&str, f64)> {
        self.changes.keys().map(|keyword| (keyword.as_str(), self.change(keyword)))
    }

    /// Returns the weights as they are at `now`: every change halves in 30 days. A clock that went back changes nothing.
    #[must_use]
    pub fn decayed(mut self, now: SystemTime) -> Weights {
        let now_secs = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        let age = Duration::from_secs(now_secs.saturating_sub(self.at_secs));
        let factor = 0.5_f64.powf(age.as_secs_f64() / HALF_LIFE.as_secs_f64());
        let keywords = std::mem::take(&mut self.changes).into_iter();
        self.changes = keywords
            .filter(|(keyword, _)| prior_of(keyword).is_some())
            .map(|(keyword, change)| (keyword, change.clamp(-CHANGE_MAX, CHANGE_MAX) * factor))
            .filter(|(_, change)| change.abs() >= CHANGE_MIN)
            .collect();
        self.at_secs = self.at_secs.max(now_secs);
        self
    }

    /// Learns from a loop's end, for every keyword of its task that spoke for a loop.
    #[must_use]
    pub fn after(self, task: &Classification, outcome: Outcome, now: SystemTime) -> Weights {
        let mut weights = self.decayed(now);
        let step = match outcome {
            Outcome::Success => SUCCESS_STEP,
            Outcome::Failure => FAILURE_STEP,
        };
        let spoke = |role| matches!(role, Role::Deed | Role::Breadth | Role::Finish | Role::Whole);
        let mut taught: Vec<&str> =
            task.keywords.iter().filter(|k| spoke(k.role)).map(|k| k.keyword).collect();
        taught.sort_unstable();
        taught.dedup();
        for keyword in taught {
            let change = (weights.change(keyword) + step).clamp(-CHANGE_MAX, CHANGE_MAX);
            weights.changes.insert(keyword.to_owned(), change);
        }
        weights
    }
}
