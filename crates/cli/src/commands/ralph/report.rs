//! `plimsoll ralph report`: why did it stop.

use clap::Args;
use plimsoll_ralph::hook::{self, EVENTS, Project};
use plimsoll_ralph::{Alternative, Line, Report};

use super::DirArgs;
use crate::failure::{Exit, Failure};

/// Arguments of `plimsoll ralph report`.
#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// The loop, by the beginning of its id; without it the latest one
    #[arg(value_name = "LOOP")]
    loop_id: Option<String>,
    /// Every loop and guard that the record knows
    #[arg(long, conflicts_with = "loop_id")]
    all: bool,
    #[command(flatten)]
    dir: DirArgs,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &ReportArgs) -> Result<Exit, Failure> {
    let project = args.dir.open()?;
    let path = project.dir().join(EVENTS);
    let tail = hook::read_lines(&path, 0, u64::MAX)
        .map_err(|error| anyhow::anyhow!("cannot read `{}`: {error}", path.display()))?;
    let lines: Vec<Line> = tail.lines.into_iter().map(|(_, line)| line).collect();
    let report = Report::of(&lines);
    // A day with creative tasks only has no loop to speak of.
    let is_creative_only = report.loops.is_empty() && !report.explored.is_empty();
    let all = args.all || (args.loop_id.is_none() && is_creative_only);
    if tail.broken_lines > 0 {
        eprintln!("{} lines of the record are broken and left out", tail.broken_lines);
    }
    if all {
        let report = report.with_alternatives(alternatives(&project));
        if args.json {
            println!("{}", serde_json::to_string(&report)?);
        } else {
            print!("{report}");
        }
        return Ok(Exit::Fine);
    }
    let Some(found) = report.find(args.loop_id.as_deref()) else {
        let what = match &args.loop_id {
            Some(id) => {
                anyhow::anyhow!("no loop of the record, or more than one, begins with `{id}`")
            }
            None => anyhow::anyhow!("no record of a loop in `{}`", project.root().display()),
        };
        return Err(Failure::new(what).with_hint("`plimsoll ralph report --all` lists them"));
    };
    if args.json {
        println!("{}", serde_json::to_string(found)?);
    } else {
        print!("{found}");
    }
    Ok(Exit::Fine)
}

/// Solutions of creative tasks. That nobody can tell is said, and hides nothing else.
fn alternatives(project: &Project) -> Vec<Alternative> {
    hook::alternatives(project).unwrap_or_else(|error| {
        eprintln!("alternatives are unknown: {error}");
        Vec::new()
    })
}
