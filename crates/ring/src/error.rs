//! Errors of more than one file.

use std::io;
use std::path::PathBuf;

/// Why a run directory or a lane could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RingError {
    /// The name of a run directory is not one plain file name.
    #[error("`{name}` cannot name a run directory, wanted a file name without a leading dot")]
    Name {
        /// The name as given.
        name: String,
    },
    /// The number of slots is not usable.
    #[error("a lane of {found} slots is not possible, wanted a power of two of {min} to {max}")]
    Slots {
        /// Slots as given.
        found: u64,
        /// Fewest slots.
        min: u64,
        /// Most slots.
        max: u64,
    },
    /// A directory could not be made or moved to its name.
    #[error("cannot make directory `{}`", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A run directory of that name is there already.
    #[error("run directory `{}` exists already", path.display())]
    Exists {
        /// The directory.
        path: PathBuf,
    },
    /// The lock of the new run directory could not be taken.
    #[error("cannot lock `{}`", path.display())]
    Lock {
        /// The lock file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file could not be made.
    #[error("cannot create `{}`", path.display())]
    Create {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file system has no room for a file, which would be a SIGBUS in a later push.
    #[error("cannot allocate {bytes} bytes for `{}`", path.display())]
    Allocate {
        /// The file.
        path: PathBuf,
        /// Bytes wanted.
        bytes: u64,
        /// What the system said.
        source: io::Error,
    },
    /// Memory could not be mapped.
    #[error("cannot map {bytes} bytes of {what}")]
    Map {
        /// What was to be mapped: a path, or "private memory".
        what: String,
        /// Bytes wanted.
        bytes: u64,
        /// What the system said.
        source: io::Error,
    },
    /// This process was forked from the one that owns the arena.
    #[error("the arena belongs to the parent of this forked process")]
    Forked,
    /// This system has no shared mapping that is known to survive the process.
    #[error("lanes in files need Linux; use private memory")]
    Unsupported,
}
