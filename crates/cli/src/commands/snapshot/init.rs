//! `plimsoll snapshot init`.

use std::path::PathBuf;

use clap::Args;
use plimsoll_snapshot::{Protection, new_identity};

use super::place::PlaceArgs;
use crate::failure::{Exit, Failure, Hint as _};

const EXAMPLES: &str = "\
Examples:
  plimsoll snapshot init --identity-out ~/.config/plimsoll/identity
  plimsoll snapshot init --recipient age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p
  plimsoll snapshot init --clear --store /var/lib/plimsoll/snapshots

A sealed store is written by anybody and read by whoever has the identity. Keep a copy of that file
elsewhere: without it nothing can be restored. In a store that is not sealed, a part that holds a
secret fails.";

/// Arguments of `plimsoll snapshot init`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct InitArgs {
    #[command(flatten)]
    place: PlaceArgs,
    /// Seal it for this age key, besides those that are configured
    #[arg(long, value_name = "KEY")]
    recipient: Vec<String>,
    /// Make a new identity in this file, and seal the store for it
    #[arg(long, value_name = "FILE")]
    identity_out: Option<PathBuf>,
    /// Do not seal it
    #[arg(long, conflicts_with_all = ["recipient", "identity_out"])]
    clear: bool,
}

pub(super) fn run(args: &InitArgs) -> Result<Exit, Failure> {
    let place = args.place.read()?;
    let mut recipients = if args.clear { Vec::new() } else { place.config.recipients.clone() };
    recipients.extend(args.recipient.iter().cloned());
    if recipients.is_empty() && args.identity_out.is_none() && !args.clear {
        return Err(Failure::new(anyhow::anyhow!("nobody is named who shall read the store"))
            .with_hint("give --identity-out FILE, --recipient KEY, or --clear"));
    }
    if let Some(file) = &args.identity_out {
        let recipient = new_identity(file).hint("name a file that is not there yet")?;
        println!("identity {} of recipient {recipient}", file.display());
        eprintln!("keep a copy of it elsewhere: without it nothing can be restored");
        recipients.push(recipient);
    }
    let is_sealed = !recipients.is_empty();
    let protection = if is_sealed { Protection::Recipients(recipients) } else { Protection::Clear };
    place.create(&protection)?;
    println!("{} store in {}", if is_sealed { "sealed" } else { "clear" }, place.shown());
    if let Some(file) = args.identity_out.as_ref().filter(|_| place.config.identity_file.is_none())
    {
        eprintln!("set `snapshot.identity_file`, or give `--identity {}`", file.display());
    }
    Ok(Exit::Fine)
}
