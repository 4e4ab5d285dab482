//! Evaluates rules over samples.

mod action;

pub use action::OnFiring;
