//! Section `deploy`.

use plimsoll_snapshot::deploy::{Config, ConfigProblem};
use plimsoll_ssot::{Complaint, Layers, SectionSpec};

/// Its name.
pub(crate) const NAME: &str = "deploy";

pub(super) fn register(layers: Layers) -> Layers {
    let complaint = |problem: ConfigProblem| Complaint::new(problem.message, problem.keys);
    layers.with_section(
        SectionSpec::new(NAME, &Config::default())
            .with_schema(super::schema_of::<Config>())
            .with_check(move |config: &Config| {
                config.problems().into_iter().map(complaint).collect()
            }),
    )
}
