//! `plimsoll ssot`: reads, explains, checks and changes the configuration.

mod check;
mod defaults;
mod explain;
mod get;
mod schema;
mod set;
mod show;
mod watch;

use clap::{Args, Subcommand};

use crate::failure::{Exit, Failure};

const EXAMPLES: &str = "\
Examples:
  plimsoll ssot show --profile prod          every value that holds, and who said it
  plimsoll ssot get limits.max_leverage      one value
  plimsoll ssot explain ports.grafana        every layer that spoke of it
  plimsoll ssot check                        all profiles, every problem at once
  plimsoll ssot set limits.max_leverage 2    one value, and nothing else
  plimsoll ssot defaults > config/canonical.yaml
  plimsoll ssot schema > config/schema.json  for the editor

Layers, each over the one before it: defaults, config/canonical.yaml, its part for the profile,
config/canonical.local.yaml, variables such as PLIMSOLL_LIMITS__MAX_LEVERAGE.";

/// Arguments of `plimsoll ssot`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct SsotArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print every value that holds, and where it was said
    Show(show::ShowArgs),
    /// Print one value, or a part of the configuration
    Get(get::GetArgs),
    /// Print every layer that spoke of a key
    Explain(explain::ExplainArgs),
    /// Check every profile, and show all problems
    Check(check::CheckArgs),
    /// Set a value in the canonical file, and leave everything else as it is
    Set(set::SetArgs),
    /// Watch the files, and tell what each change of them comes to
    Watch(watch::WatchArgs),
    /// Print the JSON Schema of the canonical file, for editors
    Schema,
    /// Print a canonical file with every default, to begin with
    Defaults,
}

pub(crate) fn run(args: &SsotArgs) -> Result<Exit, Failure> {
    match &args.command {
        Command::Show(args) => show::run(args),
        Command::Get(args) => get::run(args),
        Command::Explain(args) => explain::run(args),
        Command::Check(args) => check::run(args),
        Command::Set(args) => set::run(args),
        Command::Watch(args) => watch::run(args),
        Command::Schema => schema::run(),
        Command::Defaults => defaults::run(),
    }
}
