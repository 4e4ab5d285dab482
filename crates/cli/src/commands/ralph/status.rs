//! `plimsoll ralph status`.

use clap::Args;
use plimsoll_ralph::hook::{self, Options};
use plimsoll_ralph::{Breaker, Config, Overview};
use serde_json::json;

use super::DirArgs;
use crate::failure::{Exit, Failure, Hint as _};

pub(super) const UNREADABLE: &str =
    "look at `.ralph`; a state that cannot be read is set aside by the next hook";

/// Arguments of `plimsoll ralph status`.
#[derive(Debug, Args)]
#[command(after_help = "Exit codes: 0 no breaker is open; 1 one is; 2 it cannot be told.")]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    dir: DirArgs,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &StatusArgs) -> Result<Exit, Failure> {
    let project = args.dir.open()?;
    let config = hook::config(&project, &Options::from_env())
        .hint("`plimsoll ralph doctor` says what is wrong with `.ralph/limits.json`")?;
    let state = hook::state(&project).hint(UNREADABLE)?;
    let overviews = state.overview();
    if args.json {
        let loops: Vec<_> = overviews.iter().map(|run| as_json(run, &config)).collect();
        println!("{}", json!({ "version": 1, "project": project.root(), "loops": loops }));
    } else {
        println!("{}", hook::status(&state, &config));
    }
    let is_open = overviews.iter().any(|run| run.breaker == Breaker::Open);
    Ok(if is_open { Exit::Finding } else { Exit::Fine })
}

fn as_json(run: &Overview, config: &Config) -> serde_json::Value {
    json!({
        "loop_id": run.loop_id,
        "mode": run.mode,
        "session_id": run.session_id,
        "status": run.status,
        "breaker": run.breaker.name(),
        "cause": run.cause,
        "iteration": run.iteration - run.granted_iteration,
        "max_iterations": config.max_iterations,
        "cost_usd": run.granted_usage.cost_usd(),
        "max_budget_usd": config.max_budget_usd,
        "tokens": run.granted_usage.tokens.total(),
        "model": run.model,
        "started_ms": run.started_ms,
    })
}
