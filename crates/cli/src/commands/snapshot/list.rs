//! `plimsoll snapshot list`.

use clap::Args;

use super::place::{PlaceArgs, moment_text};
use crate::failure::{Exit, Failure, Hint as _};
use crate::progress::bytes;

/// Arguments of `plimsoll snapshot list`.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    place: PlaceArgs,
    /// Only those with this tag
    #[arg(long, value_name = "TAG")]
    tag: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &ListArgs) -> Result<Exit, Failure> {
    let place = args.place.read()?;
    let store = place.open()?;
    let mut exit = Exit::Fine;
    let mut rows = Vec::new();
    for listing in store.list().hint("is the store there, and may you read it?")? {
        match listing.manifest {
            Ok(manifest) => {
                let fits = |tag: &String| manifest.tags.contains(tag);
                if args.tag.as_ref().is_none_or(fits) {
                    rows.push(manifest);
                }
            }
            Err(error) => {
                eprintln!("{}  BROKEN  {:#}", listing.id, anyhow::Error::new(error));
                exit = Exit::Finding;
            }
        }
    }
    if args.json {
        println!("{}", serde_json::json!({ "version": 1, "snapshots": rows }));
        return Ok(exit);
    }
    for manifest in &rows {
        let state = if manifest.is_good() { "good" } else { "FAILED" };
        let len: u64 = manifest.parts.iter().map(|part| part.len_bytes).sum();
        let parts: Vec<&str> = manifest.parts.iter().map(|part| part.name.as_str()).collect();
        let tags = manifest.tags.join(" ");
        println!(
            "{}  {}  {state:<6}  {:>9}  {}  {tags}",
            manifest.id,
            moment_text(manifest.created_ns),
            bytes(len),
            parts.join(",")
        );
    }
    if rows.is_empty() && exit == Exit::Fine {
        eprintln!("no snapshot; `plimsoll snapshot create` makes one");
    }
    Ok(exit)
}
