//! Section `drift`.

use plimsoll_drift::Config;
use plimsoll_ssot::{Complaint, Layers};

/// Its name.
pub(crate) const NAME: &str = "drift";

pub(super) fn register(layers: Layers) -> Layers {
    let complaint = |(key, what): (String, String)| Complaint::new(what, [key]);
    layers.with_section(super::section(NAME, |config: &Config| config.problems(), complaint))
}
