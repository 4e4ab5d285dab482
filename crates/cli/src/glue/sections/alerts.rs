//! Sections `alerts` and `sentry`.

use plimsoll_alerts::{AlertsConfig, DeliveryProblem, SentryConfig};
use plimsoll_ssot::{Complaint, Layers, SectionSpec};

/// Their names.
pub(crate) const NAME: &str = "alerts";
pub(crate) const SENTRY: &str = "sentry";

pub(super) fn register(layers: Layers) -> Layers {
    let complaint = |problem: DeliveryProblem| {
        let DeliveryProblem { key, found, wanted, .. } = problem;
        Complaint::new(format!("`{NAME}.{key}` is {found}, wanted {wanted}"), [key])
    };
    layers
        .with_section(SectionSpec::new(NAME, &AlertsConfig::default()).with_check(
            move |config: &AlertsConfig| config.problems().into_iter().map(complaint).collect(),
        ))
        .with_section(SectionSpec::new(SENTRY, &SentryConfig::default()))
}
