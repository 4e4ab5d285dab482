//! A guard over loops that are not ours: the client's own `/goal`, and the plugin that its makers publish.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use testbed::{ClaudeApi, Exchange, ModelCall, ModelReply, ModelUsage};

use super::bill::{billed, client_bill};
use super::client::{self, Client};
use super::ralph::Ralph;
use super::script::{bash, is_after_tool, say};
use crate::live::Live;
use crate::machine;
use crate::steps::say as tell;

/// The folder of the plugin `ralph-wiggum`, of the client's public repository. Its license lets nobody hand it on.
const PLUGIN: &str = "PLIMSOLL_RALPH_WIGGUM";
const JUDGED: &str = r#"{"ok": false, "reason": "not shown yet"}"#;

/// A way for a loop to run away, the bounds, and the breaker that has to stop it.
struct Case {
    config: &'static str,
    cause: &'static str,
    /// What the model runs in each round; nothing: it only talks.
    runs: Option<&'static str>,
}

const CASES: [Case; 5] = [
    Case { config: "", cause: "iterations", runs: Some("date +%N >> numbers.txt") },
    Case { config: "", cause: "no_progress", runs: Some("true") },
    Case {
        config: "max_iterations: 4",
        cause: "iterations",
        runs: Some("date +%N >> numbers.txt"),
    },
    Case { config: "max_tokens: 30000", cause: "tokens", runs: Some("date +%N >> numbers.txt") },
    Case { config: "", cause: "consecutive_errors", runs: Some("exit 7") },
];

pub(super) fn run(live: &Live<'_>) -> anyhow::Result<String> {
    let client = client::newest(&live.workspace.scratch()?)?;
    let plugin = plugin()?;
    let runs = live.count(2, 5);
    for case in CASES.iter().take(usize::try_from(runs)?) {
        let over = |what: &str| format!("{} over {what}", case.cause);
        looped(live, &client, case, "/goal all tests pass", &[]).with_context(|| over("/goal"))?;
        let Some(plugin) = &plugin else { continue };
        let plugin = plugin.display().to_string();
        let more = ["--plugin-dir", plugin.as_str()];
        let prompt = "/ralph-wiggum:ralph-loop write numbers";
        looped(live, &client, case, prompt, &more).with_context(|| over("the plugin"))?;
    }
    let tokens = counted(live, &client).context("a bill with a subagent")?;
    let causes: Vec<_> = CASES.iter().take(usize::try_from(runs)?).map(|case| case.cause).collect();
    let causes = causes.join(", ");
    let over = match plugin {
        Some(_) => "/goal and over the plugin ralph-wiggum",
        None => "/goal (the plugin ralph-wiggum was not at hand)",
    };
    Ok(format!(
        "client {}: guard over {over} stops at its breaker, {runs} of {runs} runs ({causes}); {tokens}",
        client.version
    ))
}

fn plugin() -> anyhow::Result<Option<PathBuf>> {
    let Some(named) = machine::env(PLUGIN) else {
        tell(&format!("{PLUGIN} names no folder with the plugin: only /goal is guarded"));
        return Ok(None);
    };
    let dir = PathBuf::from(named);
    ensure!(is_plugin(&dir), "{PLUGIN} is `{}`, which is no plugin", dir.display());
    Ok(Some(dir))
}

fn is_plugin(dir: &Path) -> bool {
    dir.join(".claude-plugin/plugin.json").is_file() && dir.join("hooks/hooks.json").is_file()
}

/// Runs somebody else's loop that would never end, and looks at what ended it.
fn looped(
    live: &Live<'_>,
    client: &Client,
    case: &Case,
    prompt: &str,
    more: &[&str],
) -> anyhow::Result<()> {
    let ralph = Ralph::new(live, client, case.config, &["--guard"])?;
    let runs = case.runs;
    let api = ClaudeApi::start(move |call| match (call.has_tools, is_after_tool(call), runs) {
        (false, ..) => say(JUDGED, call),
        (true, false, Some(command)) => bash(command, call),
        (true, ..) => say("It still fails.", call),
    })?;
    ralph.project.run(&api, prompt, more)?;
    let report = ralph.report()?;
    ensure!(
        report.cause() == case.cause && report.outcome() == "tripped",
        "it was {} by {}",
        report.outcome(),
        report.cause_text()
    );
    let calls = api.exchanges().iter().filter(|exchange| exchange.call.has_tools).count();
    tell(&format!("{prompt}: {} after {calls} calls", report.cause_text()));
    Ok(())
}

/// A guarded session with a subagent, in a loop of `/goal`: our count, the client's record, and what was billed.
fn counted(live: &Live<'_>, client: &Client) -> anyhow::Result<String> {
    let ralph = Ralph::new(live, client, "max_iterations: 3", &["--guard"])?;
    let api = ClaudeApi::start(model)?;
    ralph.project.run(&api, "MAIN: look around", &[])?.expect_success()?;
    let report = ralph.report()?;
    let exchanges = api.exchanges();
    let is_subagent = |exchange: &Exchange| exchange.call.turn.text().contains("SUB: look");
    ensure!(exchanges.iter().any(is_subagent), "no subagent called");
    let theirs = client_bill(&ralph.project)?;
    let tokens = report.json.pointer("/total/tokens").context("no tokens in the report")?;
    let ours = ["input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens"]
        .map(|field| tokens.get(field).and_then(Value::as_u64).unwrap_or_default());
    ensure!(ours == theirs, "we count {ours:?}, the client says {theirs:?}");
    let scripted = billed(&exchanges);
    ensure!(ours == scripted, "we count {ours:?}, the stand-in billed {scripted:?}");
    let agents = report.json.pointer("/agents/general-purpose/usage/tokens");
    let of_agents = agents.and_then(|tokens| tokens.get("output_tokens")).and_then(Value::as_u64);
    ensure!(of_agents.is_some_and(|tokens| tokens > 0), "nothing is counted for the subagent");
    Ok(format!(
        "tokens with a subagent equal the client's record: {} of {}",
        ours.iter().sum::<u64>(),
        theirs.iter().sum::<u64>()
    ))
}

fn model(call: &ModelCall) -> ModelReply {
    let is_sub = call.mentions("SUB: look") && !call.mentions("MAIN:");
    match (call.has_tools, is_sub, is_after_tool(call)) {
        (false, ..) => ModelReply::text("{}", ModelUsage::default()),
        (true, true, false) => bash("echo made > made.txt", call),
        (true, true, true) => say("sub is done", call),
        (true, false, false) if !call.mentions("main is done") => {
            let input = json!({"description": "look", "prompt": "SUB: look", "subagent_type": "general-purpose"});
            ModelReply::tool("Task", input, ModelUsage::of_call(call.seq))
        }
        (true, false, _) => say("main is done", call),
    }
}
