#![doc = include_str!("../README.md")]

mod captured;
mod command;
pub mod git;
mod output;
mod supervise;

pub use captured::Captured;
pub use command::{Command, RunError};
pub use output::{Exit, Output};
