//! Section `verify`.

use plimsoll_kit::{VerifyConfig, VerifyProblem};
use plimsoll_ssot::{Complaint, Layers};

/// Its name.
pub(crate) const NAME: &str = "verify";

pub(super) fn register(layers: Layers) -> Layers {
    let complaint = |VerifyProblem { key, found, wanted, .. }: VerifyProblem| {
        Complaint::new(format!("`{key}` holds {found}, wanted {wanted}"), vec![key])
    };
    layers.with_section(super::section(NAME, |config: &VerifyConfig| config.problems(), complaint))
}
