//! Whether a turn changed anything: a fingerprint of HEAD, index and the content of what is
//! changed or untracked. Outside of git, of every file.

mod walk;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use plimsoll_process::git::Git;
use sha2::{Digest, Sha256};

use super::project::Project;
use super::store::{chain, hex};
use crate::facts::Tree;

/// Longer than a status of any repository that people work in.
const GIT_TIMEOUT: Duration = Duration::from_secs(20);
const GIT_OUTPUT_BYTES: usize = 32 << 20;
/// Larger files, and what comes after so many bytes, count by size and time of change.
const FILE_BYTES_MAX: u64 = 8 << 20;
const ALL_BYTES_MAX: u64 = 128 << 20;

/// The tree, and what differs from HEAD.
#[derive(Debug, Clone, Default)]
pub(crate) struct Listing {
    pub(crate) tree: Tree,
    /// Changed and untracked files, by path from the root.
    pub(crate) files: BTreeMap<PathBuf, Entry>,
    pub(crate) branch: Option<String>,
}

/// A file that differs from HEAD.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Digest of its content and mode; of nothing if it is gone.
    pub(crate) digest: u64,
    pub(crate) is_tracked: bool,
    pub(crate) is_gone: bool,
}

/// Looks at a project's tree.
pub(crate) fn look(project: &Project) -> Result<Listing, String> {
    if project.is_in_git() { in_git(project.root()) } else { walk::outside_of_git(project.root()) }
}

/// Git for reading and for plumbing that is over in a moment.
pub(crate) fn git(root: &Path) -> Git {
    Git::at(root).with_timeout(GIT_TIMEOUT).with_output_limit(GIT_OUTPUT_BYTES)
}

fn in_git(root: &Path) -> Result<Listing, String> {
    // How far the branch is ahead of its upstream would be counted commit by commit.
    let args = [
        "status",
        "--porcelain=v2",
        "--branch",
        "--no-ahead-behind",
        "-z",
        "-uall",
        "--no-renames",
    ];
    let status = git(root).run(args).map_err(|error| chain(&error))?;
    let mut listing = Listing::default();
    let mut fingerprint = Sha256::new();
    let mut budget_bytes = ALL_BYTES_MAX;
    for line in status.split(|byte| *byte == 0).filter(|line| !line.is_empty()) {
        let found = entry(line).map(|(path, is_tracked, touches_files)| {
            let path = PathBuf::from(std::ffi::OsString::from_vec(path.to_vec()));
            (path, is_tracked, touches_files)
        });
        if found.as_ref().is_some_and(|(path, ..)| is_of_the_client(path)) {
            continue;
        }
        fingerprint.update(u64::try_from(line.len()).unwrap_or_default().to_le_bytes());
        if let Some(header) = line.strip_prefix(b"# ") {
            if listing.header(header) {
                fingerprint.update(header);
            }
            continue;
        }
        fingerprint.update(line);
        let Some((path, is_tracked, touches_files)) = found else { continue };
        let found = content(&root.join(&path), &mut budget_bytes);
        if touches_files {
            fingerprint.update(found.as_ref().map_or([0; 32], |digest| *digest));
        }
        let entry = Entry { digest: short(&found), is_tracked, is_gone: found.is_none() };
        listing.files.insert(path, entry);
    }
    listing.tree.fingerprint = hex(&fingerprint.finalize());
    listing.tree.changed_files = u64::try_from(listing.files.len()).unwrap_or(u64::MAX);
    Ok(listing)
}

impl Listing {
    /// Takes a header; whether it counts as part of the tree.
    fn header(&mut self, header: &[u8]) -> bool {
        let text = String::from_utf8_lossy(header);
        match text.split_once(' ') {
            Some(("branch.oid", oid)) => {
                self.tree.head = (oid != "(initial)").then(|| oid.to_owned());
                true
            }
            Some(("branch.head", name)) => {
                self.branch = (name != "(detached)").then(|| name.to_owned());
                true
            }
            _ => false,
        }
    }
}

/// Whether the client or a loop that runs in it keeps its own books there, such as `.claude/ralph-loop.local.md`: they
/// change with every turn, and are nobody's work.
fn is_of_the_client(path: &Path) -> bool {
    let is_local = path.file_name().is_some_and(|name| name.to_string_lossy().contains(".local."));
    is_local && path.parent().is_some_and(|parent| parent.ends_with(".claude"))
}

/// Path of an entry, whether git tracks it, and whether its file is not what the index says.
fn entry(line: &[u8]) -> Option<(&[u8], bool, bool)> {
    let fields = |n: usize| line.splitn(n, |byte| *byte == b' ').nth(n.checked_sub(1)?);
    match line.first()? {
        b'1' => Some((fields(9)?, true, line.get(3) != Some(&b'.'))),
        b'u' => Some((fields(11)?, true, true)),
        b'?' => Some((line.get(2..)?, false, true)),
        _ => None,
    }
}

fn short(digest: &Option<[u8; 32]>) -> u64 {
    let Some(digest) = digest else { return 0 };
    digest.iter().take(8).fold(0, |sum, byte| (sum << 8) | u64::from(*byte))
}

/// Digest of what is at a path; `None` if nothing is.
fn content(path: &Path, budget_bytes: &mut u64) -> Option<[u8; 32]> {
    let found = fs::symlink_metadata(path).ok()?;
    let mut digest = Sha256::new();
    digest.update(found.mode().to_le_bytes());
    if found.is_symlink() {
        let target = fs::read_link(path).unwrap_or_default();
        digest.update(target.as_os_str().as_bytes());
    } else if found.is_file() && found.len() <= FILE_BYTES_MAX.min(*budget_bytes) {
        *budget_bytes = budget_bytes.saturating_sub(found.len());
        // What cannot be read differs by its size and time only.
        if copy(path, &mut digest).is_err() {
            stamp(&found, &mut digest);
        }
    } else {
        stamp(&found, &mut digest);
    }
    Some(digest.finalize().into())
}

fn stamp(found: &fs::Metadata, digest: &mut Sha256) {
    digest.update(found.len().to_le_bytes());
    digest.update(found.mtime().to_le_bytes());
    digest.update(found.mtime_nsec().to_le_bytes());
}

fn copy(path: &Path, digest: &mut Sha256) -> io::Result<()> {
    let mut file = File::open(path)?;
    let mut chunk = [0; 16 << 10];
    loop {
        match file.read(&mut chunk)? {
            0 => return Ok(()),
            n => digest.update(chunk.get(..n).unwrap_or_default()),
        }
    }
}
