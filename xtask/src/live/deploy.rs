//! A drill: a stack as version 1, then version 2 with a fault planted in each kind of step; of
//! plain processes, and of containers by the digests of their images.

mod canonical;
mod engine;
mod stand;

use anyhow::{bail, ensure};

use super::Live;
use crate::steps::{Outcome, say};
use crate::{Depth, machine};
use stand::{Ran, Runs, Stand};

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
    let mut table = match drill(live, Runs::Processes)? {
        Ok(table) => table,
        Err(why) => return Ok(Outcome::Skipped(why)),
    };
    // Containers need an engine of their own, so they are part of the whole proof only.
    if live.depth == Depth::Full {
        match drill(live, Runs::Containers)? {
            Ok(more) => table.extend(more),
            Err(why) => {
                say(&format!("    SKIPPED containers: {why}"));
                table.push(format!("containers SKIPPED: {why}"));
            }
        }
    }
    Ok(Outcome::Passed(table.join("; ")))
}

/// The whole drill with services of one sort; what came of it, or why it cannot run here.
fn drill(live: &Live<'_>, runs: Runs) -> anyhow::Result<Result<Vec<String>, String>> {
    let mut stand = match Stand::start(live, runs)? {
        Ok(stand) => stand,
        Err(why) => return Ok(Err(why)),
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
    let digests = if runs == Runs::Containers { stand.digests()? } else { Vec::new() };
    let second = stand.deploy("v2")?;
    ensure!(second.code == 0, "version 2 was not deployed: {}", second.text);
    stand.trades("v2")?;
    table.push(("deploy v2".to_owned(), second.secs));
    if runs == Runs::Containers {
        ensure!(stand.digests()? != digests, "version 2 runs the images of version 1");
        stand.forget_images()?;
    }
    let back = stand.plimsoll(&["rollback"])?;
    ensure!(back.code == 0, "no way back: {}", back.text);
    stand.trades("v1")?;
    let what = match runs {
        Runs::Processes => "rollback to v1",
        Runs::Containers => "rollback to v1, whose images only the registry had",
    };
    table.push((what.to_owned(), back.secs));
    match runs {
        Runs::Processes => {
            table.push(("a second node on one lease".to_owned(), second_node(&mut stand)?));
            let back = newer_rows(&stand)?;
            table.push(("rollback with tables, newer rows kept".to_owned(), back));
        }
        Runs::Containers => {
            let image = |line: &String| line.rsplit('@').next().map(str::to_owned);
            let images = |lines: &[String]| lines.iter().filter_map(image).collect::<Vec<_>>();
            let now = stand.digests()?;
            ensure!(images(&now) == images(&digests), "other images than before: {now:?}");
        }
    }
    Ok(Ok(vec![told(runs, &table, &stand)?]))
}

/// The table in a line, if nothing in it took too long.
fn told(runs: Runs, table: &[(String, f64)], stand: &Stand) -> anyhow::Result<String> {
    for (what, secs) in table {
        say(&format!("    {secs:>6.1} s  {what}"));
        ensure!(*secs < DEADLINE_SECS, "{what} took {secs:.1} s");
    }
    let times: Vec<String> =
        table.iter().map(|(what, secs)| format!("{what} {secs:.1} s")).collect();
    let sort = if runs == Runs::Containers { "containers" } else { "processes" };
    Ok(format!("{sort}: {}, {}", times.join(", "), stand.sent()?))
}

fn check_undone(fault: &str, step: &str, ran: &Ran) -> anyhow::Result<()> {
    if ran.code != 1 || !ran.text.contains(&format!("step `{step}` failed")) {
        bail!("{fault}: ended with {} and not in step `{step}`: {}", ran.code, ran.text);
    }
    Ok(())
}

/// What version 2 wrote stays where it is, and what goes with its column is in a snapshot.
fn newer_rows(stand: &Stand) -> anyhow::Result<f64> {
    let again = stand.deploy("v2")?;
    ensure!(again.code == 0, "version 2 was not deployed again: {}", again.text);
    stand.write_row("x=2i,v_v2=77123i")?;
    let back = stand.plimsoll(&["rollback", "--with-tables"])?;
    ensure!(back.code == 0, "no way back with tables: {}", back.text);
    stand.trades("v1")?;
    let rows = stand.rows("SELECT x FROM desk ORDER BY x")?;
    ensure!(rows == "[[1],[2]]", "rows of version 2 are gone: {rows}");
    let columns = stand.state()?.1;
    ensure!(!columns.contains("v_v2"), "the tables did not go back: {columns}");
    let kept = stand.kept_rows()?;
    ensure!(kept.contains("77123"), "what the column held was not kept: {kept}");
    Ok(back.secs)
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
