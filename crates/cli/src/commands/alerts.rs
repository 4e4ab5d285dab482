//! `plimsoll alerts`: who is told, whether they are, and what a person says to it.

mod ack;
mod check;
pub(crate) mod effective;
mod history;
mod maintenance;
mod replay;
mod resolve;
mod rules;
pub(crate) mod run;
mod setup;
mod silence;
mod status;
mod test;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use plimsoll_alerts::AlertsConfig;

use crate::configuration::ConfigArgs;
use crate::failure::{Exit, Failure};
use crate::glue::sections::ALERTS;

const EXAMPLES: &str = "\
Examples:
  plimsoll alerts check                               whether rules and receivers are right
  plimsoll alerts run --store plimsoll.db             watch a store, until Ctrl-C
  plimsoll alerts replay --store runs/demo.db         what the rules say about stored rows
  plimsoll alerts setup discord                       make a webhook, keep it, send a test
  plimsoll alerts test drawdown_critical --value 0.175  the whole way to the receiver, timed
  plimsoll alerts status                              what fires, who was told, what waits
  plimsoll alerts ack drawdown_critical --by amy      no repetition, no escalation
  plimsoll alerts silence venue=HYPERLIQUID --for 2h --by amy --reason \"venue maintenance\"
  plimsoll alerts maintenance --for 20m --reason \"new disk\"  what is down pages nobody, a loss does
  plimsoll alerts history --store plimsoll.db --last 50";

/// Arguments of `plimsoll alerts`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct AlertsArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Evaluate rules over a store as it grows, and tell people
    Run(run::RunArgs),
    /// Show what the rules would have said about stored rows
    Replay(replay::ReplayArgs),
    /// List the rules, those that are on and those that are off
    Rules(rules::RulesArgs),
    /// Check whether rules can be evaluated and people can be told
    Check(check::CheckArgs),
    /// Connect a receiver, step by step
    Setup(setup::SetupArgs),
    /// Drive a rule's whole way to its receivers, and time it
    Test(test::TestArgs),
    /// Show what fires, who was told, what waits and what was given up
    Status(status::StatusArgs),
    /// Show what happened: states, attempts, acknowledgments, silences
    History(history::HistoryArgs),
    /// Do not tell some alerts for a while, a day at most
    Silence(silence::SilenceArgs),
    /// Announce work on the system: what lives and is reached pages nobody meanwhile, a loss does
    Maintenance(maintenance::MaintenanceArgs),
    /// Say that somebody takes care of an alert
    Ack(ack::AckArgs),
    /// End an alert, also a latched one
    Resolve(resolve::ResolveArgs),
}

pub(crate) fn run(args: &AlertsArgs) -> Result<Exit, Failure> {
    match &args.command {
        Command::Run(args) => run::run(args),
        Command::Replay(args) => replay::run(args),
        Command::Rules(args) => rules::run(args),
        Command::Check(args) => check::run(args),
        Command::Setup(args) => setup::run(args),
        Command::Test(args) => test::run(args),
        Command::Status(args) => status::run(args),
        Command::History(args) => history::run(args),
        Command::Silence(args) => silence::run(args),
        Command::Maintenance(args) => maintenance::run(args),
        Command::Ack(args) => ack::run(args),
        Command::Resolve(args) => resolve::run(args),
    }
}

/// Which outbox, and the configuration that it is used with.
#[derive(Debug, Clone, Args)]
struct OutboxArgs {
    /// Directory of the outbox [default: as configured, else runs/alerts]
    #[arg(long, value_name = "DIR")]
    outbox: Option<PathBuf>,
    #[command(flatten)]
    config: ConfigArgs,
}

impl OutboxArgs {
    /// The configuration and the directory.
    fn load(&self) -> Result<(AlertsConfig, PathBuf), Failure> {
        let config: AlertsConfig = self.config.section(ALERTS)?;
        let dir = self.outbox.clone().unwrap_or_else(|| config.outbox.clone());
        Ok((config, dir))
    }
}

/// The name of whoever types: the login, unless it was said.
fn person(said: Option<&str>) -> Result<String, Failure> {
    let login = || std::env::var_os("USER").and_then(|login| login.into_string().ok());
    let name = said.map(str::to_owned).or_else(login).unwrap_or_default();
    if name.trim().is_empty() {
        return Err(Failure::new(anyhow::anyhow!("nobody is named")).with_hint("add --by NAME"));
    }
    Ok(name)
}
