//! `plimsoll changelog`: from commits, in the form of Keep a Changelog.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use clap::{Args, Subcommand};
use plimsoll_kit::{Commit, changelog_up_to, check_changelog, release_changelog, update_changelog};
use plimsoll_process::git::Git;

use crate::failure::{Exit, Failure, Hint as _};
use crate::moment;

/// Arguments of `plimsoll changelog`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  plimsoll changelog update --dry-run   what the commits since the last time would add
  plimsoll changelog update             add it; lines that are there stay as they are
  plimsoll changelog release 0.2.0      Unreleased becomes 0.2.0 of today
  plimsoll changelog check              exit 1 if it is out of form")]
pub(crate) struct ChangelogArgs {
    #[command(subcommand)]
    command: Command,
    /// The changelog
    #[arg(long, global = true, default_value = "CHANGELOG.md", value_name = "FILE")]
    file: PathBuf,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Add what users should know of the commits since the last update, or since the last tag
    Update {
        /// Print the changelog as it would be, and write nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Turn Unreleased into a version
    Release {
        /// The version, later than the last
        version: String,
        /// Print the changelog as it would be, and write nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Check the form
    Check,
}

pub(crate) fn run(args: &ChangelogArgs) -> Result<Exit, Failure> {
    let path = args.file.as_path();
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => {
            return Err(Failure::new(
                anyhow!(error).context(format!("cannot read `{}`", path.display())),
            ));
        }
    };
    match &args.command {
        Command::Update { dry_run } => {
            let commits = commits(path, changelog_up_to(&text))?;
            let updated = update_changelog(&text, &commits)
                .with_context(|| format!("`{}`", path.display()))?;
            eprintln!("{} commits read", commits.len());
            write(path, &text, &updated, *dry_run)
        }
        Command::Release { version, dry_run } => {
            let released =
                release_changelog(&text, version, moment::now()).map_err(Failure::refused)?;
            write(path, &text, &released, *dry_run)
        }
        Command::Check => {
            if text.is_empty() {
                return Err(Failure::new(anyhow!("no changelog in `{}`", path.display()))
                    .with_hint("`plimsoll changelog update` makes one from the commits"));
            }
            let problems = check_changelog(&text);
            for (line, message) in &problems {
                println!("{}:{line}: {message}", path.display());
            }
            Ok(if problems.is_empty() { Exit::Fine } else { Exit::Finding })
        }
    }
}

fn write(path: &Path, old: &str, new: &str, dry_run: bool) -> Result<Exit, Failure> {
    if dry_run {
        print!("{new}");
    } else if new == old {
        eprintln!("{}: nothing to add", path.display());
    } else {
        plimsoll_durable::replace(path, new)?;
        eprintln!("{}: written", path.display());
    }
    Ok(Exit::Fine)
}

/// Commits of the present branch, oldest first: since the one that the changelog knows, or since the last tag, or all.
fn commits(path: &Path, known: Option<&str>) -> Result<Vec<Commit>, Failure> {
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let git = Git::at(dir);
    let is_there = |hash: &str| {
        git.status(["merge-base", "--is-ancestor", hash, "HEAD"]).is_ok_and(|out| out.success())
    };
    let since = match known {
        Some(hash) if is_there(hash) => Some(hash.to_owned()),
        Some(hash) => {
            return Err(Failure::new(anyhow!(
                "the changelog is up to commit {hash}, and that is not in the history of HEAD"
            ))
            .with_hint(
                "fetch it, or put the last commit that is covered into its `commits up to` line",
            ));
        }
        None => git
            .run(["describe", "--tags", "--abbrev=0"])
            .ok()
            .map(|tag| String::from_utf8_lossy(&tag).trim().to_owned()),
    };
    let range = since.map_or_else(|| "HEAD".to_owned(), |since| format!("{since}..HEAD"));
    let log = git
        .run(["log", "--reverse", "--format=%H%x1f%s%x1f%b%x1e", &range])
        .hint("run this in a git repository with commits")?;
    let log = String::from_utf8_lossy(&log);
    let commit = |record: &str| {
        let mut fields = record.trim_start().splitn(3, '\u{1f}').map(str::to_owned);
        Some(Commit { hash: fields.next()?, subject: fields.next()?, body: fields.next()? })
    };
    Ok(log.split('\u{1e}').filter_map(commit).collect())
}
