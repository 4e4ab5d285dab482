//! `plimsoll lease`: who may send orders.

use std::time::Duration;

use clap::{Args, Subcommand};
use plimsoll_snapshot::trading::{LeaseName, LeaseState, Leases};
use serde_json::json;

use super::snapshot::moment_text;
use super::trading::{DeskArgs, actor, lease_failure};
use crate::failure::{Exit, Failure};

const EXAMPLES: &str = "\
Examples:
  plimsoll lease list
  plimsoll lease fence trend-1@paper --ticket manual
  plimsoll lease arm trend-1@paper

A strategy sends no order without the lease of its account. Fencing takes it away: when the command
returns, no order of the old holder is on its way, and none can follow, also if its process was
stopped and goes on. Then only the bearer of the ticket gets the lease, and sends nothing until it
is armed.";

/// Arguments of `plimsoll lease`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct LeaseArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show all leases
    List(ListArgs),
    /// Take a lease away from whoever holds it
    Fence(FenceArgs),
    /// Let the holder of a lease send orders
    Arm(ArmArgs),
}

#[derive(Debug, Args)]
struct ListArgs {
    #[command(flatten)]
    desk: DeskArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct FenceArgs {
    #[command(flatten)]
    desk: DeskArgs,
    /// The lease, such as trend-1@paper
    lease: LeaseName,
    /// What the next holder has to show, in `PLIMSOLL_LEASE_TICKET`
    #[arg(long, value_name = "TEXT")]
    ticket: String,
}

#[derive(Debug, Args)]
struct ArmArgs {
    #[command(flatten)]
    desk: DeskArgs,
    /// The lease, such as trend-1@paper
    lease: LeaseName,
}

pub(crate) fn run(args: &LeaseArgs) -> Result<Exit, Failure> {
    match &args.command {
        Command::List(args) => {
            let leases = Leases::new(args.desk.read()?.dir()).list().map_err(lease_failure)?;
            show(&leases, args.json);
        }
        Command::Fence(args) => {
            let desk = args.desk.read()?;
            let wait = Duration::from_secs(u64::from(desk.config.orders_wait_secs));
            let state = Leases::new(desk.dir())
                .fence(&args.lease, &args.ticket, &actor(None), wait)
                .map_err(lease_failure)?;
            show(&[state], false);
        }
        Command::Arm(args) => {
            let state =
                Leases::new(args.desk.read()?.dir()).arm(&args.lease).map_err(lease_failure)?;
            show(&[state], false);
        }
    }
    Ok(Exit::Fine)
}

fn show(leases: &[LeaseState], is_json: bool) {
    if is_json {
        println!("{}", json!({ "version": 1, "leases": leases }));
        return;
    }
    if leases.is_empty() {
        println!("no strategy ever took a lease here");
        return;
    }
    for lease in leases {
        let holder = lease.holder.as_ref().map_or_else(
            || "nobody".to_owned(),
            |holder| {
                let since = moment_text(holder.since_ns);
                format!("{} ({}) since {since}", holder.pid, holder.purpose)
            },
        );
        let state = match (&lease.fenced_by, &lease.reserved_for, lease.is_alive) {
            (Some(by), _, _) => format!("fenced by {by}"),
            (None, Some(ticket), _) => format!("not armed, reserved for {ticket}"),
            (None, None, true) => "active".to_owned(),
            (None, None, false) => "free".to_owned(),
        };
        println!("{}  generation {}  {state}  {holder}", lease.name, lease.generation);
    }
}
