//! The crate's tests, through its public interface.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a panic is how a test fails"
)]

mod bad_input;
mod canon;
mod extends;
mod fixture;
mod fuzz;
mod installed;
mod markers;
mod mutate;
mod mutations;
mod properties;
mod traps;
