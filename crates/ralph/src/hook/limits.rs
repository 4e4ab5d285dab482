//! `.ralph/limits.json`: the bounds as they were resolved when the hooks were installed, so that a
//! hook reads one small file and knows nothing of where they came from.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use plimsoll_durable::replace;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::store::{chain, hex};
use crate::config::Config;

/// The file's name in `.ralph`.
pub const LIMITS: &str = "limits.json";
/// The version of the file's shape.
const LIMITS_VERSION: u32 = 1;

/// What is in `.ralph/limits.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct LimitsFile {
    /// The version of the file's shape.
    pub schema_version: u32,
    /// Digest of the canonical file that it was resolved from; `None` if there was none, and the
    /// defaults hold.
    pub source_digest: Option<String>,
    /// The bounds.
    pub ralph: Config,
}

/// Why the bounds cannot be read. They are never replaced by defaults then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LimitsError {
    /// The system does not let us read it.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not what it should be.
    #[error("`{}` holds no limits", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// A newer version of this software wrote it.
    #[error("`{}` has schema version {found}, this program knows {LIMITS_VERSION}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
    },
    /// Values contradict each other.
    #[error("`{}` cannot be used: {problem}", path.display())]
    Contradiction {
        /// The file.
        path: PathBuf,
        /// The first contradiction.
        problem: String,
    },
    /// The system does not let us write it.
    #[error("cannot write `{}`: {why}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
}

/// Only the version: a newer file may have fields that we do not know.
#[derive(Deserialize)]
struct VersionOnly {
    schema_version: u32,
}

impl LimitsFile {
    /// Bounds that were resolved from a file with this digest.
    #[must_use]
    pub fn new(ralph: Config, source_digest: Option<String>) -> Self {
        Self { schema_version: LIMITS_VERSION, source_digest, ralph }
    }

    /// Reads the file of a project's `.ralph`; `None` if there is none, and the defaults hold.
    ///
    /// # Errors
    ///
    /// [`LimitsError`] if there is a file that cannot be used.
    pub fn read(dir: &Path) -> Result<Option<Self>, LimitsError> {
        let path = dir.join(LIMITS);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(LimitsError::Read { path, source }),
        };
        if let Ok(VersionOnly { schema_version: found }) = serde_json::from_str(&text)
            && found > LIMITS_VERSION
        {
            return Err(LimitsError::Newer { path, found });
        }
        let limits: Self = match serde_json::from_str(&text) {
            Ok(limits) => limits,
            Err(source) => return Err(LimitsError::Parse { path, source }),
        };
        match limits.ralph.problems().first() {
            Some(problem) => Err(LimitsError::Contradiction { path, problem: problem.to_string() }),
            None => Ok(Some(limits)),
        }
    }

    /// Writes the file into a project's `.ralph`.
    ///
    /// # Errors
    ///
    /// [`LimitsError::Write`].
    pub fn write(&self, dir: &Path) -> Result<(), LimitsError> {
        let path = dir.join(LIMITS);
        let write = |why: String| LimitsError::Write { path: path.clone(), why };
        let text = serde_json::to_string_pretty(self).map_err(|error| write(chain(&error)))?;
        replace(&path, format!("{text}\n")).map_err(|error| write(chain(&error)))
    }
}

/// Digest of what the bounds are resolved from: the canonical file and the one of this machine beside it. `None`: there
/// is no canonical file.
#[must_use]
pub fn source_digest(root: &Path, canonical_file: &str) -> Option<String> {
    let canonical = root.join(canonical_file);
    let mut digest = Sha256::new();
    digest.update(fs::read(&canonical).ok()?);
    let local = fs::read(canonical.with_extension("local.yaml"));
    digest.update(local.unwrap_or_default());
    Some(hex(&digest.finalize()))
}
