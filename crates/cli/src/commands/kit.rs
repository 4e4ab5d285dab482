//! `plimsoll init` and `plimsoll kit`: what a well-run repository has beside its code.

mod agents;
mod repository;
mod show;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use plimsoll_kit::{Piece, Plan, RECORD_FILE, State, Wish, plan};

use crate::failure::{Exit, Failure, Hint as _};
use agents::AgentsArgs;
use repository::Repository;

const INIT_EXAMPLES: &str = "\
Examples:
  plimsoll init                              what would be made, as a diff
  plimsoll init --apply                      make it
  plimsoll init --without codspeed --without staging --apply
  plimsoll init --take .github/dependabot.yml
                                             our file instead of the one that is there, as a diff

Looks at the languages, lock files, images and workflows of the repository and at
config/canonical.yaml. A file that is there already stays, or gets a part between marks.";

const EXAMPLES: &str = "\
Examples:
  plimsoll kit list                          the pieces, and which are left out
  plimsoll kit check                         exit 1 if a file is out of step
  plimsoll kit update                        what would change, as a diff
  plimsoll kit update --apply                change it
  plimsoll kit agents                        which coding agents are retired, and since when

What people changed in a rendered file stays; where the template changed the same lines, people have
to say. What was rendered last is in .plimsoll/kit.json, which is committed.";

/// Arguments of `plimsoll init`.
#[derive(Debug, Args)]
#[command(after_help = INIT_EXAMPLES)]
pub(crate) struct InitArgs {
    #[command(flatten)]
    update: UpdateArgs,
}

/// Arguments of `plimsoll kit`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct KitArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Tell which files are out of step
    Check(CheckArgs),
    /// Bring files in step
    Update(UpdateArgs),
    /// List the pieces
    List(CheckArgs),
    /// Tell which coding agents are retired, and take out those that are past their day
    Agents(AgentsArgs),
}

#[derive(Debug, Args)]
struct CheckArgs {
    /// Root of the repository
    #[arg(long, default_value = ".", value_name = "DIR")]
    root: PathBuf,
    /// One JSON object with a version
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct UpdateArgs {
    /// Write what is shown
    #[arg(long)]
    apply: bool,
    /// Leave a piece out from now on; `plimsoll kit list` has their names
    #[arg(long, value_name = "PIECE", value_parser = piece)]
    without: Vec<Piece>,
    /// Take a piece in again
    #[arg(long, value_name = "PIECE", value_parser = piece)]
    with: Vec<Piece>,
    /// Have this file as the template says, whatever people changed in it
    #[arg(long, value_name = "FILE")]
    take: Vec<String>,
    #[command(flatten)]
    check: CheckArgs,
}

fn piece(name: &str) -> Result<Piece, String> {
    Piece::named(name).ok_or_else(|| {
        let all: Vec<&str> = Piece::ALL.iter().map(|piece| piece.name()).collect();
        format!("there are: {}", all.join(", "))
    })
}

pub(crate) fn init(args: &InitArgs) -> Result<Exit, Failure> {
    update(&args.update, "plimsoll init --apply")
}

pub(crate) fn run(args: &KitArgs) -> Result<Exit, Failure> {
    match &args.command {
        Command::Check(args) => check(args),
        Command::Update(args) => update(args, "plimsoll kit update --apply"),
        Command::List(args) => list(args),
        Command::Agents(args) => agents::run(args),
    }
}

fn check(args: &CheckArgs) -> Result<Exit, Failure> {
    let repository = Repository::at(&args.root)?;
    let plan = planned(&repository, &[])?;
    show::verdict(&plan, args.json);
    Ok(if plan.is_in_step() { Exit::Fine } else { Exit::Finding })
}

fn list(args: &CheckArgs) -> Result<Exit, Failure> {
    let repository = Repository::at(&args.root)?;
    let plan = planned(&repository, &[])?;
    let left_out: Vec<Piece> = repository.left_out();
    show::pieces(&plan, &left_out, args.json)?;
    Ok(Exit::Fine)
}

fn update(args: &UpdateArgs, again: &str) -> Result<Exit, Failure> {
    let repository = Repository::at(&args.check.root)?.with_pieces(&args.without, &args.with);
    let plan = planned(&repository, &args.take)?;
    if let Some(unknown) =
        args.take.iter().find(|path| !plan.changes.iter().any(|change| change.path == **path))
    {
        return Err(Failure::new(anyhow::anyhow!("no piece has a file `{unknown}`"))
            .with_hint("`plimsoll kit list` has the files, relative to the root"));
    }
    show::changes(&plan, args.check.json, args.apply);
    if args.apply {
        write(&repository, &plan)?;
    } else if !args.check.json && plan.changes.iter().any(is_written) {
        eprintln!("nothing was written; `{again}` writes it");
    }
    let is_stuck = plan.changes.iter().any(|change| change.state == State::Conflict);
    Ok(if is_stuck { Exit::Finding } else { Exit::Fine })
}

fn planned(repository: &Repository, taken: &[String]) -> Result<Plan, Failure> {
    let Repository { survey, facts, config, record, .. } = repository;
    let wish = Wish::new(survey, facts, config, record).with_taken(taken);
    Ok(plan(&wish, |path| repository.read(path)))
}

/// Whether a change is more than a word.
fn is_written(change: &plimsoll_kit::Change) -> bool {
    matches!(change.state, State::New | State::Update | State::Remove)
}

/// Files first and the record last: who is interrupted finds the files as they should be.
fn write(repository: &Repository, plan: &Plan) -> Result<(), Failure> {
    for change in plan.changes.iter().filter(|change| is_written(change)) {
        repository
            .write(&change.path, change.after.as_deref())
            .hint("what was written before stays; the same command goes on")?;
    }
    let text = plan.record.text();
    if repository.read(RECORD_FILE).ok().flatten().as_deref() != Some(text.as_str()) {
        repository.write(RECORD_FILE, Some(&text)).hint("the same command goes on")?;
    }
    Ok(())
}
