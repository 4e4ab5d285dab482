//! `system_health`, `producer_runs` and `ops_events`.

use crate::{
    row::row,
    schema::{Key, Ttl},
    tables::labels::{Channel, HealthStatus, OpsKind, RunState},
    value::{Id, Millis, Name, Text, Timestamp},
};

row! {
    /// State of a component or of one channel of a venue.
    Health<'a> = 9, "system_health", since 1;
    Day, Ttl::Days(30), Low, Key::Emission;
    series ["account_id", "venue"]
    codes {
        /// Which channel of a venue.
        channel: Channel,
        /// State.
        status: HealthStatus,
    }
    values {
        /// Part of the system.
        component: Name<'a>;
        /// Machine.
        host: Name<'a>;
        /// Its latency, ms.
        latency_ms: Millis;
        /// Age of its last message, ms.
        last_msg_age_ms: Millis;
        /// Our clock − reference, ms.
        clock_offset_ms: f64;
        /// Processor in use, ratio.
        cpu_ratio: f64;
        /// Disk free, ratio.
        disk_free_ratio: f64;
        /// How far the store lags behind, ms.
        store_lag_ms: Millis;
        /// Last sign of life.
        last_heartbeat: Timestamp;
        /// Reconnects so far.
        reconnects: i64;
        /// Rows dropped so far.
        rows_dropped: i64;
        /// Rows in the spool.
        rows_spooled: i64;
        /// Rows that the store refused, so far.
        rows_quarantined: i64;
        /// Length of its queue.
        queue_depth: i64;
        /// Resident memory, bytes.
        rss_bytes: i64;
        /// Words for a person.
        detail: Text<'a>;
    }
}

impl<'a> Health<'a> {
    /// State of `component`.
    #[inline(always)]
    pub fn new(component: &'a str, status: HealthStatus) -> Self {
        Self::empty().component(component).status(status)
    }
}

row! {
    /// What one emitter tried, per table: proves and sizes every loss.
    ProducerRun<'a> = 10, "producer_runs", since 1;
    Month, Ttl::Months(24), High, Key::Emission;
    series []
    codes {
        /// Began, lives, ended.
        state: RunState,
    }
    values {
        /// Machine.
        host: Name<'a>;
        /// Table that the counts are of.
        table_name: Name<'a>;
        /// Random text of the process, the same for all its emitters.
        process_id: Id<'a>;
        /// Version of the producer.
        version: Id<'a>;
        /// Commit of the producer.
        git_commit: Id<'a>;
        /// Digest of its configuration.
        config_hash: Id<'a>;
        /// Why it ended.
        exit_reason: Id<'a>;
        /// Process id of the operating system.
        pid: i64;
        /// Version of the tables that it writes.
        schema_version: i64;
        /// Calls of emit so far, drops included.
        attempted: i64;
        /// Refused by ring or spool so far.
        dropped: i64;
        /// Refused by the store so far.
        quarantined: i64;
        /// In the store, acknowledged, so far.
        acked: i64;
    }
}

impl<'a> ProducerRun<'a> {
    /// Counts of `table_name`.
    #[inline(always)]
    pub fn new(state: RunState, table_name: &'a str) -> Self {
        Self::empty().state(state).table_name(table_name)
    }
}

row! {
    /// Something that a person or a program did to the system.
    OpsEvent<'a> = 12, "ops_events", since 1;
    Month, Ttl::Never, High, Key::Emission;
    series []
    codes {
        /// What.
        kind: OpsKind,
    }
    values {
        /// How it went.
        outcome: Name<'a>;
        /// What it was done to.
        target: Name<'a>;
        /// Its own id.
        ref_id: Id<'a>;
        /// Who.
        actor: Id<'a>;
        /// Value before.
        from_value: Id<'a>;
        /// Value after.
        to_value: Id<'a>;
        /// Digest of the configuration.
        config_hash: Id<'a>;
        /// Commit.
        git_commit: Id<'a>;
        /// Words for a person.
        detail: Text<'a>;
        /// How long it took, ms.
        duration_ms: Millis;
    }
}

impl<'a> OpsEvent<'a> {
    /// `kind` was done to `target`.
    #[inline(always)]
    pub fn new(kind: OpsKind, target: &'a str, outcome: &'a str) -> Self {
        Self::empty().kind(kind).target(target).outcome(outcome)
    }
}
