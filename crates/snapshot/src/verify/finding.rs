//! What can be wrong with a snapshot.

use std::fmt;

use crate::digest::Digest;
use crate::id::SnapshotId;
use crate::pass::PackFault;

/// Something that is wrong with a store or a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// The file that says what the store is.
    Store {
        /// What is wrong.
        why: String,
    },
    /// A manifest.
    Manifest {
        /// Whose.
        id: SnapshotId,
        /// What is wrong.
        why: String,
    },
    /// A pack is not there.
    PackMissing {
        /// Its name.
        pack: Digest,
    },
    /// A pack is not what was written.
    PackDamaged {
        /// Its name.
        pack: Digest,
        /// What is wrong.
        why: String,
    },
    /// A content of a pack is not what was captured.
    Content {
        /// The pack.
        pack: Digest,
        /// The content.
        content: Digest,
        /// What is wrong.
        why: String,
    },
    /// A part could not be restored as it is.
    Part {
        /// The snapshot.
        id: SnapshotId,
        /// The part's name.
        part: String,
        /// What is wrong.
        why: String,
    },
}

impl Finding {
    pub(crate) fn of_pack(pack: Digest, fault: &PackFault) -> Self {
        let why = match fault {
            PackFault::Missing => return Self::PackMissing { pack },
            PackFault::Length { found_bytes, wanted_bytes } => {
                format!("it has {found_bytes} bytes, not {wanted_bytes}")
            }
            PackFault::Digest { found } => format!("its bytes have digest {}", found.short()),
            PackFault::Unreadable(why) | PackFault::Damaged(why) => why.clone(),
            PackFault::Sealed(error) => error.to_string(),
        };
        Self::PackDamaged { pack, why }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store { why } => write!(f, "file `store`: {why}"),
            Self::Manifest { id, why } => write!(f, "manifest of `{id}`: {why}"),
            Self::PackMissing { pack } => write!(f, "pack `{pack}` is missing"),
            Self::PackDamaged { pack, why } => write!(f, "pack `{pack}` is damaged: {why}"),
            Self::Content { pack, content, why } => {
                write!(f, "content `{content}` in pack `{pack}`: {why}")
            }
            Self::Part { id, part, why } => write!(f, "part `{part}` of `{id}` {why}"),
        }
    }
}
