//! `plimsoll snapshot prune`.

use clap::Args;
use plimsoll_snapshot::{Keep, PruneOptions, Pruned, preview_prune, prune};

use super::place::PlaceArgs;
use crate::failure::{Exit, Failure};
use crate::moment::now;
use crate::progress::bytes;

/// Arguments of `plimsoll snapshot prune`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  plimsoll snapshot prune --dry-run
  plimsoll snapshot prune --keep-last 3 --keep-daily 30

One that any line of the policy keeps stays. The newest good one always stays, and so does what a
restore that was cut short needs.")]
pub(super) struct PruneArgs {
    #[command(flatten)]
    place: PlaceArgs,
    /// Keep so many of the newest good ones [default: as configured]
    #[arg(long, value_name = "N")]
    keep_last: Option<u32>,
    /// Keep the newest of each of so many days [default: as configured]
    #[arg(long, value_name = "N")]
    keep_daily: Option<u32>,
    /// Keep the newest of each of so many weeks [default: as configured]
    #[arg(long, value_name = "N")]
    keep_weekly: Option<u32>,
    /// Keep all with this tag, besides those that are configured
    #[arg(long, value_name = "TAG")]
    keep_tag: Vec<String>,
    /// Show what would be removed, change nothing
    #[arg(long)]
    dry_run: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &PruneArgs) -> Result<Exit, Failure> {
    let place = args.place.read()?;
    let store = place.open()?;
    let mut keep: Keep = place.config.keep.clone();
    keep.last = args.keep_last.unwrap_or(keep.last);
    keep.daily = args.keep_daily.unwrap_or(keep.daily);
    keep.weekly = args.keep_weekly.unwrap_or(keep.weekly);
    keep.tags.extend(args.keep_tag.iter().cloned());
    let mut options = PruneOptions::new(now()).with_keep(keep);
    options.plans_dir = Some(place.plans_dir(&store));
    let pruned =
        if args.dry_run { preview_prune(&store, &options) } else { prune(&store, &options) };
    let pruned = pruned.map_err(|error| {
        Failure::refused(error).with_hint("what is listed is whole; run it again")
    })?;
    show(&pruned, args);
    Ok(if pruned.notes.is_empty() { Exit::Fine } else { Exit::Finding })
}

fn show(pruned: &Pruned, args: &PruneArgs) {
    pruned.notes.iter().for_each(|note| eprintln!("{note}"));
    if args.json {
        let text = serde_json::json!({
            "version": 1, "is_dry_run": args.dry_run, "kept": pruned.kept, "removed": pruned.removed,
            "packs_removed": pruned.packs_removed, "removed_bytes": pruned.removed_bytes,
            "rewritten_bytes": pruned.rewritten_bytes,
        });
        println!("{text}");
        return;
    }
    for (id, reason) in &pruned.kept {
        println!("keep    {id}  {}", format!("{reason:?}").to_lowercase());
    }
    pruned.removed.iter().for_each(|id| println!("remove  {id}"));
    let verb = if args.dry_run { "would go" } else { "went" };
    println!(
        "{} snapshots and {} packs of {} {verb}",
        pruned.removed.len(),
        pruned.packs_removed,
        bytes(pruned.removed_bytes)
    );
}
