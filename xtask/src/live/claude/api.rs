//! Each client talks to the stand-in, and its own record of cost equals what the stand-in billed.

use anyhow::{Context, ensure};
use serde_json::json;
use testbed::{ClaudeApi, Exchange, ModelCall, ModelReply, ModelUsage};

use super::bill::{billed, client_bill};
use super::client::{self, Client};
use super::project::Project;
use super::script::{bash, is_after_tool, say};
use crate::live::Live;
use crate::steps::say as tell;

/// From this version on a client writes what a session cost into its transcript.
const RECORDS_COST: [u32; 3] = [2, 1, 300];

pub(super) fn run(live: &Live<'_>) -> anyhow::Result<String> {
    let mut versions = Vec::new();
    for client in client::installed(&live.workspace.scratch()?)? {
        let version = client.version.clone();
        check(&client).with_context(|| format!("client {version}"))?;
        versions.push(version);
    }
    Ok(format!("clients {}: tool, subagent and bill as scripted", versions.join(", ")))
}

fn check(client: &Client) -> anyhow::Result<()> {
    let api = ClaudeApi::start(model)?;
    let project = Project::new(client)?;
    let run = project.run(&api, "MAIN: look around", &[])?;
    run.expect_success()?;
    let result = run.records.last().context("no records")?;
    ensure!(result["result"] == "main is done", "the client ended with {result}");
    ensure!(project.read("made.txt")? == "made\n", "the tool did not run");
    let exchanges = api.exchanges();
    let is_subagent = |exchange: &Exchange| exchange.call.turn.text().contains("SUB: look");
    ensure!(exchanges.iter().any(is_subagent), "no subagent called");
    if client.is_at_least(RECORDS_COST) {
        equal_bills(&project, &exchanges)?;
    }
    let version = &client.version;
    tell(&format!("client {version}: {} calls", exchanges.len()));
    Ok(())
}

/// A conversation with one tool and one subagent.
fn model(call: &ModelCall) -> ModelReply {
    let usage = ModelUsage::of_call(call.seq);
    let is_sub = call.mentions("SUB: look") && !call.mentions("MAIN:");
    match (call.has_tools, is_sub, is_after_tool(call)) {
        (false, ..) => say("{}", call),
        (true, true, false) => bash("echo made > made.txt", call),
        (true, true, true) => say("sub is done", call),
        (true, false, true) => say("main is done", call),
        (true, false, false) if call.mentions("main is done") => say("main is done", call),
        (true, false, false) => {
            let input = json!({"description": "look", "prompt": "SUB: look", "subagent_type": "general-purpose"});
            ModelReply::tool("Task", input, usage)
        }
    }
}

fn equal_bills(project: &Project, exchanges: &[Exchange]) -> anyhow::Result<()> {
    let (theirs, ours) = (client_bill(project)?, billed(exchanges));
    ensure!(theirs == ours, "the client says {theirs:?}, the stand-in billed {ours:?}");
    Ok(())
}
