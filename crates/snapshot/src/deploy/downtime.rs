//! Saying beforehand that services will be away, so that their silence pages nobody.

use std::time::Duration;

/// Tells whoever watches the services that some of them will be away.
///
/// Only the silence of services is to be excused by it: a loss that an account makes meanwhile
/// pages as ever.
pub trait Downtime {
    /// Begins it, for so long at most, and says how it is called. What was announced with the
    /// same words before is not announced again.
    ///
    /// # Errors
    ///
    /// When whoever watches could not be told.
    fn announce(&mut self, reason: &str, time_max: Duration) -> Result<String, DowntimeError>;

    /// Ends it, and says what it ended.
    ///
    /// # Errors
    ///
    /// When whoever watches could not be told; then it ends by itself.
    fn end(&mut self, reason: &str) -> Result<String, DowntimeError>;
}

/// Why whoever watches was not told.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct DowntimeError {
    what: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl DowntimeError {
    /// What could not be done.
    #[must_use]
    pub fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), source: None }
    }

    /// Adds why.
    #[must_use]
    pub fn with_source(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.source = Some(source.into());
        self
    }
}

/// Nobody watches.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unwatched;

impl Downtime for Unwatched {
    fn announce(&mut self, _: &str, _: Duration) -> Result<String, DowntimeError> {
        Ok("nobody watches".to_owned())
    }

    fn end(&mut self, _: &str) -> Result<String, DowntimeError> {
        Ok("nobody watched".to_owned())
    }
}
