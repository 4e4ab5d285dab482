//! Why a store cannot be used.

use std::io;
use std::path::PathBuf;

use plimsoll_durable::LockError;

use crate::framed::FrameError;
use crate::id::SnapshotId;
use crate::manifest::ManifestError;
use crate::objects::ObjectError;
use crate::seal::KeyError;

/// Why a store could not be made, opened or listed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is a store already.
    #[error("`{}` holds a store already", dir.display())]
    Exists {
        /// Its directory.
        dir: PathBuf,
    },
    /// There is no store.
    #[error("there is no store at `{place}`")]
    NoStore {
        /// Where it was looked for.
        place: String,
    },
    /// The directory could not be made or looked at.
    #[error("cannot use `{}` for a store", dir.display())]
    Create {
        /// The directory.
        dir: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The bucket could not be set up.
    #[error("cannot use the bucket `{url}`")]
    Bucket {
        /// Its URL.
        url: String,
        /// Why.
        source: io::Error,
    },
    /// Others may enter the directory.
    #[error("others may enter the store `{}` (mode {mode:o}): chmod 700 it", dir.display())]
    TooOpen {
        /// The directory.
        dir: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Recipients were given for a store that is not sealed.
    #[error("the store is not sealed, so recipients make no sense: make a new store with them")]
    NotSealed,
    /// A key cannot be used.
    #[error("cannot set up who may read the store")]
    Key {
        /// Why.
        source: KeyError,
    },
    /// The system gave no random bytes.
    #[error("cannot get random bytes from the system")]
    Random {
        /// Why.
        source: io::Error,
    },
    /// The file that says what the store is cannot be used.
    #[error("cannot use the file `store` of the store")]
    Settings {
        /// Why.
        source: FrameError,
    },
    /// The file that says what the store is has other text than known here.
    #[error("cannot read the file `store` of the store")]
    SettingsText {
        /// Why.
        source: serde_json::Error,
    },
    /// An object could not be read or listed.
    #[error("cannot read the store")]
    Object {
        /// Why.
        source: ObjectError,
    },
    /// No snapshot fits.
    #[error("the store has no snapshot `{wanted}`")]
    NoSnapshot {
        /// What was asked for.
        wanted: String,
    },
    /// Several snapshots fit.
    #[error("`{wanted}` may be any of {}", found.join(", "))]
    Ambiguous {
        /// What was asked for.
        wanted: String,
        /// The first that fit.
        found: Vec<String>,
    },
    /// A manifest cannot be used.
    #[error("cannot use the manifest of `{id}`")]
    Manifest {
        /// Whose.
        id: SnapshotId,
        /// Why.
        source: ManifestError,
    },
}

/// Why the right to write to a store could not be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LockedError {
    /// Somebody else has it.
    #[error("the store is in use: {by}")]
    Held {
        /// Who, since when and what for.
        by: String,
    },
    /// The lock file cannot be used.
    #[error("cannot lock the store: {why}")]
    Unusable {
        /// Why.
        why: String,
    },
    /// What a killed writer left cannot be removed.
    #[error("cannot remove what a killed writer left in `{}`", dir.display())]
    Leftovers {
        /// The store.
        dir: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl LockedError {
    pub(crate) fn of(error: &LockError) -> Self {
        match error {
            LockError::Held { .. } => Self::Held { by: error.to_string() },
            other => Self::Unusable { why: chain(other) },
        }
    }
}

/// An error and its causes on one line.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    let texts = std::iter::once(error.to_string()).chain(causes.map(ToString::to_string));
    texts.collect::<Vec<_>>().join(": ")
}
