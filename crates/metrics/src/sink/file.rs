//! Rows as lines of text in a file.

use std::{
    fs::{File, OpenOptions},
    io::{self, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use crate::{
    batch::Batch,
    schema::Schema,
    sink::{
        Rejected, Sink, SinkError,
        line::{LineEncoder, LineError, LineProtocol},
    },
};

/// When a file is made durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum FileSync {
    /// After each batch, before the rows count as stored.
    #[default]
    EachBatch,
    /// When the operating system sees fit: rows may be gone after a loss of power.
    Never,
}

/// Why a file cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileSinkError {
    /// It cannot be opened, created or measured.
    #[error("cannot open `{}` for appending", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Cause.
        source: io::Error,
    },
    /// Writing, syncing, or taking a half-written batch back failed.
    #[error("cannot append to `{}`", path.display())]
    Append {
        /// The file.
        path: PathBuf,
        /// Cause.
        source: io::Error,
    },
}

/// Appends rows to a file in line protocol version 1, which people and other receivers read.
///
/// **Durability:** by default a batch is synced before it counts as stored. A batch that fails is
/// taken back; one whose acknowledgment was lost is in the file twice, with the same key.
#[derive(Debug)]
pub struct FileSink {
    path: PathBuf,
    file: File,
    /// Length up to the last whole batch.
    length: u64,
    encoder: LineEncoder,
    buffer: Vec<u8>,
    sync: FileSync,
}

impl FileSink {
    /// Opens or creates a file and appends to it.
    ///
    /// # Errors
    ///
    /// [`FileSinkError::Open`] when that is not possible.
    pub fn open(path: impl AsRef<Path>, sync: FileSync) -> Result<Self, FileSinkError> {
        let path = path.as_ref().to_path_buf();
        let opened = OpenOptions::new().create(true).append(true).open(&path);
        let measured = opened.and_then(|file| file.metadata().map(|m| (file, m.len())));
        let (file, length) =
            measured.map_err(|source| FileSinkError::Open { path: path.clone(), source })?;
        let encoder = LineEncoder::new(LineProtocol::V1, "");
        Ok(Self { path, file, length, encoder, buffer: Vec::new(), sync })
    }

    fn append(&mut self) -> io::Result<()> {
        // What an earlier failure may have left half written goes first.
        if self.file.metadata()?.len() != self.length {
            self.file.set_len(self.length)?;
            self.file.seek(SeekFrom::End(0))?;
        }
        self.file.write_all(&self.buffer)?;
        if self.sync == FileSync::EachBatch {
            self.file.sync_data()?;
        }
        let written = u64::try_from(self.buffer.len()).unwrap_or(u64::MAX);
        self.length = self.length.saturating_add(written);
        Ok(())
    }
}

impl Sink for FileSink {
    fn prepare(&mut self, _schema: &Schema) -> Result<(), SinkError> {
        Ok(())
    }

    fn write(&mut self, batch: &Batch<'_>) -> Result<(), SinkError> {
        self.buffer.clear();
        match self.encoder.encode(batch, 0..batch.len(), &mut self.buffer) {
            Ok(()) => {}
            Err(LineError::Row { row, reason }) => {
                let rows = vec![Rejected { row, reason: reason.to_owned() }];
                return Err(SinkError::Reject { rows });
            }
            Err(LineError::Name { source }) => {
                return Err(SinkError::Pause { reason: source.to_string() });
            }
        }
        let path = self.path.clone();
        self.append().map_err(|source| SinkError::Retry {
            source: Box::new(FileSinkError::Append { path, source }),
        })
    }
}
