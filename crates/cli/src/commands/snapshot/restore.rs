//! `plimsoll snapshot restore`.

use std::path::PathBuf;

use clap::Args;
use plimsoll_snapshot::plan::{Event, PlanState, PlanSummary, StepState};
use plimsoll_snapshot::restore::{
    Extras, Restore, RestoreError, RestoreOptions, continue_restore, preview, restore, undo_restore,
};
use plimsoll_snapshot::{SnapshotId, Store};

use super::create::SecretsArg;
use super::place::{PartArgs, Place, PlaceArgs, find, tool_version};
use crate::failure::{Exit, Failure};
use crate::moment::now;
use crate::progress::Bar;
use crate::stop::Stop;

const EXAMPLES: &str = "\
Examples:
  plimsoll snapshot restore latest --dry-run
  plimsoll snapshot restore latest --only config
  plimsoll snapshot restore latest --into /tmp/look          elsewhere, with whole paths below it
  plimsoll snapshot restore latest --only git --work-trees ../restored
  plimsoll snapshot restore --continue
  plimsoll snapshot restore --undo

The present is captured first. Killed at any moment, out of space or out of power, a restore is
finished by --continue or taken back by --undo. Positions, images and the environment are records:
they are shown and compared, never put back.";

/// Arguments of `plimsoll snapshot restore`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct RestoreArgs {
    #[command(flatten)]
    place: PlaceArgs,
    #[command(flatten)]
    parts: PartArgs,
    /// Which one: an id, the beginning of one, a tag, or `latest`
    #[arg(required_unless_present_any = ["go_on", "undo"])]
    snapshot: Option<String>,
    /// Only this part; may be given again
    #[arg(long, value_name = "PART")]
    only: Vec<String>,
    /// Put files below this directory, with their whole paths
    #[arg(long, value_name = "DIR")]
    into: Option<PathBuf>,
    /// Put repositories as work trees below this directory
    #[arg(long, value_name = "DIR")]
    work_trees: Option<PathBuf>,
    /// Leave files that are not in the snapshot
    #[arg(long)]
    keep_extra: bool,
    /// The server of this part is stopped, so its files may be put where it has them
    #[arg(long, value_name = "PART")]
    stopped: Vec<String>,
    /// What to do with secrets of the present, if the store is not sealed
    #[arg(long, value_name = "HOW", value_enum, default_value_t = SecretsArg::Refuse)]
    secrets: SecretsArg,
    /// Show what would be done, change nothing
    #[arg(long)]
    dry_run: bool,
    /// Finish a restore that was cut short
    #[arg(long = "continue", conflicts_with_all = ["snapshot", "undo", "dry_run"])]
    go_on: bool,
    /// Take back a restore that was cut short
    #[arg(long, conflicts_with_all = ["snapshot", "dry_run"])]
    undo: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Draw no bar
    #[arg(long)]
    quiet: bool,
}

pub(super) fn run(args: &RestoreArgs) -> Result<Exit, Failure> {
    let stop = Stop::listen()?;
    let place = args.place.read()?;
    let store = place.open()?;
    let bar = Bar::new(args.quiet);
    let mut observe = |event: &Event<'_>| tell(event, &bar);
    let is_wanted = || stop.is_wanted();
    let mut options = RestoreOptions::new(&now, tool_version(), &mut observe)
        .with_only(&args.only)
        .with_stopped(&args.stopped)
        .with_extras(if args.keep_extra { Extras::Keep } else { Extras::Remove });
    let here = std::env::current_dir()?;
    options.into = args.into.as_ref().map(|dir| here.join(dir));
    options.secrets = args.secrets.into();
    options.plans_dir = Some(place.plans_dir(&store));
    options.stop = &is_wanted;
    options.progress = &bar;
    options.restorers = restorers(args, &place)?;
    let summary = if args.go_on {
        continue_restore(&store, &mut options)
    } else if args.undo {
        undo_restore(&store, &mut options)
    } else {
        let id = find(&store, args.snapshot.as_deref().unwrap_or("latest"))?;
        if args.dry_run {
            return rehearse(&store, &id, &mut options, args.json);
        }
        restore(&store, &id, &mut options)
    };
    bar.clear();
    let summary = summary.map_err(failure)?;
    if args.json {
        println!("{}", serde_json::json!({ "version": 1, "plan": summary }));
    }
    ended(&summary);
    Ok(Exit::Fine)
}

/// A part's name, and what puts it back.
type NamedRestorer = (String, Box<dyn Restore>);

/// What puts parts back that are not made of files; only where it is asked for, because it
/// changes servers.
fn restorers(args: &RestoreArgs, place: &Place) -> Result<Vec<NamedRestorer>, Failure> {
    let here = std::env::current_dir()?;
    let work_trees = args.work_trees.as_ref().map(|dir| here.join(dir));
    let config = place.with(&args.parts)?;
    let all = config.restorers(&place.edge(), work_trees.as_deref());
    // Elsewhere means that nothing is touched where it is.
    let is_elsewhere = args.into.is_some();
    let is_meant = |name: &str| !is_elsewhere || args.only.iter().any(|only| only == name);
    Ok(all.into_iter().filter(|(name, _)| is_meant(name)).collect())
}

fn rehearse(
    store: &Store,
    id: &SnapshotId,
    options: &mut RestoreOptions<'_>,
    is_json: bool,
) -> Result<Exit, Failure> {
    let changes = preview(store, id, options).map_err(failure)?;
    if is_json {
        println!("{}", serde_json::json!({ "version": 1, "snapshot": id, "changes": changes }));
        return Ok(Exit::Fine);
    }
    for change in &changes {
        println!("{:<24}  {}  {}", change.what, change.part, change.path);
    }
    println!("{} changes to make, nothing was changed", changes.len());
    Ok(Exit::Fine)
}

fn tell(event: &Event<'_>, bar: &Bar) {
    bar.clear();
    match event {
        Event::Started { step, number, count } => eprintln!("{number}/{count} {step}"),
        Event::Failed { step, why } => eprintln!("    {step}: {why}"),
        Event::Undoing { step } => eprintln!("undo {step}"),
        _ => {}
    }
}

fn ended(summary: &PlanSummary) {
    let before = summary.steps.iter().find_map(|(_, state)| match state {
        StepState::Done { output, .. } => output.parse::<SnapshotId>().ok(),
        _ => None,
    });
    match (summary.state, before) {
        (PlanState::Undone, _) => eprintln!("everything is as it was before"),
        (_, Some(before)) => eprintln!(
            "done, and as in the snapshot; the time before is in {before}: \
             `plimsoll snapshot restore {before}` goes back"
        ),
        _ => eprintln!("done, and as in the snapshot"),
    }
}

fn failure(error: RestoreError) -> Failure {
    let hint = match &error {
        RestoreError::Locked { .. } => "wait for it with --wait SECS",
        RestoreError::NoRestorer { .. } => {
            "its source has to be configured; a repository needs --work-trees DIR"
        }
        RestoreError::Live { .. } => {
            "--into DIR puts it elsewhere; --stopped PART says that it is stopped"
        }
        RestoreError::NoPlan => "`plimsoll snapshot restore ID` begins one",
        RestoreError::Plan { .. } => {
            "`plimsoll snapshot restore --continue` finishes it, `--undo` takes it back"
        }
        RestoreError::Read { .. } => {
            "a sealed store is read with --identity FILE; `plimsoll snapshot verify` tells what is whole"
        }
        _ => "see `plimsoll snapshot restore --help`",
    };
    Failure::refused(error).with_hint(hint)
}
