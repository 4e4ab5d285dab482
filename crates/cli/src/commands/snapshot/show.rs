//! `plimsoll snapshot show`.

use clap::Args;
use plimsoll_snapshot::{ReadError, copy_document, entries, facts};

use super::create::described;
use super::place::{PlaceArgs, find};
use crate::failure::{Exit, Failure};

const EXAMPLES: &str = "\
Examples:
  plimsoll snapshot show latest
  plimsoll snapshot show latest --part config
  plimsoll snapshot show latest --part positions --document venue.json";

/// Arguments of `plimsoll snapshot show`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ShowArgs {
    #[command(flatten)]
    place: PlaceArgs,
    /// Which one: an id, the beginning of one, a tag, or `latest`
    snapshot: String,
    /// List what a part holds
    #[arg(long, value_name = "NAME")]
    part: Option<String>,
    /// Print a document of the part
    #[arg(long, value_name = "PATH", requires = "part")]
    document: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &ShowArgs) -> Result<Exit, Failure> {
    let place = args.place.read()?;
    let store = place.open()?;
    let id = find(&store, &args.snapshot)?;
    if let (Some(part), Some(path)) = (&args.part, &args.document) {
        let mut out = std::io::stdout().lock();
        copy_document(&store, &id, (part, path), &mut out).map_err(unreadable)?;
        return Ok(Exit::Fine);
    }
    if let Some(part) = &args.part {
        let listed = entries(&store, &id, part).map_err(unreadable)?;
        if args.json {
            println!("{}", serde_json::json!({ "version": 1, "entries": listed }));
            return Ok(Exit::Fine);
        }
        for entry in listed {
            let mode = entry.mode.map_or_else(String::new, |mode| format!("{mode:o}"));
            let to = entry.to.map_or_else(String::new, |to| format!(" -> {to}"));
            println!("{:<9}  {mode:>4}  {:>12}  {}{to}", entry.sort, entry.len_bytes, entry.path);
        }
        return Ok(Exit::Fine);
    }
    let manifest = store.manifest(&id)?;
    let facts = if store.can_read() { Some(facts(&store, &id).map_err(unreadable)?) } else { None };
    if args.json {
        println!("{}", serde_json::json!({ "version": 1, "snapshot": manifest, "facts": facts }));
        return Ok(Exit::Fine);
    }
    print!("{}", described(&manifest));
    println!(
        "by {}, configuration {}",
        manifest.tool_version,
        manifest.config_digest.as_deref().unwrap_or("unknown")
    );
    match facts {
        Some(facts) => {
            for (part, facts) in facts {
                facts.iter().for_each(|(name, value)| println!("  {part}.{name} = {value}"));
            }
        }
        None => eprintln!("what its parts say is sealed: give --identity FILE"),
    }
    Ok(Exit::Fine)
}

pub(super) fn unreadable(error: ReadError) -> Failure {
    let hint = match &error {
        ReadError::NoPart { .. } | ReadError::NoDocument { .. } => {
            "`plimsoll snapshot show ID` lists parts, with --part NAME what a part holds"
        }
        ReadError::Contents { .. } => "a sealed store is read with --identity FILE",
        _ => "`plimsoll snapshot verify` tells what is whole",
    };
    Failure::new(error).with_hint(hint)
}
