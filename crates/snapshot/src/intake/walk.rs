//! What stands below the roots of a scope, in the order of a tree.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use super::IntakeError;
use crate::disk::Meta;
use crate::scope::{Matcher, Scope};
use crate::tree::{Entry, Node, TreePath};

/// Where a restore prepares files, below a root; never captured.
pub(crate) const STAGING_PREFIX: &str = ".plimsoll-restore-";

/// A file whose contents are still to be read.
#[derive(Debug)]
pub(crate) struct Found {
    /// Its entry in the tree.
    pub(crate) entry: usize,
    pub(crate) path: PathBuf,
    pub(crate) stat: Stat,
}

/// What tells whether a file is the one that was seen before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stat {
    pub(crate) dev: u64,
    pub(crate) ino: u64,
    pub(crate) len_bytes: u64,
    pub(crate) mtime_ns: i64,
    pub(crate) ctime_ns: i64,
}

/// Entries, of which the files have no pieces yet.
#[derive(Debug, Default)]
pub(crate) struct Walked {
    pub(crate) entries: Vec<Entry>,
    pub(crate) files: Vec<Found>,
    /// Sockets, pipes and devices.
    pub(crate) special: Vec<PathBuf>,
}

/// Whether a root may be absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Absent {
    Failure,
    Fine,
}

struct Walk<'a> {
    matcher: Matcher,
    own: Option<(u64, u64)>,
    /// First names of files that have several.
    linked: HashMap<(u64, u64), TreePath>,
    walked: &'a mut Walked,
    /// Below which root we are.
    root: PathBuf,
}

/// Lists everything of a scope. What `own` is, is left out.
pub(crate) fn walk(
    scope: &Scope,
    own: Option<&Path>,
    absent: Absent,
) -> Result<Walked, IntakeError> {
    let matcher = scope.matcher().map_err(|source| IntakeError::Pattern { source })?;
    let own = own.and_then(|own| fs::metadata(own).ok()).map(|own| (own.dev(), own.ino()));
    let mut walked = Walked::default();
    let linked = HashMap::new();
    let mut walk = Walk { matcher, own, linked, walked: &mut walked, root: PathBuf::new() };
    for (number, root) in scope.roots.iter().enumerate() {
        if !root.is_absolute() {
            return Err(IntakeError::Relative { path: root.clone() });
        }
        walk.root.clone_from(root);
        walk.root_entry(number, absent)?;
    }
    Ok(walked)
}

/// The first name of entries of a root; with leading zeros, so that ten follows nine.
pub(crate) fn root_name(number: usize) -> String {
    format!("{number:03}")
}

impl Walk<'_> {
    fn root_entry(&mut self, number: usize, absent: Absent) -> Result<(), IntakeError> {
        let root = self.root.clone();
        let metadata = match fs::symlink_metadata(&root) {
            Ok(metadata) => metadata,
            Err(error) if absent == Absent::Fine && is_absent(&error) => return Ok(()),
            Err(source) => return Err(IntakeError::Read { path: root, source }),
        };
        let tree_path = TreePath::new(root_name(number).as_bytes());
        self.entry(tree_path, &root, &metadata).map(drop)
    }

    /// Adds what stands at a path and below it; says whether anything was added.
    fn entry(
        &mut self,
        at: TreePath,
        path: &Path,
        metadata: &Metadata,
    ) -> Result<bool, IntakeError> {
        let kind = metadata.file_type();
        let meta = meta(metadata).into();
        if kind.is_dir() {
            return self.dir(&at, path, metadata);
        }
        let node = if kind.is_symlink() {
            let target = fs::read_link(path)
                .map_err(|source| IntakeError::Read { path: path.to_owned(), source })?;
            Node::Symlink { meta, target: TreePath::of(&target) }
        } else if kind.is_file() {
            self.file(&at, path, metadata)
        } else if kind.is_socket()
            || kind.is_fifo()
            || kind.is_block_device()
            || kind.is_char_device()
        {
            self.walked.special.push(path.to_owned());
            return Ok(false);
        } else {
            return Ok(false);
        };
        self.walked.entries.push(Entry { path: at, node });
        Ok(true)
    }

    fn file(&mut self, at: &TreePath, path: &Path, metadata: &Metadata) -> Node {
        let stat = stat(metadata);
        if metadata.nlink() > 1 {
            if let Some(first) = self.linked.get(&(stat.dev, stat.ino)) {
                return Node::HardLink { to: first.clone() };
            }
            self.linked.insert((stat.dev, stat.ino), at.clone());
        }
        let entry = self.walked.entries.len();
        self.walked.files.push(Found { entry, path: path.to_owned(), stat });
        Node::File { meta: meta(metadata).into(), pieces: Vec::new(), unsettled: false }
    }

    fn dir(
        &mut self,
        at: &TreePath,
        path: &Path,
        metadata: &Metadata,
    ) -> Result<bool, IntakeError> {
        if self.own == Some((metadata.dev(), metadata.ino())) {
            return Ok(false);
        }
        let before = self.walked.entries.len();
        let node = Node::Dir { meta: meta(metadata).into() };
        self.walked.entries.push(Entry { path: at.clone(), node });
        let unreadable = |source| IntakeError::Read { path: path.to_owned(), source };
        let mut names: Vec<OsString> = Vec::new();
        for entry in fs::read_dir(path).map_err(unreadable)? {
            names.push(entry.map_err(unreadable)?.file_name());
        }
        names.sort_unstable();
        let mut has_some = false;
        for name in names {
            let child = path.join(&name);
            let below = child.strip_prefix(&self.root).unwrap_or(&child);
            let is_staging = name.as_encoded_bytes().starts_with(STAGING_PREFIX.as_bytes());
            if is_staging || self.matcher.is_excluded(below) {
                continue;
            }
            let metadata = match fs::symlink_metadata(&child) {
                Ok(metadata) => metadata,
                // It went since the directory was read.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(source) => return Err(IntakeError::Read { path: child, source }),
            };
            if metadata.is_dir() || self.matcher.is_included(below) {
                has_some |= self.entry(at.join(&name), &child, &metadata)?;
            }
        }
        if !has_some && !self.matcher.keeps_empty_dirs() {
            self.walked.entries.truncate(before);
            return Ok(false);
        }
        Ok(true)
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

pub(crate) fn meta(metadata: &Metadata) -> Meta {
    Meta {
        mode: metadata.mode() & 0o7777,
        uid: metadata.uid(),
        gid: metadata.gid(),
        mtime_ns: nanos(metadata.mtime(), metadata.mtime_nsec()),
    }
}

pub(crate) fn stat(metadata: &Metadata) -> Stat {
    Stat {
        dev: metadata.dev(),
        ino: metadata.ino(),
        len_bytes: metadata.len(),
        mtime_ns: nanos(metadata.mtime(), metadata.mtime_nsec()),
        ctime_ns: nanos(metadata.ctime(), metadata.ctime_nsec()),
    }
}

fn nanos(secs: i64, nanos: i64) -> i64 {
    secs.saturating_mul(1_000_000_000).saturating_add(nanos)
}
