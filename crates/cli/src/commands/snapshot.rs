//! `plimsoll snapshot`: captures the state around a deploy, verifies it, restores it.

mod bucket;
mod create;
mod diff;
mod init;
mod list;
mod place;
mod prune;
mod restore;
mod show;
mod verify;

use clap::{Args, Subcommand};

use crate::failure::{Exit, Failure};

pub(crate) use create::{FailedParts, described, failure as create_failure};
pub(crate) use place::{PartArgs, Place, PlaceArgs, moment_text, pause, repository, tool_version};

const EXAMPLES: &str = "\
Examples:
  plimsoll snapshot init --identity-out ~/.config/plimsoll/identity
  plimsoll snapshot create --files config --git . --tag before-deploy
  plimsoll snapshot list
  plimsoll snapshot verify latest
  plimsoll snapshot diff latest now
  plimsoll snapshot restore latest --only config --dry-run
  plimsoll snapshot restore --continue      finish one that was cut short; or --undo
  plimsoll snapshot prune --dry-run

What to capture stands in section `snapshot` of config/canonical.yaml; `plimsoll ssot defaults`
shows it. A snapshot is named by its id, the beginning of it, a tag, or `latest`, the newest good
one.

Exit codes: 0 done and fine; 1 a part failed, something is damaged or differs, or it was refused;
2 could not tell, or wrong usage.";

/// Arguments of `plimsoll snapshot`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct SnapshotArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a store
    Init(init::InitArgs),
    /// Capture everything that is named into a new snapshot
    Create(create::CreateArgs),
    /// List the snapshots of a store, newest last
    List(list::ListArgs),
    /// Show what a snapshot holds
    Show(show::ShowArgs),
    /// Read every byte of snapshots, and check that they could be restored
    Verify(verify::VerifyArgs),
    /// Show in what two snapshots differ, or one and the present
    Diff(diff::DiffArgs),
    /// Put back what a snapshot holds, after capturing the present
    Restore(restore::RestoreArgs),
    /// Remove snapshots by the policy, and what none needs any more
    Prune(prune::PruneArgs),
}

pub(crate) fn run(args: &SnapshotArgs) -> Result<Exit, Failure> {
    match &args.command {
        Command::Init(args) => init::run(args),
        Command::Create(args) => create::run(args),
        Command::List(args) => list::run(args),
        Command::Show(args) => show::run(args),
        Command::Verify(args) => verify::run(args),
        Command::Diff(args) => diff::run(args),
        Command::Restore(args) => restore::run(args),
        Command::Prune(args) => prune::run(args),
    }
}
