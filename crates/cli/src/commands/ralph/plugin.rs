//! `plimsoll ralph plugin`.

use std::path::PathBuf;

use clap::Args;
use plimsoll_ralph::Mode;
use plimsoll_ralph::install::plugin_files;

use crate::failure::{Exit, Failure, Hint as _};

/// Arguments of `plimsoll ralph plugin`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  plimsoll ralph plugin my-plugin && claude --plugin-dir my-plugin"
)]
pub(crate) struct PluginArgs {
    /// The folder, which is made
    #[arg(value_name = "DIR")]
    to: PathBuf,
    /// Hooks that watch any loop, and run none
    #[arg(long)]
    guard: bool,
}

pub(crate) fn run(args: &PluginArgs) -> Result<Exit, Failure> {
    let mode = if args.guard { Mode::Guard } else { Mode::Loop };
    for (path, text) in plugin_files(mode) {
        let file = args.to.join(path);
        let dir = file.parent().unwrap_or(&args.to);
        let wrote = std::fs::create_dir_all(dir).and_then(|()| std::fs::write(&file, text));
        wrote
            .map_err(|error| anyhow::anyhow!("cannot write `{}`: {error}", file.display()))
            .hint("name a folder that can be written")?;
    }
    println!(
        "wrote {}; load it with `claude --plugin-dir {}`",
        args.to.display(),
        args.to.display()
    );
    Ok(Exit::Fine)
}
