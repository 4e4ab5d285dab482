//! `plimsoll ralph`: looks after the loops of a project, from outside of their sessions.

mod classify;
mod client;
mod doctor;
mod init;
mod install;
mod limits;
mod plugin;
mod report;
mod restore;
mod say;
mod scope;
mod ship;
mod status;
mod statusline;
mod uninstall;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use plimsoll_ralph::hook::Project;

use crate::failure::{Exit, Failure, Hint as _};

const EXAMPLES: &str = "\
Examples:
  plimsoll ralph install --guard            hooks that put bounds over any loop of the coding agent
  plimsoll ralph doctor                     fire each hook once, and see what is wrong
  plimsoll ralph status                     loops and guards here, and what is left of their bounds
  plimsoll ralph report                     iteration by iteration: what happened, what tripped, at what value
  plimsoll ralph pause                      let the loop's next stop through
  plimsoll ralph resume loop-1a2b3c4d       the next session here goes on with it
  plimsoll ralph restore 7 --dry-run        what bringing back iteration 7 would change
  plimsoll ralph ship --to plimsoll.db      the record as rows in a store

The same words work as a prompt in a session, at no cost: RALPH STATUS, RALPH PAUSE, RALPH RESUME, RALPH RESET,
RALPH DISCARD, STOP RALPH.";

/// Arguments of `plimsoll ralph`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct RalphArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show loops and guards, and what is left of their bounds
    Status(status::StatusArgs),
    /// Say iteration by iteration what happened, what tripped, at what value, and what to do
    Report(report::ReportArgs),
    /// Let a loop's next stop through, and wait
    Pause(say::LoopArgs),
    /// Go on with a loop that waits, or whose session has died
    Resume(say::LoopArgs),
    /// Grant every bound of a loop or guard anew
    Reset(say::LoopArgs),
    /// End a loop and forget it; its record and its checkpoints stay
    Discard(say::LoopArgs),
    /// Bring back the files of an iteration; what is there now is kept first
    Restore(restore::RestoreArgs),
    /// Deliver the record as rows into a store
    Ship(ship::ShipArgs),
    /// Put hooks into the client's settings
    Install(install::InstallArgs),
    /// Take hooks out of the client's settings, byte for byte
    Uninstall(uninstall::UninstallArgs),
    /// Fire each installed hook with a sample, and say what is wrong
    Doctor(doctor::DoctorArgs),
    /// Write the bounds of the configuration into the file that hooks read
    Limits(limits::LimitsArgs),
    /// Write a PROMPT.md: task, exit criteria, checks, constraints
    Init(init::InitArgs),
    /// Say what a prompt is taken for: a loop, several solutions, or neither
    Classify(classify::ClassifyArgs),
    /// Write the hooks as a plugin of the client
    Plugin(plugin::PluginArgs),
    /// Print one line for the client's status line
    Statusline(statusline::StatuslineArgs),
}

pub(crate) fn run(args: &RalphArgs) -> Result<Exit, Failure> {
    use plimsoll_ralph::Command as Say;
    match &args.command {
        Command::Status(args) => status::run(args),
        Command::Report(args) => report::run(args),
        Command::Pause(args) => say::run(args, |loop_id| Say::Pause { loop_id }),
        Command::Resume(args) => say::run(args, |loop_id| Say::Resume { loop_id, at_once: false }),
        Command::Reset(args) => say::run(args, |loop_id| Say::Reset { loop_id }),
        Command::Discard(args) => say::run(args, |loop_id| Say::Discard { loop_id }),
        Command::Restore(args) => restore::run(args),
        Command::Ship(args) => ship::run(args),
        Command::Install(args) => install::run(args),
        Command::Uninstall(args) => uninstall::run(args),
        Command::Doctor(args) => doctor::run(args),
        Command::Limits(args) => limits::run(args),
        Command::Init(args) => init::run(args),
        Command::Classify(args) => classify::run(args),
        Command::Plugin(args) => plugin::run(args),
        Command::Statusline(args) => statusline::run(args),
    }
}

/// Which project.
#[derive(Debug, Clone, Args)]
pub(crate) struct DirArgs {
    /// A directory of the project
    #[arg(long, value_name = "DIR", default_value = ".")]
    dir: PathBuf,
}

impl DirArgs {
    pub(crate) fn open(&self) -> Result<Project, Failure> {
        let dir = std::fs::canonicalize(&self.dir)
            .map_err(|error| anyhow::anyhow!("`{}`: {error}", self.dir.display()))
            .hint("name a directory of the project with --dir")?;
        Ok(Project::of(&dir))
    }
}
