//! `plimsoll ralph restore`: brings back the files of an iteration.

use std::time::SystemTime;

use clap::Args;
use plimsoll_ralph::hook::{self, Kept};

use super::DirArgs;
use crate::failure::{Exit, Failure, Hint as _};

const ABOUT: &str = "\
Without a number it lists what is kept. Only files that the loop has changed are touched; the branch and the index stay \
as they are. What is there now is kept first, under refs/ralph/LOOP-before-restore/.

Examples:
  plimsoll ralph restore                    what is kept
  plimsoll ralph restore 7 --dry-run        what would change
  plimsoll ralph restore 7                  bring it back";

/// Arguments of `plimsoll ralph restore`.
#[derive(Debug, Args)]
#[command(after_help = ABOUT)]
pub(crate) struct RestoreArgs {
    /// The iteration; without it, list what is kept
    #[arg(value_name = "N")]
    iteration: Option<u32>,
    /// The loop, by the beginning of its id; without it the one that was kept last
    #[arg(long = "loop", value_name = "LOOP")]
    loop_id: Option<String>,
    #[command(flatten)]
    dir: DirArgs,
    /// Say what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
}

pub(crate) fn run(args: &RestoreArgs) -> Result<Exit, Failure> {
    let project = args.dir.open()?;
    let kept = hook::kept(&project).hint("checkpoints are in git: is this a repository?")?;
    let Some(iteration) = args.iteration else {
        return Ok(list(&kept));
    };
    let loop_id = which(&kept, args.loop_id.as_deref())?;
    let plan = hook::plan(&project, loop_id, iteration)
        .map_err(Failure::refused)
        .map_err(|failure| failure.with_hint("`plimsoll ralph restore` lists what is kept"))?;
    let (verb, gone) =
        if args.dry_run { ("would write", "would remove") } else { ("wrote", "removed") };
    let before = if args.dry_run {
        None
    } else {
        hook::restore(&project, &plan, now())
            .map_err(Failure::refused)
            .map_err(|failure| failure.with_hint("git status shows what is there now"))?
    };
    plan.writes.iter().for_each(|path| println!("{verb} {}", path.display()));
    plan.removes.iter().for_each(|path| println!("{gone} {}", path.display()));
    match before {
        Some(before) => println!("what was there before is kept at {before}"),
        None if plan.writes.is_empty() && plan.removes.is_empty() => {
            println!("nothing to do: the files are those of iteration {}", plan.kept.iteration);
        }
        None => {}
    }
    Ok(Exit::Fine)
}

#[allow(clippy::disallowed_methods, reason = "a command is an edge and reads the clock")]
fn now() -> SystemTime {
    SystemTime::now()
}

fn list(kept: &[Kept]) -> Exit {
    if kept.is_empty() {
        println!("nothing is kept here");
    }
    for kept in kept {
        let commit = kept.commit.get(..12).unwrap_or(&kept.commit);
        println!("{}  {:>4}  {commit}", kept.loop_id, kept.iteration);
    }
    Exit::Fine
}

fn which<'a>(kept: &'a [Kept], wanted: Option<&str>) -> Result<&'a str, Failure> {
    let loops = kept.iter().filter(|kept| !kept.loop_id.ends_with("-before-restore"));
    let found = match wanted {
        Some(id) => kept.iter().find(|kept| kept.loop_id.starts_with(id)),
        None => loops.max_by_key(|kept| kept.at_secs),
    };
    found.map(|kept| kept.loop_id.as_str()).ok_or_else(|| {
        Failure::refused(anyhow::anyhow!("no loop has kept anything here"))
            .with_hint("`plimsoll ralph restore` lists what is kept")
    })
}
