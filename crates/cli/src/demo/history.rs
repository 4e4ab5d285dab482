//! Where a demo's history of alerts goes: wherever its rows go.

use std::path::Path;

use plimsoll_metrics::{Metrics, Mode, OpenError, Options};

use super::place::{ALERTS_SPOOL, SERVICE, spool_of};
use super::questdb::Server;
use crate::glue::alerts_metrics::MetricsHistory;

/// Opens it, with spools of its own.
pub(super) fn open(store: &Path, questdb: Option<&Server>) -> Result<MetricsHistory, OpenError> {
    let history =
        |options: Options| Metrics::open(&options.with_service(SERVICE)).map(MetricsHistory::new);
    let spool = spool_of(store, ALERTS_SPOOL);
    let local = history(Options::embedded(store, Mode::Replay).with_spool_dir(spool))?;
    let Some(server) = questdb else { return Ok(local) };
    let spool = spool_of(store, ".questdb-alerts-spool");
    Ok(local.and(history(server.pipeline(spool))?))
}
