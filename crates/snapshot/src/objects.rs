//! Where a store's objects lie: named byte strings, each written whole or not at all.

mod dir;
#[cfg(feature = "object-store")]
mod remote;

use std::fmt;
use std::io;
use std::time::SystemTime;

pub(crate) use dir::DirObjects;
#[cfg(feature = "object-store")]
pub use remote::BucketOptions;
#[cfg(feature = "object-store")]
pub(crate) use remote::RemoteObjects;

/// An object as a listing shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    /// The part of the name after the prefix.
    pub(crate) name: String,
    pub(crate) len_bytes: u64,
    pub(crate) modified: SystemTime,
}

/// Whether an object of that name may be there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Put {
    /// It must not be.
    New,
    /// It is replaced.
    Replace,
}

/// Named byte strings. After `Ok` a change survives a power cut.
pub(crate) trait Objects: Send + Sync + fmt::Debug {
    fn put(&self, name: &str, bytes: &[u8], put: Put) -> Result<(), ObjectError>;

    /// Reads a whole object into `into`, which is cleared before.
    fn get(&self, name: &str, into: &mut Vec<u8>) -> Result<(), ObjectError>;

    /// Reads at most the last `len_bytes` of an object; also says how long it is.
    fn get_end(&self, name: &str, len_bytes: u64) -> Result<(Vec<u8>, u64), ObjectError>;

    /// Lists the objects whose name begins with `prefix`, in the order of their names.
    fn list(&self, prefix: &str) -> Result<Vec<Listed>, ObjectError>;

    /// Removes an object; one that is not there is fine.
    fn delete(&self, name: &str) -> Result<(), ObjectError>;
}

/// Why an object could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ObjectError {
    /// There is no such object.
    #[error("the store has no `{name}`")]
    Missing {
        /// The object.
        name: String,
    },
    /// The object must be new, and there is one already.
    #[error("the store has `{name}` already")]
    Exists {
        /// The object.
        name: String,
    },
    /// The object could not be written.
    #[error("cannot write `{name}` to the store")]
    Write {
        /// The object.
        name: String,
        /// Why.
        source: io::Error,
    },
    /// The object could not be read.
    #[error("cannot read `{name}` from the store")]
    Read {
        /// The object.
        name: String,
        /// Why.
        source: io::Error,
    },
    /// The objects could not be listed.
    #[error("cannot list `{prefix}` of the store")]
    List {
        /// Beginning of their names.
        prefix: String,
        /// Why.
        source: io::Error,
    },
    /// The object could not be removed.
    #[error("cannot remove `{name}` from the store")]
    Delete {
        /// The object.
        name: String,
        /// Why.
        source: io::Error,
    },
}

impl ObjectError {
    /// Tells whether there was no room to write, so that prune or a larger disk helps.
    #[must_use]
    pub fn is_out_of_space(&self) -> bool {
        use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        matches!(self, Self::Write { source, .. }
            if matches!(source.kind(), StorageFull | QuotaExceeded | FileTooLarge))
    }
}
