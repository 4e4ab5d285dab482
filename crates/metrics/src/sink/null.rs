//! A sink that counts.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use crate::{
    batch::Batch,
    schema::Schema,
    sink::{Sink, SinkError},
};

/// Takes every row and keeps only how many there were. Clones share the counts.
#[derive(Debug, Clone, Default)]
pub struct NullSink {
    rows: Arc<AtomicU64>,
    batches: Arc<AtomicU64>,
}

impl NullSink {
    /// Nothing counted yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Rows taken.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows.load(Ordering::Acquire)
    }

    /// Batches taken.
    #[must_use]
    pub fn batches(&self) -> u64 {
        self.batches.load(Ordering::Acquire)
    }
}

impl Sink for NullSink {
    fn prepare(&mut self, _schema: &Schema) -> Result<(), SinkError> {
        Ok(())
    }

    fn write(&mut self, batch: &Batch<'_>) -> Result<(), SinkError> {
        let rows = u64::try_from(batch.len()).unwrap_or(u64::MAX);
        self.rows.fetch_add(rows, Ordering::AcqRel);
        self.batches.fetch_add(1, Ordering::AcqRel);
        Ok(())
    }
}
