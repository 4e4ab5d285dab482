//! What a venue tells of the past, as rows of metrics; and what a store has of it, for a comparison.

mod read;
mod write;

pub(crate) use read::{Known, booked, known};
pub(crate) use write::{Past, Told, Verdict, deliver, tell, write};

/// A strategy that nobody knows.
const NOBODY: &str = "-";
