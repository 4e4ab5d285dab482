//! `plimsoll halt` and `plimsoll resume`.

mod desk;
mod venue;

use std::time::Duration;

use clap::Args;
use plimsoll_snapshot::trading::{Halt, HaltError, HaltFile, LeaseError, Leases, Program};
use serde_json::json;

pub(crate) use desk::{Desk, DeskArgs};
use venue::{Held, Wanted, look};

use super::snapshot::moment_text;
use crate::failure::{Exit, Failure, causes};
use crate::glue::snapshot_metrics::{Done, OpsKind, record};
use crate::moment::now;

const HALT_EXAMPLES: &str = "\
Examples:
  plimsoll halt --reason 'feed is stale'
  plimsoll halt --reason 'venue misbehaves' --cancel        and have open orders canceled
  plimsoll halt --reason 'broken' --cancel --flatten        and positions closed
  plimsoll halt --status

From then on no strategy that asks sends an order; cancels pass. The halt is latched in a file and
survives restarts, deploys and rollbacks. What the venue says afterwards is shown: canceling and
closing are done by your own programs, `trading.cancel` and `trading.flatten`.

Exit codes: 0 halted, and the venue shows what was wanted (with --status: not halted); 1 the venue
still shows orders or positions that should be gone (with --status: halted); 2 could not tell.";

const RESUME_EXAMPLES: &str = "\
Examples:
  plimsoll resume --reason 'feed is back'
  plimsoll resume --reason 'feed is back' --dry-run         only say whether it would be allowed

Allowed when every account of section `snapshot.positions` can be read, cache and venue agree, and
every program of `trading.resume_checks` ends with 0.

Exit codes: 0 trading goes on; 1 refused, trading stays halted; 2 could not tell, stays halted.";

/// Arguments of `plimsoll halt`.
#[derive(Debug, Args)]
#[command(after_help = HALT_EXAMPLES)]
pub(crate) struct HaltArgs {
    #[command(flatten)]
    desk: DeskArgs,
    /// Why; everyone who asks reads it
    #[arg(long, value_name = "TEXT", required_unless_present = "status")]
    reason: Option<String>,
    /// Who halts [default: the user of this session]
    #[arg(long, value_name = "NAME", env = "PLIMSOLL_ACTOR")]
    by: Option<String>,
    /// Run `trading.cancel`, and see that no order is left that can open a position
    #[arg(long)]
    cancel: bool,
    /// Run `trading.flatten`, and see that no position is left
    #[arg(long)]
    flatten: bool,
    /// Only show how the latch stands
    #[arg(long, conflicts_with_all = ["reason", "cancel", "flatten"])]
    status: bool,
    /// Metrics store that takes a row of `ops_events`: an SQLite file, or <http://host:port>
    #[arg(long, value_name = "STORE", env = "PLIMSOLL_METRICS__STORE", hide_env_values = true)]
    record: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Arguments of `plimsoll resume`.
#[derive(Debug, Args)]
#[command(after_help = RESUME_EXAMPLES)]
pub(crate) struct ResumeArgs {
    #[command(flatten)]
    desk: DeskArgs,
    /// Why it may go on
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Who resumes [default: the user of this session]
    #[arg(long, value_name = "NAME", env = "PLIMSOLL_ACTOR")]
    by: Option<String>,
    /// Only say whether it would be allowed
    #[arg(long)]
    dry_run: bool,
    /// Metrics store that takes a row of `ops_events`: an SQLite file, or <http://host:port>
    #[arg(long, value_name = "STORE", env = "PLIMSOLL_METRICS__STORE", hide_env_values = true)]
    record: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn halt(args: &HaltArgs) -> Result<Exit, Failure> {
    let mut desk = args.desk.read()?;
    let latch = HaltFile::new(desk.dir());
    if args.status {
        return status(&latch, args.json);
    }
    let reason = args.reason.as_deref().unwrap_or_default();
    let by = actor(args.by.as_deref());
    // First of all the latch: whatever else cannot be done, no further order is sent.
    let standing = latch.halt(reason, &by, now()).map_err(unusable)?;
    eprintln!("halted: {reason}");
    let mut problems = Vec::new();
    let wait = Duration::from_secs(u64::from(desk.config.orders_wait_secs));
    if let Err(error) = Leases::new(desk.dir()).drain(wait) {
        problems.push(causes(&error));
    }
    let programs = [
        (true, "halt", desk.config.halt.clone()),
        (args.cancel, "cancel", desk.config.cancel.clone()),
        (args.flatten, "flatten", desk.config.flatten.clone()),
    ];
    for (is_wanted, name, program) in programs {
        match program {
            Some(program) if is_wanted => run_own(&desk, name, &program, &mut problems),
            None if is_wanted && name != "halt" => {
                problems.push(format!("no program `trading.{name}` is configured"));
            }
            _ => {}
        }
    }
    let wanted = Wanted { no_orders: args.cancel, flat: args.flatten };
    let held = look(&mut desk.accounts, &wanted);
    report_halt(&standing, &held, &problems, args.json);
    let exit = verdict(&held, problems.is_empty());
    let outcome = if exit == Exit::Fine { "ok" } else { "incomplete" };
    let done = Done { actor: &by, detail: reason, ..Done::new(OpsKind::Halt, "trading", outcome) };
    // Last of all: nothing that has to be seen waits for a store.
    note(&desk, args.record.as_deref(), done);
    Ok(exit)
}

/// A row of `ops_events`, where one is wanted. That it could not be written changes nothing.
fn note(desk: &Desk, store: Option<&str>, done: Done<'_>) {
    let Some(store) = store else { return };
    if let Err(error) = record(store, &desk.env, "trading", &[done]) {
        eprintln!("warning: not recorded in `ops_events`: {error:#}");
    }
}

fn run_own(desk: &Desk, name: &str, program: &Program, problems: &mut Vec<String>) {
    eprintln!("runs trading.{name}: {}", program.run.join(" "));
    if let Err(error) = program.run(&desk.base, &[], None) {
        problems.push(format!("trading.{name}: {}", causes(&error)));
    }
}

fn verdict(held: &[Held], is_fine: bool) -> Exit {
    let is_wrong = held.iter().any(|account| !account.wrong.is_empty());
    match (is_wrong || !is_fine, held.iter().any(|account| account.unread.is_some())) {
        (true, _) => Exit::Finding,
        (false, true) => Exit::Unknown,
        (false, false) => Exit::Fine,
    }
}

fn report_halt(standing: &Halt, held: &[Held], problems: &[String], is_json: bool) {
    if is_json {
        let shown: Vec<_> = held.iter().map(Held::json).collect();
        println!(
            "{}",
            json!({ "version": 1, "halt": standing, "accounts": shown, "problems": problems })
        );
        return;
    }
    held.iter().for_each(|account| print!("{}", account.text()));
    problems.iter().for_each(|problem| println!("problem: {problem}"));
    if held.is_empty() {
        println!("no account is configured in `snapshot.positions`: nothing was seen at a venue");
    }
}

fn status(latch: &HaltFile, is_json: bool) -> Result<Exit, Failure> {
    let standing = match latch.read() {
        Ok(standing) => standing,
        // Nothing ever traded or was halted here.
        Err(HaltError::NoDir { dir }) => {
            eprintln!("there is no `{}` yet", dir.display());
            return Ok(Exit::Unknown);
        }
        Err(error) => return Err(unusable(error)),
    };
    if is_json {
        println!("{}", json!({ "version": 1, "halt": standing }));
    } else {
        match &standing {
            Halt::Latched { first, further } => {
                for record in std::iter::once(first).chain(further) {
                    println!(
                        "halted by {} at {} UTC: {}",
                        record.by,
                        moment_text(record.at_ns),
                        record.reason
                    );
                }
            }
            Halt::Released(Some(record)) => println!(
                "not halted; resumed by {} at {} UTC: {}",
                record.by,
                moment_text(record.at_ns),
                record.reason
            ),
            Halt::Released(None) => println!("not halted, never was"),
        }
    }
    Ok(if standing.is_latched() { Exit::Finding } else { Exit::Fine })
}

pub(crate) fn resume(args: &ResumeArgs) -> Result<Exit, Failure> {
    let mut desk = args.desk.read()?;
    let latch = HaltFile::new(desk.dir());
    let standing = latch.read().map_err(unusable)?;
    if !standing.is_latched() {
        return Err(Failure::refused(anyhow::anyhow!("trading is not halted")));
    }
    let held = look(&mut desk.accounts, &Wanted { no_orders: false, flat: false });
    let mut problems: Vec<String> = Vec::new();
    for account in &held {
        problems
            .extend(account.disagreements.iter().map(|text| format!("{}: {text}", account.name)));
    }
    for (name, program) in &desk.config.resume_checks {
        if let Err(error) = program.run(&desk.base, &[], None) {
            problems.push(format!("{name}: {}", causes(&error)));
        }
    }
    let unread: Vec<String> = held.iter().filter_map(|account| account.unread.clone()).collect();
    let is_allowed = problems.is_empty() && unread.is_empty();
    let mut standing = standing;
    if is_allowed && !args.dry_run {
        let by = actor(args.by.as_deref());
        standing = latch.resume(&args.reason, &by, now()).map_err(unusable)?;
        if let Some(program) = &desk.config.resume {
            run_own(&desk, "resume", program, &mut problems);
        }
        let done = Done::new(OpsKind::Resume, "trading", "ok");
        note(&desk, args.record.as_deref(), Done { actor: &by, detail: &args.reason, ..done });
    }
    if args.json {
        let shown: Vec<_> = held.iter().map(Held::json).collect();
        let (halt, allowed) = (&standing, is_allowed);
        println!(
            "{}",
            json!({ "version": 1, "halt": halt, "allowed": allowed, "accounts": shown, "problems": problems })
        );
    } else {
        held.iter().for_each(|account| print!("{}", account.text()));
        problems.iter().for_each(|problem| println!("problem: {problem}"));
        println!("{}", outcome(is_allowed, args.dry_run));
    }
    Ok(match (problems.is_empty(), unread.is_empty()) {
        (false, _) => Exit::Finding,
        (true, false) => Exit::Unknown,
        (true, true) => Exit::Fine,
    })
}

fn outcome(is_allowed: bool, is_rehearsal: bool) -> &'static str {
    match (is_allowed, is_rehearsal) {
        (true, false) => "trading goes on",
        (true, true) => "trading could go on; nothing was changed",
        (false, _) => "trading stays halted",
    }
}

/// Who does it, for those who read it later.
pub(crate) fn actor(named: Option<&str>) -> String {
    let of = |name: &str| {
        let value = std::env::var_os(name)?.into_string().ok()?;
        Some(value).filter(|value| !value.is_empty())
    };
    let user = || of("USER").or_else(|| of("LOGNAME")).unwrap_or_else(|| "somebody".to_owned());
    named.map_or_else(user, str::to_owned)
}

fn unusable(error: HaltError) -> Failure {
    let hint = match &error {
        HaltError::NoReason => "say why, for those who find it later",
        HaltError::NoDir { .. } => "`trading.dir` names the directory; has anything run here?",
        _ => "strategies that cannot read it do what `trading.on_unknown` says; look at the file",
    };
    Failure::new(error).with_hint(hint)
}

pub(crate) fn lease_failure(error: LeaseError) -> Failure {
    let hint = match &error {
        LeaseError::Held { .. } => "end that process, or `plimsoll lease fence` takes it away",
        LeaseError::Reserved { .. } | LeaseError::NotArmed { .. } => {
            "a deploy is under way, or was cut short: `plimsoll deploy list` shows it"
        }
        LeaseError::OnItsWay { .. } => "end the process that holds it, then try again",
        LeaseError::Name { .. } => "such as trend-1@paper",
        _ => "`plimsoll lease list` shows who has what",
    };
    Failure::refused(error).with_hint(hint)
}
