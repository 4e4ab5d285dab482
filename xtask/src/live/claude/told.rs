//! What a loop in the newest client leaves behind: a message for people when it ends, and rows of what it did.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::json;
use testbed::{ClaudeApi, DiscordStandIn, ModelReply, ModelUsage};

use super::client::Client;
use super::ralph::Ralph;
use super::script::{is_after_tool, say};
use crate::live::Live;
use crate::steps::say as tell;

/// What the agent writes, one file a round: a test before its source, and a source without one.
const FILES: [&str; 3] = ["tests/test_parse.py", "parse.py", "lexer.py"];
/// As the rows say it, in that order.
const VERDICTS: [&str; 3] = [
    "test_edited,none",
    "source_edited,test_before_source",
    "source_edited,no_test_for_this_source",
];
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs a loop to its bound, with hooks in the settings that a project shares.
pub(super) fn run(live: &Live<'_>, client: &Client) -> anyhow::Result<()> {
    let ralph = Ralph::without_hooks(live, client, "max_iterations: 3")?;
    let discord = DiscordStandIn::start(None)?;
    receiver(&ralph, &discord.webhook_url())?;
    ralph.install(&["--project"])?;
    let root = ralph.project.root();
    let written = AtomicU64::new(0);
    let api = ClaudeApi::start(move |call| {
        let next = || usize::try_from(written.fetch_add(1, Ordering::Relaxed)).ok();
        let file = || next().and_then(|n| FILES.get(n));
        match (call.has_tools, is_after_tool(call)) {
            (true, false) => file().map_or_else(
                || say("Nothing more.", call),
                |file| {
                    let input = json!({"file_path": root.join(file), "content": "x = 1\n"});
                    ModelReply::tool("Write", input, ModelUsage::of_call(call.seq))
                },
            ),
            _ => say("A file more.", call),
        }
    })?;
    ralph.project.run(&api, "RALPH START write files", &[])?.expect_success()?;
    let report = ralph.report()?;
    ensure!(report.cause() == "iterations", "it stopped by {}", report.json);
    told(&ralph, &discord)?;
    rows(&ralph)
}

fn receiver(ralph: &Ralph, webhook_url: &str) -> anyhow::Result<()> {
    let hook = ralph.project.home().join("webhook");
    fs::write(&hook, webhook_url).context("cannot write the webhook's address")?;
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o600))
        .context("cannot keep the webhook's address secret")?;
    let file = "config/canonical.yaml";
    let before = ralph.project.read(file)?;
    let receiver = format!(
        "alerts:\n  delivery:\n    receivers:\n      ops: {{discord: {{url: \"file:{}\"}}}}\n",
        hook.display()
    );
    ralph.project.write(file, &(before + &receiver))
}

/// The client has ended by now; what the hook started tells people nevertheless.
fn told(ralph: &Ralph, discord: &DiscordStandIn) -> anyhow::Result<()> {
    let messages = discord.wait_until(PATIENCE, |messages| !messages.is_empty());
    let said = || ralph.project.read(".ralph/announce.log").unwrap_or_default();
    ensure!(messages.len() == 1, "{} messages; {}", messages.len(), said());
    let text = messages.first().map(|message| message.now().to_string()).unwrap_or_default();
    for wanted in ["was stopped: iteration 3 of 3", "cost, USD", "tokens", "RALPH RESET"] {
        ensure!(text.contains(wanted), "`{wanted}` is not in {text}");
    }
    ensure!(discord.violations().is_empty(), "{:?}", discord.violations());
    tell("a loop's end: at Discord with cost and reason, after the client has ended");
    Ok(())
}

fn rows(ralph: &Ralph) -> anyhow::Result<()> {
    ralph.plimsoll(&["ralph", "ship", "--to", "rows.db"])?;
    let rows = |sql: &str| {
        ralph.plimsoll(&["metrics", "query", "--store", "rows.db", sql, "--format", "csv"])
    };
    let judged = rows("SELECT event || ',' || rule AS verdict FROM claude_tdd ORDER BY seq")?;
    let judged: Vec<&str> = judged.lines().skip(1).map(|line| line.trim_matches('"')).collect();
    ensure!(judged == VERDICTS, "claude_tdd says {judged:?}");
    for (table, wanted) in [("ralph_iterations", 3), ("claude_tool_calls", 3)] {
        let count = rows(&format!("SELECT count(*) AS n FROM {table}"))?;
        let count = count.lines().last().unwrap_or_default().to_owned();
        ensure!(count == wanted.to_string(), "{table} has {count} rows, wanted {wanted}");
    }
    let sessions = rows("SELECT count(*) AS n FROM claude_sessions WHERE state = 'final'")?;
    ensure!(sessions.lines().last() == Some("1"), "claude_sessions: {sessions}");
    tell("rows: tests told from sources, and which came first");
    Ok(())
}
