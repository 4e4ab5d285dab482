//! Keeps the write-ahead log bounded while others read.

use rusqlite::Connection;

use crate::sink::sqlite::failure::Failure;

#[derive(Debug)]
pub(super) struct Wal {
    page_bytes: u64,
    checkpoint_bytes: u64,
    bytes_max: u64,
    /// Bytes of the log that are in use, at the last look.
    bytes: u64,
}

impl Wal {
    pub(super) fn new(page_bytes: u64, checkpoint_bytes: u64, bytes_max: u64) -> Self {
        Self { page_bytes, checkpoint_bytes, bytes_max, bytes: 0 }
    }

    /// Before a write: refuses once the log is too long and cannot be taken over.
    pub(super) fn check(&mut self, connection: &Connection) -> Result<(), Failure> {
        if self.bytes <= self.bytes_max {
            return Ok(());
        }
        let full = Failure::WalFull { found: self.bytes, max: self.bytes_max };
        // A log that is not yet in the file, or that a reader is still in, cannot begin anew.
        let log = self.checkpoint(connection, "PASSIVE")?;
        if log.copied < log.all || self.checkpoint(connection, "RESTART")?.is_busy {
            return Err(full);
        }
        self.bytes = 0;
        Ok(())
    }

    /// After a commit: copies the log into the file when it is long. Returns whether a reader kept
    /// the copy from finishing.
    pub(super) fn committed(&mut self, connection: &Connection) -> Result<bool, Failure> {
        let log = self.checkpoint(connection, "NOOP")?;
        if log.all.saturating_sub(log.copied) < self.checkpoint_bytes {
            return Ok(false);
        }
        let log = self.checkpoint(connection, "PASSIVE")?;
        Ok(log.copied < log.all)
    }

    fn checkpoint(&mut self, connection: &Connection, mode: &str) -> Result<Log, Failure> {
        let mut statement = connection.prepare_cached(&format!("PRAGMA wal_checkpoint({mode})"))?;
        let (is_busy, all, copied): (bool, i64, i64) =
            statement.query_row([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        let bytes = |frames| u64::try_from(frames).unwrap_or(0).saturating_mul(self.page_bytes);
        let log = Log { is_busy, all: bytes(all), copied: bytes(copied) };
        self.bytes = log.all;
        Ok(log)
    }
}

/// The log in bytes: what it holds, and what of it is in the file.
struct Log {
    is_busy: bool,
    all: u64,
    copied: u64,
}
