//! Replacing a file so that a crash leaves the old contents or the new, never a mixture.

mod error;
mod temporary;

use std::fs::{self, File, Metadata, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::path::Path;

pub use error::ReplaceError;
use temporary::Temporary;

use crate::sync_dir;

/// Only the owner may read or write: the safe side for state that may hold a secret.
const MODE_OF_A_NEW_FILE: u32 = 0o600;

/// How [`replace_with`] creates the new file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// Permission bits of the new file, whatever the umask. Default `None`: those of the file
    /// that is replaced, or `0o600` if there is none.
    pub mode: Option<u32>,
}

impl Options {
    /// Sets the permission bits of the new file, for example `0o644`.
    #[must_use]
    pub fn with_mode(mut self, mode: u32) -> Self {
        self.mode = Some(mode);
        self
    }
}

/// Replaces the contents of `path`, or creates it, so that a crash leaves the old or the new file.
///
/// When it returns `Ok`, the new contents survive a power cut. Permission bits and owner of an
/// existing file are kept; a new one gets `0o600`. What a killed writer left beside `path` is
/// removed.
///
/// # Errors
///
/// [`ReplaceError`]; in every case but [`ReplaceError::SyncDirectory`] the old file is untouched.
pub fn replace(path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) -> Result<(), ReplaceError> {
    replace_with(path, &Options::default(), bytes)
}

/// Does what [`replace`] does, with stated [`Options`].
///
/// # Errors
///
/// As [`replace`].
pub fn replace_with(
    path: impl AsRef<Path>,
    options: &Options,
    bytes: impl AsRef<[u8]>,
) -> Result<(), ReplaceError> {
    let (path, bytes) = (path.as_ref(), bytes.as_ref());
    let Some(name) = path.file_name() else {
        return Err(ReplaceError::NoFileName { path: path.to_owned() });
    };
    let old = existing(path)?;
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    temporary::remove_leftovers(directory, name);
    let temporary = Temporary::create(directory, name)
        .map_err(|source| ReplaceError::Create { directory: directory.to_owned(), source })?;
    let write = |source| ReplaceError::Write { path: path.to_owned(), source };
    keep_owner(temporary.file(), path, old.as_ref())?;
    let mode = options.mode.or(old.map(|old| old.mode() & 0o7777)).unwrap_or(MODE_OF_A_NEW_FILE);
    fill(temporary.file(), mode, bytes).map_err(write)?;
    temporary
        .rename_to(path)
        .map_err(|source| ReplaceError::Rename { path: path.to_owned(), source })?;
    sync_dir(directory)
        .map_err(|source| ReplaceError::SyncDirectory { path: path.to_owned(), source })
}

/// Returns what is at `path` now, if it is something that may be replaced.
fn existing(path: &Path) -> Result<Option<Metadata>, ReplaceError> {
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(ReplaceError::Inspect { path: path.to_owned(), source }),
    };
    if metadata.is_symlink() {
        let target = fs::read_link(path)
            .map_err(|source| ReplaceError::Inspect { path: path.to_owned(), source })?;
        return Err(ReplaceError::Symlink { path: path.to_owned(), target });
    }
    if !metadata.is_file() {
        let found = if metadata.is_dir() { "a directory" } else { "a special file" };
        return Err(ReplaceError::NotAFile { path: path.to_owned(), found });
    }
    Ok(Some(metadata))
}

/// Gives the new file the old one's owner: mode 0640 means something else for another group.
fn keep_owner(file: &File, path: &Path, old: Option<&Metadata>) -> Result<(), ReplaceError> {
    let Some(old) = old else { return Ok(()) };
    let (uid, gid) = (old.uid(), old.gid());
    let change = || -> io::Result<()> {
        let new = file.metadata()?;
        if (new.uid(), new.gid()) == (uid, gid) {
            return Ok(());
        }
        fchown(file, Some(uid), Some(gid))
    };
    change().map_err(|source| ReplaceError::Owner { path: path.to_owned(), uid, gid, source })
}

fn fill(mut file: &File, mode: u32, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)?;
    file.set_permissions(Permissions::from_mode(mode))?;
    file.sync_all()
}
