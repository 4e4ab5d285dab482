//! `plimsoll tables`: creates and changes the tables of a store.

mod apply;
mod check;
mod show;

use clap::{Args, Subcommand};

use crate::failure::{Exit, Failure};

/// Arguments of `plimsoll tables`.
#[derive(Debug, Args)]
pub(crate) struct TablesArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Bring a store's tables to a schema version, forwards or back
    Apply(apply::ApplyArgs),
    /// Tell whether a store's tables fit this build
    Check(check::CheckArgs),
    /// Print the statements that make the tables
    Show(show::ShowArgs),
}

pub(crate) fn run(args: &TablesArgs) -> Result<Exit, Failure> {
    match &args.command {
        Command::Apply(args) => apply::run(args),
        Command::Check(args) => check::run(args),
        Command::Show(args) => show::run(args),
    }
}
