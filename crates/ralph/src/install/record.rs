//! Settings changed on disk, and what is remembered so that the change can be turned back byte for byte.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use plimsoll_durable::{Lock, replace};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::plan::{HookProgram, Plan, plan};
use super::settings::{Edit, Entry, SettingsError, add, take_out, undo};
use crate::event::Version;
use crate::hook::{chain, hex, opened, sealed};

const RECORD_VERSION: u32 = 1;
const LOCK_WAIT_MAX: Duration = Duration::from_secs(5);
/// Nobody's settings are larger.
const SETTINGS_BYTES_MAX: u64 = 16 << 20;

/// Why hooks cannot be put in or taken out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InstallError {
    /// A file cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The settings are not what a client takes.
    #[error("`{}` cannot be changed", path.display())]
    Settings {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: SettingsError,
    },
    /// What is remembered of an earlier installation was cut off or changed, or a newer version wrote it.
    #[error("`{}` is no record of an installation: {why}", path.display())]
    Record {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// A file cannot be locked or written.
    #[error("cannot write `{}`: {why}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
}

/// How settings were brought back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Restored {
    /// The file is what it was before, byte for byte; there is none if there was none.
    Exactly,
    /// What was put in is out, and what was changed elsewhere meanwhile stays.
    AroundChanges,
    /// The file had been written anew, so that hooks were taken out by its structure.
    ByStructure,
    /// There was nothing of ours in it.
    NothingThere,
}

/// Everything that was installed from here.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Installations {
    schema_version: u32,
    files: BTreeMap<String, FileRecord>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileRecord {
    /// The file as it was; `None` if there was none.
    before: Option<String>,
    after_sha256: String,
    edits: Vec<Edit>,
    entries: Vec<Entry>,
    status_line: Option<String>,
}

/// A settings file with what is remembered of it, under a lock.
struct Open<'a> {
    /// Where the file really is, if its name is a link.
    path: PathBuf,
    key: String,
    record: &'a Path,
    installations: Installations,
    _lock: Lock,
    /// `None`: there is no file.
    text: Option<String>,
}

/// Puts hooks into a settings file; those of an earlier installation are taken out first. `record` is the file that
/// remembers what was there.
///
/// # Errors
///
/// [`InstallError`]; then the settings are as before.
pub fn install(
    settings: &Path,
    record: &Path,
    hook: &HookProgram,
    client: Option<Version>,
    status_line: Option<&str>,
) -> Result<Plan, InstallError> {
    let mut open = Open::of(settings, record)?;
    let (before, _) = open.restored()?;
    let wrong = |source| InstallError::Settings { path: open.path.clone(), source };
    let plan =
        plan(before.as_deref().unwrap_or_default(), hook, client, status_line).map_err(wrong)?;
    let of_file = FileRecord {
        before,
        after_sha256: digest(&plan.after),
        edits: plan.edits.clone(),
        entries: plan.entries.clone(),
        status_line: plan.status_line.clone(),
    };
    // First what it takes to turn back: a crash in between leaves a record of a change that was not made, and that
    // one is turned back by its structure, which has nothing to do.
    open.installations.files.insert(open.key.clone(), of_file);
    open.remember()?;
    open.write(Some(&plan.after))?;
    Ok(plan)
}

/// Takes hooks out of a settings file.
///
/// # Errors
///
/// [`InstallError`]; then the settings are as before.
pub fn uninstall(settings: &Path, record: &Path) -> Result<Restored, InstallError> {
    let mut open = Open::of(settings, record)?;
    let (before, restored) = open.restored()?;
    if restored == Restored::NothingThere {
        return Ok(restored);
    }
    open.write(before.as_deref())?;
    open.installations.files.remove(&open.key);
    open.remember()?;
    Ok(restored)
}

impl<'a> Open<'a> {
    fn of(settings: &Path, record: &'a Path) -> Result<Open<'a>, InstallError> {
        let write = |path: &Path, why: String| InstallError::Write { path: path.to_owned(), why };
        let dir = record.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(dir).map_err(|error| write(dir, error.to_string()))?;
        let lock = record.with_extension("lock");
        let lock = Lock::acquire(&lock, "install", LOCK_WAIT_MAX)
            .map_err(|error| write(&lock, chain(&error)))?;
        let path = fs::canonicalize(settings).unwrap_or_else(|_absent| settings.to_owned());
        let text = read(&path)?;
        let installations = match read(record)? {
            None => Installations { schema_version: RECORD_VERSION, ..Installations::default() },
            Some(text) => opened(text.as_bytes())
                .and_then(newer_is_refused)
                .map_err(|why| InstallError::Record { path: record.to_owned(), why })?,
        };
        let key = path.display().to_string();
        Ok(Open { path, key, record, installations, _lock: lock, text })
    }

    /// The settings without anything of ours.
    fn restored(&self) -> Result<(Option<String>, Restored), InstallError> {
        let Some(text) = &self.text else { return Ok((None, Restored::NothingThere)) };
        let wrong = |source| InstallError::Settings { path: self.path.clone(), source };
        if let Some(known) = self.installations.files.get(&self.key) {
            if digest(text) == known.after_sha256 {
                return Ok((known.before.clone(), Restored::Exactly));
            }
            let again =
                |text: &str| Some(add(text, &known.entries, known.status_line.as_deref()).ok()?.0);
            if let Some(undone) = undo(text, &known.edits, again) {
                return Ok((Some(undone), Restored::AroundChanges));
            }
        }
        let taken = take_out(text).map_err(wrong)?;
        let restored = if taken == *text { Restored::NothingThere } else { Restored::ByStructure };
        Ok((Some(taken), restored))
    }

    fn write(&self, text: Option<&str>) -> Result<(), InstallError> {
        let failed = |why: String| InstallError::Write { path: self.path.clone(), why };
        let Some(text) = text else {
            fs::remove_file(&self.path).map_err(|error| failed(error.to_string()))?;
            // A folder that only this file was in was made for it.
            let dir = self.path.parent().unwrap_or(Path::new("."));
            return match fs::remove_dir(dir) {
                Err(error) if error.kind() != ErrorKind::DirectoryNotEmpty => {
                    Err(failed(error.to_string()))
                }
                _ => Ok(()),
            };
        };
        let dir = self.path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(dir).map_err(|error| failed(error.to_string()))?;
        replace(&self.path, text).map_err(|error| failed(chain(&error)))
    }

    fn remember(&self) -> Result<(), InstallError> {
        let failed = |why: String| InstallError::Write { path: self.record.to_owned(), why };
        let bytes = sealed(&self.installations).map_err(|error| failed(error.to_string()))?;
        replace(self.record, bytes).map_err(|error| failed(chain(&error)))
    }
}

/// Reads a file; `None` if there is none.
fn read(path: &Path) -> Result<Option<String>, InstallError> {
    let failed = |source| InstallError::Read { path: path.to_owned(), source };
    match fs::metadata(path) {
        Ok(found) if found.len() > SETTINGS_BYTES_MAX => {
            Err(failed(std::io::Error::new(ErrorKind::FileTooLarge, "more than 16 MiB")))
        }
        Ok(_) => fs::read_to_string(path).map(Some).map_err(failed),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(failed(source)),
    }
}

fn newer_is_refused(found: Installations) -> Result<Installations, String> {
    if found.schema_version > RECORD_VERSION {
        return Err(format!(
            "schema version {}, this program knows {RECORD_VERSION}",
            found.schema_version
        ));
    }
    Ok(found)
}

fn digest(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}
