//! The state on disk: every byte under a digest, the generation before it beside it.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use plimsoll_durable::{Lock, replace};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::now::Now;
use crate::state::{SCHEMA_VERSION, State};
use crate::utc;

pub(crate) const STATE: &str = "state.json";
const BACKUP: &str = "state.json.bak";
const LOCK: &str = "state.lock";
/// How long a hook waits for another one.
const LOCK_WAIT_MAX: Duration = Duration::from_secs(2);
/// No state of ours is larger; what is, is not read.
const STATE_BYTES_MAX: u64 = 16 << 20;
/// Files that could not be read and were set aside; older ones are removed.
const SET_ASIDE_MAX: usize = 8;

const OPENING: &str = "{\"sha256\":\"";
const DIGEST_CHARS: usize = 64;

/// Why there is no state to rest on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A newer version of this software wrote it.
    #[error("`{}` has schema version {found}, this program knows {SCHEMA_VERSION}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
    },
    /// The system does not let us read it.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Another hook has the lock, longer than we wait.
    #[error("cannot lock `{}`: {why}", path.display())]
    Busy {
        /// The lock's file.
        path: PathBuf,
        /// Why, with the holder's name.
        why: String,
    },
    /// There can be no lock.
    #[error("cannot lock `{}`: {why}", path.display())]
    Lock {
        /// The lock's file.
        path: PathBuf,
        /// Why.
        why: String,
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

/// A state as it was read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Loaded {
    pub(crate) state: State,
    pub(crate) generation: u64,
    /// What a person should be told of how it was read.
    pub(crate) told: Option<String>,
    /// Whether the file itself is good, and so may become the backup.
    is_sound: bool,
    /// Files that are no state, to be set aside by whoever holds the lock.
    broken: Vec<PathBuf>,
}

/// The state under its lock.
#[derive(Debug)]
pub(crate) struct Held {
    dir: PathBuf,
    _lock: Lock,
    pub(crate) loaded: Loaded,
}

#[derive(Deserialize)]
struct Envelope {
    generation: u64,
    schema_version: u32,
    state: serde_json::Value,
}

#[derive(Serialize)]
struct EnvelopeRef<'a> {
    generation: u64,
    schema_version: u32,
    state: &'a State,
}

enum Found {
    Absent,
    Sound { state: Box<State>, generation: u64 },
    Broken { why: String },
}

/// Reads the state without a lock: it is replaced as a whole, so this is one generation or another.
pub(crate) fn peek(dir: &Path) -> Result<Loaded, StoreError> {
    let (path, backup) = (dir.join(STATE), dir.join(BACKUP));
    let why = match read(&path)? {
        Found::Sound { state, generation } => {
            return Ok(Loaded { state: *state, generation, is_sound: true, ..Loaded::default() });
        }
        Found::Absent => None,
        Found::Broken { why } => Some(why),
    };
    let broken: Vec<PathBuf> = why.iter().map(|_| path.clone()).collect();
    let what = why.map_or("state.json was gone".to_owned(), |why| {
        format!("state.json was no state ({why}) and was set aside")
    });
    match read(&backup)? {
        // What was lost may have had the next number, so the one after that is taken.
        Found::Sound { state, generation } => Ok(Loaded {
            state: *state,
            generation: generation.saturating_add(1),
            told: Some(format!("ralph: {what}; the generation before it goes on.")),
            is_sound: false,
            broken,
        }),
        Found::Absent if broken.is_empty() => Ok(Loaded::default()),
        Found::Absent => {
            let told = Some(format!("ralph: {what}; there is no backup, so no loop is known."));
            Ok(Loaded { told, broken, ..Loaded::default() })
        }
        Found::Broken { why } => {
            let mut broken = broken;
            broken.push(backup);
            let told = Some(format!(
                "ralph: {what}; the backup was none either ({why}), so no loop is known."
            ));
            Ok(Loaded { told, broken, ..Loaded::default() })
        }
    }
}

/// Takes the lock and reads. What is no state is set aside under a name that says when.
pub(crate) fn hold(dir: &Path, purpose: &str, now: &Now) -> Result<Held, StoreError> {
    let path = dir.join(LOCK);
    let lock = match Lock::acquire(&path, purpose, LOCK_WAIT_MAX) {
        Ok(lock) => lock,
        Err(error) if error.is_transient() => {
            return Err(StoreError::Busy { path, why: chain(&error) });
        }
        Err(error) => return Err(StoreError::Lock { path, why: chain(&error) }),
    };
    let mut loaded = peek(dir)?;
    for broken in std::mem::take(&mut loaded.broken) {
        set_aside(dir, &broken, now)?;
    }
    Ok(Held { dir: dir.to_owned(), _lock: lock, loaded })
}

impl Held {
    /// Replaces the state; when this returns, it survives a power cut.
    pub(crate) fn save(&mut self, state: &State) -> Result<u64, StoreError> {
        let path = self.dir.join(STATE);
        let generation = self.loaded.generation.saturating_add(1);
        let write = |why: String| StoreError::Write { path: path.clone(), why };
        let bytes = encode(state, generation).map_err(|error| write(chain(&error)))?;
        if self.loaded.is_sound {
            keep_backup(&self.dir, &path).map_err(|error| write(chain(&error)))?;
        }
        replace(&path, bytes).map_err(|error| write(chain(&error)))?;
        self.loaded.generation = generation;
        self.loaded.is_sound = true;
        Ok(generation)
    }
}

/// Makes the file that is there, which is sound and on disk, the backup: a second name for it.
fn keep_backup(dir: &Path, path: &Path) -> std::io::Result<()> {
    let (backup, fresh) = (dir.join(BACKUP), dir.join(".state.json.bak.new"));
    match fs::remove_file(&fresh) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    if fs::hard_link(path, &fresh).is_ok() {
        return fs::rename(&fresh, &backup);
    }
    // Not every file system has hard links.
    let bytes = fs::read(path)?;
    replace(&backup, bytes).map_err(std::io::Error::other)
}

fn encode(state: &State, generation: u64) -> Result<Vec<u8>, serde_json::Error> {
    sealed(&EnvelopeRef { generation, schema_version: SCHEMA_VERSION, state })
}

/// An object as JSON, with a digest over all that follows it: not one byte of the file is outside of it.
pub(crate) fn sealed(object: &impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
    let body = serde_json::to_string(object)?;
    let rest = format!("\",{}\n", body.strip_prefix('{').unwrap_or(&body));
    Ok(format!("{OPENING}{}{rest}", hex(&Sha256::digest(rest.as_bytes()))).into_bytes())
}

fn read(path: &Path) -> Result<Found, StoreError> {
    let failed = |source| StoreError::Read { path: path.to_owned(), source };
    let bytes = match fs::metadata(path) {
        Ok(found) if found.len() > STATE_BYTES_MAX => {
            return Ok(Found::Broken { why: format!("{} bytes", found.len()) });
        }
        Ok(_) => fs::read(path).map_err(failed)?,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Found::Absent),
        Err(source) => return Err(failed(source)),
    };
    let envelope: Envelope = match opened(&bytes) {
        Ok(envelope) => envelope,
        Err(why) => return Ok(Found::Broken { why }),
    };
    if envelope.schema_version > SCHEMA_VERSION {
        return Err(StoreError::Newer { path: path.to_owned(), found: envelope.schema_version });
    }
    match serde_json::from_value(envelope.state) {
        Ok(state) => Ok(Found::Sound { state, generation: envelope.generation }),
        Err(error) => Ok(Found::Broken { why: error.to_string() }),
    }
}

/// Reads what [`sealed`] has written, if not one byte of it has changed.
pub(crate) fn opened<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    let Some(after) = bytes.strip_prefix(OPENING.as_bytes()) else {
        return Err(if bytes.is_empty() { "empty".into() } else { "no digest in it".into() });
    };
    let Some((digest, rest)) = after.split_at_checked(DIGEST_CHARS) else {
        return Err("cut off".to_owned());
    };
    if hex(&Sha256::digest(rest)).as_bytes() != digest {
        return Err("its digest is another".to_owned());
    }
    serde_json::from_slice(bytes).map_err(|error| error.to_string())
}

pub(super) fn set_aside(dir: &Path, broken: &Path, now: &Now) -> Result<(), StoreError> {
    let name = broken.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let when = utc::stamp(now.wall_ms()).replace([':', '-'], "");
    let free = |n: u32| dir.join(format!("{name}.broken-{when}-{n}"));
    let target = (0..1_000).map(free).find(|path| !path.exists()).unwrap_or_else(|| free(1_000));
    fs::rename(broken, &target)
        .map_err(|error| StoreError::Write { path: target, why: error.to_string() })?;
    forget_old(dir);
    Ok(())
}

/// Keeps the newest of those set aside. That one cannot be removed is no reason to stop.
fn forget_old(dir: &Path) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    let mut aside: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.to_string_lossy().contains(".broken-"))
        .collect();
    aside.sort();
    let excess = aside.len().saturating_sub(SET_ASIDE_MAX);
    for path in aside.into_iter().take(excess) {
        fs::remove_file(path).unwrap_or_default();
    }
}

/// An error with its causes, in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// Bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a `String` does not fail.
        write!(text, "{byte:02x}").unwrap_or_default();
        text
    })
}
