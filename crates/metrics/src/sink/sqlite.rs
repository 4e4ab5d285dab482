//! The sink that needs no server: one SQLite file.

mod connection;
mod failure;
mod labels;
mod retain;
mod statement;
mod tables;
mod wal;
mod write;

use std::{
    collections::HashMap,
    error::Error,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{
    batch::Batch,
    ddl::Dialect,
    migrate::{self, ExistingTable, Target},
    options::Durability,
    schema::{SCHEMA_VERSION, Schema},
    sink::{Ddl, Sink, SinkError},
};

use connection::Opened;
use failure::Failure;
use labels::LabelIds;
use statement::TableWriter;

pub use retain::Retained;
pub use tables::SqliteTables;

pub(crate) use connection::{LOCK_WAIT, text_of};
#[cfg(feature = "ilp")]
pub(crate) use tables::existing;

/// How a store file is written.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SqliteOptions {
    /// What a commit survives. Default [`Durability::Power`].
    pub durability: Durability,
    /// Whether to create what is missing. Default [`Ddl::Apply`].
    pub ddl: Ddl,
    /// Longest wait for another writer. Default 5 s.
    pub busy_timeout: Duration,
    /// Bytes of the write-ahead log from which it is copied into the file. Default 32 MiB.
    pub checkpoint_bytes: u64,
    /// Bytes of the write-ahead log beyond which rows are not taken, because a reader that stays
    /// keeps the log from being reused. Default 1 GiB.
    pub wal_bytes_max: u64,
    /// Page cache, bytes. Default 64 MiB.
    pub cache_bytes: u32,
    /// Put before every table's name, such as `bt_`. Default empty.
    pub prefix: String,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self {
            durability: Durability::Power,
            ddl: Ddl::Apply,
            busy_timeout: LOCK_WAIT,
            checkpoint_bytes: 32 << 20,
            wal_bytes_max: 1 << 30,
            cache_bytes: 64 << 20,
            prefix: String::new(),
        }
    }
}

impl SqliteOptions {
    /// Sets what a commit survives.
    #[must_use]
    pub fn with_durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// Sets whether to create what is missing.
    #[must_use]
    pub fn with_ddl(mut self, ddl: Ddl) -> Self {
        self.ddl = ddl;
        self
    }

    /// Sets the longest wait for another writer.
    #[must_use]
    pub fn with_busy_timeout(mut self, busy_timeout: Duration) -> Self {
        self.busy_timeout = busy_timeout;
        self
    }

    /// Sets from how many bytes on the write-ahead log is copied into the file, and beyond how
    /// many rows are not taken.
    #[must_use]
    pub fn with_wal_bytes(mut self, checkpoint: u64, max: u64) -> Self {
        self.checkpoint_bytes = checkpoint;
        self.wal_bytes_max = max.max(checkpoint);
        self
    }

    /// Sets what is put before every table's name.
    #[must_use]
    pub fn with_prefix(mut self, prefix: &str) -> Self {
        prefix.clone_into(&mut self.prefix);
        self
    }
}

/// Why a store file cannot be opened or kept in order.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SqliteError {
    /// It cannot be opened as a store.
    #[error("cannot open store `{}`", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Whether the same may work later, such as a locked file.
        transient: bool,
        /// Cause.
        source: Box<dyn Error + Send + Sync>,
    },
    /// Old rows could not be deleted. Those counted so far are gone.
    #[error("cannot delete old rows of `{table}`")]
    Retain {
        /// Table.
        table: String,
        /// Whether the same may work later.
        transient: bool,
        /// Cause.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl SqliteError {
    /// Whether the same may work later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Open { transient, .. } | Self::Retain { transient, .. } => *transient,
        }
    }
}

/// What a sink has done since it was opened; all only grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct SqliteCounts {
    /// Rows of committed batches.
    pub rows: u64,
    /// Of these, rows that the store had already and were left as they are.
    pub replayed: u64,
    /// Values that were left out because the store has no such column.
    pub omitted: u64,
    /// Attempts to copy the write-ahead log that a reader kept from finishing.
    pub checkpoints_starved: u64,
}

/// Rows into one SQLite file, which others may read meanwhile. Values stay as they are, but for
/// the sign of zero, which SQLite does not keep.
///
/// One transaction per batch: all rows or none. A row that is there already is left as it is
/// ([`Key::Emission`](crate::Key::Emission)) or replaced ([`Key::Natural`](crate::Key::Natural)).
#[derive(Debug)]
pub struct SqliteSink {
    path: PathBuf,
    options: SqliteOptions,
    opened: Option<Opened>,
    tables: HashMap<String, TableWriter>,
    labels: LabelIds,
    counts: SqliteCounts,
}

impl SqliteSink {
    /// Opens or creates the store at `path`. Its folder must exist, on a local file system.
    ///
    /// # Errors
    ///
    /// [`SqliteError::Open`] if the file is no store, cannot be written or stays locked.
    pub fn open(path: impl AsRef<Path>, options: SqliteOptions) -> Result<Self, SqliteError> {
        let path = path.as_ref().to_owned();
        let opened = Opened::open(&path, &options).map_err(|failure| SqliteError::Open {
            path: path.clone(),
            transient: failure.is_transient(),
            source: Box::new(failure),
        })?;
        Ok(Self {
            path,
            options,
            opened: Some(opened),
            tables: HashMap::new(),
            labels: LabelIds::default(),
            counts: SqliteCounts::default(),
        })
    }

    /// What was done so far.
    #[must_use]
    pub fn counts(&self) -> SqliteCounts {
        self.counts
    }

    /// Values that were left out because the store has no such column.
    #[must_use]
    pub fn omitted(&self) -> u64 {
        self.counts.omitted
    }

    /// Opens the file again if it was lost, replaced or found damaged.
    fn reopen(&mut self) -> Result<(), Failure> {
        if self.opened.as_ref().is_some_and(|opened| opened.is_same_file(&self.path)) {
            return Ok(());
        }
        self.forget();
        self.opened = Some(Opened::open(&self.path, &self.options)?);
        Ok(())
    }

    fn forget(&mut self) {
        self.opened = None;
        self.tables.clear();
        self.labels = LabelIds::default();
    }

    fn try_prepare(&mut self, schema: &Schema) -> Result<(), Failure> {
        self.tables.remove(schema.name.as_ref());
        self.reopen()?;
        let Some(opened) = &self.opened else { return Err(Failure::Closed) };
        let found = opened.table(schema, &self.options)?;
        let writer = TableWriter::new(schema, &found, &self.options.prefix);
        self.tables.insert(schema.name.to_string(), writer);
        Ok(())
    }

    /// After a failure that says something about the file, the next attempt opens it anew.
    fn failed(&mut self, failure: Failure) -> SinkError {
        self.labels.roll_back();
        if failure.is_about_file() {
            self.forget();
        }
        failure.into_sink_error(&self.path)
    }
}

impl Sink for SqliteSink {
    fn prepare(&mut self, schema: &Schema) -> Result<(), SinkError> {
        self.try_prepare(schema).map_err(|failure| self.failed(failure))
    }

    fn write(&mut self, batch: &Batch<'_>) -> Result<(), SinkError> {
        self.try_write(std::slice::from_ref(batch)).map_err(|failure| self.failed(failure))
    }
}

impl Opened {
    /// The table as the store has it, after what is missing was created if that is allowed.
    fn table(&self, schema: &Schema, options: &SqliteOptions) -> Result<ExistingTable, Failure> {
        crate::ddl::check(schema)
            .map_err(|source| Failure::Refused { source: Box::new(source) })?;
        let name = schema.name.as_ref();
        let found = tables::existing(&self.connection, &options.prefix, Some(name))?.pop();
        if options.ddl == Ddl::Verify {
            let Some(found) = found else {
                return Err(Failure::NoTable { table: name.to_owned() });
            };
            migrate::check_same(schema, &found).map_err(Failure::differs)?;
            return Ok(found);
        }
        let target = Target {
            dialect: Dialect::Sqlite,
            prefix: &options.prefix,
            schemas: &[schema],
            version: SCHEMA_VERSION,
        };
        let steps = migrate::forward(schema, found.as_ref(), &target).map_err(Failure::differs)?;
        for step in &steps {
            // Another process may have done the step meanwhile: then the next attempt sees it.
            tables::execute(&self.connection, &step.statements)?;
        }
        let found = tables::existing(&self.connection, &options.prefix, Some(name))?.pop();
        found.ok_or_else(|| Failure::NoTable { table: name.to_owned() })
    }
}
