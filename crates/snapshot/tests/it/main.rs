//! What a user of this crate relies on.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    missing_docs,
    reason = "a panic is how a test fails"
)]

#[cfg(feature = "object-store")]
mod bucket;
mod deploy;
mod environment;
mod fakes;
mod faults;
mod flips;
mod git;
mod grove;
mod history;
mod home;
mod kill;
#[cfg(feature = "object-store")]
mod moto;
mod plan;
mod power;
mod questdb;
mod real;
mod redis;
mod round_trip;
mod runners;
mod scenario;
#[cfg(feature = "encryption")]
mod sealed;
#[cfg(feature = "sqlite")]
mod sqlite;
mod store;
#[cfg(feature = "testnet-order")]
mod testnet;
mod trading;
mod venue;
