//! The stand-ins themselves: a test that leans on them has to know that they fail as they say.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

#[cfg(feature = "claude")]
mod claude_api;
mod client;
mod filters;
mod flaky_proxy;
mod scripted_http;
