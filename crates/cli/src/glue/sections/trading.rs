//! Section `trading`.

use plimsoll_snapshot::trading::{Config, ConfigProblem};
use plimsoll_ssot::{Complaint, Layers};

/// Its name.
pub(crate) const NAME: &str = "trading";

pub(super) fn register(layers: Layers) -> Layers {
    let complaint = |problem: ConfigProblem| Complaint::new(problem.message, problem.keys);
    layers.with_section(super::section(NAME, |config: &Config| config.problems(), complaint))
}
