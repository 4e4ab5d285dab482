//! Where the diff comes from.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use clap::Args;
use plimsoll_process::git::Git;

use crate::failure::{Failure, Hint as _};

/// Largest diff that is read, bytes.
const BYTES_MAX: usize = 64 << 20;
/// Lines of context: the lints look at the function around a change.
const CONTEXT: &str = "-U20";

/// Which diff.
#[derive(Debug, Args)]
pub(crate) struct SourceArgs {
    /// Only what is staged
    #[arg(long, conflicts_with = "range")]
    staged: bool,
    /// A diff from a file, or from standard input as `-`
    #[arg(long, value_name = "FILE", conflicts_with_all = ["range", "staged"])]
    diff: Option<PathBuf>,
}

impl SourceArgs {
    /// The text of the diff.
    pub(crate) fn read(&self, range: Option<&str>) -> Result<String, Failure> {
        match &self.diff {
            Some(path) if path.as_os_str() == "-" => {
                Ok(bounded(io::stdin().lock(), "standard input")?)
            }
            Some(path) => {
                let name = path.display().to_string();
                let file = File::open(path).with_context(|| format!("cannot open `{name}`"))?;
                Ok(bounded(file, &name)?)
            }
            None if self.staged && range.is_none() => of_git(&["--cached"], None),
            None => of_git(&[], range),
        }
    }
}

/// The diff that git makes of a range, or of what is not committed.
pub(super) fn of_git(options: &[&str], range: Option<&str>) -> Result<String, Failure> {
    let git = Git::at(".").with_output_limit(BYTES_MAX);
    let mut args =
        vec!["diff", CONTEXT, "--no-color", "--no-ext-diff", "--no-textconv", "--find-renames"];
    args.extend(options);
    match range {
        // After this, nothing is an option, so a range cannot be one.
        Some(range) => args.extend(["--end-of-options", range, "--"]),
        None if options.is_empty() => args.push("HEAD"),
        None => {}
    }
    let diff = git
        .run(&args)
        .hint("run this in a git repository with a commit, or give a diff with --diff FILE")?;
    Ok(String::from_utf8_lossy(&diff).into_owned())
}

fn bounded(from: impl Read, name: &str) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(BYTES_MAX)? + 1;
    from.take(limit).read_to_end(&mut bytes).with_context(|| format!("cannot read `{name}`"))?;
    ensure!(bytes.len() <= BYTES_MAX, "`{name}` has more than {BYTES_MAX} bytes");
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
