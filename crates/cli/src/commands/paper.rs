//! `plimsoll paper`: the paper venue as a process of its own, and a trader at it.

mod trade;
mod venue;

use clap::{Args, Subcommand};

use crate::failure::{Exit, Failure};

/// Arguments of `plimsoll paper`.
#[derive(Debug, Args)]
pub(crate) struct PaperArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve a paper venue over HTTP; what it acknowledged survives SIGKILL
    Venue(venue::VenueArgs),
    /// Let the trend strategy trade at a served venue
    Trade(trade::TradeArgs),
}

pub(crate) fn run(args: &PaperArgs) -> Result<Exit, Failure> {
    match &args.command {
        Command::Venue(args) => venue::run(args),
        Command::Trade(args) => trade::run(args),
    }
}
