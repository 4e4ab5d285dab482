//! Joins ports of one crate with another crate, one file per pair, mapping fields only.

pub(crate) mod alerts_metrics;
pub(crate) mod alerts_ralph;
pub(crate) mod alerts_ssot;
pub(crate) mod alerts_station;
pub(crate) mod alerts_store;
pub(crate) mod board_alerts;
pub(crate) mod board_metrics;
pub(crate) mod github;
pub(crate) mod installed;
pub(crate) mod metrics_drift;
pub(crate) mod paper_metrics;
pub(crate) mod paper_trading;
pub(crate) mod ralph_metrics;
pub(crate) mod ralph_sentry;
pub(crate) mod sections;
pub(crate) mod snapshot_alerts;
pub(crate) mod snapshot_metrics;
pub(crate) mod ssot_alerts;
pub(crate) mod ssot_drift;
pub(crate) mod ssot_kit;
pub(crate) mod ssot_metrics;
pub(crate) mod venue_metrics;
