//! `plimsoll snapshot verify`.

use clap::Args;
use plimsoll_snapshot::{SnapshotId, verify};

use super::place::{PlaceArgs, find};
use crate::failure::{Exit, Failure, Hint as _};
use crate::progress::{Bar, bytes};

const EXAMPLES: &str = "\
Examples:
  plimsoll snapshot verify                the newest good one
  plimsoll snapshot verify --all
  plimsoll snapshot verify 20261124 --json

Exit code 0: every byte is as it was written, and every part could be restored. 1: what is damaged
or missing is named. 2: it is sealed, and without the identity only its bytes could be verified.";

/// Arguments of `plimsoll snapshot verify`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct VerifyArgs {
    #[command(flatten)]
    place: PlaceArgs,
    /// Which ones: ids, beginnings of them, or tags
    #[arg(default_value = "latest")]
    snapshots: Vec<String>,
    /// All of the store
    #[arg(long)]
    all: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Draw no bar
    #[arg(long)]
    quiet: bool,
}

pub(super) fn run(args: &VerifyArgs) -> Result<Exit, Failure> {
    let place = args.place.read()?;
    let store = place.open()?;
    let ids: Vec<SnapshotId> = if args.all {
        let listed = store.list().hint("is the store there, and may you read it?")?;
        listed.into_iter().map(|listing| listing.id).collect()
    } else {
        args.snapshots.iter().map(|wanted| find(&store, wanted)).collect::<Result<_, _>>()?
    };
    let bar = Bar::new(args.quiet);
    let verified = verify(&store, &ids, &bar).hint("is the store there, and may you read it?")?;
    bar.clear();
    let findings: Vec<String> = verified.findings.iter().map(ToString::to_string).collect();
    if args.json {
        let text = serde_json::json!({
            "version": 1, "snapshots": ids, "is_whole": verified.is_whole(), "findings": findings,
            "untold": verified.untold, "packs": verified.packs,
            "packed_bytes": verified.packed_bytes, "contents": verified.contents,
        });
        println!("{text}");
    } else {
        findings.iter().for_each(|finding| println!("{finding}"));
        verified.untold.iter().for_each(|untold| println!("not told: {untold}"));
        let verdict = if verified.is_whole() { "whole" } else { "NOT WHOLE" };
        let verdict = if findings.is_empty() && !verified.untold.is_empty() {
            "bytes whole"
        } else {
            verdict
        };
        println!(
            "{verdict}: {} snapshots, {} packs of {}, {} contents",
            verified.snapshots,
            verified.packs,
            bytes(verified.packed_bytes),
            verified.contents
        );
    }
    Ok(match (findings.is_empty(), verified.untold.is_empty()) {
        (true, true) => Exit::Fine,
        (true, false) => Exit::Unknown,
        (false, _) => Exit::Finding,
    })
}
