//! `plimsoll snapshot diff`.

use clap::Args;
use plimsoll_snapshot::{diff, diff_now};

use super::place::{PartArgs, PlaceArgs, find};
use super::show::unreadable;
use crate::failure::{Exit, Failure, Hint as _};
use crate::progress::Bar;

/// Arguments of `plimsoll snapshot diff`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  plimsoll snapshot diff latest now
  plimsoll snapshot diff 20261123 20261124 --json

Exit code 0: no difference. 1: there are some.")]
pub(super) struct DiffArgs {
    #[command(flatten)]
    place: PlaceArgs,
    #[command(flatten)]
    parts: PartArgs,
    /// From this one
    before: String,
    /// To that one, or `now`
    after: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Draw no bar
    #[arg(long)]
    quiet: bool,
}

pub(super) fn run(args: &DiffArgs) -> Result<Exit, Failure> {
    let place = args.place.read()?;
    let store = place.open()?;
    let before = find(&store, &args.before)?;
    let changed = if args.after == "now" {
        let config = place.with(&args.parts)?;
        let mut parts = config.parts(&place.edge()).hint("correct section `snapshot`")?;
        let bar = Bar::new(args.quiet);
        let changed = diff_now(&store, &before, &mut parts, &bar);
        bar.clear();
        changed.map_err(unreadable)?
    } else {
        diff(&store, &before, &find(&store, &args.after)?).map_err(unreadable)?
    };
    if args.json {
        println!("{}", serde_json::json!({ "version": 1, "changed": changed }));
    } else {
        for change in &changed {
            println!("{:<20}  {}  {}", change.what, change.part, change.path);
        }
    }
    Ok(if changed.is_empty() { Exit::Fine } else { Exit::Finding })
}
