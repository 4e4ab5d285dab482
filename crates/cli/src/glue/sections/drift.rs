//! Section `drift`.

use plimsoll_drift::Config;
use plimsoll_ssot::{Complaint, Layers, SectionSpec};

/// Its name.
pub(crate) const NAME: &str = "drift";

pub(super) fn register(layers: Layers) -> Layers {
    let complaint = |(key, what): (String, String)| Complaint::new(what, [key]);
    layers.with_section(
        SectionSpec::new(NAME, &Config::default())
            .with_schema(super::schema_of::<Config>())
            .with_check(move |config: &Config| {
                config.problems().into_iter().map(complaint).collect()
            }),
    )
}
