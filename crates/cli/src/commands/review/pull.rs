//! The pull request that a review is of: its diff, and the comments that say what was found.

use clap::Args;
use plimsoll_process::git::Git;
use plimsoll_review::{Action, Comment, Diff, Report, is_summary, plan, summary};

use super::source;
use crate::failure::Failure;
use crate::glue::github::{GitHub, GitHubArgs, Pull, ReviewComment};

/// Which pull request.
#[derive(Debug, Args)]
pub(crate) struct PullArgs {
    /// Review this pull request at GitHub
    #[arg(long = "pr", value_name = "NUMBER", conflicts_with_all = ["range", "staged", "diff"])]
    number: Option<u64>,
    /// Write the findings as comments at its lines, and keep those of earlier pushes in step
    #[arg(long, requires = "number", conflicts_with = "dry_run")]
    comment: bool,
    /// Login that writes the comments; only its comments are changed
    #[arg(long, value_name = "LOGIN", default_value = "github-actions[bot]", requires = "comment")]
    comment_as: String,
    #[command(flatten)]
    github: GitHubArgs,
}

/// A pull request and how to reach it.
#[derive(Debug)]
pub(super) struct Open {
    github: GitHub,
    pull: Pull,
}

/// How many comments were written, changed and struck through.
#[derive(Debug, Default)]
pub(super) struct Told {
    posted: usize,
    updated: usize,
    resolved: usize,
}

impl PullArgs {
    /// Looks the pull request up, if there is one to review.
    pub(super) fn open(&self) -> Result<Option<Open>, Failure> {
        let Some(number) = self.number else { return Ok(None) };
        let github = self.github.connect()?;
        let pull = github.pull(number)?;
        Ok(Some(Open { github, pull }))
    }

    /// Writes the comments, if that was asked for.
    pub(super) fn tell(
        &self,
        open: &Open,
        report: &Report,
        diff: &Diff,
    ) -> Result<Option<Told>, Failure> {
        if self.comment { open.tell(&self.comment_as, report, diff).map(Some) } else { Ok(None) }
    }
}

impl Open {
    /// The diff: git's, with much context, if both commits are here; else the service's.
    pub(super) fn diff(&self) -> Result<String, Failure> {
        let git = Git::at(".");
        let is_here = |sha: &str| git.run(["cat-file", "-e", &format!("{sha}^{{commit}}")]).is_ok();
        if is_here(&self.pull.base_sha) && is_here(&self.pull.head_sha) {
            let range = format!("{}...{}", self.pull.base_sha, self.pull.head_sha);
            return source::of_git(&[], Some(&range));
        }
        eprintln!("its commits are not in this clone, so the diff has three lines of context only");
        self.github.pull_diff(self.pull.number)
    }

    fn tell(&self, login: &str, report: &Report, diff: &Diff) -> Result<Told, Failure> {
        let number = self.pull.number;
        let written = self.github.review_comments(number)?;
        // A comment of somebody else that copies our mark must not hide a finding.
        let ours = written.into_iter().filter(|comment| comment.author == login);
        let ours: Vec<Comment> =
            ours.map(|comment| Comment { id: comment.id, body: comment.body }).collect();
        let (actions, elsewhere) = plan(&report.findings, diff, &ours);
        let mut told = Told::default();
        for action in &actions {
            self.carry_out(action, &mut told)?;
        }
        let text = summary(report, &elsewhere);
        let before = self.github.comments(number)?;
        let before =
            before.iter().find(|comment| comment.author == login && is_summary(&comment.body));
        match before {
            Some(comment) if comment.body == text => {}
            Some(comment) => self.github.edit_comment(comment.id, &text)?,
            None => self.github.post_comment(number, &text)?,
        }
        Ok(told)
    }

    fn carry_out(&self, action: &Action, told: &mut Told) -> Result<(), Failure> {
        match action {
            Action::Post { path, line, end_line, body } => {
                let commit = &self.pull.head_sha;
                let comment =
                    ReviewComment { commit, path, line: *line, end_line: *end_line, body };
                self.github.post_review_comment(self.pull.number, comment)?;
                told.posted += 1;
            }
            Action::Update { id, body } => {
                self.github.edit_review_comment(*id, body)?;
                told.updated += 1;
            }
            Action::Resolve { id, body } => {
                self.github.edit_review_comment(*id, body)?;
                told.resolved += 1;
            }
            _ => {
                return Err(anyhow::anyhow!(
                    "a change of comments that this version does not know"
                )
                .into());
            }
        }
        Ok(())
    }
}

impl std::fmt::Display for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Told { posted, updated, resolved } = self;
        write!(f, "comments: {posted} written, {updated} changed, {resolved} resolved")
    }
}
