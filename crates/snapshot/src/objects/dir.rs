//! Objects as files of a directory that only its owner may enter.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use super::{Listed, ObjectError, Objects, Put};
use crate::disk::{Disk, parent};

/// Where files are written before they get their name.
const TEMPORARY: &str = "tmp";

#[derive(Debug)]
pub(crate) struct DirObjects {
    root: PathBuf,
    disk: Disk,
    serial: AtomicU64,
}

impl DirObjects {
    /// Makes the directories of a new store; those that are there stay.
    pub(crate) fn create(root: &Path, disk: &Disk) -> io::Result<()> {
        disk.make_dirs(root)?;
        for name in [TEMPORARY, "packs", "snapshots"] {
            disk.make_dirs(&root.join(name))?;
        }
        Ok(())
    }

    pub(crate) fn new(root: PathBuf, disk: Disk) -> Self {
        Self { root, disk, serial: AtomicU64::new(0) }
    }

    /// Removes what killed writers left. The caller holds the store's lock.
    pub(crate) fn remove_leftovers(&self) -> io::Result<()> {
        let temporary = self.root.join(TEMPORARY);
        for entry in fs::read_dir(&temporary)? {
            let path = entry?.path();
            if path.is_dir() {
                self.disk.remove_tree(&path)
            } else {
                self.disk.remove_file(&path)
            }?;
        }
        Ok(())
    }

    fn fresh(&self) -> PathBuf {
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        self.root.join(TEMPORARY).join(format!("{}-{serial}", std::process::id()))
    }

    fn open(&self, name: &str) -> Result<File, ObjectError> {
        File::open(self.root.join(name)).map_err(|source| read_error(name, source))
    }
}

impl Objects for DirObjects {
    fn put(&self, name: &str, bytes: &[u8], put: Put) -> Result<(), ObjectError> {
        let path = self.root.join(name);
        // The lock is held, so nobody else makes the file between this look and the rename.
        if put == Put::New && path.symlink_metadata().is_ok() {
            return Err(ObjectError::Exists { name: name.to_owned() });
        }
        self.disk
            .replace(&path, bytes, &self.fresh())
            .map_err(|source| ObjectError::Write { name: name.to_owned(), source })
    }

    fn get(&self, name: &str, into: &mut Vec<u8>) -> Result<(), ObjectError> {
        into.clear();
        let mut file = self.open(name)?;
        file.read_to_end(into).map(drop).map_err(|source| read_error(name, source))
    }

    fn get_end(&self, name: &str, len_bytes: u64) -> Result<(Vec<u8>, u64), ObjectError> {
        let mut file = self.open(name)?;
        let read = |file: &mut File| -> io::Result<(Vec<u8>, u64)> {
            let total = file.metadata()?.len();
            file.seek(SeekFrom::Start(total.saturating_sub(len_bytes)))?;
            let mut end = Vec::new();
            file.read_to_end(&mut end)?;
            Ok((end, total))
        };
        read(&mut file).map_err(|source| read_error(name, source))
    }

    fn list(&self, prefix: &str) -> Result<Vec<Listed>, ObjectError> {
        let list = || -> io::Result<Vec<Listed>> {
            let mut listed = Vec::new();
            for entry in fs::read_dir(self.root.join(prefix))? {
                let entry = entry?;
                let metadata = entry.metadata()?;
                let (true, Ok(name)) = (metadata.is_file(), entry.file_name().into_string()) else {
                    continue;
                };
                let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                listed.push(Listed { name, len_bytes: metadata.len(), modified });
            }
            listed.sort_by(|a, b| a.name.cmp(&b.name));
            Ok(listed)
        };
        list().map_err(|source| ObjectError::List { prefix: prefix.to_owned(), source })
    }

    fn delete(&self, name: &str) -> Result<(), ObjectError> {
        let path = self.root.join(name);
        let removed = match self.disk.remove_file(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            other => other.and_then(|()| self.disk.sync_dir(parent(&path))),
        };
        removed.map_err(|source| ObjectError::Delete { name: name.to_owned(), source })
    }
}

fn read_error(name: &str, source: io::Error) -> ObjectError {
    if source.kind() == io::ErrorKind::NotFound {
        ObjectError::Missing { name: name.to_owned() }
    } else {
        ObjectError::Read { name: name.to_owned(), source }
    }
}
