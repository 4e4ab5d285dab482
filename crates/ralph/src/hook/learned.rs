//! `.ralph/weights.json`: what loops' outcomes have taught the router of tasks.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use plimsoll_durable::{Lock, replace};
use serde::{Deserialize, Serialize};

use super::store::{chain, opened, sealed, set_aside};
use crate::classify::{Outcome, Weights, classify};
use crate::now::Now;

/// The file's name in `.ralph`.
pub const WEIGHTS: &str = "weights.json";
const LOCK: &str = "weights.lock";
const LOCK_WAIT_MAX: Duration = Duration::from_secs(2);
/// The version of the file's shape.
const WEIGHTS_VERSION: u32 = 1;

/// Why learned weights cannot be used or kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WeightsError {
    /// The system does not let us read it.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It was cut off or changed.
    #[error("`{}` holds no weights: {why}", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// A newer version of this software wrote it.
    #[error("`{}` has schema version {found}, this program knows {WEIGHTS_VERSION}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
    },
    /// It cannot be locked or written.
    #[error("cannot write `{}`: {why}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
}

#[derive(Serialize, Deserialize)]
struct Envelope {
    schema_version: u32,
    weights: serde_json::Value,
}

/// Reads what a project has learned, as it is now. No file is nothing learned.
///
/// # Errors
///
/// [`WeightsError`] if there is a file that cannot be used.
pub fn read_weights(dir: &Path, now: &Now) -> Result<Weights, WeightsError> {
    let path = dir.join(WEIGHTS);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Weights::default()),
        Err(source) => return Err(WeightsError::Read { path, source }),
    };
    let broken = |why: String| WeightsError::Broken { path: path.clone(), why };
    let Envelope { schema_version, weights } = opened(&bytes).map_err(broken)?;
    if schema_version > WEIGHTS_VERSION {
        return Err(WeightsError::Newer { path, found: schema_version });
    }
    let weights: Weights = serde_json::from_value(weights).map_err(|e| broken(e.to_string()))?;
    Ok(weights.decayed(now.wall))
}

/// Learns from how a loop ended. A file that is no longer what was written is set aside, and learning begins anew.
///
/// # Errors
///
/// [`WeightsError`] if nothing could be learned; then the file is as before.
pub(crate) fn learn(
    dir: &Path,
    task: &str,
    outcome: Outcome,
    now: &Now,
) -> Result<(), WeightsError> {
    let path = dir.join(WEIGHTS);
    let write = |why: String| WeightsError::Write { path: path.clone(), why };
    let _lock = Lock::acquire(dir.join(LOCK), "learning", LOCK_WAIT_MAX)
        .map_err(|error| write(chain(&error)))?;
    let weights = match read_weights(dir, now) {
        Err(WeightsError::Broken { .. }) => {
            set_aside(dir, &path, now).map_err(|error| write(chain(&error)))?;
            Weights::default()
        }
        read => read?,
    };
    let learned = weights.clone().after(&classify(task, &weights), outcome, now.wall);
    let weights = serde_json::to_value(&learned).map_err(|error| write(error.to_string()))?;
    let bytes = sealed(&Envelope { schema_version: WEIGHTS_VERSION, weights });
    let bytes = bytes.map_err(|error| write(error.to_string()))?;
    replace(&path, bytes).map_err(|error| write(chain(&error)))
}

/// Forgets what a project has learned; `false` if there was nothing.
///
/// # Errors
///
/// [`WeightsError::Write`] if it cannot be removed.
pub fn reset_weights(dir: &Path) -> Result<bool, WeightsError> {
    let path = dir.join(WEIGHTS);
    if !path.exists() {
        return Ok(false);
    }
    let write = |why: String| WeightsError::Write { path: path.clone(), why };
    let _lock = Lock::acquire(dir.join(LOCK), "forgetting", LOCK_WAIT_MAX)
        .map_err(|error| write(chain(&error)))?;
    match fs::remove_file(&path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(write(error.to_string())),
    }
}
