//! What a pipeline counts.

use plimsoll_metrics as metrics;
use pyo3::prelude::*;

/// Rows by what became of them.
#[pyclass(frozen, get_all, eq, module = "plimsoll")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Counts {
    emitted_rows: u64,
    spooled_rows: u64,
    stored_rows: u64,
    dropped_rows: u64,
    rejected_rows: u64,
    recovered_rows: u64,
    damaged_blocks: u64,
}

impl From<metrics::Counts> for Counts {
    fn from(counts: metrics::Counts) -> Self {
        Self {
            emitted_rows: counts.emitted_rows,
            spooled_rows: counts.spooled_rows,
            stored_rows: counts.stored_rows,
            dropped_rows: counts.dropped_rows,
            rejected_rows: counts.rejected_rows,
            recovered_rows: counts.recovered_rows,
            damaged_blocks: counts.damaged_blocks,
        }
    }
}

#[pymethods]
impl Counts {
    fn __repr__(&self) -> String {
        format!(
            "Counts(emitted_rows={}, spooled_rows={}, stored_rows={}, dropped_rows={}, rejected_rows={}, \
             recovered_rows={}, damaged_blocks={})",
            self.emitted_rows,
            self.spooled_rows,
            self.stored_rows,
            self.dropped_rows,
            self.rejected_rows,
            self.recovered_rows,
            self.damaged_blocks
        )
    }
}

/// State of a pipeline.
#[pyclass(frozen, get_all, module = "plimsoll")]
#[derive(Debug, Clone)]
pub(crate) struct Health {
    counts: Counts,
    spool_bytes: u64,
    spool_fill_ratio: f64,
    is_shared: bool,
    ring_note: Option<String>,
    waiting_for: Option<String>,
}

impl From<metrics::PipelineHealth> for Health {
    fn from(health: metrics::PipelineHealth) -> Self {
        Self {
            counts: health.counts.into(),
            spool_bytes: health.spool_bytes,
            spool_fill_ratio: f64::from(health.spool_fill_permille) / 1e3,
            is_shared: health.is_shared,
            ring_note: health.ring_note,
            waiting_for: health.waiting_for,
        }
    }
}
