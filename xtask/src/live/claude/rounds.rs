//! Loops in the newest client: rounds with work, idle rounds, and completions that the checks refute or confirm.

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, ensure};
use testbed::{ClaudeApi, ModelCall, ModelReply};

use super::client::{self, Client};
use super::ralph::Ralph;
use super::script::{bash, is_after_tool, say};
use super::told;
use crate::live::Live;
use crate::steps::say as tell;

const START: &str = "RALPH START write numbers";
const TAG: &str = "<promise>COMPLETE</promise>";
/// A check that fails until the file is there.
const CHECKED: &str = "checks:\n  - name: ready\n    command: [test, -f, ready.txt]\n";

pub(super) fn run(live: &Live<'_>) -> anyhow::Result<String> {
    let client = client::newest(&live.workspace.scratch()?)?;
    working(live, &client).context("15 rounds with work")?;
    idle(live, &client).context("5 idle rounds")?;
    told::run(live, &client).context("what an end leaves behind")?;
    let runs = live.count(3, 50);
    for run in 1..=runs {
        completion(live, &client).with_context(|| format!("completion, run {run} of {runs}"))?;
    }
    tell(&format!("completion: {runs} of {runs} runs"));
    Ok(format!(
        "client {}: 15 rounds with work stop at 15; 5 idle rounds trip no_progress; a completion that the check refutes \
         goes on and one that it confirms ends, {runs} of {runs} runs; an end is at Discord with cost and reason, and rows \
         say whether tests came first",
        client.version
    ))
}

/// Rounds that each change a file: the bound on iterations ends them.
fn working(live: &Live<'_>, client: &Client) -> anyhow::Result<()> {
    let ralph = Ralph::new(live, client, "", &[])?;
    let api = ClaudeApi::start(|call| match (call.has_tools, is_after_tool(call)) {
        (false, _) => say("{}", call),
        (true, false) => bash(&format!("echo {} >> numbers.txt", call.seq), call),
        (true, true) => say("A number more.", call),
    })?;
    let run = ralph.project.run(&api, START, &[])?;
    run.expect_success()?;
    let report = ralph.report()?;
    ensure!(report.cause() == "iterations", "it stopped by {:?}", report.json);
    ensure!(report.cause_number("count") == Some(15), "{:?}", report.json.get("cause"));
    ensure!(report.iterations() == 15, "{} iterations in the record", report.iterations());
    let written = ralph.project.read("numbers.txt")?.lines().count();
    ensure!(written == 15, "{written} rounds worked");
    let kept = ralph.project.git(&["for-each-ref", "refs/ralph"])?.lines().count();
    ensure!(kept == 15, "{kept} checkpoints for 15 rounds with work");
    tell("15 rounds with work: stopped at 15, with a record and 15 checkpoints");
    Ok(())
}

/// Rounds that only talk: the bound on progress ends them before the client's own cap of eight.
fn idle(live: &Live<'_>, client: &Client) -> anyhow::Result<()> {
    let ralph = Ralph::new(live, client, "", &[])?;
    let api = ClaudeApi::start(|call| say("Still thinking about it.", call))?;
    let run = ralph.project.run(&api, START, &[])?;
    run.expect_success()?;
    let report = ralph.report()?;
    ensure!(report.cause() == "no_progress", "it stopped by {:?}", report.json);
    let rounds = api.exchanges().iter().filter(|exchange| exchange.call.has_tools).count();
    ensure!(
        rounds == 5 && report.iterations() == 5,
        "{rounds} rounds, {} recorded",
        report.iterations()
    );
    tell("5 idle rounds: no_progress tripped at 5, before the client's cap of 8");
    Ok(())
}

/// The first completion is refuted by the check, the second one confirmed.
fn completion(live: &Live<'_>, client: &Client) -> anyhow::Result<()> {
    let ralph = Ralph::new(live, client, CHECKED, &[])?;
    let rounds = AtomicU64::new(0);
    let api = ClaudeApi::start(move |call| completing(call, &rounds))?;
    let run = ralph.project.run(&api, START, &[])?;
    run.expect_success()?;
    let report = ralph.report()?;
    ensure!(report.outcome() == "done", "it ended as {:?}", report.json);
    ensure!(report.iterations() == 2, "{} iterations, wanted 2", report.iterations());
    let says = |text: &str| {
        api.exchanges().iter().any(|exchange| exchange.call.turn.text().contains(text))
    };
    ensure!(says("ready"), "the model was not told which check failed");
    Ok(())
}

fn completing(call: &ModelCall, rounds: &AtomicU64) -> ModelReply {
    match (call.has_tools, is_after_tool(call)) {
        (false, _) => say("{}", call),
        (true, true) => say(&format!("It is done.\n\n{TAG}"), call),
        (true, false) if rounds.fetch_add(1, Ordering::Relaxed) == 0 => {
            bash("echo 1 > work.txt", call)
        }
        (true, false) => bash("touch ready.txt", call),
    }
}
