//! Why a git command gave no answer.

use std::path::PathBuf;

use crate::{Exit, RunError};

const SAID_CHARS_MAX: usize = 500;

/// Why a git command gave no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GitError {
    /// Git could not be run to its end.
    #[error("cannot run `git {subcommand}` in `{}`", dir.display())]
    Run {
        /// The first argument; the others may hold a secret.
        subcommand: String,
        /// Where git ran.
        dir: PathBuf,
        /// Why not.
        source: RunError,
    },
    /// Git ended with another exit code than zero, or by a signal.
    #[error("`git {subcommand}` in `{}` ended with {exit}: {said}", dir.display())]
    Failed {
        /// The first argument; the others may hold a secret.
        subcommand: String,
        /// Where git ran.
        dir: PathBuf,
        /// How it ended.
        exit: Exit,
        /// What it said on standard error, cut to 500 characters.
        said: String,
    },
    /// The answer exceeds the limit.
    #[error("`git {subcommand}` in `{}` wrote {found_bytes} bytes, wanted at most {limit_bytes}", dir.display())]
    TooLong {
        /// The first argument; the others may hold a secret.
        subcommand: String,
        /// Where git ran.
        dir: PathBuf,
        /// Length of the answer in bytes.
        found_bytes: u64,
        /// The limit in bytes.
        limit_bytes: usize,
    },
}

/// The end of what git said, on one line: its last lines name the cause.
pub(super) fn short(said: &str) -> String {
    let line = said.split_whitespace().collect::<Vec<_>>().join(" ");
    let skip = line.chars().count().saturating_sub(SAID_CHARS_MAX);
    line.chars().skip(skip).collect()
}
