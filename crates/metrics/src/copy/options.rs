//! How to copy.

use std::time::Duration;

/// How to copy.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CopyOptions {
    /// Tables by name; empty for every table that the source has.
    pub tables: Vec<String>,
    /// Rows of one stretch. Default 20,000, which takes some 20 MB.
    pub slice_rows: usize,
    /// Longest wait for a store that does not answer, each time. Default 60 s.
    pub patience: Duration,
    /// Only compares; nothing is sent and no table is made.
    pub dry_run: bool,
}

impl Default for CopyOptions {
    fn default() -> Self {
        let patience = Duration::from_secs(60);
        Self { tables: Vec::new(), slice_rows: 20_000, patience, dry_run: false }
    }
}

impl CopyOptions {
    /// Sets [`CopyOptions::tables`].
    #[must_use]
    pub fn with_tables(mut self, tables: Vec<String>) -> Self {
        self.tables = tables;
        self
    }

    /// Sets [`CopyOptions::slice_rows`].
    #[must_use]
    pub fn with_slice_rows(mut self, rows: usize) -> Self {
        self.slice_rows = rows.max(1);
        self
    }

    /// Sets [`CopyOptions::patience`].
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Only compares.
    #[must_use]
    pub fn with_dry_run(mut self, dry_run: bool) -> Self {
        self.dry_run = dry_run;
        self
    }
}
