//! What a user of plimsoll-process relies on, with a real shell and a real git.
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

mod bounds;
mod environment;
mod failures;
mod git;
mod output;

use plimsoll_process::Command;

pub(crate) fn sh(script: &str) -> Command {
    Command::new("sh").args(["-c", script])
}
