//! Section `station`.

use plimsoll_ssot::{Complaint, Layers};
use plimsoll_station::{Config, ConfigProblem};

/// Its name.
pub(crate) const NAME: &str = "station";

pub(super) fn register(layers: Layers) -> Layers {
    let complaint = |problem: ConfigProblem| Complaint::new(problem.message, problem.keys);
    layers.with_section(super::section(NAME, |config: &Config| config.problems(), complaint))
}
