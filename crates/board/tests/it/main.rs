#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

mod board;
#[cfg(feature = "grafana")]
mod grafana;
#[cfg(feature = "grafana")]
mod lints;
mod pictures;
mod queries;
#[cfg(feature = "grafana")]
mod schema;
mod store;
