//! Section `ralph`.

use plimsoll_ralph::{Config, Problem};
use plimsoll_ssot::{Complaint, Layers, SectionSpec};

/// Its name.
pub(crate) const NAME: &str = "ralph";

pub(super) fn register(layers: Layers) -> Layers {
    let complaint = |Problem { key, found, wanted, .. }: Problem| {
        Complaint::new(format!("{found}, wanted {wanted}"), [key])
    };
    layers.with_section(
        SectionSpec::new(NAME, &Config::default())
            .with_schema(super::schema_of::<Config>())
            .with_check(move |config: &Config| {
                config.problems().into_iter().map(complaint).collect()
            }),
    )
}
