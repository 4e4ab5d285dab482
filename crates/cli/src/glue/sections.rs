//! Which crate owns which section of the configuration: one file per crate, one line each here.

mod alerts;
mod deploy;
mod drift;
mod kit;
mod metrics;
mod paper;
mod ports;
mod ralph;
mod review;
mod snapshot;
mod station;
mod trading;
mod verify;

use plimsoll_ssot::{Complaint, Layers, SectionSpec};

pub(crate) use alerts::{NAME as ALERTS, SENTRY};
pub(crate) use deploy::NAME as DEPLOY;
pub(crate) use drift::NAME as DRIFT;
pub(crate) use kit::NAME as KIT;
pub(crate) use metrics::NAME as METRICS;
pub(crate) use paper::NAME as PAPER;
pub(crate) use ralph::NAME as RALPH;
pub(crate) use review::NAME as REVIEW;
pub(crate) use snapshot::NAME as SNAPSHOT;
pub(crate) use station::NAME as STATION;
pub(crate) use trading::NAME as TRADING;
pub(crate) use verify::NAME as VERIFY;

/// Every section there is; any other name in a file or a variable is an error.
pub(crate) fn all() -> Layers {
    let layers = plimsoll_ssot::sections::register(Layers::new());
    let layers = alerts::register(layers);
    let layers = deploy::register(layers);
    let layers = drift::register(layers);
    let layers = kit::register(layers);
    let layers = metrics::register(layers);
    let layers = paper::register(layers);
    let layers = ralph::register(layers);
    let layers = review::register(layers);
    let layers = snapshot::register(layers);
    let layers = station::register(layers);
    let layers = trading::register(layers);
    let layers = verify::register(layers);
    layers.with_check(ports::unique).with_check(alerts::rules)
}

/// A section whose type knows what is wrong with it: its defaults, its schema, and its problems as complaints.
fn section<C, P>(
    name: &'static str,
    problems: fn(&C) -> Vec<P>,
    complaint: fn(P) -> Complaint,
) -> SectionSpec<C>
where
    C: Default + serde::Serialize + serde::de::DeserializeOwned + schemars::JsonSchema + 'static,
    P: 'static,
{
    SectionSpec::new(name, &C::default())
        .with_schema(schema_of::<C>())
        .with_check(move |config: &C| problems(config).into_iter().map(complaint).collect())
}

/// The JSON Schema of a section's type.
fn schema_of<T: schemars::JsonSchema>() -> String {
    schemars::schema_for!(T).as_value().to_string()
}
