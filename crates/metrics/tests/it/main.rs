//! What a user of this crate relies on.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::semicolon_if_nothing_returned,
    missing_docs,
    reason = "a panic is how a test fails"
)]

#[cfg(feature = "sqlite")]
mod baseline;
#[cfg(feature = "testing")]
mod capture;
mod close;
#[cfg(all(feature = "ilp", feature = "sqlite"))]
mod copy;
mod ddl;
#[cfg(feature = "sqlite")]
mod gaps;
mod hotpath;
#[cfg(feature = "ilp")]
mod http;
#[cfg(feature = "questdb-rs")]
mod https;
#[cfg(feature = "ilp")]
mod ilp;
mod kill;
#[cfg(all(feature = "testing", feature = "layer-tracing-subscriber-0-3"))]
mod layer;
mod line;
#[cfg(feature = "testing")]
mod meanings;
#[cfg(feature = "sqlite")]
mod migrate;
#[cfg(feature = "parquet")]
mod parquet;
#[cfg(feature = "ilp")]
mod questdb;
#[cfg(feature = "ilp")]
mod questdb_baseline;
#[cfg(all(feature = "ilp", feature = "sqlite"))]
mod questdb_gaps;
#[cfg(all(feature = "ilp", feature = "sqlite"))]
mod questdb_rollup;
#[cfg(feature = "sqlite")]
mod read;
#[cfg(all(feature = "testing", feature = "recorder-metrics-0-24"))]
mod recorder;
#[cfg(feature = "testing")]
mod risk;
#[cfg(feature = "sqlite")]
mod rollup;
mod rows;
#[cfg(feature = "ilp")]
mod server;
mod sinks;
#[cfg(feature = "sqlite")]
mod spool_only;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(feature = "sqlite")]
mod stored;
