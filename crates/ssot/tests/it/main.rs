//! What a user of the crate sees.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

mod desk;
mod edit;
mod layers;
mod problems;
mod secrets;
