//! Bringing an iteration's files back. What is there now is kept first.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use plimsoll_process::git::Git;

use super::checkpoint::{self, Keep};
use super::project::Project;
use super::store::chain;
use super::tree::{self, Entry};

const REFS: &str = "refs/ralph/";

/// An iteration whose state is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Kept {
    /// The loop.
    pub loop_id: String,
    /// Which iteration.
    pub iteration: u32,
    /// The commit.
    pub commit: String,
    /// When it was kept, seconds since 1970.
    pub at_secs: u64,
}

/// What a restore would do.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RestorePlan {
    /// Where from.
    pub kept: Kept,
    /// Files that get other contents, by path from the root.
    pub writes: Vec<PathBuf>,
    /// Files that were not there.
    pub removes: Vec<PathBuf>,
}

/// Why nothing was restored, or not all of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// There is no such checkpoint.
    #[error("no checkpoint of {loop_id} at or before iteration {iteration}")]
    NotKept {
        /// The loop.
        loop_id: String,
        /// The iteration.
        iteration: u32,
    },
    /// Git did not do what it should.
    #[error("git: {why}")]
    Git {
        /// Why.
        why: String,
    },
    /// What is there now cannot be kept, so nothing was changed.
    #[error("what is there now cannot be kept: {why}")]
    Keep {
        /// Why.
        why: String,
    },
    /// A file cannot be removed; files before it are restored.
    #[error("cannot remove `{}`", path.display())]
    Remove {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Lists what is kept in a project, loop by loop, oldest first.
///
/// # Errors
///
/// [`RestoreError::Git`].
pub fn kept(project: &Project) -> Result<Vec<Kept>, RestoreError> {
    let format = "--format=%(refname) %(objectname) %(committerdate:unix)";
    let text = run(project, &["for-each-ref", "--sort=refname", format, REFS])?;
    let mut all: Vec<Kept> = String::from_utf8_lossy(&text).lines().filter_map(kept_of).collect();
    all.sort_by(|a, b| (&a.loop_id, a.iteration).cmp(&(&b.loop_id, b.iteration)));
    Ok(all)
}

fn kept_of(line: &str) -> Option<Kept> {
    let mut fields = line.split(' ');
    let (loop_id, iteration) = fields.next()?.strip_prefix(REFS)?.rsplit_once('/')?;
    Some(Kept {
        loop_id: loop_id.to_owned(),
        iteration: iteration.parse().ok()?,
        commit: fields.next()?.to_owned(),
        at_secs: fields.next().and_then(|at| at.parse().ok()).unwrap_or_default(),
    })
}

/// Says what restoring an iteration of a loop would do. An iteration that changed nothing was not
/// kept by itself; the one before it stands for it.
///
/// # Errors
///
/// [`RestoreError::NotKept`] or [`RestoreError::Git`].
pub fn plan(project: &Project, loop_id: &str, iteration: u32) -> Result<RestorePlan, RestoreError> {
    let of_loop: Vec<Kept> =
        kept(project)?.into_iter().filter(|kept| kept.loop_id == loop_id).collect();
    let target = of_loop.iter().rev().find(|kept| kept.iteration <= iteration).cloned();
    let Some(target) = target else {
        return Err(RestoreError::NotKept { loop_id: loop_id.to_owned(), iteration });
    };
    let paths = paths_of(project, &of_loop, &target)?;
    let there = files_in(project, &target.commit, &paths)?;
    let mut plan = RestorePlan { kept: target, writes: Vec::new(), removes: Vec::new() };
    let differing = differing(project, &plan.kept.commit, &there)?;
    for path in paths {
        let full = project.root().join(&path);
        let is_there = there.contains(&path);
        if is_there && (differing.contains(&path) || fs::symlink_metadata(&full).is_err()) {
            plan.writes.push(path);
        } else if !is_there && fs::symlink_metadata(&full).is_ok() {
            plan.removes.push(path);
        }
    }
    Ok(plan)
}

/// Does what a plan says, and returns where what was there before is kept; `None` if there was
/// nothing to do.
///
/// # Errors
///
/// [`RestoreError`]; before [`RestoreError::Keep`] nothing was changed.
pub fn restore(
    project: &Project,
    plan: &RestorePlan,
    now: SystemTime,
) -> Result<Option<String>, RestoreError> {
    if plan.writes.is_empty() && plan.removes.is_empty() {
        return Ok(None);
    }
    let before = keep_present(project, plan, now)?;
    if !plan.writes.is_empty() {
        let source = format!("--source={}", plan.kept.commit);
        let args = [
            "--literal-pathspecs",
            "restore",
            "--worktree",
            &source,
            "--pathspec-from-file=-",
            "--pathspec-file-nul",
        ];
        let output = tree::git(project.root())
            .command(args)
            .stdin(nul_separated(&plan.writes))
            .run()
            .map_err(|error| RestoreError::Git { why: chain(&error) })?;
        if !output.success() {
            return Err(RestoreError::Git { why: output.stderr.text().trim().to_owned() });
        }
    }
    for path in &plan.removes {
        let full = project.root().join(path);
        fs::remove_file(&full).map_err(|source| RestoreError::Remove { path: full, source })?;
    }
    Ok(Some(before))
}

/// Keeps what is there now, under a name that says when and why.
fn keep_present(
    project: &Project,
    plan: &RestorePlan,
    now: SystemTime,
) -> Result<String, RestoreError> {
    let listing = tree::look(project).map_err(|why| RestoreError::Git { why })?;
    let entry = Entry { digest: 0, is_tracked: true, is_gone: false };
    let files = plan.writes.iter().chain(&plan.removes).map(|path| (path.as_path(), &entry));
    let secs = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let keep = Keep {
        root: project.root(),
        loop_id: &format!("{}-before-restore", plan.kept.loop_id),
        iteration: u32::try_from(secs).unwrap_or(u32::MAX),
        files: files.collect(),
        at_secs: secs,
    };
    checkpoint::keep_side_ref(&keep, &listing).map_err(|why| RestoreError::Keep { why })
}

/// Every file that the loop has changed, up to its last checkpoint: in them and between them.
fn paths_of(
    project: &Project,
    of_loop: &[Kept],
    target: &Kept,
) -> Result<BTreeSet<PathBuf>, RestoreError> {
    let mut paths = BTreeSet::new();
    let later = of_loop.iter().filter(|kept| kept.iteration >= target.iteration);
    for kept in later {
        // All that differs between the two states is the loop's: both hold its files only.
        let args =
            ["diff-tree", "-r", "-z", "--name-only", "--no-renames", &target.commit, &kept.commit];
        paths.extend(names(&run(project, &args)?));
    }
    // What it had changed up to then may have been changed since, by the loop or somebody else.
    let own = [
        "diff-tree",
        "-r",
        "-z",
        "--no-commit-id",
        "--name-only",
        "--no-renames",
        "--root",
        &target.commit,
    ];
    if is_ours(project, target)? {
        paths.extend(names(&run(project, &own)?));
    }
    Ok(paths)
}

/// Whether a checkpoint is a commit of its own, and not just a name for the one checked out.
fn is_ours(project: &Project, kept: &Kept) -> Result<bool, RestoreError> {
    let subject = run(project, &["log", "-1", "--format=%s", &kept.commit, "--"])?;
    let ours = format!("ralph {} iteration {}", kept.loop_id, kept.iteration);
    Ok(String::from_utf8_lossy(&subject).trim() == ours)
}

/// Which of these paths are files in a commit.
fn files_in(
    project: &Project,
    commit: &str,
    paths: &BTreeSet<PathBuf>,
) -> Result<BTreeSet<PathBuf>, RestoreError> {
    let all = run(project, &["ls-tree", "-r", "-z", "--name-only", "--full-tree", commit])?;
    Ok(names(&all).into_iter().filter(|path| paths.contains(path)).collect())
}

/// Which of these files have other contents now than in a commit.
fn differing(
    project: &Project,
    commit: &str,
    there: &BTreeSet<PathBuf>,
) -> Result<BTreeSet<PathBuf>, RestoreError> {
    let blobs = run(project, &["ls-tree", "-r", "-z", "--full-tree", commit])?;
    let mut wanted: BTreeMap<PathBuf, String> = BTreeMap::new();
    for line in blobs.split(|byte| *byte == 0) {
        let Some(tab) = line.iter().position(|byte| *byte == b'\t') else { continue };
        let (head, path) = line.split_at(tab);
        let oid = String::from_utf8_lossy(head).split(' ').nth(2).unwrap_or_default().to_owned();
        wanted.insert(path_of(path.get(1..).unwrap_or_default()), oid);
    }
    let exists = |path: &&PathBuf| fs::symlink_metadata(project.root().join(path)).is_ok();
    let present: Vec<&PathBuf> = there.iter().filter(exists).collect();
    let mut found = BTreeSet::new();
    for (path, oid) in present.iter().zip(hashes(project, &present)?) {
        if wanted.get(*path) != Some(&oid) {
            found.insert((*path).clone());
        }
    }
    Ok(found)
}

/// The names that git would give to the contents of these files; empty for what is no such file.
fn hashes(project: &Project, paths: &[&PathBuf]) -> Result<Vec<String>, RestoreError> {
    let mut oids = Vec::new();
    for path in paths {
        let full = project.root().join(path);
        let bytes = match fs::symlink_metadata(&full) {
            Ok(found) if found.is_symlink() => {
                fs::read_link(&full).map(|target| target.into_os_string().into_encoded_bytes())
            }
            _ => fs::read(&full),
        };
        let Ok(bytes) = bytes else {
            oids.push(String::new());
            continue;
        };
        let output = tree::git(project.root())
            .command(["hash-object", "--no-filters", "--stdin"])
            .stdin(bytes)
            .run()
            .map_err(|error| RestoreError::Git { why: chain(&error) })?;
        oids.push(output.stdout.text().trim().to_owned());
    }
    Ok(oids)
}

fn run(project: &Project, args: &[&str]) -> Result<Vec<u8>, RestoreError> {
    let git: Git = tree::git(project.root());
    git.run(args).map_err(|error| RestoreError::Git { why: chain(&error) })
}

fn names(bytes: &[u8]) -> Vec<PathBuf> {
    bytes.split(|byte| *byte == 0).filter(|name| !name.is_empty()).map(path_of).collect()
}

fn path_of(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    Path::new(std::ffi::OsStr::from_bytes(bytes)).to_owned()
}

fn nul_separated(paths: &[PathBuf]) -> Vec<u8> {
    use std::os::unix::ffi::OsStrExt;
    let mut bytes = Vec::new();
    for path in paths {
        bytes.extend_from_slice(path.as_os_str().as_bytes());
        bytes.push(0);
    }
    bytes
}
