//! Open alerts of the engine, as a station's page shows them.

use std::sync::{Arc, Mutex, PoisonError};

use plimsoll_alerts::{Alert, Severity};
use plimsoll_station::{Alarm, AlarmLevel, Alarms};

/// The alerts that are open now; whoever evaluates the rules puts them in.
#[derive(Debug, Clone, Default)]
pub(crate) struct OpenAlerts(Arc<Mutex<Vec<Alarm>>>);

impl OpenAlerts {
    /// Replaces them all.
    pub(crate) fn put(&self, alerts: &[Alert]) {
        let mut alarms: Vec<Alarm> = alerts.iter().map(alarm).collect();
        alarms.sort_by_key(|alarm| std::cmp::Reverse((alarm.is_firing, alarm.level)));
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = alarms;
    }
}

impl Alarms for OpenAlerts {
    fn open(&self) -> Vec<Alarm> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn alarm(of: &Alert) -> Alarm {
    let level = match of.severity {
        Severity::Critical => AlarmLevel::Critical,
        Severity::Warning => AlarmLevel::Warning,
        _ => AlarmLevel::Info,
    };
    let title = if of.text.title.is_empty() { of.rule.as_str() } else { of.text.title.as_str() };
    let since = of.fired_at.or(of.active_at).unwrap_or(of.row_at);
    let labels = of.labels.iter().map(|(name, value)| (name.to_string(), value.to_string()));
    let alarm = Alarm::firing(title, level, since)
        .with_value(of.shown_value(), of.shown_threshold())
        .with_labels(labels.collect());
    if of.is_firing() { alarm } else { alarm.in_state(of.to.as_str()) }
}
