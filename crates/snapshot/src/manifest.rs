//! The manifest: what a snapshot is, how each part went, and where its contents are.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::framed::{self, FrameError};
use crate::id::SnapshotId;
use crate::scope::Scope;
use crate::seal::{OpenError, Sealing};
use crate::tree::Piece;

/// Version of the store's format. A newer one is refused.
pub(crate) const SCHEMA_VERSION: u32 = 1;
const WORD: &str = "plimsoll-snapshot";

/// How the capture of a part went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// It is in the snapshot.
    Captured,
    /// It is not, though it should be.
    Failed {
        /// Why, in words without secrets.
        why: String,
    },
    /// There was nothing to capture.
    Skipped {
        /// Why, in words without secrets.
        why: String,
    },
}

/// Whether a snapshot is good without a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Need {
    /// A snapshot in which it failed is a failed one.
    Required,
    /// It may fail; that is said.
    Optional,
}

/// One part of a snapshot, as everybody may know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PartRecord {
    /// Its name, unique in the snapshot.
    pub name: String,
    /// What sort of part it is, such as `files` or `git`.
    pub kind: String,
    /// Whether the snapshot is good without it.
    pub need: Need,
    /// How its capture went.
    pub outcome: Outcome,
    /// Files, directories, links and documents in it.
    pub entries: u64,
    /// Length of all its contents, in bytes.
    pub len_bytes: u64,
    /// What a person should know about it, without secrets.
    pub notes: Vec<String>,
    /// Milliseconds that its capture took.
    pub duration_ms: u64,
}

/// A pack that a snapshot needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PackRef {
    pub(crate) name: Digest,
    pub(crate) len_bytes: u64,
}

/// What of a part only a reader of its contents may know.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PartBody {
    /// The pieces of the tree's text.
    pub(crate) tree: Vec<Piece>,
    /// What it is of, for parts of files.
    pub(crate) scope: Scope,
    /// Facts that the capture states, such as `commit`.
    pub(crate) facts: BTreeMap<String, String>,
}

/// Bodies by the name of their part, in clear or sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Bodies {
    Clear(BTreeMap<String, PartBody>),
    /// Hexadecimal digits of what is sealed.
    Sealed(String),
}

/// A snapshot as its manifest describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Manifest {
    schema_version: u32,
    /// Its name.
    pub id: SnapshotId,
    /// When it was begun by this machine's clock, UTC nanoseconds since 1970.
    pub created_ns: i64,
    /// Version of the program that made it.
    pub tool_version: String,
    /// Digest of the configuration in force, as given by the caller.
    pub config_digest: Option<String>,
    /// Words by which it can be found and kept.
    pub tags: Vec<String>,
    /// Its parts, in the order of their capture.
    pub parts: Vec<PartRecord>,
    packs: Vec<PackRef>,
    bodies: Bodies,
}

/// Why a manifest cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// The file is not a whole manifest of a known version.
    #[error("it is no manifest that can be used")]
    Frame {
        /// Why.
        source: FrameError,
    },
    /// The text is not a manifest's.
    #[error("its text cannot be read")]
    Parse {
        /// Why.
        source: serde_json::Error,
    },
    /// It stands under another name.
    #[error("it is that of `{found}`")]
    OtherId {
        /// Whose it is.
        found: SnapshotId,
    },
    /// What it says of its parts is sealed.
    #[error("its list of contents cannot be opened")]
    Sealed {
        /// Why.
        source: OpenError,
    },
}

/// What a manifest is made of.
pub(crate) struct Draft {
    pub(crate) id: SnapshotId,
    pub(crate) created_ns: i64,
    pub(crate) tool_version: String,
    pub(crate) config_digest: Option<String>,
    pub(crate) tags: Vec<String>,
    pub(crate) parts: Vec<(PartRecord, PartBody)>,
    pub(crate) packs: Vec<PackRef>,
}

impl Manifest {
    pub(crate) fn new(draft: Draft, sealing: &Sealing) -> std::io::Result<Self> {
        let (parts, bodies): (Vec<PartRecord>, BTreeMap<String, PartBody>) = draft
            .parts
            .into_iter()
            .map(|(record, body)| (record.clone(), (record.name, body)))
            .unzip();
        let bodies = if sealing.is_sealed() {
            Bodies::Sealed(to_hex(&sealing.seal(serde_json::to_vec(&bodies)?)?))
        } else {
            Bodies::Clear(bodies)
        };
        Ok(Self {
            schema_version: SCHEMA_VERSION,
            id: draft.id,
            created_ns: draft.created_ns,
            tool_version: draft.tool_version,
            config_digest: draft.config_digest,
            tags: draft.tags,
            parts,
            packs: draft.packs,
            bodies,
        })
    }

    /// Tells whether every required part was captured.
    #[must_use]
    pub fn is_good(&self) -> bool {
        let failed = |part: &PartRecord| {
            matches!(part.outcome, Outcome::Failed { .. }) && part.need == Need::Required
        };
        !self.parts.iter().any(failed)
    }

    /// Tells whether a plan took it before it changed something.
    #[must_use]
    pub fn is_of_plan(&self) -> bool {
        self.tags.iter().any(|tag| tag.starts_with("plan:"))
    }

    /// Returns the part of that name.
    #[must_use]
    pub fn part(&self, name: &str) -> Option<&PartRecord> {
        self.parts.iter().find(|part| part.name == name)
    }

    /// Tells whether only the holder of a key can read its contents.
    #[must_use]
    pub fn is_sealed(&self) -> bool {
        matches!(self.bodies, Bodies::Sealed(_))
    }

    /// Returns how many bytes its packs have together, some of them shared with others.
    #[must_use]
    pub fn stored_bytes(&self) -> u64 {
        self.packs.iter().map(|pack| pack.len_bytes).sum()
    }

    pub(crate) fn packs(&self) -> &[PackRef] {
        &self.packs
    }

    pub(crate) fn set_packs(&mut self, packs: Vec<PackRef>) {
        self.packs = packs;
    }

    pub(crate) fn bodies(
        &self,
        sealing: &Sealing,
    ) -> Result<BTreeMap<String, PartBody>, ManifestError> {
        match &self.bodies {
            Bodies::Clear(bodies) => Ok(bodies.clone()),
            Bodies::Sealed(hex) => {
                let wrong = |source| ManifestError::Sealed { source };
                let sealed = from_hex(hex)
                    .ok_or_else(|| wrong(OpenError::damaged("it has other than hex digits")))?;
                if !sealing.is_sealed() {
                    return Err(wrong(OpenError::NoIdentity));
                }
                let mut room = Vec::new();
                let plain = sealing.open(&sealed, &mut room).map_err(wrong)?;
                serde_json::from_slice(plain).map_err(|source| ManifestError::Parse { source })
            }
        }
    }

    pub(crate) fn write(&self) -> std::io::Result<Vec<u8>> {
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        Ok(framed::write(WORD, SCHEMA_VERSION, &text))
    }

    pub(crate) fn read(file: &[u8], id: &SnapshotId) -> Result<Self, ManifestError> {
        let text = framed::read(file, WORD, SCHEMA_VERSION)
            .map_err(|source| ManifestError::Frame { source })?;
        let manifest: Self =
            serde_json::from_slice(text).map_err(|source| ManifestError::Parse { source })?;
        if manifest.id != *id {
            return Err(ManifestError::OtherId { found: manifest.id });
        }
        Ok(manifest)
    }
}

pub(crate) fn to_hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing into a string cannot fail.
        write!(text, "{byte:02x}").unwrap_or_default();
        text
    })
}

pub(crate) fn from_hex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

/// Where roots of files are now: as captured, or moved into another directory.
pub(crate) fn moved(root: &std::path::Path, into: Option<&std::path::Path>) -> PathBuf {
    let Some(into) = into else { return root.to_owned() };
    let below: PathBuf =
        root.components().filter(|part| matches!(part, std::path::Component::Normal(_))).collect();
    into.join(below)
}
