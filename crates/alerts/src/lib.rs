#![doc = include_str!("../README.md")]

mod engine;
mod rule;
mod state;

pub use engine::*;
pub use rule::*;
pub use state::*;
