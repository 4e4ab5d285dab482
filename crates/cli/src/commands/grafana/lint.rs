//! `plimsoll grafana lint`.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use plimsoll_board::grafana::{File, lint};

use crate::failure::{Exit, Failure};
use crate::glue::board_metrics;

const FILES_MAX: usize = 2_000;
const DEPTH_MAX: usize = 8;

/// Arguments of `plimsoll grafana lint`.
#[derive(Debug, Args)]
pub(crate) struct LintArgs {
    /// Directory with .json, .yaml and .yml files; they are looked at as one whole
    dir: PathBuf,
    /// Before each table's name, such as bt_
    #[arg(long, default_value = "")]
    prefix: String,
}

pub(crate) fn run(args: &LintArgs) -> Result<Exit, Failure> {
    let mut files = Vec::new();
    collect(&args.dir, &args.dir, 0, &mut files)?;
    if files.is_empty() {
        return Err(Failure::new(anyhow::anyhow!(
            "no file to look at in `{}`",
            args.dir.display()
        ))
        .with_hint("`plimsoll grafana export --out DIR` writes some"));
    }
    let findings = lint(&files, &board_metrics::tables(), &args.prefix);
    for finding in &findings {
        println!("{finding}");
    }
    println!("{} files, {} faults", files.len(), findings.len());
    Ok(if findings.is_empty() { Exit::Fine } else { Exit::Finding })
}

fn collect(root: &Path, dir: &Path, depth: usize, files: &mut Vec<File>) -> Result<(), Failure> {
    let list =
        std::fs::read_dir(dir).with_context(|| format!("cannot list `{}`", dir.display()))?;
    let mut paths = Vec::new();
    for entry in list {
        paths.push(entry.with_context(|| format!("cannot list `{}`", dir.display()))?.path());
    }
    paths.sort();
    for path in paths {
        let is_ours =
            path.extension().is_some_and(|ext| ["json", "yaml", "yml"].iter().any(|of| ext == *of));
        if path.is_dir() && depth < DEPTH_MAX {
            collect(root, &path, depth.saturating_add(1), files)?;
        } else if path.is_file() && is_ours && files.len() < FILES_MAX {
            let text = std::fs::read_to_string(&path)
                .with_context(|| format!("cannot read `{}`", path.display()))?;
            let name = path.strip_prefix(root).unwrap_or(&path).display().to_string();
            files.push(File::new(name, text));
        }
    }
    Ok(())
}
