//! What a user of plimsoll-redact relies on.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a panic is how a test fails"
)]

mod corpus;
mod key;
mod known;
mod mask;
mod properties;
mod secret;
mod way;
