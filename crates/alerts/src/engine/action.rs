//! What else happens when a rule fires.

use std::error::Error;

use crate::state::Alert;

/// Port: what else happens when a rule fires, such as a strategy's own kill switch. Asked at least
/// once for each firing: after a crash in between it is asked again, so it must bear that.
pub trait OnFiring {
    /// Does it.
    ///
    /// # Errors
    ///
    /// Whatever the action meets; it is journaled, and asked again at the next start.
    fn on_firing(&mut self, alert: &Alert) -> Result<(), Box<dyn Error + Send + Sync>>;
}
