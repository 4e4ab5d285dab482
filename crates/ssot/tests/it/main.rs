//! What a user of the crate sees.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

mod desk;
mod edit;
mod environment;
mod fuzz;
mod layers;
mod live;
mod problems;
mod round_trip;
mod secrets;
mod sections;
mod text;
mod traps;
