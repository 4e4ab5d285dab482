//! What a user of plimsoll-durable relies on.
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

mod child;
mod full;
mod kill;
mod lock;
mod replace;
mod space;
