//! `plimsoll drift init`.

use std::path::PathBuf;

use clap::Args;
use plimsoll_drift::{Config, check_tree, explorer, propose};
use serde_json::json;

use crate::failure::{Exit, Failure, Hint as _};

/// Places that are named for one value of a conflict.
const SHOWN_MAX: usize = 5;

/// Arguments of `plimsoll drift init`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  plimsoll drift init
  plimsoll drift init --root ../other > config/canonical.yaml

Prints a configuration with the ports and versions that the files state. Where they disagree the value that most files
have is proposed and the others are listed; the exit code is then 1. Nothing is written.")]
pub(crate) struct InitArgs {
    /// The repository
    #[arg(long, value_name = "DIR", default_value = ".")]
    root: PathBuf,
    /// One JSON object: version, values with their places
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &InitArgs) -> Result<Exit, Failure> {
    std::fs::read_dir(&args.root)
        .map_err(|error| {
            anyhow::Error::new(error).context(format!("cannot read `{}`", args.root.display()))
        })
        .hint("name the repository with --root")?;
    let canon = explorer(Config::default())?;
    let walked = check_tree(&canon, &args.root);
    let proposals = propose(&walked.files);
    let conflicts = proposals.iter().filter(|proposal| proposal.said.len() > 1).count();
    if args.json {
        println!(
            "{}",
            serde_json::to_string_pretty(&json!({ "version": 1, "values": proposals }))?
        );
    } else {
        println!("# What the files of this repository state. Settle what is marked with `# or`.");
        let mut section = "";
        for proposal in &proposals {
            if proposal.section != section {
                section = proposal.section;
                println!("{section}:");
            }
            let Some((first, others)) = proposal.said.split_first() else { continue };
            let count = first.places.len();
            println!("  {}: {} # {count} places", proposal.name, quoted(section, &first.value));
            for other in others {
                let shown: Vec<String> =
                    other.places.iter().take(SHOWN_MAX).map(ToString::to_string).collect();
                let more = other.places.len().saturating_sub(SHOWN_MAX);
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                println!("  # or {}: {}{more}", quoted(section, &other.value), shown.join(", "));
            }
        }
    }
    eprintln!("{} values, {conflicts} of them with conflicts", proposals.len());
    Ok(match (proposals.is_empty(), conflicts) {
        (true, _) => Exit::Unknown,
        (_, 0) => Exit::Fine,
        _ => Exit::Finding,
    })
}

/// A port as a number, a version as a text.
fn quoted(section: &str, value: &str) -> String {
    if section == "ports" { value.to_owned() } else { format!("\"{value}\"") }
}
