//! Hooks put in and taken out again, in clients of three versions: they work, void nothing, and leave no byte behind.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, ensure};
use serde_json::Value;
use testbed::ClaudeApi;

use super::client::{self, Client};
use super::ralph::Ralph;
use super::script::{bash, is_after_tool, say};
use crate::live::Live;
use crate::steps::say as tell;

const START: &str = "RALPH START write numbers";
/// What a person had there: an own hook, odd spaces, an order of keys, no last line end.
const OWN: &str = concat!(
    "{ \"env\": {\"OWN\": \"1\"},\n",
    "\t\"hooks\": {\"Stop\":[ {\"hooks\":[{\"type\":\"command\",\"command\":\"echo own >> own.log\"}]}],\n",
    "   \"PostToolUse\": [{\"matcher\": \"Bash\", \"hooks\": [{\"type\": \"command\", \"command\": \"echo own-tool >> own.log\"}]}] },\n",
    "  \"permissions\": {\"allow\": [\"Bash\", \"Write\"]}}"
);

/// Where the hooks go, and what was there before.
struct Place {
    flag: &'static str,
    before: Option<&'static str>,
}

const PLACES: [Place; 4] = [
    Place { flag: "--local", before: Some(OWN) },
    Place { flag: "--project", before: Some(OWN) },
    Place { flag: "--user", before: Some(OWN) },
    Place { flag: "--local", before: None },
];

pub(super) fn run(live: &Live<'_>) -> anyhow::Result<String> {
    let mut versions = Vec::new();
    let places = usize::try_from(live.count(1, 4))?;
    for client in client::installed(&live.workspace.scratch()?)? {
        for place in PLACES.iter().take(places) {
            let which = || format!("client {} with {}", client.version, place.flag);
            check(live, &client, place).with_context(which)?;
        }
        tell(&format!("client {}: in, three rounds, out", client.version));
        versions.push(client.version);
    }
    let newest = client::newest(&live.workspace.scratch()?)?;
    as_plugin(live, &newest).context("as a plugin")?;
    Ok(format!(
        "clients {}: hooks of ours and of others ran, doctor finds no problem, settings restored byte for byte; as a \
         plugin too",
        versions.join(", ")
    ))
}

fn check(live: &Live<'_>, client: &Client, place: &Place) -> anyhow::Result<()> {
    let ralph = Ralph::without_hooks(live, client, "max_iterations: 3")?;
    let settings = settings(&ralph, place);
    if let Some(before) = place.before {
        let folder = settings.parent().context("settings without a folder")?;
        fs::create_dir_all(folder).context("cannot make the settings' folder")?;
        fs::write(&settings, before).context("cannot write the settings")?;
    }
    ralph.install(&[place.flag])?;
    let found = ralph.doctor()?;
    ensure!(!found.contains("PROBLEM"), "doctor says: {found}");
    three_rounds(&ralph, &[])?;
    if place.before.is_some() {
        let own = ralph.project.read("own.log")?;
        let (stops, tools) = (own.matches("own\n").count(), own.matches("own-tool\n").count());
        ensure!(stops == 3 && tools == 3, "the hooks of others ran {stops} and {tools} times");
    }
    ralph.plimsoll(&["ralph", "uninstall", place.flag])?;
    let after = fs::read_to_string(&settings).ok();
    ensure!(after.as_deref() == place.before, "the settings are now {after:?}");
    Ok(())
}

fn settings(ralph: &Ralph, place: &Place) -> PathBuf {
    match place.flag {
        "--user" => ralph.project.home().join(".claude/settings.json"),
        "--project" => ralph.project.root().join(".claude/settings.json"),
        _ => ralph.project.root().join(".claude/settings.local.json"),
    }
}

/// A loop of three rounds with a tool each.
fn three_rounds(ralph: &Ralph, more: &[&str]) -> anyhow::Result<()> {
    let api = ClaudeApi::start(|call| match (call.has_tools, is_after_tool(call)) {
        (false, _) => say("{}", call),
        (true, false) => bash(&format!("echo {} >> numbers.txt", call.seq), call),
        (true, true) => say("A number more.", call),
    })?;
    ralph.project.run(&api, START, more)?.expect_success()?;
    let report = ralph.report()?;
    ensure!(report.cause() == "iterations", "it stopped by {}", report.json);
    ensure!(report.iterations() == 3, "{} iterations in the record", report.iterations());
    let calls = report.json.pointer("/tools/Bash/calls").and_then(Value::as_u64);
    ensure!(calls == Some(3), "{calls:?} calls of the tool in the record");
    Ok(())
}

/// The folder that `--plugin-dir` loads, with nothing in the settings.
fn as_plugin(live: &Live<'_>, client: &Client) -> anyhow::Result<()> {
    let ralph = Ralph::without_hooks(live, client, "max_iterations: 3")?;
    let dir = ralph.project.home().join("plugin").display().to_string();
    ralph.plimsoll(&["ralph", "plugin", &dir])?;
    ralph.plimsoll(&["ralph", "limits"])?;
    three_rounds(&ralph, &["--plugin-dir", &dir])
}
