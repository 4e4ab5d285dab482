//! Section `kit`.

use plimsoll_kit::{Config, ConfigProblem};
use plimsoll_ssot::{Complaint, Layers};

/// Its name.
pub(crate) const NAME: &str = "kit";

pub(super) fn register(layers: Layers) -> Layers {
    let complaint = |ConfigProblem { key, found, wanted, .. }: ConfigProblem| {
        Complaint::new(format!("`{key}` is {found}, wanted {wanted}"), [key])
    };
    layers.with_section(super::section(NAME, |config: &Config| config.problems(), complaint))
}
