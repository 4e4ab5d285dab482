//! `plimsoll metrics`: reads what was recorded, and delivers what waits.

mod copy;
mod export;
mod gaps;
mod list;
mod pages;
mod query;
mod ship;
mod spool;
mod tail;

use clap::{Args, Subcommand};

use crate::failure::{Exit, Failure};

const EXAMPLES: &str = "\
Examples:
  plimsoll metrics tables --store runs/demo.db
  plimsoll metrics query --store runs/demo.db \"SELECT * FROM trading_fills\"
  plimsoll metrics tail --store runs/demo.db trading_risk --follow
  plimsoll metrics export --store runs/demo.db trading_fills --to fills.csv
  plimsoll metrics gaps --store runs/demo.db
  plimsoll metrics ship --spool my.spool --to plimsoll.db --follow
  plimsoll metrics copy --from plimsoll.db --to http://127.0.0.1:9000 --dry-run";

/// Arguments of `plimsoll metrics`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct MetricsArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List tables with rows and times
    Tables(list::ListArgs),
    /// Run SQL that only reads
    Query(query::QueryArgs),
    /// Show the newest rows of a table
    Tail(tail::TailArgs),
    /// Write a table or a query to a file
    Export(export::ExportArgs),
    /// Prove that every row arrived, or size what is missing
    Gaps(gaps::GapsArgs),
    /// Show what waits in a spool
    Spool(spool::SpoolArgs),
    /// Deliver what waits in a spool into a store
    Ship(ship::ShipArgs),
    /// Copy the history of a store into another, such as QuestDB
    Copy(copy::CopyArgs),
}

pub(crate) fn run(args: &MetricsArgs) -> Result<Exit, Failure> {
    match &args.command {
        Command::Tables(args) => list::run(args),
        Command::Query(args) => query::run(args),
        Command::Tail(args) => tail::run(args),
        Command::Export(args) => export::run(args),
        Command::Gaps(args) => gaps::run(args),
        Command::Spool(args) => spool::run(args),
        Command::Ship(args) => ship::run(args),
        Command::Copy(args) => copy::run(args),
    }
}
