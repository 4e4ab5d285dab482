//! `plimsoll install`: units of systemd that run this program.

mod units;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use clap::{Args, Subcommand};
use plimsoll_durable::replace;

use crate::failure::{Exit, Failure, Hint as _};
use units::{Unit, units};

const EXAMPLES: &str = "\
Examples:
  plimsoll install systemd --dry-run            print the units
  plimsoll install systemd                      write them into /etc/systemd/system
  plimsoll install systemd --tokens /etc/plimsoll/tokens --config /etc/plimsoll/canonical.yaml

Writes plimsoll-station.service, and plimsoll-backup.service with its timer. The station says when it is
ready (Type=notify), is restarted when its rules stop running (WatchdogSec), reads its configuration again on
`systemctl reload`, and gets its tokens as a credential (LoadCredential=), which no other process can read.
A unit that people changed is not replaced without --force. Afterwards:
  systemctl daemon-reload && systemctl enable --now plimsoll-station plimsoll-backup.timer

Exit codes: 0 the units are as wanted; 1 one was changed by people and stays; 2 they could not be written.";

/// Arguments of `plimsoll install`.
#[derive(Debug, Args)]
pub(crate) struct InstallArgs {
    #[command(subcommand)]
    command: InstallCommand,
}

#[derive(Debug, Subcommand)]
enum InstallCommand {
    /// Units that run the station, and a backup on a timer
    Systemd(SystemdArgs),
}

/// Arguments of `plimsoll install systemd`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct SystemdArgs {
    /// Where the units go
    #[arg(long, value_name = "DIR", default_value = "/etc/systemd/system")]
    dir: PathBuf,
    /// The program that they run [default: this one]
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// The canonical file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// File with the tokens of the station
    #[arg(long, value_name = "FILE")]
    tokens: Option<PathBuf>,
    /// Replace units that people changed
    #[arg(long)]
    force: bool,
    /// Print the units, and write nothing
    #[arg(long)]
    dry_run: bool,
}

pub(crate) fn run(args: &InstallArgs) -> Result<Exit, Failure> {
    let InstallCommand::Systemd(args) = &args.command;
    let program = match &args.program {
        Some(program) => program.clone(),
        None => std::env::current_exe().context("cannot tell where this program lies")?,
    };
    for path in [Some(&program), args.config.as_ref(), args.tokens.as_ref()].into_iter().flatten() {
        check(path)?;
    }
    let units = units(&program, args.config.as_deref(), args.tokens.as_deref());
    if args.dry_run {
        let mut out = std::io::stdout().lock();
        for Unit { name, text } in &units {
            writeln!(out, "# {}\n{text}", args.dir.join(name).display())?;
        }
        return Ok(Exit::Fine);
    }
    let mut exit = Exit::Fine;
    for unit in &units {
        if !write(&args.dir, unit, args.force)? {
            exit = Exit::Finding;
        }
    }
    if exit == Exit::Fine {
        eprintln!(
            "next: systemctl daemon-reload && systemctl enable --now plimsoll-station plimsoll-backup.timer"
        );
    }
    Ok(exit)
}

/// A unit runs in no directory that we know, and systemd splits words at blanks.
fn check(path: &Path) -> Result<(), Failure> {
    let text = path.to_str().ok_or_else(|| anyhow!("`{}` is not UTF-8", path.display()))?;
    let is_plain =
        text.starts_with('/') && !text.contains([' ', '\t', '\n', '"', '\'', '\\', '%', '$', ';']);
    if is_plain {
        return Ok(());
    }
    Err(Failure::new(anyhow!("`{text}` cannot stand in a unit"))
        .with_hint("give a path from the root, of letters, digits and - _ . /"))
}

/// Writes a unit unless people changed it. Returns whether it is as wanted.
fn write(dir: &Path, unit: &Unit, force: bool) -> Result<bool, Failure> {
    let path = dir.join(unit.name);
    let found = match fs::read_to_string(&path) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => {
            let told = anyhow::Error::from(error);
            return Err(Failure::new(told.context(format!("cannot read `{}`", path.display()))));
        }
    };
    let shown = path.display();
    if found.as_deref() == Some(unit.text.as_str()) {
        println!("unchanged {shown}");
        return Ok(true);
    }
    if found.as_deref().is_some_and(|text| !units::is_ours(text)) && !force {
        eprintln!("`{shown}` was changed by people and stays; --force replaces it");
        return Ok(false);
    }
    replace(&path, unit.text.as_bytes())
        .with_context(|| format!("cannot write `{shown}`"))
        .hint("run it as root, or name another directory with --dir")?;
    println!("wrote {shown}");
    Ok(true)
}
