//! Sections `alerts` and `sentry`.

use plimsoll_alerts::{AlertsConfig, DeliveryProblem, SentryConfig};
use plimsoll_ssot::sections::Limits;
use plimsoll_ssot::{Complaint, Layers, SectionSpec, Ssot};

use crate::glue::alerts_ssot;

/// Their names.
pub(crate) const NAME: &str = "alerts";
/// Where the limits of rules stand.
const LIMITS: &str = "limits";
pub(crate) const SENTRY: &str = "sentry";

/// Rules whose limits exclude each other, in whatever section they stand.
pub(super) fn rules(ssot: &Ssot) -> Vec<Complaint> {
    let config = ssot.section::<AlertsConfig>(NAME);
    let (Ok(config), Ok(limits)) = (config, ssot.section::<Limits>(LIMITS)) else {
        return Vec::new();
    };
    let problems = config.rules.problems(&alerts_ssot::limits(&limits)).into_iter();
    // Limits among each other are that section's matter.
    let ours = problems.filter(|problem| problem.keys.iter().any(|key| key.starts_with("rules.")));
    let key = |key: String| if key.starts_with("rules.") { format!("{NAME}.{key}") } else { key };
    ours.map(|problem| Complaint::new(problem.message, problem.keys.into_iter().map(key))).collect()
}

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
