//! The temporary file beside the target, and what killed writers left of theirs.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

const SUFFIX: &[u8] = b".plimsoll-tmp";
/// Names are at most 255 bytes on the usual file systems; the rest is for pid and suffix.
const NAME_LEN_MAX: usize = 190;
const CREATE_ATTEMPTS_MAX: u32 = 64;

static SERIAL: AtomicU64 = AtomicU64::new(0);

/// A new file that removes itself unless it is renamed.
///
/// Its writer holds the kernel's lock on it: a cleaner that gets the lock knows the writer is gone.
#[derive(Debug)]
pub(super) struct Temporary {
    path: PathBuf,
    file: File,
    armed: bool,
}

impl Temporary {
    pub(super) fn create(directory: &Path, name: &OsStr) -> io::Result<Self> {
        let mut last = io::Error::from(io::ErrorKind::AlreadyExists);
        for _ in 0..CREATE_ATTEMPTS_MAX {
            let path = directory.join(fresh_name(name));
            let opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
            let file = match opened {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    last = error;
                    continue;
                }
                Err(error) => return Err(error),
            };
            let temporary = Self { path, file, armed: true };
            // A cleaner may have come between creation and lock; then the name is gone.
            if temporary.file.try_lock().is_ok() && temporary.file.metadata()?.nlink() == 1 {
                return Ok(temporary);
            }
            last = io::Error::from(io::ErrorKind::ResourceBusy);
        }
        Err(last)
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }

    pub(super) fn rename_to(mut self, target: &Path) -> io::Result<()> {
        fs::rename(&self.path, target)?;
        self.armed = false;
        Ok(())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if self.armed {
            // Best effort: what stays is removed by the next replacement.
            fs::remove_file(&self.path).unwrap_or_default();
        }
    }
}

/// Removes temporary files for `name` whose writer is gone.
///
/// Best effort: a leftover costs space and is tried again next time, it never blocks a write.
pub(super) fn remove_leftovers(directory: &Path, name: &OsStr) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        if is_ours(&entry.file_name(), name) {
            remove_if_abandoned(&entry.path());
        }
    }
}

fn remove_if_abandoned(path: &Path) {
    let Ok(metadata) = fs::symlink_metadata(path) else { return };
    if !metadata.is_file() {
        return;
    }
    let Ok(file) = File::open(path) else { return };
    if file.try_lock().is_err() {
        return;
    }
    // The name must still mean the file that is locked, or a live writer would lose its own.
    let same = |a: &fs::Metadata, b: &fs::Metadata| (a.dev(), a.ino()) == (b.dev(), b.ino());
    match (file.metadata(), fs::symlink_metadata(path)) {
        (Ok(locked), Ok(named)) if same(&locked, &named) => {
            fs::remove_file(path).unwrap_or_default();
        }
        _ => {}
    }
}

fn prefix(name: &OsStr) -> Vec<u8> {
    let name = name.as_bytes();
    let mut prefix = Vec::with_capacity(name.len() + 2);
    prefix.push(b'.');
    prefix.extend(name.iter().take(NAME_LEN_MAX));
    prefix.push(b'.');
    prefix
}

/// `.NAME.PID-SERIAL.plimsoll-tmp`.
fn fresh_name(name: &OsStr) -> OsString {
    let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
    let mut fresh = prefix(name);
    fresh.extend(format!("{}-{serial}", std::process::id()).into_bytes());
    fresh.extend(SUFFIX);
    OsString::from_vec(fresh)
}

fn is_ours(candidate: &OsStr, name: &OsStr) -> bool {
    let middle = candidate
        .as_bytes()
        .strip_prefix(prefix(name).as_slice())
        .and_then(|rest| rest.strip_suffix(SUFFIX));
    let Some(middle) = middle else { return false };
    let mut halves = middle.split(|byte| *byte == b'-');
    let number = |half: Option<&[u8]>| {
        half.is_some_and(|h| !h.is_empty() && h.iter().all(u8::is_ascii_digit))
    };
    number(halves.next()) && number(halves.next()) && halves.next().is_none()
}
