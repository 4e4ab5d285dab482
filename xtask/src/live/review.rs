//! The request of a review, held against the types that the Messages API's own SDK publishes: one for each change of the
//! corpus, and two that the types must refuse.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::Value;

use super::{Live, install};
use crate::command;
use crate::steps::Outcome;

const LIMIT: Duration = Duration::from_secs(900);
const PACKAGE: &str = r#"{"private": true, "type": "module",
    "dependencies": {"@anthropic-ai/sdk": "*", "typescript": "5"}}"#;
const CHECK: &str = "\
import type Anthropic from '@anthropic-ai/sdk';
type Sent = Anthropic.Messages.MessageCreateParamsNonStreaming;
export const sent: Sent[] = SENT;
const one: Sent = ONE;
// @ts-expect-error a model is named
export const nameless: Sent = { ...one, model: undefined };
// @ts-expect-error no such choice
export const wrong: Sent = { ...one, tool_choice: { type: 'all' } };
";

pub(super) fn run(live: &Live<'_>) -> anyhow::Result<Outcome> {
    let dir = live.workspace.scratch()?.join("review-api");
    if let Err(error) = install::npm(&dir, PACKAGE) {
        return Ok(Outcome::Skipped(format!("no description of the Messages API: {error:#}")));
    }
    let requests = dir.join("requests.json");
    written(live, &requests)?;
    let text = std::fs::read_to_string(&requests).context("the test wrote no requests")?;
    let all: Vec<Value> = serde_json::from_str(&text)?;
    let one = all.first().context("there is no request")?;
    let check = CHECK.replace("SENT", &text).replace("ONE", &one.to_string());
    std::fs::write(dir.join("check.ts"), check).context("cannot write the check")?;
    let mut tsc = Command::new(dir.join("node_modules/.bin/tsc"));
    tsc.args(["--noEmit", "--strict", "--skipLibCheck", "--target", "es2022"]);
    tsc.args(["--module", "nodenext", "check.ts"]).current_dir(&dir);
    let output = command::capture(&mut tsc, LIMIT)?;
    ensure!(output.status.success(), "a request is not as published: {}", output.stdout.trim());
    let version = version(&dir)?;
    Ok(Outcome::Passed(format!(
        "{} requests fit the types of @anthropic-ai/sdk {version}, which refuse two that are wrong",
        all.len()
    )))
}

/// A test of the crate writes the requests of the whole corpus down.
fn written(live: &Live<'_>, to: &Path) -> anyhow::Result<()> {
    let mut cargo = live.workspace.cargo(["test", "-q", "-p", "plimsoll-review", "--test", "it"]);
    cargo
        .args(["--all-features", "every_change_has_a_request"])
        .env("PLIMSOLL_REVIEW_REQUESTS", to);
    let output = command::capture(&mut cargo, LIMIT)?;
    ensure!(output.status.success(), "{}{}", output.stdout, output.stderr);
    Ok(())
}

fn version(dir: &Path) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(dir.join("node_modules/@anthropic-ai/sdk/package.json"))?;
    let json: Value = serde_json::from_str(&text)?;
    Ok(json.get("version").and_then(Value::as_str).unwrap_or("?").to_owned())
}
