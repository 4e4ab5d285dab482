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
use desk::{Desk, Seen};
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
    let mut wrong = Vec::new();
    for fault in &faults {
        let seen = broken(&mut desk, fault).with_context(|| fault.what)?;
        if seen.code != 1 || seen.bad != [fault.check] {
            let Seen { code, bad, text, .. } = seen;
            wrong.push(format!("{}: exit code {code}, failed {bad:?}: {text}", fault.what));
        }
    }
    ensure!(
        wrong.is_empty(),
        "{} of {} faults are not exact: {}",
        wrong.len(),
        faults.len(),
        wrong.join("\n")
    );
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
fn broken(desk: &mut Desk<'_>, fault: &Fault) -> anyhow::Result<Seen> {
    let mended = desk.break_it(&fault.how)?;
    let seen = desk.verify()?;
    say(&format!("    exit code {}  {:<28} {}", seen.code, fault.check, fault.what));
    desk.mend(mended)?;
    Ok(seen)
}
