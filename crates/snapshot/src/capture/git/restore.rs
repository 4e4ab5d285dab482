//! Putting a captured repository's state beside it, as a work tree of its own.

use std::fs;
use std::path::Path;

use plimsoll_process::git::Git as Client;

use super::super::CaptureError;
use super::objects::{History, dirty};
use super::{Git, line};
use crate::scratch::Scratch;
use crate::view::PartReader;

/// In the administration of a work tree that we made.
const MARK: &str = "plimsoll-snapshot";

fn fact<'a>(part: &'a PartReader<'_, '_>, name: &str) -> Result<&'a str, CaptureError> {
    part.fact(name)
        .ok_or_else(|| CaptureError::new(format!("the snapshot does not say its {name}")))
}

impl Git {
    fn work_tree(&self) -> Result<&Path, CaptureError> {
        self.into.as_deref().ok_or_else(|| {
            CaptureError::new(
                "no directory is named for the work tree; the repository itself is left as it is",
            )
        })
    }

    pub(super) fn put_back(&self, part: &mut PartReader<'_, '_>) -> Result<(), CaptureError> {
        let into = self.work_tree()?;
        if into.exists() && self.found_differences(part)?.is_empty() {
            return Ok(());
        }
        let git = self.client();
        self.import(&git, part)?;
        let (commit, work) = (fact(part, "commit")?.to_owned(), fact(part, "work")?.to_owned());
        if !git
            .status(["cat-file", "-e", &format!("{commit}^{{commit}}")])
            .is_ok_and(|o| o.success())
        {
            let what = format!("the repository has no commit {commit}: fetch it first");
            return Err(CaptureError::new(what));
        }
        let name = part.snapshot_id().to_string();
        line(&git, &["update-ref", &format!("refs/plimsoll/{name}/head"), &commit])?;
        self.remove_work_tree(&git)?;
        let shown = into.to_string_lossy();
        line(&git, &["worktree", "add", "--detach", "--quiet", &shown, &commit])?;
        let inside = Client::at(into);
        self.mark(&inside)?;
        if !work.is_empty() {
            line(&git, &["update-ref", &format!("refs/plimsoll/{name}/work"), &work])?;
            line(&inside, &["stash", "apply", "--index", "--quiet", &work])?;
        }
        Ok(())
    }

    /// Adds the captured objects to the repository; nothing refers to them yet.
    fn import(&self, git: &Client, part: &mut PartReader<'_, '_>) -> Result<(), CaptureError> {
        const PACK: &str = "objects.pack";
        if !part.documents().iter().any(|path| path == PACK) {
            return Ok(());
        }
        let pack = part.read(PACK).map_err(|error| {
            CaptureError::new("cannot read the captured objects").with_source(error)
        })?;
        let failed = || CaptureError::new("git index-pack failed");
        let output = git.command(["index-pack", "--stdin", "--fix-thin"]).stdin(pack).run();
        let output = output.map_err(|error| failed().with_source(error))?;
        if output.success() {
            return Ok(());
        }
        Err(failed().with_source(output.stderr.text().trim().to_owned()))
    }

    fn mark(&self, inside: &Client) -> Result<(), CaptureError> {
        let path = line(inside, &["rev-parse", "--git-path", MARK])?;
        fs::write(inside.dir().join(path), "made by a restore\n")
            .map_err(|error| CaptureError::new("cannot mark the work tree").with_source(error))
    }

    /// Removes the work tree that an earlier run made, and refuses any other.
    pub(super) fn remove_work_tree(&self, git: &Client) -> Result<(), CaptureError> {
        let into = self.work_tree()?;
        if !into.exists() {
            return line(git, &["worktree", "prune"]).map(drop);
        }
        let inside = Client::at(into);
        let mark = line(&inside, &["rev-parse", "--git-path", MARK]).ok();
        if !mark.is_some_and(|mark| into.join(mark).exists()) {
            let what = format!("`{}` is there and was not made by a restore", into.display());
            return Err(CaptureError::new(what));
        }
        line(git, &["worktree", "remove", "--force", &into.to_string_lossy()]).map(drop)
    }

    pub(super) fn found_differences(
        &self,
        part: &mut PartReader<'_, '_>,
    ) -> Result<Vec<String>, CaptureError> {
        let into = self.work_tree()?;
        if !into.exists() {
            return Ok(vec![format!("work tree `{}` is not there", into.display())]);
        }
        let inside = Client::at(into);
        let root = line(&inside, &["rev-parse", "--show-toplevel"])?;
        let commit = line(&inside, &["rev-parse", "--verify", "HEAD"])?;
        let mut found = Vec::new();
        if commit != fact(part, "commit")? {
            found.push(format!("commit {commit}"));
            return Ok(found);
        }
        let scratch = Scratch::new(&std::env::temp_dir())
            .map_err(|error| CaptureError::new("cannot make a directory").with_source(error))?;
        let now = dirty(&inside, Path::new(&root), &commit, History::Unpushed, &scratch)?;
        if now.staged != fact(part, "staged")? {
            found.push("what is staged".to_owned());
        }
        if now.work != fact(part, "work")? {
            found.push("what is changed or untracked".to_owned());
        }
        Ok(found)
    }
}
