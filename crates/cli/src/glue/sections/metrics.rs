//! Section `metrics`.

use plimsoll_metrics::{Config, ConfigProblem};
use plimsoll_ssot::{Complaint, Layers};

/// Its name.
pub(crate) const NAME: &str = "metrics";

pub(super) fn register(layers: Layers) -> Layers {
    let complaint = |problem: ConfigProblem| Complaint::new(problem.message, problem.keys);
    layers.with_section(super::section(NAME, |config: &Config| config.problems(), complaint))
}
