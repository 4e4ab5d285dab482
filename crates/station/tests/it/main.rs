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
    missing_docs,
    reason = "a panic is how a test fails"
)]

mod behind;
mod bounds;
mod client;
mod clients;
mod follow;
mod ingest;
mod operate;
mod page;
mod tcp;
mod upkeep;
mod verdicts;
mod who;
