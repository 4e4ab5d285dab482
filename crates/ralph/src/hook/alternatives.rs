//! The solutions of a creative task that are there: branches `explore/NAME`, as its context asks for them.

use super::project::Project;
use super::store::chain;
use super::tree;
use crate::report::Alternative;

const REFS: &str = "refs/heads/explore/";
const ALTERNATIVES_MAX: &str = "--count=20";

/// Why nobody can tell which alternatives there are.
#[derive(Debug, thiserror::Error)]
#[error("git: {why}")]
#[non_exhaustive]
pub struct AlternativesError {
    /// What git said.
    pub why: String,
}

/// Lists the alternatives of a project, at most 20, the newest first. Outside of git there are none.
///
/// # Errors
///
/// [`AlternativesError`] if git does not say.
pub fn alternatives(project: &Project) -> Result<Vec<Alternative>, AlternativesError> {
    if !project.is_in_git() {
        return Ok(Vec::new());
    }
    let format = "--format=%(refname:short)%09%(objectname:short)%09%(worktreepath)%09%(subject)";
    let args = ["for-each-ref", ALTERNATIVES_MAX, "--sort=-committerdate", format, REFS];
    let list = tree::git(project.root())
        .run(args)
        .map_err(|error| AlternativesError { why: chain(&error) })?;
    let list = String::from_utf8_lossy(&list);
    Ok(list.lines().filter_map(|line| alternative(project, line)).collect())
}

fn alternative(project: &Project, line: &str) -> Option<Alternative> {
    let mut fields = line.splitn(4, '\t');
    let branch = fields.next()?.to_owned();
    let commit = fields.next()?.to_owned();
    let worktree = fields.next().filter(|path| !path.is_empty()).map(str::to_owned);
    let subject = fields.next().unwrap_or_default().to_owned();
    // Without a common beginning the size of the change is unknown, and not nothing.
    let range = format!("HEAD...{branch}");
    let change = tree::git(project.root()).run(["diff", "--shortstat", &range, "--"]).ok();
    let change = change.map(|said| String::from_utf8_lossy(&said).trim().to_owned());
    let change = change.map(|said| if said.is_empty() { "nothing yet".to_owned() } else { said });
    Some(Alternative { branch, commit, subject, change, worktree })
}
