//! Section `verify`.

use plimsoll_kit::{VerifyConfig, VerifyProblem};
use plimsoll_ssot::{Complaint, Layers, SectionSpec};

/// Its name.
pub(crate) const NAME: &str = "verify";

pub(super) fn register(layers: Layers) -> Layers {
    let complaint = |VerifyProblem { key, found, wanted, .. }: VerifyProblem| {
        Complaint::new(format!("`{key}` holds {found}, wanted {wanted}"), vec![key])
    };
    layers.with_section(
        SectionSpec::new(NAME, &VerifyConfig::default())
            .with_schema(super::schema_of::<VerifyConfig>())
            .with_check(move |config: &VerifyConfig| {
                config.problems().into_iter().map(complaint).collect()
            }),
    )
}
