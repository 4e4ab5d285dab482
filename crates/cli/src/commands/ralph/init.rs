//! `plimsoll ralph init`.

use std::fs::OpenOptions;
use std::io::Write as _;

use clap::Args;
use plimsoll_ralph::{Config, prompt_file};

use super::DirArgs;
use super::scope::shown;
use crate::configuration::ConfigArgs;
use crate::failure::{Exit, Failure, Hint as _};
use crate::glue::sections::RALPH;

/// Arguments of `plimsoll ralph init`.
#[derive(Debug, Args)]
#[command(
    after_help = "PROMPT.md is the task of a loop that is started without one: RALPH START.\n\
    Exit codes: 0 written; 1 there is one already; 2 it could not be written."
)]
pub(crate) struct InitArgs {
    /// Print the template instead of writing it
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    dir: DirArgs,
    #[command(flatten)]
    config: ConfigArgs,
}

pub(crate) fn run(args: &InitArgs) -> Result<Exit, Failure> {
    let project = args.dir.open()?;
    let config: Config = args.config.section_of_files(RALPH, project.root())?;
    let text = prompt_file(&config);
    if args.dry_run {
        print!("{text}");
        return Ok(Exit::Fine);
    }
    let path = project.root().join("PROMPT.md");
    let mut file = match OpenOptions::new().write(true).create_new(true).open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            let refused =
                Failure::refused(anyhow::anyhow!("there is a `{}` already", shown(&path)));
            return Err(refused.with_hint("`plimsoll ralph init --dry-run` prints the template"));
        }
        Err(error) => {
            return Err(anyhow::anyhow!("cannot write `{}`: {error}", path.display()))
                .hint("make the directory writable");
        }
    };
    file.write_all(text.as_bytes())?;
    println!("wrote {}; fill it in, then send RALPH START in a session", shown(&path));
    Ok(Exit::Fine)
}
