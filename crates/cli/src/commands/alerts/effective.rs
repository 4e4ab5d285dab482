//! What holds: the section `alerts`, and the limits that its rules have.

use std::time::SystemTime;

use plimsoll_alerts::{Alert, AlertsConfig, Limits};
use plimsoll_ssot::Section;

use crate::configuration::{ConfigArgs, broken};
use crate::failure::Failure;
use crate::glue::{alerts_ssot, sections::ALERTS};

/// Section and limits of one configuration.
pub(crate) struct Effective {
    pub(crate) config: AlertsConfig,
    pub(crate) limits: Limits,
    /// Strategies whose capital is declared.
    pub(crate) strategies: Vec<String>,
    /// The profile, if one was chosen.
    pub(crate) profile: Option<String>,
}

/// Reads both.
pub(crate) fn effective(args: &ConfigArgs) -> Result<Effective, Failure> {
    let ssot = args.layers()?.load().map_err(|problems| broken(&problems))?;
    let config = ssot.section(ALERTS).map(Section::into_inner);
    let limits = ssot.section::<plimsoll_ssot::sections::Limits>("limits");
    let limits = limits.map_err(|problems| broken(&problems))?;
    let strategies = ssot.section::<plimsoll_ssot::sections::Strategies>("strategies");
    let strategies = strategies.map_err(|problems| broken(&problems))?.into_inner();
    Ok(Effective {
        config: config.map_err(|problems| broken(&problems))?,
        strategies: strategies.0.keys().cloned().collect(),
        limits: alerts_ssot::limits(&limits),
        profile: ssot.profile().map(str::to_owned),
    })
}

/// An alert in one line.
pub(crate) fn line(alert: &Alert) -> String {
    let labels: Vec<String> =
        alert.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let limit = alert.shown_threshold();
    let limit = if limit.is_empty() { limit } else { format!(", limit {limit}") };
    let muted = if alert.muted.is_some() { " (muted)" } else { "" };
    format!(
        "{} {} {} {} {}: {}{limit}{muted}",
        time(alert.row_at),
        alert.severity.as_str(),
        alert.to.as_str(),
        alert.rule,
        labels.join(" "),
        alert.shown_value(),
    )
}

/// A moment as people read it, UTC.
pub(crate) fn time(at: SystemTime) -> String {
    jiff::Timestamp::try_from(at).map(|at| format!("{at:.3}")).unwrap_or_default()
}
