//! One file per subcommand.

pub(crate) mod adr;
pub(crate) mod alerts;
pub(crate) mod backup;
pub(crate) mod changelog;
pub(crate) mod completions;
pub(crate) mod deploy;
pub(crate) mod drift;
pub(crate) mod grafana;
pub(crate) mod incident;
pub(crate) mod kit;
pub(crate) mod lease;
pub(crate) mod metrics;
pub(crate) mod paper;
pub(crate) mod ralph;
pub(crate) mod review;
pub(crate) mod rollback;
pub(crate) mod sentry;
pub(crate) mod snapshot;
pub(crate) mod ssot;
pub(crate) mod station;
pub(crate) mod tables;
pub(crate) mod top;
pub(crate) mod trading;
pub(crate) mod verify;
pub(crate) mod watch;
