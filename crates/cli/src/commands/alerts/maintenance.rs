//! `plimsoll alerts maintenance`.

use std::time::Duration;

use clap::Args;
use plimsoll_alerts::{
    Glob, close_maintenance, monitor_holder, open_maintenance, opened_maintenance, parse_span,
};

use super::{OutboxArgs, person};
use crate::failure::{Exit, Failure, Hint as _};
use crate::glue::snapshot_alerts::window;
use crate::moment;

/// Arguments of `plimsoll alerts maintenance`.
#[derive(Debug, Args)]
#[command(after_help = "\
Mutes rules about what lives and is reached: heartbeat, silence, connections. A drawdown, a position, a day's loss and
what does not agree with the venue are told as ever. `plimsoll deploy` announces itself.
Exit codes: 0 done; 1 there is no such window; 2 it cannot be.

Examples:
  plimsoll alerts maintenance                                  what was announced
  plimsoll alerts maintenance --for 20m --reason \"new disk\"
  plimsoll alerts maintenance --for 1h --reason \"venue's own\" --match venue=HYPERLIQUID --name venue
  plimsoll alerts maintenance --end venue")]
pub(crate) struct MaintenanceArgs {
    /// From now on for so long, such as 20m; at most 24h
    #[arg(long = "for", value_name = "SPAN", value_parser = parse_span, requires = "reason")]
    span: Option<Duration>,
    /// Why
    #[arg(long, value_name = "TEXT", requires = "span")]
    reason: Option<String>,
    /// Only alerts with this label; several must all be there
    #[arg(long = "match", value_name = "LABEL=VALUE", value_parser = label, requires = "span")]
    matches: Vec<(String, Glob)>,
    /// What it is called, so that it can be ended; another one of this name is replaced
    #[arg(long, value_name = "NAME", default_value = "manual")]
    name: String,
    /// Who wants it [default: the login]
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// End it before its time, by its name
    #[arg(long, value_name = "NAME", conflicts_with = "span")]
    end: Option<String>,
    #[command(flatten)]
    outbox: OutboxArgs,
}

pub(crate) fn run(args: &MaintenanceArgs) -> Result<Exit, Failure> {
    let (_, outbox) = args.outbox.load()?;
    let dir = outbox.join("rules");
    if let Some(name) = &args.end {
        if close_maintenance(&dir, name)? {
            println!("ended `{name}`");
            return Ok(Exit::Fine);
        }
        eprintln!("there is no `{name}`; `plimsoll alerts maintenance` lists them");
        return Ok(Exit::Finding);
    }
    let Some((span, reason)) = args.span.zip(args.reason.as_ref()) else {
        for (name, window) in opened_maintenance(&dir)? {
            let until = window.until.unwrap_or_default();
            println!("{name}: until {until}, {}", window.reason);
        }
        return Ok(Exit::Fine);
    };
    let by = person(args.by.as_deref())?;
    let mut window = window(&format!("{reason} ({by})"), span, moment::now());
    window.matches.extend(args.matches.iter().cloned());
    open_maintenance(&dir, &args.name, &window).hint("is the directory of --outbox writable?")?;
    let until = window.until.unwrap_or_default();
    println!("until {until}; `plimsoll alerts maintenance --end {}` ends it", args.name);
    if monitor_holder(&dir).is_none() {
        eprintln!("note: nobody runs rules from `{}` now", outbox.display());
    }
    Ok(Exit::Fine)
}

/// Reads `label=value`.
fn label(text: &str) -> Result<(String, Glob), String> {
    match text.split_once('=') {
        Some((label, value)) if !label.is_empty() && !value.is_empty() => {
            Ok((label.to_owned(), Glob::new(value)))
        }
        _ => Err(format!("`{text}` is no LABEL=VALUE")),
    }
}
