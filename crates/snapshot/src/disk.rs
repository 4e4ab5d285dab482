//! Every change that this crate makes to a file system goes through here.
//!
//! So a test can record the changes, refuse one of them, or end the process before it.

use std::collections::BTreeSet;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{AtFlags, CWD, RenameFlags, Timespec, Timestamps};

/// More changed files than that are synced all at once.
const SYNCED_SINGLY_MAX: usize = 48;

/// A change of the file system that is about to happen.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Act<'a> {
    /// A new file, which must not exist.
    Create {
        /// Where.
        path: &'a Path,
    },
    /// Bytes into a file.
    Write {
        /// Which file.
        path: &'a Path,
        /// From which byte on.
        offset: u64,
        /// What.
        bytes: &'a [u8],
    },
    /// A new length of a file.
    SetLen {
        /// Which file.
        path: &'a Path,
        /// In bytes.
        len: u64,
    },
    /// Mode, owner or time of something.
    SetMeta {
        /// Of what.
        path: &'a Path,
    },
    /// A file's bytes to the disk.
    Sync {
        /// Which file.
        path: &'a Path,
    },
    /// The names in a directory to the disk.
    SyncDir {
        /// Which directory.
        path: &'a Path,
    },
    /// All of the file system that holds a path to the disk.
    SyncAll {
        /// A path on it.
        path: &'a Path,
    },
    /// A new name in place of an old one.
    Rename {
        /// The old name.
        from: &'a Path,
        /// The new name.
        to: &'a Path,
    },
    /// Two names change places.
    Exchange {
        /// The one.
        one: &'a Path,
        /// The other.
        other: &'a Path,
    },
    /// A second name of a file.
    Link {
        /// The name that is there.
        original: &'a Path,
        /// The new name.
        path: &'a Path,
    },
    /// A symbolic link.
    Symlink {
        /// What it says.
        target: &'a Path,
        /// Where.
        path: &'a Path,
    },
    /// A directory.
    MakeDir {
        /// Where.
        path: &'a Path,
    },
    /// A name of a file goes.
    RemoveFile {
        /// Which.
        path: &'a Path,
    },
    /// An empty directory goes.
    RemoveDir {
        /// Which.
        path: &'a Path,
    },
    /// No change: a place between two steps of a plan.
    Point {
        /// Which place, for people.
        name: &'a str,
    },
}

/// Sees every change before it happens, and may refuse it.
pub trait Watch: Send + Sync + fmt::Debug {
    /// Looks at a change.
    ///
    /// # Errors
    ///
    /// What the change shall fail with; it is then not made.
    fn before(&self, act: &Act<'_>) -> io::Result<()>;
}

/// Permission bits, owner and time of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Meta {
    pub(crate) mode: u32,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) mtime_ns: i64,
}

/// Whether owners count: who may not set them cannot restore them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owners {
    Count,
    Ignored,
}

impl Owners {
    /// Only the superuser may give files away.
    pub(crate) fn here() -> Self {
        if rustix::process::geteuid().is_root() { Self::Count } else { Self::Ignored }
    }
}

/// The file system as this crate changes it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Disk {
    watch: Option<Arc<dyn Watch>>,
}

/// A file that is being written.
#[derive(Debug)]
pub(crate) struct Written<'a> {
    disk: &'a Disk,
    path: PathBuf,
    file: File,
}

impl Disk {
    pub(crate) fn watched(watch: Arc<dyn Watch>) -> Self {
        Self { watch: Some(watch) }
    }

    pub(crate) fn before(&self, act: &Act<'_>) -> io::Result<()> {
        self.watch.as_ref().map_or(Ok(()), |watch| watch.before(act))
    }

    /// Puts `bytes` in place of a small file, whole or not at all, and on the disk.
    pub(crate) fn replace_whole(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.before(&Act::Rename { from: path, to: path })?;
        plimsoll_durable::replace(path, bytes).map_err(io::Error::other)?;
        // The name may be there and its directory not on the disk: then it counts as failed.
        self.before(&Act::SyncDir { path: parent(path) })
    }

    /// A place between two steps, for tests.
    pub(crate) fn point(&self, name: &str) -> io::Result<()> {
        self.before(&Act::Point { name })
    }

    pub(crate) fn create(&self, path: &Path) -> io::Result<Written<'_>> {
        self.before(&Act::Create { path })?;
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        Ok(Written { disk: self, path: path.to_owned(), file })
    }

    pub(crate) fn open(&self, path: &Path) -> io::Result<Written<'_>> {
        let file = OpenOptions::new()
            .write(true)
            .custom_flags(i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or_default())
            .open(path)?;
        Ok(Written { disk: self, path: path.to_owned(), file })
    }

    pub(crate) fn make_dir(&self, path: &Path) -> io::Result<()> {
        use std::os::unix::fs::DirBuilderExt as _;
        self.before(&Act::MakeDir { path })?;
        fs::DirBuilder::new().mode(0o700).create(path)
    }

    /// Makes `path` and what is missing above it, each with its name on the disk.
    pub(crate) fn make_dirs(&self, path: &Path) -> io::Result<()> {
        if path.is_dir() {
            return Ok(());
        }
        let parent = parent(path);
        self.make_dirs(parent)?;
        match self.make_dir(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
            other => other.and_then(|()| self.sync_dir(parent)),
        }
    }

    pub(crate) fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.before(&Act::SyncDir { path })?;
        plimsoll_durable::sync_dir(path)
    }

    pub(crate) fn sync_all(&self, path: &Path) -> io::Result<()> {
        self.before(&Act::SyncAll { path })?;
        Ok(rustix::fs::syncfs(File::open(path)?)?)
    }

    /// Brings what was changed to the disk: one by one if it is little, as a sync of everything
    /// waits for other programs' files too.
    pub(crate) fn sync_changed(&self, at: &Path, changed: &BTreeSet<PathBuf>) -> io::Result<()> {
        if changed.len() > SYNCED_SINGLY_MAX {
            return self.sync_all(at);
        }
        for path in changed {
            match fs::symlink_metadata(path) {
                // A symbolic link cannot be opened, so not be synced by itself.
                Ok(found) if found.is_symlink() => return self.sync_all(at),
                Ok(found) if found.is_dir() => self.sync_dir(path)?,
                Ok(_) => match self.sync_file(path) {
                    // We wrote it and may not read it any more.
                    Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                        return self.sync_all(at);
                    }
                    other => other?,
                },
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn sync_file(&self, path: &Path) -> io::Result<()> {
        self.before(&Act::Sync { path })?;
        File::open(path)?.sync_all()
    }

    pub(crate) fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.before(&Act::Rename { from, to })?;
        fs::rename(from, to)
    }

    pub(crate) fn exchange(&self, one: &Path, other: &Path) -> io::Result<()> {
        self.before(&Act::Exchange { one, other })?;
        Ok(rustix::fs::renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE)?)
    }

    pub(crate) fn link(&self, original: &Path, path: &Path) -> io::Result<()> {
        self.before(&Act::Link { original, path })?;
        fs::hard_link(original, path)
    }

    pub(crate) fn symlink(&self, target: &Path, path: &Path) -> io::Result<()> {
        self.before(&Act::Symlink { target, path })?;
        std::os::unix::fs::symlink(target, path)
    }

    pub(crate) fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.before(&Act::RemoveFile { path })?;
        fs::remove_file(path)
    }

    pub(crate) fn remove_dir(&self, path: &Path) -> io::Result<()> {
        self.before(&Act::RemoveDir { path })?;
        fs::remove_dir(path)
    }

    /// Removes a directory with everything in it, if it is there.
    pub(crate) fn remove_tree(&self, path: &Path) -> io::Result<()> {
        let entries = match fs::read_dir(path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        for entry in entries {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                self.remove_tree(&entry.path())?;
            } else {
                self.remove_file(&entry.path())?;
            }
        }
        self.remove_dir(path)
    }

    /// Sets mode, owner and time, without following a symbolic link.
    pub(crate) fn set_meta(&self, path: &Path, meta: &Meta, owners: Owners) -> io::Result<()> {
        self.before(&Act::SetMeta { path })?;
        let found = fs::symlink_metadata(path)?;
        if owners == Owners::Count && (found.uid(), found.gid()) != (meta.uid, meta.gid) {
            std::os::unix::fs::lchown(path, Some(meta.uid), Some(meta.gid))?;
        }
        // A new owner takes the set-id bits away, so the mode comes after it.
        if !found.is_symlink() {
            rustix::fs::chmod(path, rustix::fs::Mode::from_raw_mode(meta.mode))?;
        }
        Ok(rustix::fs::utimensat(CWD, path, &times(meta.mtime_ns), AtFlags::SYMLINK_NOFOLLOW)?)
    }

    /// Replaces the file at `path` in one step; after `Ok` the new bytes survive a power cut.
    pub(crate) fn replace(&self, path: &Path, bytes: &[u8], temporary: &Path) -> io::Result<()> {
        let written = self.create(temporary)?;
        let filled = written.write_at(0, bytes).and_then(|()| written.sync());
        let renamed = filled.and_then(|()| self.rename(temporary, path));
        if renamed.is_err() {
            // Best effort: the next holder of the lock removes what stays.
            fs::remove_file(temporary).unwrap_or_default();
        }
        renamed.and_then(|()| self.sync_dir(parent(path)))
    }
}

impl Written<'_> {
    pub(crate) fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.disk.before(&Act::Write { path: &self.path, offset, bytes })?;
        self.file.write_all_at(bytes, offset)
    }

    pub(crate) fn set_len(&self, len: u64) -> io::Result<()> {
        self.disk.before(&Act::SetLen { path: &self.path, len })?;
        self.file.set_len(len)
    }

    pub(crate) fn sync(&self) -> io::Result<()> {
        self.disk.before(&Act::Sync { path: &self.path })?;
        self.file.sync_all()
    }

    /// Sets mode, owner and time of the open file.
    pub(crate) fn set_meta(&self, meta: &Meta, owners: Owners) -> io::Result<()> {
        self.disk.before(&Act::SetMeta { path: &self.path })?;
        let found = self.file.metadata()?;
        if owners == Owners::Count && (found.uid(), found.gid()) != (meta.uid, meta.gid) {
            std::os::unix::fs::fchown(&self.file, Some(meta.uid), Some(meta.gid))?;
        }
        rustix::fs::fchmod(&self.file, rustix::fs::Mode::from_raw_mode(meta.mode))?;
        Ok(rustix::fs::futimens(&self.file, &times(meta.mtime_ns))?)
    }
}

fn times(mtime_ns: i64) -> Timestamps {
    const NANOS: i64 = 1_000_000_000;
    let time = Timespec { tv_sec: mtime_ns.div_euclid(NANOS), tv_nsec: mtime_ns.rem_euclid(NANOS) };
    Timestamps { last_access: time, last_modification: time }
}

/// The directory that holds a name.
pub(crate) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}
