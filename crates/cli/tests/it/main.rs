//! The binary, as a person runs it.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a panic is how a test fails, and its bounded waits read the clock"
)]

mod alerts;
mod alerts_run;
mod backfill;
mod demo;
mod deploy;
mod drift;
mod drift_pull;
mod grafana;
mod help;
mod install;
mod kit;
mod knowledge;
mod metrics;
mod paper;
mod ralph;
mod ralph_alerts;
mod ralph_degraded;
mod ralph_install;
mod ralph_kill;
mod review;
mod review_pull;
mod run;
mod sentry;
mod snapshot;
mod ssot;
mod station;
mod station_rules;
mod tables;
mod top;
mod trading;
mod verify;
mod walk;
