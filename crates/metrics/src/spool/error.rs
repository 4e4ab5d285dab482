//! Why a spool cannot be opened, written or read.

use std::io;
use std::path::PathBuf;

use super::Position;

/// Why a spool cannot be opened or inspected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpoolError {
    /// Another handle, in this process or another one, has the spool open.
    #[error("spool `{}` is in use by {holder}", dir.display())]
    Held {
        /// The folder of the spool.
        dir: PathBuf,
        /// Who holds it, as far as it is known.
        holder: String,
    },
    /// The lock file is of no use.
    #[error("cannot lock spool `{}`", dir.display())]
    Lock {
        /// The folder of the spool.
        dir: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file or the folder could not be created, read or changed.
    #[error("cannot {action} `{}`", path.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A newer program wrote this file.
    #[error("`{}` has spool version {found}, this program reads up to {wanted}", file.display())]
    Version {
        /// The segment or cursor.
        file: PathBuf,
        /// The version in the file.
        found: u32,
        /// The newest version that can be read.
        wanted: u32,
    },
    /// The file comes from a machine with another byte order, so its payloads cannot be read.
    #[error("`{}` has byte order mark {found:#010x}, this machine's is {wanted:#010x}", file.display())]
    ByteOrder {
        /// The segment.
        file: PathBuf,
        /// The mark as read here.
        found: u32,
        /// The mark as this machine writes it.
        wanted: u32,
    },
    /// An option is out of its range.
    #[error("{option} is {found}, allowed is {wanted}")]
    Option {
        /// The name of the option.
        option: &'static str,
        /// Its value.
        found: u64,
        /// The range, in words.
        wanted: &'static str,
    },
    /// The segment numbers are used up, or a file carries an absurd one.
    #[error("segment number {found} in `{}` is above {wanted}", dir.display())]
    Number {
        /// The folder of the spool.
        dir: PathBuf,
        /// The number found.
        found: u64,
        /// The largest number.
        wanted: u64,
    },
}

/// Why blocks were not committed. They stay in the writer's buffer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The spool holds as many unacknowledged bytes as it may.
    #[error("spool holds {used} bytes and may hold {bytes_max}, {wanted} more do not fit")]
    Full {
        /// Bytes that wait for acknowledgment.
        used: u64,
        /// Bytes of this commit, with what a new segment needs.
        wanted: u64,
        /// The bound.
        bytes_max: u64,
    },
    /// The segment could not be created or written, for example because the disk is full.
    #[error("cannot {action} `{}`", path.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// The segment or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A block is larger than a reader would accept. It is not in the buffer.
    #[error("block has {found} bytes, at most {wanted} are allowed")]
    BlockTooLarge {
        /// Payload bytes of the block.
        found: u64,
        /// The largest payload.
        wanted: u64,
    },
    /// The buffered blocks are more than one segment can ever hold. Discard them.
    #[error("commit has {found} bytes, at most {wanted} are allowed")]
    CommitTooLarge {
        /// Bytes of this commit, with what a new segment needs.
        found: u64,
        /// The largest commit.
        wanted: u64,
    },
    /// No further segment can be numbered.
    #[error("segment number {found} is above {wanted}")]
    Number {
        /// The number needed.
        found: u64,
        /// The largest number.
        wanted: u64,
    },
}

impl WriteError {
    /// Returns whether the same commit may succeed later.
    #[cfg(test)]
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            // What exceeds the bound on its own does not fit an empty spool either.
            Self::Full { wanted, bytes_max, .. } => wanted <= bytes_max,
            Self::Io { .. } => true,
            Self::BlockTooLarge { .. } | Self::CommitTooLarge { .. } | Self::Number { .. } => false,
        }
    }
}

/// Why the spool could not be read or an acknowledgment not be kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// A file could not be read, changed or removed. Trying again is safe.
    #[error("cannot {action} `{}`", path.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The acknowledged position was never returned by this reader.
    #[error("acknowledged {found:?}, but only read up to {wanted:?}")]
    AckAhead {
        /// The acknowledged position.
        found: Position,
        /// The position read up to.
        wanted: Position,
    },
}
