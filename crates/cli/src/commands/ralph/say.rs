//! What a person says to a loop, at a shell.

use clap::Args;
use plimsoll_ralph::Command;
use plimsoll_ralph::hook::{self, Options};

use super::DirArgs;
use crate::failure::{Exit, Failure, Hint as _};

/// Arguments of the commands that are said to one loop.
#[derive(Debug, Args)]
pub(crate) struct LoopArgs {
    /// The loop, by the beginning of its id; not needed if there is only one
    #[arg(value_name = "LOOP")]
    loop_id: Option<String>,
    #[command(flatten)]
    dir: DirArgs,
    /// Say which loop it would be, and change nothing
    #[arg(long)]
    dry_run: bool,
}

pub(crate) fn run(
    args: &LoopArgs,
    command: impl FnOnce(Option<String>) -> Command,
) -> Result<Exit, Failure> {
    let project = args.dir.open()?;
    let state = hook::state(&project).hint(super::status::UNREADABLE)?;
    let found = state.find(args.loop_id.as_deref());
    let Some(found) = found else {
        let what = args.loop_id.as_deref().unwrap_or("");
        return Err(Failure::refused(match what {
            "" if state.is_empty() => anyhow::anyhow!("no loop in `{}`", project.root().display()),
            "" => anyhow::anyhow!("more than one loop here"),
            id => anyhow::anyhow!("no loop here, or more than one, begins with `{id}`"),
        })
        .with_hint("`plimsoll ralph status` lists them"));
    };
    if args.dry_run {
        println!("this would be said to {} ({})", found.loop_id, found.status);
        return Ok(Exit::Fine);
    }
    let options = Options::from_env();
    let said = hook::command(&project, &command(Some(found.loop_id)), &options, &mut ())
        .hint(super::status::UNREADABLE)?;
    println!("{said}");
    Ok(if said.contains("cannot go on") { Exit::Finding } else { Exit::Fine })
}
