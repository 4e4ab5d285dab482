//! The port: somewhere to write.

#[cfg(feature = "ilp")]
pub(crate) mod exec;
mod file;
#[cfg(feature = "ilp")]
pub(crate) mod http;
#[cfg(feature = "ilp")]
mod ilp;
#[cfg(feature = "ilp")]
mod json;
mod line;
mod memory;
mod null;
#[cfg(feature = "questdb-rs")]
mod questdb_rs;
#[cfg(feature = "ilp")]
mod questdb_store;
#[cfg(feature = "ilp")]
pub(crate) mod select;
#[cfg(feature = "sqlite")]
pub(crate) mod sqlite;

use std::error::Error;

#[cfg(feature = "questdb-rs")]
pub use self::questdb_rs::HttpsSink;
#[cfg(feature = "sqlite")]
pub use self::sqlite::{
    Retained, SqliteCounts, SqliteError, SqliteOptions, SqliteSink, SqliteTables,
};
#[cfg(feature = "ilp")]
pub use self::{
    exec::{QueryError, QueryRows},
    http::{Auth, HttpClient, HttpError, HttpOptions, Response, Secret, UrlError},
    ilp::{IlpOptions, IlpSink},
    json::{Json, JsonError},
    questdb_store::QuestDb,
    select::{WritesError, only_reads},
};
pub use self::{
    file::{FileSink, FileSinkError, FileSync},
    line::{
        Line, LineCounts, LineEncoder, LineError, LineProtocol, LineValue, NameError, ParseError,
        parse as parse_lines,
    },
    memory::{MemoryRow, MemorySink, MemoryValue, Step},
    null::NullSink,
};

use crate::{batch::Batch, schema::Schema};

/// Who creates and changes tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ddl {
    /// Somebody else, with `plimsoll tables apply`; until then rows stay in the spool.
    Verify,
    /// The sink, before the first row of a table: what is missing is added, nothing is changed.
    Apply,
}

/// Somewhere that rows go. Runs on the shipper's thread only and may block within its own bounds.
pub trait Sink: Send {
    /// Makes the store ready for a table. Called before the first batch of a table, and again
    /// after each [`SinkError::Retry`] or [`SinkError::Pause`].
    ///
    /// # Errors
    ///
    /// [`SinkError`], as for [`Sink::write`].
    fn prepare(&mut self, schema: &Schema) -> Result<(), SinkError>;

    /// Writes all rows of the batch or none, and once when called twice with the same rows.
    ///
    /// # Errors
    ///
    /// [`SinkError`] says whether to send the same rows later, to leave rows out, or to wait for
    /// a person.
    fn write(&mut self, batch: &Batch<'_>) -> Result<(), SinkError>;
}

impl Sink for Box<dyn Sink> {
    fn prepare(&mut self, schema: &Schema) -> Result<(), SinkError> {
        (**self).prepare(schema)
    }

    fn write(&mut self, batch: &Batch<'_>) -> Result<(), SinkError> {
        (**self).write(batch)
    }
}

/// A row that a store will never take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// Index in the batch.
    pub row: usize,
    /// Why, in the store's words.
    pub reason: String,
}

/// Why a batch is not in the store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SinkError {
    /// The same rows may be taken later: refused, reset, timed out, or a server error.
    #[error("store did not answer")]
    Retry {
        /// Cause.
        source: Box<dyn Error + Send + Sync>,
    },
    /// These rows never; nothing of the batch is stored.
    #[error("{} rows refused", rows.len())]
    Reject {
        /// Which, and why.
        rows: Vec<Rejected>,
    },
    /// A person must act (credentials, schema, a suspended table); rows stay in the spool.
    #[error("store refuses rows: {reason}")]
    Pause {
        /// What was found, and what to do.
        reason: String,
    },
}
