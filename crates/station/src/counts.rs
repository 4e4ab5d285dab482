//! What a station has done, as Prometheus reads it.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use plimsoll_metrics::{SqliteCounts, Timestamp};

use crate::ingest::Body;

/// Counters of one station; all only grow.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) writes_stored: AtomicU64,
    /// Answered with 4xx because of their content.
    pub(crate) writes_refused: AtomicU64,
    /// Answered with 503.
    pub(crate) writes_busy: AtomicU64,
    /// Answered with 401 or 403.
    pub(crate) denied: AtomicU64,
    pub(crate) body_bytes: AtomicU64,
    pub(crate) queries: AtomicU64,
    pub(crate) connections: AtomicU64,
    rows_stored: AtomicU64,
    rows_replayed: AtomicU64,
    values_omitted: AtomicU64,
    commits: AtomicU64,
    commit_nanos: AtomicU64,
    /// When rows were stored last, ns since 1970 UTC; 0 = never.
    pub(crate) last_commit_ns: AtomicI64,
    /// Grows whenever the past of the store may have changed.
    pub(crate) past: AtomicU64,
    checkpoints_starved: AtomicU64,
    pub(crate) rows_retired: AtomicU64,
    pub(crate) minutes_rolled_up: AtomicU64,
    pub(crate) upkeep_failed: AtomicU64,
    /// Connections over TCP that were closed for what they sent.
    pub(crate) tcp_refused: AtomicU64,
}

/// Adds to a counter.
pub(crate) fn add(counter: &AtomicU64, n: u64) {
    counter.fetch_add(n, Ordering::Relaxed);
}

impl Counts {
    pub(crate) fn committed(&self, took: Duration, sink: SqliteCounts) {
        add(&self.commits, 1);
        add(&self.commit_nanos, u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
        self.rows_replayed.store(sink.replayed, Ordering::Relaxed);
        self.checkpoints_starved.store(sink.checkpoints_starved, Ordering::Relaxed);
    }

    #[allow(clippy::disallowed_methods, reason = "when rows were stored is read at this edge")]
    pub(crate) fn changed_now(&self) {
        let now = Timestamp::from(SystemTime::now()).as_nanos();
        self.last_commit_ns.store(now, Ordering::Relaxed);
    }

    pub(crate) fn stored(&self, body: &Body) {
        add(&self.writes_stored, 1);
        add(&self.rows_stored, u64::try_from(body.rows).unwrap_or(u64::MAX));
        add(&self.values_omitted, body.omitted);
        add(&self.past, u64::from(body.has_old));
    }

    /// Rows of requests that were acknowledged.
    pub(crate) fn rows_stored(&self) -> u64 {
        self.rows_stored.load(Ordering::Relaxed)
    }

    /// How long a transaction took, on average.
    pub(crate) fn commit_mean(&self) -> Duration {
        let commits = self.commits.load(Ordering::Relaxed).max(1);
        Duration::from_nanos(self.commit_nanos.load(Ordering::Relaxed) / commits)
    }

    /// The text that Prometheus scrapes.
    pub(crate) fn prometheus(&self, held_bytes: usize) -> String {
        let mut text = String::new();
        let mut one = |name: &str, kind: &str, help: &str, value: String| {
            let line = format!(
                "# HELP plimsoll_station_{name} {help}\n# TYPE plimsoll_station_{name} {kind}\nplimsoll_station_{name} {value}\n"
            );
            text.push_str(&line);
        };
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed).to_string();
        let counters = [
            ("writes_stored_total", "Requests that were stored.", &self.writes_stored),
            ("writes_refused_total", "Requests whose lines were refused.", &self.writes_refused),
            ("writes_busy_total", "Requests told to come again.", &self.writes_busy),
            ("denied_total", "Requests without the right token.", &self.denied),
            ("body_bytes_total", "Bytes of bodies, decompressed.", &self.body_bytes),
            ("rows_stored_total", "Rows that were acknowledged.", &self.rows_stored),
            ("rows_replayed_total", "Rows of these that were there already.", &self.rows_replayed),
            ("values_omitted_total", "Values without a column.", &self.values_omitted),
            ("commits_total", "Transactions.", &self.commits),
            (
                "checkpoints_starved_total",
                "Checkpoints that a reader held up.",
                &self.checkpoints_starved,
            ),
            ("queries_total", "Queries that were answered.", &self.queries),
            ("rows_retired_total", "Rows deleted by retention.", &self.rows_retired),
            ("minutes_rolled_up_total", "Minutes written by roll-ups.", &self.minutes_rolled_up),
            (
                "tcp_refused_total",
                "Connections over TCP closed for their lines.",
                &self.tcp_refused,
            ),
            ("upkeep_failed_total", "Retentions and roll-ups that failed.", &self.upkeep_failed),
        ];
        for (name, help, counter) in counters {
            one(name, "counter", help, of(counter));
        }
        #[allow(clippy::cast_precision_loss, reason = "seconds for people; nanoseconds are kept")]
        let seconds = self.commit_nanos.load(Ordering::Relaxed) as f64 / 1e9;
        one("commit_seconds_total", "counter", "Time in transactions.", format!("{seconds}"));
        one("connections", "gauge", "Open connections.", of(&self.connections));
        one("held_bytes", "gauge", "Memory that requests hold.", held_bytes.to_string());
        if write!(text, "# HELP plimsoll_station_info Version.\n# TYPE plimsoll_station_info gauge\nplimsoll_station_info{{version=\"{}\"}} 1\n", env!("CARGO_PKG_VERSION")).is_err() {
            text.clear();
        }
        text
    }
}
