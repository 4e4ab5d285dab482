//! What a user of this crate relies on.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::disallowed_methods,
    missing_docs,
    reason = "a panic is how a test fails"
)]

#[cfg(feature = "anthropic")]
mod anthropic;
mod comments;
mod corpus;
mod diff;
mod lints;
mod model;
mod samples;
