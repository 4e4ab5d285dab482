//! A git repository: where it is, and the work in it that no commit has.

mod objects;
mod restore;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use plimsoll_process::git::Git as Client;

use super::{Capture, CaptureError, Taken};
use crate::intake::Intake;
use crate::restore::Restore;
use crate::view::PartReader;

use objects::{History, dirty, find_secret};

/// Captures commit, branch and tags, and keeps what is not committed as git objects: what is
/// staged, what is changed, what is untracked, and commits that no remote has.
///
/// Nothing in the repository is changed: neither its index nor its objects nor its references.
/// Files are kept as they are, byte for byte, without filters. Ignored files are not captured.
///
/// As a [`Restore`] it makes a work tree beside the repository, of the captured commit and with
/// the work that was not committed, staged where it was staged. It never touches a person's work.
/// The repository keeps the objects under `refs/plimsoll/`.
#[derive(Debug, Clone)]
pub struct Git {
    dir: PathBuf,
    timeout: Duration,
    history: History,
    into: Option<PathBuf>,
}

impl Git {
    /// The repository that `dir` is in.
    #[must_use]
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        let timeout = Duration::from_secs(60);
        Self { dir: dir.into(), timeout, history: History::Unpushed, into: None }
    }

    /// Sets how long one git command may take. Default 60 s.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Keeps all commits, also those that a remote has.
    #[must_use]
    pub fn whole_history(mut self) -> Self {
        self.history = History::All;
        self
    }

    /// Sets the directory of the work tree that a restore makes; it must not exist.
    #[must_use]
    pub fn with_work_tree(mut self, dir: impl Into<PathBuf>) -> Self {
        self.into = Some(dir.into());
        self
    }

    fn client(&self) -> Client {
        Client::at(&self.dir).with_timeout(self.timeout).with_output_limit(64 << 20)
    }
}

/// Runs git and returns what it wrote, without the line's end.
fn line(git: &Client, args: &[&str]) -> Result<String, CaptureError> {
    let bytes = git.run(args).map_err(|error| {
        CaptureError::new(format!("git {} failed", args.first().unwrap_or(&""))).with_source(error)
    })?;
    Ok(String::from_utf8_lossy(&bytes).trim_end_matches('\n').to_owned())
}

impl Capture for Git {
    fn kind(&self) -> &'static str {
        "git"
    }

    fn capture(&mut self, into: &mut Intake<'_>) -> Result<Taken, CaptureError> {
        let root = line(&self.client(), &["rev-parse", "--show-toplevel"])?;
        let git = Self { dir: PathBuf::from(&root), ..self.clone() }.client();
        let head = ["rev-parse", "--verify", "HEAD"];
        let commit = line(&git, &head)?;
        let branch = git.run(["symbolic-ref", "--short", "--quiet", "HEAD"]).unwrap_or_default();
        let scratch = into.scratch()?;
        let dirty = dirty(&git, Path::new(&root), &commit, self.history, &scratch)?;
        if line(&git, &head)? != commit {
            return Err(CaptureError::new("HEAD moved while it was captured: try again"));
        }
        into.fact("root", root);
        into.fact("branch", String::from_utf8_lossy(&branch).trim());
        into.fact("tags", line(&git, &["tag", "--points-at", "HEAD"])?.replace('\n', " "));
        into.fact("described", line(&git, &["describe", "--always", "--tags", "--long"])?);
        into.fact("commit", commit);
        into.fact("staged", dirty.staged);
        into.fact("work", dirty.work);
        into.fact("dirty_files", dirty.files.to_string());
        dirty.notes.into_iter().for_each(|note| into.note(note));
        let Some(pack) = dirty.pack else { return Ok(Taken::Whole) };
        // Objects are compressed, so they are looked into before the pack is.
        if into.is_guarded() {
            let found = find_secret(&git, &pack, &mut |contents| into.secret_in(contents))?;
            if let Some(found) = found {
                return Err(CaptureError::new(format!(
                    "work that is not committed holds a secret: {found}; make a sealed store, or \
                     let git ignore the file"
                )));
            }
        }
        let mut file = File::open(&pack)
            .map_err(|error| CaptureError::new("cannot read the pack").with_source(error))?;
        into.machine_data("objects.pack", &mut file)?;
        Ok(Taken::Whole)
    }
}

impl Restore for Git {
    fn restore(&mut self, part: &mut PartReader<'_, '_>) -> Result<(), CaptureError> {
        self.put_back(part)
    }

    fn differences(&mut self, part: &mut PartReader<'_, '_>) -> Result<Vec<String>, CaptureError> {
        self.found_differences(part)
    }

    fn take_back(&mut self, _: Option<&mut PartReader<'_, '_>>) -> Result<(), CaptureError> {
        self.remove_work_tree(&self.client())
    }
}
