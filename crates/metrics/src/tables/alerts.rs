//! `alert_history`.

use crate::{
    row::row,
    schema::{Key, Ttl},
    tables::labels::{AlertRecordKind, AlertRecordState, AlertSeverity},
    value::{Id, Millis, Name, Text, Timestamp},
};

row! {
    /// One state change of an alert, one attempt to deliver it, or what a person did to it.
    AlertRecord<'a> = 11, "alert_history", since 1;
    Month, Ttl::Never, High, Key::Emission;
    series ["trader_id", "account_id", "strategy_id", "instrument_id", "venue"]
    codes {
        /// What the row is about.
        kind: AlertRecordKind,
        /// How bad.
        severity: AlertSeverity,
        /// State after it.
        state: AlertRecordState,
        /// State before it.
        prev_state: AlertRecordState,
    }
    values {
        /// Rule.
        rule: Name<'a>;
        /// Who was told.
        receiver: Name<'a>;
        /// Unit of `value` and `threshold`.
        unit: Name<'a>;
        /// One episode, from pending to resolved.
        alert_id: Id<'a>;
        /// Labels of the instance, as JSON.
        labels: Text<'a>;
        /// Id of the message.
        message_id: Id<'a>;
        /// Id of the silence.
        silence_id: Id<'a>;
        /// Who did it.
        actor: Id<'a>;
        /// Digest of the configuration.
        config_hash: Id<'a>;
        /// Words for a person.
        detail: Text<'a>;
        /// Value, in `unit`.
        value: f64;
        /// Limit, in `unit`.
        threshold: f64;
        /// Worst value of the episode, in `unit`.
        peak_value: f64;
        /// From breach to here, ms.
        latency_ms: Millis;
        /// When it was first broken.
        active_at: Timestamp;
        /// When it fired.
        fired_at: Timestamp;
        /// When it ended.
        resolved_at: Timestamp;
        /// When it was sent.
        sent_at: Timestamp;
        /// Whether it arrived; absent = not known.
        delivered: bool;
        /// Which attempt.
        attempts: i64;
    }
}

impl<'a> AlertRecord<'a> {
    /// A record about `rule`.
    #[inline(always)]
    pub fn new(kind: AlertRecordKind, rule: &'a str) -> Self {
        Self::empty().kind(kind).rule(rule)
    }
}
