//! Tests of the public interface.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a panic is how a test fails; kills and faults take real time"
)]

mod alertmanager;
mod alertmanager_live;
mod catalogue;
#[path = "../../../redact/tests/it/corpus.rs"]
#[allow(dead_code, reason = "the kinds concern the crate that finds them")]
mod corpus;
mod deadman;
mod desk;
mod discord;
mod dispatch;
mod drawdown;
mod engine;
mod kill;
mod labels;
mod monitor;
mod outbox;
mod places;
mod receivers;
mod reference;
mod restart;
mod sentry;
mod sentry_setup;
mod serialized;
mod time;
mod together;
mod told;
mod units;
