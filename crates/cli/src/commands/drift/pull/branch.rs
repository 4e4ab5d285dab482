//! The branch with the change, made beside the working tree: nothing that lies there can get into it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use plimsoll_drift::FixPlan;
use plimsoll_process::git::Git;
use tempfile::TempDir;

use super::below;
use crate::failure::{Failure, Hint as _};

/// What a push may need of our environment.
const PASSED: &[&str] = &[
    "SSH_AUTH_SOCK",
    "GIT_SSH_COMMAND",
    "XDG_CONFIG_HOME",
    "HTTPS_PROXY",
    "https_proxy",
    "NO_PROXY",
    "no_proxy",
    "SSL_CERT_FILE",
    "GIT_SSL_CAINFO",
];
/// The last line of our commits. It names the tree, so that a commit that somebody amended is not taken for ours.
const TRAILER: &str = "Plimsoll-Drift-Tree: ";

/// Both branches as they are at the remote.
#[derive(Debug)]
pub(super) struct Branches {
    git: Git,
    remote: String,
    base: String,
    base_commit: String,
    branch: String,
    /// The commit that our branch is at, if it is there.
    tip: Option<String>,
}

/// The files of the base in a folder of their own, with an index of their own.
#[derive(Debug)]
pub(super) struct Copy {
    folder: TempDir,
    root: PathBuf,
}

/// What a push came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pushed {
    /// The branch is at a commit that was not there before.
    New,
    /// It already held the same change of the same base.
    Same,
}

impl Copy {
    /// What corresponds to the repository's folder that is checked.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    fn files(&self) -> PathBuf {
        self.folder.path().join("files")
    }

    fn index(&self) -> PathBuf {
        self.folder.path().join("index")
    }
}

impl Branches {
    /// Fetches both. Nothing of the working tree or of its branches changes.
    pub(super) fn fetch(
        root: &Path,
        remote: &str,
        base: Option<&str>,
        branch: &str,
    ) -> Result<Branches, Failure> {
        let top = Git::at(root).run(["rev-parse", "--show-toplevel"]);
        let top = text(&top.hint("--pr needs a git repository")?);
        let git = Git::at(top).with_env_allow(PASSED);
        let base = match base {
            Some(base) => base.to_owned(),
            None => text(
                &git.run(["symbolic-ref", "--short", "HEAD"])
                    .hint("no branch is checked out: name it with --base")?,
            ),
        };
        if base == branch {
            return Err(Failure::refused(anyhow::anyhow!("`{base}` cannot go to itself"))
                .with_hint("name another branch for the change with --branch"));
        }
        let base_commit = fetched(&git, remote, &base)?
            .with_context(|| format!("`{remote}` has no branch `{base}`"))
            .hint("push it first, or name another one with --base")?;
        let tip = fetched(&git, remote, branch)?;
        let (remote, branch) = (remote.to_owned(), branch.to_owned());
        let branches = Branches { git, remote, base, base_commit, branch, tip };
        branches.refuse_others()?;
        Ok(branches)
    }

    pub(super) fn base(&self) -> &str {
        &self.base
    }

    pub(super) fn branch(&self) -> &str {
        &self.branch
    }

    /// A branch that holds the work of others is not overwritten.
    fn refuse_others(&self) -> Result<(), Failure> {
        let Some(tip) = &self.tip else { return Ok(()) };
        let message = text(&self.git.run(["log", "-1", "--format=%B", tip])?);
        let tree = self.tree(tip)?;
        let named = message.lines().rev().find_map(|line| line.strip_prefix(TRAILER));
        if named == Some(tree.as_str()) {
            return Ok(());
        }
        let error =
            anyhow::anyhow!("`{}` at `{}` has commits that are not ours", self.branch, self.remote);
        Err(Failure::refused(error)
            .with_hint("merge or delete it, or name another branch with --branch"))
    }

    fn tree(&self, commit: &str) -> Result<String, Failure> {
        Ok(text(&self.git.run(["rev-parse", &format!("{commit}^{{tree}}")])?))
    }

    /// Writes the files of the base out, beside everything.
    pub(super) fn write_out(&self, root: &Path) -> Result<Copy, Failure> {
        let folder = tempfile::tempdir().context("cannot make a folder for the files")?;
        let path = fs::canonicalize(folder.path()).context("cannot find that folder again")?;
        let top = fs::canonicalize(self.git.dir()).context("cannot find the repository again")?;
        let root = path.join("files").join(below(root, &top));
        let copy = Copy { folder, root };
        self.with_index(&copy, ["read-tree", &self.base_commit], Vec::new())?;
        let prefix = format!("--prefix={}/", copy.files().display());
        self.with_index(&copy, ["checkout-index", "--all", "--quiet", &prefix], Vec::new())?;
        fs::create_dir_all(&copy.root).context("cannot make a folder for the files")?;
        Ok(copy)
    }

    /// Commits the changed files upon the base, and nothing else, and pushes that.
    pub(super) fn push(&self, copy: &Copy, plan: &FixPlan, title: &str) -> Result<Pushed, Failure> {
        for file in &plan.files {
            self.stage(copy, &copy.root.join(&file.path))?;
        }
        let tree = text(&self.with_index(copy, ["write-tree"], Vec::new())?);
        if let Some(tip) = &self.tip
            && self.tree(tip)? == tree
            && text(&self.git.run(["rev-parse", &format!("{tip}^")])?) == self.base_commit
        {
            return Ok(Pushed::Same);
        }
        let mut message = format!("{title}\n\n");
        for file in &plan.files {
            message.push_str(&format!("{}: {}\n", file.path, file.edits.len()));
        }
        message.push_str(&format!("\n{TRAILER}{tree}\n"));
        let args = ["commit-tree", &tree, "-p", &self.base_commit];
        let commit = text(&self.with_index(copy, args, message.into_bytes())?);
        // Only over what was looked at: whoever pushed meanwhile is not overwritten.
        let lease = format!(
            "--force-with-lease=refs/heads/{}:{}",
            self.branch,
            self.tip.as_deref().unwrap_or_default()
        );
        let to = format!("{commit}:refs/heads/{}", self.branch);
        self.git.run(["push", "--quiet", &lease, &self.remote, &to]).hint(
            "git pushes with its own credentials; the branch must not have moved meanwhile",
        )?;
        Ok(Pushed::New)
    }

    /// Puts one file as it is now into the index, with the mode that it had.
    fn stage(&self, copy: &Copy, path: &Path) -> Result<(), Failure> {
        let whole = fs::canonicalize(copy.files()).context("cannot find the files again")?;
        let name = below(path, &whole);
        let name = name.to_str().context("a path is not UTF-8")?;
        let listed =
            text(&self.with_index(copy, ["ls-files", "--stage", "--", name], Vec::new())?);
        let mode = listed.split(' ').next().unwrap_or_default().to_owned();
        let object = fs::read(path).with_context(|| format!("cannot read `{name}`"))?;
        // As `git add` would: line endings as the repository keeps them.
        let named = format!("--path={name}");
        let object = self.with_index(copy, ["hash-object", "-w", &named, "--stdin"], object)?;
        let info = format!("{mode},{},{name}", text(&object));
        self.with_index(copy, ["update-index", "--cacheinfo", &info], Vec::new())?;
        Ok(())
    }

    /// Runs git with the copy's index instead of the working tree's.
    fn with_index<const N: usize>(
        &self,
        copy: &Copy,
        args: [&str; N],
        stdin: Vec<u8>,
    ) -> Result<Vec<u8>, Failure> {
        let verb = args.first().copied().unwrap_or_default();
        let mut command = self.git.command(args).env("GIT_INDEX_FILE", copy.index()).stdin(stdin);
        if verb == "commit-tree" && !self.has_author() {
            for role in ["AUTHOR", "COMMITTER"] {
                command = command.env(format!("GIT_{role}_NAME"), "plimsoll drift");
                command = command.env(format!("GIT_{role}_EMAIL"), "plimsoll@localhost");
            }
        }
        let output = command.run().context("cannot run git")?;
        if !output.success() {
            let said = output.stderr.text().into_owned();
            return Err(Failure::new(anyhow::anyhow!("`git {verb}` failed: {said}")));
        }
        Ok(output.stdout.head)
    }

    /// Where nobody is configured, as on a runner, the commit is ours by name too.
    fn has_author(&self) -> bool {
        self.git.status(["var", "GIT_COMMITTER_IDENT"]).is_ok_and(|output| output.success())
    }
}

/// The commit that a branch is at, fetched; `None` if there is no such branch.
fn fetched(git: &Git, remote: &str, branch: &str) -> Result<Option<String>, Failure> {
    const WANTED: &str = "is the remote reachable? git uses its own credentials";
    let name = format!("refs/heads/{branch}");
    let listed = text(&git.run(["ls-remote", remote, &name]).hint(WANTED)?);
    let Some((commit, _)) = listed.split_once('\t') else { return Ok(None) };
    git.run(["fetch", "--quiet", "--no-tags", remote, &name]).hint(WANTED)?;
    Ok(Some(commit.to_owned()))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}
