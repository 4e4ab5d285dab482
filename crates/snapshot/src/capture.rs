//! The port of what can be captured.

mod environment;
mod files;
mod git;
mod images;
mod positions;
mod questdb;
mod redis_keys;
#[cfg(feature = "sqlite")]
mod sqlite;

use std::error::Error;
use std::fmt;

pub use environment::Environment;
pub use files::Files;
pub(crate) use files::Present;
pub use git::Git;
pub use images::Images;
pub use positions::Positions;
pub use questdb::QuestDb;
pub use redis_keys::RedisKeys;
pub(crate) use redis_keys::nautilus_prefix;
#[cfg(feature = "sqlite")]
pub use sqlite::Sqlite;

use crate::intake::Intake;
use crate::manifest::Need;

/// Something that can be captured.
pub trait Capture {
    /// Returns what sort of part it gives, such as `files`: short, in lower case.
    fn kind(&self) -> &'static str;

    /// Gives everything that belongs to it to `into`.
    ///
    /// # Errors
    ///
    /// When something that belongs to it could not be had. The part then counts as failed, also
    /// if other things were given.
    fn capture(&mut self, into: &mut Intake<'_>) -> Result<Taken, CaptureError>;
}

/// How a capture ended that did not fail.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Taken {
    /// Everything was given.
    Whole,
    /// There was nothing to give.
    Nothing {
        /// Why that is right.
        why: String,
    },
}

/// Why something could not be captured.
///
/// What it says is written into the manifest with secrets masked.
#[derive(Debug)]
pub struct CaptureError {
    what: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl CaptureError {
    /// Says what could not be had.
    #[must_use]
    pub fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), source: None }
    }

    /// Adds the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}

impl fmt::Display for CaptureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl Error for CaptureError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|source| source.as_ref() as &(dyn Error + 'static))
    }
}

/// A part to capture: its name, whether the snapshot needs it, and how to get it.
pub struct Part<'a> {
    pub(crate) name: String,
    pub(crate) need: Need,
    pub(crate) capture: Box<dyn Capture + 'a>,
}

impl<'a> Part<'a> {
    /// A part without which the snapshot is a failed one. Names are unique in a snapshot.
    #[must_use]
    pub fn required(name: impl Into<String>, capture: impl Capture + 'a) -> Self {
        Self { name: name.into(), need: Need::Required, capture: Box::new(capture) }
    }

    /// A part that may fail; the snapshot says so.
    #[must_use]
    pub fn optional(name: impl Into<String>, capture: impl Capture + 'a) -> Self {
        Self { name: name.into(), need: Need::Optional, capture: Box::new(capture) }
    }

    /// Returns its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Debug for Part<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Part")
            .field("name", &self.name)
            .field("need", &self.need)
            .field("kind", &self.capture.kind())
            .finish()
    }
}
