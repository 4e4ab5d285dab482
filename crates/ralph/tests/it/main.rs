//! What a user of this crate relies on.
#![cfg(feature = "hook")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    missing_docs,
    reason = "a panic is how a test fails"
)]

mod bounds;
mod checkpoint;
mod classify;
mod client;
mod config;
mod degradation;
mod faults;
mod guard;
mod guard_list;
#[cfg(feature = "install")]
mod install;
mod loop_end;
mod parse;
mod properties;
mod ralph_loop;
mod rate;
mod report;
mod routing;
mod store;
mod usage;
