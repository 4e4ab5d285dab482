//! A client killed in the middle of a loop: no other session inherits it, resume goes on counting, discard ends it.

use std::os::unix::process::CommandExt;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::Value;
use testbed::{ClaudeApi, ModelCall, ModelReply};

use super::client::{self, Client};
use super::ralph::Ralph;
use super::script::{bash, is_after_tool, say};
use crate::command;
use crate::live::Live;
use crate::steps::say as tell;

const START: &str = "RALPH START write numbers";
/// The round in which the client is killed while it waits for the model.
const KILLED_IN: u64 = 4;
const LIMIT: Duration = Duration::from_secs(60);

pub(super) fn run(live: &Live<'_>) -> anyhow::Result<String> {
    let client = client::newest(&live.workspace.scratch()?)?;
    let runs = live.count(1, 10);
    for run in 1..=runs {
        resumed(live, &client).with_context(|| format!("resume, run {run} of {runs}"))?;
        discarded(live, &client).with_context(|| format!("discard, run {run} of {runs}"))?;
    }
    Ok(format!(
        "client {}: killed -9 in round {KILLED_IN}, {runs} of {runs} runs: a fresh session is not touched, resume stops \
         at 15 in all, discard leaves none",
        client.version
    ))
}

/// A project whose loop has lost its client in round four.
fn orphaned(live: &Live<'_>, client: &Client) -> anyhow::Result<(Ralph, ClaudeApi)> {
    let ralph = Ralph::new(live, client, "", &[])?;
    let is_killed = Arc::new(AtomicBool::new(false));
    let killed = Arc::clone(&is_killed);
    let mut rounds = 0;
    let api = ClaudeApi::start(move |call| model(call, &mut rounds, &killed))?;
    let mut child = start(&ralph, &api)?;
    let has_hung = api.wait_for(LIMIT, |call| call.mentions("hang here"));
    let group = format!("-{}", child.id());
    command::signal("KILL", &group)?;
    child.wait().context("cannot wait for the client")?;
    is_killed.store(true, Ordering::Relaxed);
    ensure!(has_hung, "the client never came to round {KILLED_IN}");
    Ok((ralph, api))
}

/// The client in a process group of its own, so that its hooks die with it.
fn start(ralph: &Ralph, api: &ClaudeApi) -> anyhow::Result<Child> {
    let mut command = ralph.project.client_command(api, START, &[])?;
    command.process_group(0).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().context("cannot start the client")
}

/// Works round by round; hangs in round four until the client was killed.
fn model(call: &ModelCall, rounds: &mut u64, killed: &AtomicBool) -> ModelReply {
    let is_killed = killed.load(Ordering::Relaxed);
    match (call.has_tools, is_after_tool(call)) {
        (false, _) => say("{}", call),
        (true, _) if call.turn.text().contains("2+2") => say("4", call),
        (true, true) => {
            say(if *rounds == KILLED_IN - 1 { "Now hang here." } else { "A number more." }, call)
        }
        (true, false) => {
            *rounds += 1;
            if *rounds == KILLED_IN && !is_killed {
                return ModelReply::Hang;
            }
            bash(&format!("echo {} >> numbers.txt", call.seq), call)
        }
    }
}

fn resumed(live: &Live<'_>, client: &Client) -> anyhow::Result<()> {
    let (ralph, api) = orphaned(live, client)?;
    not_touched(&ralph, &api, true)?;
    not_touched(&ralph, &api, false)?;
    ralph.plimsoll(&["ralph", "resume"])?;
    let run = ralph.project.run(&api, "go on", &[])?;
    run.expect_success()?;
    let report = ralph.report()?;
    ensure!(report.cause() == "iterations", "it stopped by {:?}", report.json);
    ensure!(report.cause_number("count") == Some(15), "{:?}", report.json.get("cause"));
    let sessions = report.json.get("sessions").and_then(Value::as_array).map_or(0, Vec::len);
    ensure!(
        sessions == 2,
        "{sessions} sessions in the record, wanted the killed one and the next: {}",
        report.json
    );
    tell(&format!("resumed: 15 iterations in all, {} of them recorded", report.iterations()));
    Ok(())
}

/// A fresh session asks something else: one call, its answer, and at most one word about the loop.
fn not_touched(ralph: &Ralph, api: &ClaudeApi, is_first: bool) -> anyhow::Result<()> {
    let calls = || api.exchanges().iter().filter(|exchange| exchange.call.has_tools).count();
    let before = calls();
    let run = ralph.project.run(api, "what is 2+2?", &[])?;
    run.expect_success()?;
    let result = run.records.last().context("no records")?;
    ensure!(
        result.get("result").and_then(Value::as_str) == Some("4"),
        "the session ended with {result}"
    );
    ensure!(calls() == before + 1, "{} calls for one question", calls() - before);
    let offers =
        run.output.stdout.contains("ralph resume") || run.output.stdout.contains("RALPH RESUME");
    ensure!(offers, "nobody told the session of the loop (first session: {is_first})");
    Ok(())
}

fn discarded(live: &Live<'_>, client: &Client) -> anyhow::Result<()> {
    let (ralph, api) = orphaned(live, client)?;
    ralph.plimsoll(&["ralph", "discard"])?;
    let status = ralph.plimsoll(&["ralph", "status", "--json"])?;
    let status: Value = serde_json::from_str(&status).context("the status is not JSON")?;
    let loops = status.get("loops").and_then(Value::as_array).map_or(0, Vec::len);
    ensure!(loops == 0, "{loops} loops are left");
    let run = ralph.project.run(&api, "what is 2+2?", &[])?;
    run.expect_success()?;
    ensure!(!run.output.stdout.contains("RALPH RESUME"), "a discarded loop is offered");
    tell("discarded: no loop is left, none is offered");
    Ok(())
}
