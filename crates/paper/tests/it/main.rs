#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

mod books;
mod data;
#[cfg(feature = "http")]
mod http;
mod session;
mod venue;
