//! A drill: a stack of plain processes as version 1, then version 2 with a fault planted in each kind of step.

mod stand;

use anyhow::{bail, ensure};

use super::Live;
use crate::steps::{Outcome, say};
use crate::{Depth, machine};
use stand::{Ran, Stand};

/// What an operator is promised.
const DEADLINE_SECS: f64 = 300.0;

/// A fault, and the step that it is found in.
const FAULTS: [(&str, &str); 5] = [
    ("build", "build"),
    ("migration", "migrate tables"),
    ("health", "start web"),
    ("smoke", "smoke row"),
    ("after-switch", "watch"),
];

pub(super) fn run(live: &Live<'_>) -> anyhow::Result<Outcome> {
    let mut stand = match Stand::start(live)? {
        Ok(stand) => stand,
        Err(why) => return Ok(Outcome::Skipped(why)),
    };
    let faults = match live.depth {
        Depth::Quick => FAULTS.get(4..).unwrap_or_default(),
        Depth::Full => &FAULTS[..],
    };
    let mut table = Vec::new();
    let first = stand.deploy("v1")?;
    ensure!(first.code == 0, "the first deploy ended with {}: {}", first.code, first.text);
    stand.trades("v1")?;
    table.push(("deploy v1".to_owned(), first.secs));
    for (fault, step) in faults {
        let before = stand.state()?;
        let ran = stand.deploy(&format!("v2-{fault}"))?;
        check_undone(fault, step, &ran)?;
        ensure!(stand.state()? == before, "{fault}: the state is not that of version 1");
        stand.trades("v1")?;
        table.push((format!("v2 with a fault in {fault}, taken back"), ran.secs));
    }
    let second = stand.deploy("v2")?;
    ensure!(second.code == 0, "version 2 was not deployed: {}", second.text);
    stand.trades("v2")?;
    table.push(("deploy v2".to_owned(), second.secs));
    let back = stand.plimsoll(&["rollback"])?;
    ensure!(back.code == 0, "no way back: {}", back.text);
    stand.trades("v1")?;
    table.push(("rollback to v1".to_owned(), back.secs));
    table.push(("a second node on one lease".to_owned(), second_node(&mut stand)?));
    for (what, secs) in &table {
        say(&format!("    {secs:>6.1} s  {what}"));
        ensure!(*secs < DEADLINE_SECS, "{what} took {secs:.1} s");
    }
    let times: Vec<String> =
        table.iter().map(|(what, secs)| format!("{what} {secs:.1} s")).collect();
    Ok(Outcome::Passed(format!("{}; {}", times.join(", "), stand.sent()?)))
}

fn check_undone(fault: &str, step: &str, ran: &Ran) -> anyhow::Result<()> {
    if ran.code != 1 || !ran.text.contains(&format!("step `{step}` failed")) {
        bail!("{fault}: ended with {} and not in step `{step}`: {}", ran.code, ran.text);
    }
    Ok(())
}

/// While one node holds the lease a second sends nothing, also while the first is stopped.
fn second_node(stand: &mut Stand) -> anyhow::Result<f64> {
    let begun = machine::now();
    let refused = stand.trader("intruder-1")?;
    ensure!(refused.code == 1, "a second node was let in: {}", refused.text);
    stand.stop_strategy()?;
    let refused = stand.trader("intruder-2")?;
    stand.continue_strategy()?;
    ensure!(refused.code == 1, "a second node was let in beside a stopped one: {}", refused.text);
    for name in ["intruder-1", "intruder-2"] {
        ensure!(stand.orders_of(name)? == 0, "{name} sent orders");
    }
    Ok(begun.elapsed().as_secs_f64())
}
