//! What a user of this crate relies on.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    missing_docs,
    reason = "a panic is how a test fails"
)]

mod adr;
mod changelog;
mod incident;
mod plan;
mod retire;
mod verify;

use std::time::{Duration, SystemTime};

/// 2026-11-24 08:30:00 UTC, and so many seconds.
pub(crate) fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_509_000 + seconds)
}
