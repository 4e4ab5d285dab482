//! `plimsoll kit agents`: coding agents that are on their way out.

use clap::Args;
use plimsoll_kit::{AgentState, RetiredAgent};
use serde_json::json;

use super::CheckArgs;
use super::repository::Repository;
use crate::failure::{Exit, Failure, Hint as _};

const EXAMPLES: &str = "\
Examples:
  plimsoll kit agents              who is retired, how long their files stay, what takes their place
  plimsoll kit agents --apply      take out the files of those that are past their day

The section `kit.retired_agents` names files and days:

  kit:
    retired_agents:
      .claude/agents/alpha-evolve.md: {last_day: 2026-12-24, instead: 'plimsoll ralph'}

`plimsoll kit update` writes a notice into each file, and renders a workflow that proposes to take out what is due.

Exit codes: 0 nothing is due, or it was taken out; 1 something is due; 2 could not tell.";

/// Arguments of `plimsoll kit agents`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct AgentsArgs {
    /// Take out the files of agents that are past their day
    #[arg(long)]
    apply: bool,
    #[command(flatten)]
    check: CheckArgs,
}

pub(super) fn run(args: &AgentsArgs) -> Result<Exit, Failure> {
    let repository = Repository::at(&args.check.root)?;
    let agents = &repository.facts.retired;
    let is_due = |agent: &&RetiredAgent| agent.state == AgentState::Due;
    if args.apply {
        for agent in agents.iter().filter(is_due) {
            repository.write(&agent.file, None).hint("what was taken out before stays out")?;
        }
    }
    if args.check.json {
        println!("{}", json!({ "version": 1, "is_applied": args.apply, "agents": agents }));
    } else {
        agents.iter().for_each(|agent| show(agent, args.apply));
        if agents.is_empty() {
            println!("no agent is retired; `kit.retired_agents` names them");
        }
    }
    let is_open = !args.apply && agents.iter().any(|agent| is_due(&agent));
    Ok(if is_open { Exit::Finding } else { Exit::Fine })
}

fn show(agent: &RetiredAgent, is_applied: bool) {
    let RetiredAgent { file, retirement, state, .. } = agent;
    let instead = match retirement.instead.as_str() {
        "" => String::new(),
        instead => format!("; use {instead}"),
    };
    let day = &retirement.last_day;
    match state {
        AgentState::Retired { days_left } => {
            println!("warning  {file}: goes after {day}, in {days_left} days{instead}");
        }
        AgentState::Due if is_applied => {
            println!("removed  {file}: its last day was {day}{instead}");
        }
        AgentState::Due => println!("due      {file}: its last day was {day}{instead}"),
        _ => println!("gone     {file}"),
    }
}
