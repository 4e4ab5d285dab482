//! `plimsoll verify` at a desk where everything that it looks at is there and runs: whole first, then with one thing
//! broken at a time, then whole again.

mod canonical;
mod desk;
mod fault;
mod mend;

use anyhow::{Context, ensure};

use super::Live;
use super::kit::tools::{Tools, built};
use crate::steps::{Outcome, say};
use crate::{Depth, machine};
use desk::Desk;
use fault::{FAULTS, Fault};

pub(super) fn run(live: &Live<'_>) -> anyhow::Result<Outcome> {
    let tools = match Tools::install(live.workspace, built(live.workspace)?, false) {
        Ok(tools) => tools,
        Err(error) => return Ok(Outcome::Skipped(format!("{error:#}"))),
    };
    let mut desk = Desk::start(&tools)?;
    let begun = machine::now();
    let whole = desk.verify()?;
    let took = begun.elapsed().as_secs_f64();
    ensure!(whole.code == 0 && whole.bad.is_empty(), "not whole: {}", whole.text);
    let missing = canonical::REQUIRED.iter().find(|id| !whole.ok.iter().any(|ok| ok == **id));
    ensure!(missing.is_none(), "{missing:?} is required and not ok: {}", whole.text);
    let faults: Vec<&Fault> = FAULTS.iter().filter(|fault| wants(fault, live.depth)).collect();
    for fault in &faults {
        broken(&mut desk, fault).with_context(|| fault.what)?;
    }
    let again = desk.verify()?;
    ensure!(again.code == 0 && again.bad.is_empty(), "not whole any more: {}", again.text);
    let mut checks: Vec<&str> = faults.iter().map(|fault| fault.check).collect();
    checks.sort_unstable();
    checks.dedup();
    if live.depth == Depth::Full {
        let unbroken = canonical::REQUIRED.iter().find(|id| !checks.contains(*id));
        ensure!(unbroken.is_none(), "nothing breaks {unbroken:?}");
    }
    Ok(Outcome::Passed(format!(
        "{} required checks ok in {took:.1} s; {} faults, each fails its own check and no other, of {} checks; \
         whole again after the last",
        canonical::REQUIRED.len(),
        faults.len(),
        checks.len()
    )))
}

/// A few for a quick look: a process, a file, a service outside.
fn wants(fault: &Fault, depth: Depth) -> bool {
    depth == Depth::Full
        || ["monitoring.station", "drift.documents", "monitoring.discord"].contains(&fault.check)
}

/// Breaks one thing, looks, and mends it.
fn broken(desk: &mut Desk, fault: &Fault) -> anyhow::Result<()> {
    let mended = desk.break_it(&fault.how)?;
    let seen = desk.verify()?;
    say(&format!("    exit code {}  {:<28} {}", seen.code, fault.check, fault.what));
    ensure!(
        seen.code == 1 && seen.bad == [fault.check],
        "exit code {}, failed {:?}: {}",
        seen.code,
        seen.bad,
        seen.text
    );
    desk.mend(mended)
}
