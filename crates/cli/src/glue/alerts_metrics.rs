//! Alert history as rows of `alert_history`.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Duration;

use plimsoll_alerts::{Alert, AlertState, History, HistoryKind, HistoryRow, Severity};
use plimsoll_metrics::{
    AlertRecord, AlertRecordKind, AlertRecordState, AlertSeverity, Metrics, Mode, OpenError,
    Options, Series,
};

/// Labels of an alert that are columns of the table.
const LABELS: [&str; 5] = ["trader_id", "account_id", "strategy_id", "instrument_id", "venue"];

/// The service that rows of this process come from.
pub(crate) const SERVICE: &str = "alerts";

/// Longest wait for the last rows at the end; what is not in the store by then waits in its spool.
const CLOSE_MAX: Duration = Duration::from_secs(5);

/// Emits a row for each that delivery offers.
pub(crate) struct MetricsHistory {
    metrics: Option<Metrics>,
    series: BTreeMap<[String; 5], Series>,
    /// Another store that gets the same rows.
    also: Option<Box<Self>>,
}

impl Drop for MetricsHistory {
    fn drop(&mut self) {
        // The rows lie in the spool and go first the next time.
        let _spooled = self.metrics.take().map(|metrics| metrics.close(CLOSE_MAX));
    }
}

impl MetricsHistory {
    pub(crate) fn new(metrics: Metrics) -> Self {
        Self { metrics: Some(metrics), series: BTreeMap::new(), also: None }
    }

    /// Into an SQLite file, which others may write too: the spool beside it is our own.
    pub(crate) fn open(store: &Path) -> Result<Self, OpenError> {
        let mut options = Options::embedded(store, Mode::Live).with_service(SERVICE);
        let mut spool = store.as_os_str().to_owned();
        spool.push(".alerts-spool");
        options.spool_dir = spool.into();
        Metrics::open(&options).map(Self::new)
    }

    /// Into QuestDB; rows wait in `spool` while it is away.
    pub(crate) fn connect(
        url: &str,
        ca_file: Option<PathBuf>,
        spool: PathBuf,
    ) -> Result<Self, OpenError> {
        let options = Options::connect(url, spool, Mode::Live).with_service(SERVICE);
        Metrics::open(&options.with_ca_file(ca_file)).map(Self::new)
    }

    /// Sends each row there as well.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.also = Some(Box::new(other));
        self
    }

    /// Where the process that runs the rules tells of itself.
    pub(crate) fn own(&self) -> anyhow::Result<Series> {
        let metrics =
            self.metrics.as_ref().ok_or_else(|| anyhow::anyhow!("the store is closed"))?;
        Ok(metrics.series(&[])?)
    }

    fn series(&mut self, alert: Option<&Alert>) -> Result<Series, Box<dyn Error + Send + Sync>> {
        let value = |name: &str| alert.map_or("", |alert| alert.labels.get(name)).to_owned();
        let key = LABELS.map(value);
        if let Some(series) = self.series.get(&key) {
            return Ok(series.clone());
        }
        let labels: Vec<(&str, &str)> = LABELS
            .iter()
            .zip(&key)
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let metrics = self.metrics.as_ref().ok_or("the store is closed")?;
        let series = metrics.series(&labels)?;
        self.series.insert(key, series.clone());
        Ok(series)
    }
}

impl History for MetricsHistory {
    fn record(&mut self, rows: &[HistoryRow]) -> Result<(), Box<dyn Error + Send + Sync>> {
        for row in rows {
            let labels = row.labels().map(serde_json::to_string).transpose()?.unwrap_or_default();
            self.series(row.alert.as_ref())?.emit_alert(record(row, &labels));
        }
        if let Some(also) = &mut self.also {
            also.record(rows)?;
        }
        Ok(())
    }
}

/// Texts that are empty are left out by the row itself.
fn record<'a>(from: &'a HistoryRow, labels: &'a str) -> AlertRecord<'a> {
    let rule = from.alert.as_ref().map_or("-", |alert| alert.rule.as_str());
    // The receiver's own id if there is one, else ours: either leads to the message.
    let message = if from.message_id.is_empty() { &from.notification_id } else { &from.message_id };
    let mut row = AlertRecord::new(kind(from.kind), rule)
        .at(from.at)
        .labels(labels)
        .receiver(from.receiver.as_str())
        .message_id(message.as_str())
        .silence_id(from.silence_id.as_str())
        .actor(from.actor.as_str())
        .detail(from.detail.as_str());
    if let Some(alert) = &from.alert {
        row = of_alert(row, alert);
    }
    if let Some(delivered) = from.delivered {
        row = row.delivered(delivered).attempts(i64::from(from.attempts)).sent_at(from.at);
    }
    if let Some(ms) = from.latency_ms {
        row = row.latency_ms(Duration::from_secs_f64(ms.max(0.0) / 1e3));
    }
    match from.resolved_at() {
        Some(at) => row.resolved_at(at),
        None => row,
    }
}

fn of_alert<'a>(row: AlertRecord<'a>, alert: &'a Alert) -> AlertRecord<'a> {
    let mut row = row
        .severity(match alert.severity {
            Severity::Critical => AlertSeverity::Critical,
            Severity::Warning => AlertSeverity::Warning,
            _ => AlertSeverity::Info,
        })
        .state(state(alert.to))
        .prev_state(state(alert.from))
        .unit(alert.text.unit.as_str())
        .alert_id(alert.alert_id.as_str());
    if let Some(value) = alert.value {
        row = row.value(value);
    }
    if let Some(threshold) = alert.threshold {
        row = row.threshold(threshold);
    }
    if let Some(peak) = alert.peak_value {
        row = row.peak_value(peak);
    }
    if let Some(at) = alert.active_at {
        row = row.active_at(at);
    }
    if let Some(at) = alert.fired_at {
        row = row.fired_at(at);
    }
    row
}

fn kind(kind: HistoryKind) -> AlertRecordKind {
    match kind {
        HistoryKind::Delivery => AlertRecordKind::Delivery,
        HistoryKind::Ack => AlertRecordKind::Ack,
        HistoryKind::Silence => AlertRecordKind::Silence,
        HistoryKind::Escalation => AlertRecordKind::Escalation,
        _ => AlertRecordKind::Transition,
    }
}

fn state(state: AlertState) -> AlertRecordState {
    match state {
        AlertState::Pending => AlertRecordState::Pending,
        AlertState::Firing => AlertRecordState::Firing,
        AlertState::Resolved => AlertRecordState::Resolved,
        AlertState::NoData => AlertRecordState::NoData,
        AlertState::Error => AlertRecordState::Error,
        _ => AlertRecordState::Normal,
    }
}
