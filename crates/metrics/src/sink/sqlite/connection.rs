//! One connection that writes, and which file it is of.

use std::{fs, os::unix::fs::MetadataExt, path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags, types::ValueRef};

use crate::{
    options::Durability,
    sink::sqlite::{SqliteOptions, failure::Failure, wal::Wal},
};

/// Longest wait for another writer, unless told otherwise.
pub(crate) const LOCK_WAIT: Duration = Duration::from_secs(5);

/// Statements that a connection keeps compiled: two per table, and a dozen besides.
const STATEMENTS: usize = 128;

#[derive(Debug)]
pub(super) struct Opened {
    pub(super) connection: Connection,
    pub(super) wal: Wal,
    file: (u64, u64),
}

impl Opened {
    pub(super) fn open(path: &Path, options: &SqliteOptions) -> Result<Self, Failure> {
        let connection = connect(path, options.busy_timeout)?;
        let synchronous = match options.durability {
            Durability::Process => "NORMAL",
            Durability::Power => "FULL",
        };
        // The page size counts only for a file that is new. Checkpoints are this sink's own, so
        // that one that a reader starves is seen.
        connection.execute_batch(&format!(
            "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = {synchronous};
             PRAGMA foreign_keys = OFF; PRAGMA wal_autocheckpoint = 0;
             PRAGMA cache_size = -{}; PRAGMA journal_size_limit = {}; PRAGMA temp_store = MEMORY;",
            options.cache_bytes >> 10,
            options.checkpoint_bytes,
        ))?;
        let page_bytes: u64 = connection
            .query_row("PRAGMA page_size", [], |row| row.get::<_, u32>(0).map(u64::from))?;
        let mode: String = connection.query_row("PRAGMA journal_mode", [], |row| row.get(0))?;
        if mode != "wal" {
            return Err(Failure::NoWal { mode });
        }
        let file = identity(path).ok_or(Failure::Closed)?;
        let wal = Wal::new(page_bytes, options.checkpoint_bytes, options.wal_bytes_max);
        Ok(Self { connection, wal, file })
    }

    /// Whether `path` is still the file that was opened: rows written into a file that was deleted
    /// or replaced would be gone without a word.
    pub(super) fn is_same_file(&self, path: &Path) -> bool {
        identity(path) == Some(self.file)
    }
}

/// A connection that reads and writes, and creates the file.
pub(super) fn connect(path: &Path, busy_timeout: Duration) -> Result<Connection, Failure> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(busy_timeout)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    fs::metadata(path).ok().map(|m| (m.dev(), m.ino()))
}

/// Text of a value, bytes that are not UTF-8 replaced; `None` if it is no text.
pub(crate) fn text_of(value: ValueRef<'_>) -> Option<String> {
    match value {
        ValueRef::Text(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        _ => None,
    }
}
