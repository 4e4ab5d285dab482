//! Section `kit`.

use plimsoll_kit::{Config, ConfigProblem};
use plimsoll_ssot::{Complaint, Layers, SectionSpec};

/// Its name.
pub(crate) const NAME: &str = "kit";

pub(super) fn register(layers: Layers) -> Layers {
    let complaint = |ConfigProblem { key, found, wanted, .. }: ConfigProblem| {
        Complaint::new(format!("`{key}` is {found}, wanted {wanted}"), [key])
    };
    layers.with_section(
        SectionSpec::new(NAME, &Config::default())
            .with_schema(super::schema_of::<Config>())
            .with_check(move |config: &Config| {
                config.problems().into_iter().map(complaint).collect()
            }),
    )
}
