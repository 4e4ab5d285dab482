//! `plimsoll drift`: what disagrees with the configuration, with the fix.

mod accept;
mod check;
mod fix;
mod forms;
mod init;
mod pull;
mod show;
mod staged;
mod subject;
mod watch;

use clap::{Args, Subcommand};

use crate::failure::{Exit, Failure};

const EXAMPLES: &str = "\
Examples:
  plimsoll drift                        the whole repository against config/canonical.yaml
  plimsoll drift --all                  every place that was compared, also those that agree
  plimsoll drift README.md deploy/      some files and folders
  plimsoll drift --staged               what is about to be committed, for a hook
  plimsoll drift --diff                 the change that would bring it back, as a patch
  plimsoll drift --fix                  make that change, and check again
  plimsoll drift --pr                   the same change as a branch, with one pull request at GitHub
  plimsoll drift --format sarif         for code scanning; also junit and github
  plimsoll drift --questdb http://localhost:9000   also the tables of a running server
  plimsoll drift --installed python,rust,containers   also what is installed and what runs here
  plimsoll drift --watch                again after every change
  plimsoll drift accept --until 2027-01-31 --reason 'moves with the new host' ports.grafana
  plimsoll drift init > config/canonical.yaml   what this repository states, to begin with

A line with `plimsoll:ignore[key] reason` may say something else. The section `drift` of the configuration has names,
scopes and exceptions.

--pr looks at a branch as it is at the remote, not at the files here, commits what --fix would change and nothing else,
and closes its own pull request once there is nothing to change. GITHUB_TOKEN needs contents: write and pull-requests:
write. With --diff it only prints what it would propose.

Exit codes: 0 everything that was compared agrees; 1 something does not; 2 it could not be told: a file that cannot be
read, no configuration, or nothing to compare.";

/// Arguments of `plimsoll drift`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub(crate) struct DriftArgs {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    check: Box<check::CheckArgs>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Propose a configuration from what a repository states, with conflicts for a person to settle
    Init(init::InitArgs),
    /// Accept findings up to a day, with a reason
    Accept(accept::AcceptArgs),
}

pub(crate) fn run(args: &DriftArgs) -> Result<Exit, Failure> {
    match &args.command {
        None => check::run(&args.check),
        Some(Command::Init(args)) => init::run(args),
        Some(Command::Accept(args)) => accept::run(args),
    }
}
