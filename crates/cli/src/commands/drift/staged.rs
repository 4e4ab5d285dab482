//! `plimsoll drift --staged`: git's index, not the files beside it.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use plimsoll_drift::Around;
use plimsoll_process::git::Git;

use super::check::{CheckArgs, exit};
use super::show;
use crate::failure::{Exit, Failure, Hint as _};

pub(crate) fn run(args: &CheckArgs) -> Result<Exit, Failure> {
    let (root, canonical) = args.subject.places()?;
    let git = Git::at(&root);
    let names = git
        .run(["diff", "--cached", "--name-only", "-z", "--diff-filter=ACMRT", "--relative"])
        .hint("--staged needs a git repository")?;
    let staged: Vec<PathBuf> = names
        .split(|byte| *byte == 0)
        .filter(|name| !name.is_empty())
        .map(|name| PathBuf::from(OsStr::from_bytes(name)))
        .collect();
    if staged.is_empty() {
        eprintln!("nothing is staged");
        return Ok(Exit::Fine);
    }
    let below =
        canonical.as_ref().and_then(|path| path.strip_prefix(&root).ok()).map(Path::to_owned);
    // What is declared changes with it, so every file may be wrong now.
    let is_whole = below.as_ref().is_some_and(|path| staged.contains(path));
    let folder = tempfile::tempdir().context("cannot make a folder for what is staged")?;
    let mut wanted: Vec<PathBuf> = staged.clone();
    wanted.extend(below.clone());
    export(&git, folder.path(), (!is_whole).then_some(wanted.as_slice()))?;
    let canonical =
        below.map(|path| folder.path().join(path)).filter(|path| path.is_file()).or(canonical);
    let mut subject = args.subject.read_at(folder.path().to_owned(), canonical)?;
    subject.baseline = args.subject.baseline(&root, &subject.config)?;
    let files = if is_whole { Vec::new() } else { staged };
    let report = subject.check(&files, Around::default());
    show::report(args, &subject, &report)?;
    // Files without a tracked value are fine: there was nothing to say of them.
    let says_nothing = !is_whole && report.values_checked == 0 && report.findings.is_empty();
    if says_nothing && report.skipped.iter().all(|skipped| !skipped.is_open) {
        return Ok(Exit::Fine);
    }
    Ok(exit(&subject, &report))
}

/// Writes files of the index below a folder; all of them if none are named.
fn export(git: &Git, folder: &Path, files: Option<&[PathBuf]>) -> Result<(), Failure> {
    let prefix = format!("--prefix={}/", folder.display());
    let output = match files {
        None => git.command(["checkout-index", "--all", "--quiet", &prefix]).run(),
        Some(files) => {
            let mut names = Vec::new();
            for file in files {
                names.extend_from_slice(file.as_os_str().as_bytes());
                names.push(0);
            }
            git.command(["checkout-index", "--quiet", "-z", "--stdin", &prefix]).stdin(names).run()
        }
    };
    let output = output.context("cannot read what is staged")?;
    // A file that is named and not in the index, as an untracked canonical file, is no failure.
    if files.is_none() && !output.success() {
        let said = output.stderr.text().into_owned();
        return Err(Failure::new(anyhow::anyhow!("git cannot write out what is staged: {said}")));
    }
    Ok(())
}
