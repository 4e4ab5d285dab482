//! What was done with snapshots, deploys and halts, as rows of `ops_events`.

use std::time::Duration;

pub(crate) use plimsoll_metrics::OpsKind;
use plimsoll_metrics::{Metrics, Mode, OpsEvent};

use crate::store::own_rows;

/// Longest wait for the store; what it does not take waits in the spool.
const CLOSE_TIME_MAX: Duration = Duration::from_secs(10);

/// Something that was done.
#[derive(Debug, Clone)]
pub(crate) struct Done<'a> {
    pub(crate) kind: OpsKind,
    pub(crate) outcome: &'a str,
    /// What it was done to.
    pub(crate) target: &'a str,
    /// The snapshot, or the plan.
    pub(crate) ref_id: &'a str,
    /// Who did it.
    pub(crate) actor: &'a str,
    /// What there was before, and what there is now.
    pub(crate) from_to: (&'a str, &'a str),
    /// The commit that runs now.
    pub(crate) git_commit: &'a str,
    pub(crate) config_hash: &'a str,
    pub(crate) detail: &'a str,
    pub(crate) duration: Duration,
}

impl<'a> Done<'a> {
    /// `kind` was done to `target`.
    pub(crate) fn new(kind: OpsKind, target: &'a str, outcome: &'a str) -> Self {
        Self {
            kind,
            outcome,
            target,
            ref_id: "",
            actor: "",
            from_to: ("", ""),
            git_commit: "",
            config_hash: "",
            detail: "",
            duration: Duration::ZERO,
        }
    }
}

/// Writes rows of `service` into a metrics store: an SQLite file, or an address.
pub(crate) fn record(
    store: &str,
    env: &str,
    service: &str,
    done: &[Done<'_>],
) -> anyhow::Result<()> {
    let metrics = Metrics::open(&own_rows(store, env, service, Mode::Live))?;
    let series = metrics.series(&[("component", service)])?;
    for done in done {
        let ms = u32::try_from(done.duration.as_millis()).unwrap_or(u32::MAX);
        series.emit(
            &OpsEvent::new(done.kind, done.target, done.outcome)
                .ref_id(done.ref_id)
                .actor(done.actor)
                .from_value(done.from_to.0)
                .to_value(done.from_to.1)
                .git_commit(done.git_commit)
                .config_hash(done.config_hash)
                .detail(done.detail)
                .duration_ms(Duration::from_millis(u64::from(ms))),
        );
    }
    metrics.close(CLOSE_TIME_MAX)?;
    Ok(())
}
