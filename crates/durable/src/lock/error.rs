//! Why a lock was not taken.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use super::Holder;

/// Why a lock was not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// Somebody else holds the lock.
    #[error("`{}` is locked by {}{}", path.display(), name(holder.as_ref()), after(*waited))]
    Held {
        /// The lock file.
        path: PathBuf,
        /// Who holds it; `None` if that cannot be told, for example because the holder has the
        /// lock but has not written its name yet.
        holder: Option<Holder>,
        /// How long we waited; zero if we were not to wait.
        waited: Duration,
    },
    /// The lock file cannot be opened or created.
    #[error("cannot open the lock file `{}`", path.display())]
    Open {
        /// The lock file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The path is there, but not as a file.
    #[error("`{}` is not a file, wanted a lock file", path.display())]
    NotAFile {
        /// The path as given.
        path: PathBuf,
    },
    /// The file system does not lock.
    #[error("cannot lock `{}`", path.display())]
    Unsupported {
        /// The lock file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The lock was taken, but its holder could not be written into the file; it is free again.
    #[error("cannot write the holder into the lock file `{}`", path.display())]
    Describe {
        /// The lock file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Something removes the lock file again and again.
    #[error("the lock file `{}` vanished {attempts} times while it was being locked", path.display())]
    KeepsVanishing {
        /// The lock file.
        path: PathBuf,
        /// How often we tried.
        attempts: u32,
    },
}

impl LockError {
    /// Tells whether trying again later may succeed without anybody changing anything.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Held { .. } | Self::KeepsVanishing { .. })
    }

    /// Returns who holds the lock, if that is the reason and it is known.
    #[must_use]
    pub fn holder(&self) -> Option<&Holder> {
        match self {
            Self::Held { holder, .. } => holder.as_ref(),
            _ => None,
        }
    }
}

fn name(holder: Option<&Holder>) -> String {
    holder.map_or_else(|| "a process that has not given its name".to_owned(), Holder::to_string)
}

fn after(waited: Duration) -> String {
    if waited.is_zero() {
        String::new()
    } else {
        format!(", still after {} ms", waited.as_millis())
    }
}
