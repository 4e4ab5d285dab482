//! The workspace's own automation: `cargo xtask --help`.

mod api;
mod bench;
mod ci;
mod command;
mod live;
mod machine;
mod steps;
mod tidy;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

use crate::steps::{Verdict, say};
use crate::workspace::Workspace;

/// Checks, proofs and benchmarks of this workspace.
///
/// Exit code 0: all is well. 1: a check or a proof failed. 2: something could not be told (a required step was
/// skipped), or the command line was wrong.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs every check that needs no server: fmt, clippy, tests, docs, features, packages, licenses, API, tidy.
    ///
    /// What cannot run here prints `SKIPPED: name: why`; a name in `xtask/required.txt` may not be skipped.
    Ci {
        /// Only fmt, tidy, clippy and tests.
        #[arg(long)]
        quick: bool,
        /// Leaves the tests out, for a caller that has just run them.
        #[arg(long)]
        no_tests: bool,
    },
    /// Checks the conventions that no compiler knows: layout, who depends on whom, sizes, forbidden words.
    Tidy,
    /// Runs a proof against the real programs (databases and the like), or all of them.
    Live {
        /// A proof's name, `all`, or `list`.
        name: String,
        /// Small counts: minutes for all proofs together. The default.
        #[arg(long, conflicts_with = "full")]
        quick: bool,
        /// The counts that the published figures were made with.
        #[arg(long)]
        full: bool,
    },
    /// Runs the benchmarks of one package, or of all that have any.
    Bench {
        /// A package's name, with or without `plimsoll-`.
        name: Option<String>,
    },
    /// Writes the public interface of plimsoll-metrics into `crates/metrics/API.md`.
    Api {
        /// Writes nothing; fails when the file does not say what the code says.
        #[arg(long)]
        check: bool,
    },
}

/// How much a proof does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Depth {
    /// Small counts.
    Quick,
    /// The counts behind the published figures.
    Full,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(&cli.command) {
        Ok(verdict) => verdict.into(),
        Err(error) => {
            say(&format!("error: {error:#}"));
            Verdict::CouldNotTell.into()
        }
    }
}

fn run(command: &Command) -> anyhow::Result<Verdict> {
    let workspace = Workspace::here()?;
    match command {
        Command::Ci { quick, no_tests } => {
            let depth = if *quick { Depth::Quick } else { Depth::Full };
            ci::run(&workspace, depth, *no_tests)
        }
        Command::Tidy => tidy::run(&workspace),
        Command::Live { name, full, .. } => {
            live::run(&workspace, name, if *full { Depth::Full } else { Depth::Quick })
        }
        Command::Bench { name } => bench::run(&workspace, name.as_deref()),
        Command::Api { check } => api::run(&workspace, *check),
    }
}
