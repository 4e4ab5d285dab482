//! What is not committed, as git objects in a pack of its own.
//!
//! It has the form of a stash: a commit of the work tree, whose parents are the commit that is
//! checked out, a commit of the index, and one of the untracked files. All names and dates are
//! fixed, so that the same work has the same ids.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use plimsoll_process::git::Git as Client;
use plimsoll_process::{Command, Output};

use super::super::CaptureError;
use crate::scratch::Scratch;

/// How many paths or ids are given to one git command.
const BATCH: usize = 2000;
/// Contents that are looked into for secrets at once.
const SEARCHED_LEN_MAX: u64 = 32 << 20;

/// Work that no commit has.
#[derive(Debug)]
pub(super) struct Dirty {
    /// Tree of the index.
    pub(super) staged: String,
    /// The commit in the form of a stash; empty if there is no such work.
    pub(super) work: String,
    /// How many files are changed, staged or untracked.
    pub(super) files: usize,
    /// A pack with everything that is kept, if anything is.
    pub(super) pack: Option<PathBuf>,
    /// What could not be kept.
    pub(super) notes: Vec<String>,
}

/// Whose history is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum History {
    /// Commits that no remote has, if there is a remote.
    Unpushed,
    All,
}

/// Git with objects and an index elsewhere, so that the repository stays as it is.
struct Aside<'a> {
    git: &'a Client,
    root: &'a Path,
    scratch: &'a Path,
    objects: PathBuf,
    date: String,
    /// Digits of an id: a repository has SHA-1 or SHA-256.
    id_len: usize,
}

/// Makes objects of everything that is not committed.
pub(super) fn dirty(
    git: &Client,
    root: &Path,
    commit: &str,
    history: History,
    scratch: &Scratch,
) -> Result<Dirty, CaptureError> {
    let path = |name: &str| -> Result<PathBuf, CaptureError> {
        Ok(root.join(super::line(git, &["rev-parse", "--git-path", name])?))
    };
    let index = path("index")?;
    let date = super::line(git, &["log", "-1", "--format=%cI", commit])?;
    let (scratch_dir, objects, id_len) = (scratch.path(), path("objects")?, commit.len());
    let aside = Aside { git, root, scratch: scratch_dir, objects, date, id_len };
    let copied = fs::create_dir_all(scratch.path().join("objects"))
        .and_then(|()| copy_if_there(&index, &scratch.path().join("index")));
    copied.map_err(|error| CaptureError::new("cannot copy the index").with_source(error))?;
    let mut notes = Vec::new();
    let staged = aside.tree("index").map_err(|error| {
        CaptureError::new("cannot write the index as a tree: is a merge under way?")
            .with_source(error)
    })?;
    let head_tree = super::line(git, &["rev-parse", &format!("{commit}^{{tree}}")])?;
    let (work, changed) = aside.work(&mut notes)?;
    let (untracked, new) = aside.untracked(&mut notes)?;
    let cached =
        aside.lines("index", &["diff-index", "--cached", "--name-only", "-z", commit], &[])?;
    let files: BTreeSet<Vec<u8>> = cached.into_iter().chain(changed).chain(new).collect();
    let is_clean = staged == head_tree && work == staged && files.is_empty();
    let stash = if is_clean {
        String::new()
    } else {
        let index = aside.commit(&staged, &[commit], "index")?;
        let mut parents = vec![commit.to_owned(), index];
        if let Some(untracked) = &untracked {
            parents.push(aside.commit(untracked, &[], "untracked files")?);
        }
        let parents: Vec<&str> = parents.iter().map(String::as_str).collect();
        aside.commit(&work, &parents, "work in progress")?
    };
    let wanted = if is_clean { commit } else { &stash };
    let pack = aside.pack(wanted, commit, history, &mut notes)?;
    Ok(Dirty { staged, work: stash, files: files.len(), pack, notes })
}

fn copy_if_there(from: &Path, to: &Path) -> std::io::Result<()> {
    match fs::copy(from, to) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        other => other.map(drop),
    }
}

impl Aside<'_> {
    fn command(&self, index: &str, args: &[&str]) -> Command {
        let own = self.scratch.join("objects");
        // The same work shall have the same ids, whoever captures it and when.
        let mut command = self
            .git
            .command(args)
            .env("GIT_INDEX_FILE", self.scratch.join(index))
            .env("GIT_OBJECT_DIRECTORY", own)
            .env("GIT_ALTERNATE_OBJECT_DIRECTORIES", &self.objects);
        for who in ["AUTHOR", "COMMITTER"] {
            command = command
                .env(format!("GIT_{who}_NAME"), "plimsoll")
                .env(format!("GIT_{who}_EMAIL"), "plimsoll@localhost")
                .env(format!("GIT_{who}_DATE"), &self.date);
        }
        command
    }

    fn run(&self, index: &str, args: &[&str], stdin: Vec<u8>) -> Result<Vec<u8>, CaptureError> {
        let failed = || CaptureError::new(format!("git {} failed", args.first().unwrap_or(&"")));
        let output: Output = self
            .command(index, args)
            .stdin(stdin)
            .run()
            .map_err(|error| failed().with_source(error))?;
        if !output.success() {
            let said: String = output.stderr.text().trim().chars().take(300).collect();
            return Err(failed().with_source(said));
        }
        output.stdout.whole().map(<[u8]>::to_vec).ok_or_else(|| {
            failed().with_source(format!("it wrote {} bytes", output.stdout.total_bytes()))
        })
    }

    /// What a command writes with zeros between.
    fn lines(
        &self,
        index: &str,
        args: &[&str],
        stdin: &[u8],
    ) -> Result<Vec<Vec<u8>>, CaptureError> {
        let bytes = self.run(index, args, stdin.to_vec())?;
        let parts = bytes.split(|byte| *byte == 0).filter(|part| !part.is_empty());
        Ok(parts.map(<[u8]>::to_vec).collect())
    }

    fn id(&self, index: &str, args: &[&str], stdin: Vec<u8>) -> Result<String, CaptureError> {
        let bytes = self.run(index, args, stdin)?;
        Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
    }

    fn tree(&self, index: &str) -> Result<String, CaptureError> {
        self.id(index, &["write-tree"], Vec::new())
    }

    fn commit(&self, tree: &str, parents: &[&str], what: &str) -> Result<String, CaptureError> {
        let mut args = vec!["commit-tree", tree, "-m", what];
        parents.iter().for_each(|parent| args.extend(["-p", parent]));
        self.id("index", &args, Vec::new())
    }

    /// The tree of all files that git knows, as they are now, and which of them are changed.
    fn work(&self, notes: &mut Vec<String>) -> Result<(String, Vec<Vec<u8>>), CaptureError> {
        let failed = |error| CaptureError::new("cannot copy the index").with_source(error);
        copy_if_there(&self.scratch.join("index"), &self.scratch.join("work")).map_err(failed)?;
        // It says by its exit code that some are changed, which is what is asked for next.
        let refresh = self.command("work", &["update-index", "-q", "--refresh"]).run();
        refresh.map_err(|error| CaptureError::new("git update-index failed").with_source(error))?;
        let changed = self.lines("work", &["diff-files", "--name-only", "-z"], &[])?;
        self.add("work", &changed, notes)?;
        Ok((self.tree("work")?, changed))
    }

    /// The tree of the files that git does not know, if there are any.
    fn untracked(
        &self,
        notes: &mut Vec<String>,
    ) -> Result<(Option<String>, Vec<Vec<u8>>), CaptureError> {
        let args = ["ls-files", "--others", "--exclude-standard", "-z"];
        let new = self.lines("index", &args, &[])?;
        self.add("untracked", &new, notes)?;
        let tree = if new.is_empty() { None } else { Some(self.tree("untracked")?) };
        Ok((tree, new))
    }

    /// Puts files as they are into an index, byte for byte.
    fn add(
        &self,
        index: &str,
        paths: &[Vec<u8>],
        notes: &mut Vec<String>,
    ) -> Result<(), CaptureError> {
        let mut lines = Vec::new();
        let mut files: Vec<(&[u8], u32)> = Vec::new();
        for path in paths {
            let place = self.root.join(Path::new(std::ffi::OsStr::from_bytes(path)));
            let shown = String::from_utf8_lossy(path);
            let failed =
                |error| CaptureError::new(format!("cannot read `{shown}`")).with_source(error);
            match fs::symlink_metadata(&place) {
                Ok(found) if found.is_symlink() => {
                    let target = fs::read_link(&place).map_err(failed)?;
                    let id = self.hash(index, target.as_os_str().as_bytes())?;
                    entry(&mut lines, "120000", &id, path);
                }
                // Names are given to git by lines, so one with a line's end is not.
                Ok(found) if found.is_file() && path.contains(&b'\n') => {
                    let id = self.hash(index, &fs::read(&place).map_err(failed)?)?;
                    entry(&mut lines, mode(found.mode()), &id, path);
                }
                Ok(found) if found.is_file() => files.push((path, found.mode())),
                Ok(_) => {
                    notes.push(format!("`{shown}` is a repository of its own and is not kept"));
                }
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    entry(&mut lines, "0", &"0".repeat(self.id_len), path);
                }
                Err(error) => return Err(failed(error)),
            }
        }
        for batch in files.chunks(BATCH) {
            let mut names = Vec::new();
            batch.iter().for_each(|(path, _)| names.extend([path, &b"\n"[..]].concat()));
            let args = ["hash-object", "-w", "--no-filters", "--stdin-paths"];
            let ids = self.id(index, &args, names)?;
            if ids.lines().count() != batch.len() {
                return Err(CaptureError::new("git hash-object gave another number of ids"));
            }
            for ((path, bits), id) in batch.iter().zip(ids.lines()) {
                entry(&mut lines, mode(*bits), id, path);
            }
        }
        self.run(index, &["update-index", "-z", "--index-info"], lines).map(drop)
    }

    fn hash(&self, index: &str, contents: &[u8]) -> Result<String, CaptureError> {
        let args = ["hash-object", "-w", "--no-filters", "--stdin"];
        self.id(index, &args, contents.to_vec())
    }

    /// Writes a pack of what the wanted commit has and the remotes have not.
    fn pack(
        &self,
        wanted: &str,
        head: &str,
        history: History,
        notes: &mut Vec<String>,
    ) -> Result<Option<PathBuf>, CaptureError> {
        let mut revisions = format!("{wanted}\n");
        if history == History::Unpushed {
            let remotes =
                super::line(self.git, &["for-each-ref", "--format=%(objectname)", "refs/remotes"])?;
            if remotes.is_empty() {
                notes
                    .push("there is no remote, so only this repository has the commits".to_owned());
                revisions.push_str(&format!("^{head}\n"));
            }
            let known: BTreeSet<&str> = remotes.lines().collect();
            known.iter().for_each(|id| revisions.push_str(&format!("^{id}\n")));
        }
        let base = self.scratch.join("pack");
        let base = base.to_string_lossy();
        let args = ["pack-objects", "--revs", "--quiet", "--threads=1", &base];
        let name = self.id("index", &args, revisions.into_bytes())?;
        let pack = self.scratch.join(format!("pack-{name}.pack"));
        Ok((!name.is_empty() && pack.exists()).then_some(pack))
    }
}

fn mode(bits: u32) -> &'static str {
    if bits & 0o100 == 0 { "100644" } else { "100755" }
}

fn entry(lines: &mut Vec<u8>, mode: &str, id: &str, path: &[u8]) {
    lines.extend_from_slice(format!("{mode} {id}\t").as_bytes());
    lines.extend_from_slice(path);
    lines.push(0);
}

/// Names the first object of a pack that holds a secret.
///
/// The index of the pack lies beside it, and its objects are not in the repository.
pub(super) fn find_secret(
    git: &Client,
    pack: &Path,
    is_secret: &mut dyn FnMut(&[u8]) -> Option<String>,
) -> Result<Option<String>, CaptureError> {
    let failed = |what: &str| CaptureError::new(format!("cannot look into the pack: {what}"));
    let shown = pack.to_string_lossy();
    let listed = super::line(git, &["verify-pack", "-v", &shown])?;
    let mut blobs: Vec<(&str, u64)> = Vec::new();
    for line in listed.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        if let [id, "blob", len, ..] = words.as_slice() {
            blobs.push((id, len.parse().map_err(|_| failed("a length"))?));
        }
    }
    let objects = pack.parent().map(|dir| dir.join("objects")).unwrap_or_default();
    let mut rest = blobs.as_slice();
    while !rest.is_empty() {
        let mut sum = 0;
        let fits = rest.iter().take_while(|(_, len)| {
            sum += len;
            sum <= SEARCHED_LEN_MAX
        });
        let (batch, after) = rest.split_at(fits.count().max(1));
        rest = after;
        let ids: String = batch.iter().map(|(id, _)| format!("{id}\n")).collect();
        let len: u64 = batch.iter().map(|(_, len)| len + 200).sum();
        let output = git
            .command(["cat-file", "--batch"])
            .env("GIT_ALTERNATE_OBJECT_DIRECTORIES", &objects)
            .output_limit(usize::try_from(len.saturating_mul(2)).unwrap_or(usize::MAX))
            .stdin(ids)
            .run()
            .map_err(|error| failed("git cat-file").with_source(error))?;
        let mut bytes = output.stdout.whole().ok_or_else(|| failed("it is too long"))?;
        for (id, len) in batch {
            let end = bytes.iter().position(|b| *b == b'\n').ok_or_else(|| failed("no line"))?;
            let len = usize::try_from(*len).unwrap_or(usize::MAX);
            let contents = bytes.get(end + 1..).and_then(|rest| rest.split_at_checked(len));
            let (contents, after) = contents.ok_or_else(|| failed("it is cut off"))?;
            if let Some(found) = is_secret(contents) {
                return Ok(Some(format!("object {id} ({found})")));
            }
            bytes = after.get(1..).unwrap_or_default();
        }
    }
    Ok(None)
}
