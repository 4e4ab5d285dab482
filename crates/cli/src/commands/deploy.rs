//! `plimsoll deploy`: a new version, behind a journal.

mod list;
mod prune;
mod run;
mod site;

use clap::{Args, Subcommand};
use plimsoll_snapshot::deploy::{Release, Request, Subject};

pub(crate) use run::{Running, cut_short};
pub(crate) use site::{Site, SiteArgs, rehearse};

use crate::failure::{Exit, Failure, Hint as _};

const EXAMPLES: &str = "\
Examples:
  plimsoll deploy staging
  plimsoll deploy prod --commit v1.4.0 --dry-run
  plimsoll deploy prod --continue           go on with one that was cut short; or --undo
  plimsoll deploy list
  plimsoll deploy prune --dry-run

What runs, how it is built, tested and seen to be well stands in section `deploy` of
config/canonical.yaml: plain processes, containers by the digest of their image, or units of
systemd. Stateless services start beside the old ones. A strategy never runs twice: its lease is
fenced, it is stopped, the accounts are read until they stand still, the new one starts unarmed, is
compared, started once more, and armed last.

From `announce downtime` to `end downtime`, or the deadline, it is maintenance: alerts of liveness
of that environment page nobody. What an account loses meanwhile pages as ever.

A step that fails undoes itself and everything before it. If even that fails, trading is halted:
`plimsoll halt --status`.

Exit codes: 0 the new version runs; 1 the old one runs, or it was cut short, and the error says
which; 2 could not tell, or wrong usage.";

/// Arguments of `plimsoll deploy`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct DeployArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Deploy to where trials are made
    Staging(RunArgs),
    /// Deploy to where money is
    Prod(RunArgs),
    /// Show deploys and rollbacks, newest last
    List(list::ListArgs),
    /// Remove the files of releases that are too old to go back to
    Prune(prune::PruneArgs),
}

#[derive(Debug, Args)]
struct RunArgs {
    #[command(flatten)]
    site: SiteArgs,
    /// The commit: digits, a branch or a tag
    #[arg(long, value_name = "REV", default_value = "HEAD")]
    commit: String,
    /// Show the steps, change nothing
    #[arg(long)]
    dry_run: bool,
    /// Go on with a deploy or rollback that was cut short
    #[arg(long = "continue", conflicts_with_all = ["undo", "dry_run"])]
    go_on: bool,
    /// Take back a deploy or rollback that was cut short
    #[arg(long, conflicts_with = "dry_run")]
    undo: bool,
}

pub(crate) fn run(args: &DeployArgs) -> Result<Exit, Failure> {
    match &args.command {
        Command::Staging(args) => deploy("staging", args),
        Command::Prod(args) => deploy("prod", args),
        Command::List(args) => list::run(args),
        Command::Prune(args) => prune::run(args),
    }
}

fn deploy(environment: &str, args: &RunArgs) -> Result<Exit, Failure> {
    let mut site = args.site.read(environment)?;
    if args.go_on || args.undo {
        return cut_short(&mut site, args.undo, args.site.json);
    }
    let commit = site.releases.commit(&args.commit).hint("name a commit with --commit")?;
    let current = site.releases.current().hint("look into the directory of deploys")?;
    let dir = site.releases.dir_of(&commit);
    let tag = Some(args.commit.clone()).filter(|rev| rev != "HEAD" && !commit.starts_with(rev));
    let to = Release::new(&commit, dir, &site.settings.services, current.as_ref()).with_tag(tag);
    let subject = Subject::new(Request::Deploy, environment, &site.settings, to, current);
    if args.dry_run {
        return rehearse(&subject, args.site.json);
    }
    Running::begin(&mut site, &subject, args.site.json)
}
