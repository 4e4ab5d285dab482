//! How far a long operation is.

use std::sync::atomic::{AtomicU64, Ordering};

/// How far one stage of an operation is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stage<'a> {
    /// What is being done, such as `read files`.
    pub name: &'a str,
    /// How much of it is done, in bytes.
    pub done_bytes: u64,
    /// How much there is, in bytes, where it is known.
    pub total_bytes: Option<u64>,
}

/// Is told how far a long operation is. Called from several threads, often.
pub trait Progress: Sync {
    /// Takes note of it.
    fn report(&self, stage: &Stage<'_>);
}

/// Nobody looks.
#[derive(Debug, Clone, Copy, Default)]
pub struct Quiet;

impl Progress for Quiet {
    fn report(&self, _: &Stage<'_>) {}
}

/// Adds up what threads have done.
pub(crate) struct Meter<'a> {
    progress: &'a dyn Progress,
    name: &'a str,
    done_bytes: AtomicU64,
    total_bytes: Option<u64>,
}

impl<'a> Meter<'a> {
    pub(crate) fn new(progress: &'a dyn Progress, name: &'a str, total_bytes: Option<u64>) -> Self {
        Self { progress, name, done_bytes: AtomicU64::new(0), total_bytes }
    }

    pub(crate) fn add(&self, bytes: u64) {
        let done_bytes = self.done_bytes.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        let stage = Stage { name: self.name, done_bytes, total_bytes: self.total_bytes };
        self.progress.report(&stage);
    }
}
