//! Rows about what runs, what was done to it, and who was told.

use plimsoll_metrics::{
    AlertRecord, AlertRecordKind, AlertRecordState, AlertSeverity, Channel, Health, HealthStatus,
    OpsEvent, OpsKind,
};

use super::emits;
use crate::handle::{Account, Series, Strategy};
use crate::value::{At, Coded, Ms};

emits! { [Account, Strategy, Series] {
    /// Emits a row of `system_health`: the state of a component, or of one channel of a venue.
    emit_health(component: &str, status: Coded<HealthStatus>) = Health::new(component, status.0);
    /// Which channel of a venue.
    channel: Coded<Channel>,
    /// Machine.
    host: &str,
    /// Its latency, ms.
    latency_ms: Ms,
    /// Age of its last message, ms.
    last_msg_age_ms: Ms,
    /// Our clock − reference, ms.
    clock_offset_ms: f64,
    /// Processor in use, ratio.
    cpu_ratio: f64,
    /// Disk free, ratio.
    disk_free_ratio: f64,
    /// How far the store lags behind, ms.
    store_lag_ms: Ms,
    /// Last sign of life.
    last_heartbeat: At,
    /// Reconnects so far.
    reconnects: i64,
    /// Rows dropped so far.
    rows_dropped: i64,
    /// Rows in the spool.
    rows_spooled: i64,
    /// Rows that the store refused, so far.
    rows_quarantined: i64,
    /// Length of its queue.
    queue_depth: i64,
    /// Resident memory, bytes.
    rss_bytes: i64,
    /// Words for a person.
    detail: &str,
    /// When it was true at the source; now, unless said.
    at: At,
} }

emits! { [Series] {
    /// Emits a row of `ops_events`: something that a person or a program did to the system.
    emit_ops(kind: Coded<OpsKind>, target: &str, outcome: &str) = OpsEvent::new(kind.0, target, outcome);
    /// Its own id.
    ref_id: &str,
    /// Who.
    actor: &str,
    /// Value before.
    from_value: &str,
    /// Value after.
    to_value: &str,
    /// Digest of the configuration.
    config_hash: &str,
    /// Commit.
    git_commit: &str,
    /// Words for a person.
    detail: &str,
    /// How long it took, ms.
    duration_ms: Ms,
    /// When it was true at the source; now, unless said.
    at: At,
} }

emits! { [Series] {
    /// Emits a row of `alert_history`: a change of an alert, or an attempt to tell of one.
    emit_alert(kind: Coded<AlertRecordKind>, rule: &str) = AlertRecord::new(kind.0, rule);
    /// How bad.
    severity: Coded<AlertSeverity>,
    /// State after it.
    state: Coded<AlertRecordState>,
    /// State before it.
    prev_state: Coded<AlertRecordState>,
    /// Who was told.
    receiver: &str,
    /// Unit of `value` and `threshold`.
    unit: &str,
    /// One episode, from pending to resolved.
    alert_id: &str,
    /// Labels of the instance, as JSON.
    labels: &str,
    /// Id of the message.
    message_id: &str,
    /// Id of the silence.
    silence_id: &str,
    /// Who did it.
    actor: &str,
    /// Digest of the configuration.
    config_hash: &str,
    /// Words for a person.
    detail: &str,
    /// Value, in `unit`.
    value: f64,
    /// Limit, in `unit`.
    threshold: f64,
    /// Worst value of the episode, in `unit`.
    peak_value: f64,
    /// From breach to here, ms.
    latency_ms: Ms,
    /// When it was first broken.
    active_at: At,
    /// When it fired.
    fired_at: At,
    /// When it ended.
    resolved_at: At,
    /// When it was sent.
    sent_at: At,
    /// Whether it arrived; absent = not known.
    delivered: bool,
    /// Which attempt.
    attempts: i64,
    /// When it was true at the source; now, unless said.
    at: At,
} }
