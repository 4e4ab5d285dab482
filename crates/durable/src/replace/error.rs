//! Why a file could not be replaced.

use std::io;
use std::path::PathBuf;

/// Why a file could not be replaced.
///
/// Except for [`ReplaceError::SyncDirectory`], the old file is there as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplaceError {
    /// The path has no last component that could name a file.
    #[error("`{}` does not name a file", path.display())]
    NoFileName {
        /// The path as given.
        path: PathBuf,
    },
    /// The path is a symbolic link; replacing it would cut the link instead of changing its target.
    #[error(
        "`{}` is a symbolic link to `{}`, wanted a file: give the path of the file itself",
        path.display(),
        target.display()
    )]
    Symlink {
        /// The path as given.
        path: PathBuf,
        /// Where the link points.
        target: PathBuf,
    },
    /// The path is there, but not as a file.
    #[error("`{}` is {found}, wanted a file", path.display())]
    NotAFile {
        /// The path as given.
        path: PathBuf,
        /// What is there.
        found: &'static str,
    },
    /// The path could not be looked at.
    #[error("cannot look at `{}`", path.display())]
    Inspect {
        /// The path as given.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The temporary file could not be created: no such directory, or no right to write there.
    #[error("cannot create a file in the directory `{}`", directory.display())]
    Create {
        /// The directory of the target.
        directory: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The new file could not be given the owner of the old one.
    #[error(
        "cannot keep the owner (uid {uid}, gid {gid}) of `{}`: run as that user, or remove the file",
        path.display()
    )]
    Owner {
        /// The path as given.
        path: PathBuf,
        /// User id of the old file.
        uid: u32,
        /// Group id of the old file.
        gid: u32,
        /// What the system said.
        source: io::Error,
    },
    /// The new contents could not be written and synced beside the target.
    #[error("cannot write the new contents of `{}`", path.display())]
    Write {
        /// The path as given.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The new file could not take the place of the old one.
    #[error("cannot put the new file in the place of `{}`", path.display())]
    Rename {
        /// The path as given.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The new file is in place, but it is not known whether it would survive a power cut.
    #[error("`{}` is replaced, but its directory could not be synced", path.display())]
    SyncDirectory {
        /// The path as given.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl ReplaceError {
    /// Tells whether the cause is want of space, a quota, or a limit on the size of a file.
    #[must_use]
    pub fn is_out_of_space(&self) -> bool {
        use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        match self {
            Self::Create { source, .. }
            | Self::Write { source, .. }
            | Self::Rename { source, .. }
            | Self::SyncDirectory { source, .. } => {
                matches!(source.kind(), StorageFull | QuotaExceeded | FileTooLarge)
            }
            _ => false,
        }
    }
}
