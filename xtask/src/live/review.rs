//! What a review sends, held against published types: the requests for every change of the corpus against those of the
//! Messages API's own SDK, the comments at GitHub against GitHub's description; and bodies that the types must refuse.

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
    "dependencies": {"@anthropic-ai/sdk": "*", "@octokit/openapi-types": "*", "typescript": "5"}}"#;
const CHECK: &str = "\
import type Anthropic from '@anthropic-ai/sdk';
type Sent = Anthropic.Messages.MessageCreateParamsNonStreaming;
export const sent: Sent[] = SENT;
const one: Sent = sent[0]!;
// @ts-expect-error a model is named
export const nameless: Sent = { ...one, model: undefined };
// @ts-expect-error no such choice
export const wrong: Sent = { ...one, tool_choice: { type: 'all' } };
";

const COMMENTS: &str = "\
import type { paths } from '@octokit/openapi-types';
type Of<T> = T extends { requestBody?: { content: { 'application/json': infer Body } } } ? Body : never;
type NewAtLine = Of<paths['/repos/{owner}/{repo}/pulls/{pull_number}/comments']['post']>;
type EditAtLine = Of<paths['/repos/{owner}/{repo}/pulls/comments/{comment_id}']['patch']>;
type New = Of<paths['/repos/{owner}/{repo}/issues/{issue_number}/comments']['post']>;
type Edit = Of<paths['/repos/{owner}/{repo}/issues/comments/{comment_id}']['patch']>;
// @ts-expect-error a comment has a body
export const silent: New = {};
// @ts-expect-error a comment at a line has a commit
export const nowhere: NewAtLine = { body: 'x', path: 'a', line: 1 };
";
/// What is written where: method, part of the path, its type.
const WRITES: [(&str, &str, &str); 4] = [
    ("POST", "/pulls/", "NewAtLine"),
    ("PATCH", "/pulls/comments/", "EditAtLine"),
    ("POST", "/issues/", "New"),
    ("PATCH", "/issues/comments/", "Edit"),
];

pub(super) fn run(live: &Live<'_>) -> anyhow::Result<Outcome> {
    let dir = live.workspace.scratch()?.join("review-api");
    if let Err(error) = install::npm(&dir, PACKAGE) {
        return Ok(Outcome::Skipped(format!("no description of the Messages API: {error:#}")));
    }
    let requests = dir.join("requests.json");
    written(live, &requests)?;
    let text = std::fs::read_to_string(&requests).context("the test wrote no requests")?;
    let all: Vec<Value> = serde_json::from_str(&text)?;
    ensure!(!all.is_empty(), "there is no request");
    let check = CHECK.replacen("SENT", &text, 1);
    compiled(&dir, "check.ts", &check)?;
    let sdk = version(&dir, "@anthropic-ai/sdk")?;
    let comments = comments(live, &dir)?;
    let github = version(&dir, "@octokit/openapi-types")?;
    Ok(Outcome::Passed(format!(
        "{} requests fit the types of @anthropic-ai/sdk {sdk}, {comments} comments those of @octokit/openapi-types \
         {github}; both refuse what is wrong",
        all.len()
    )))
}

/// The comments that the command's own test writes to the stand-in.
fn comments(live: &Live<'_>, dir: &Path) -> anyhow::Result<usize> {
    let place = dir.join("writes.json");
    let mut cargo = live.workspace.cargo(["test", "-q", "-p", "plimsoll", "--test", "it"]);
    cargo.arg("a_finding_is_told_once").env("PLIMSOLL_GITHUB_WRITES", &place);
    let output = command::capture(&mut cargo, LIMIT)?;
    ensure!(output.status.success(), "{}{}", output.stdout, output.stderr);
    let text = std::fs::read_to_string(&place).context("the test wrote nothing down")?;
    let writes: Vec<Value> = serde_json::from_str(&text)?;
    let mut check = COMMENTS.to_owned();
    for (index, write) in writes.iter().enumerate() {
        let part = |name: &str| write.get(name).and_then(Value::as_str).unwrap_or_default();
        // The longest path that fits, so that an edit is no new comment.
        let fitting = WRITES.iter().filter(|(method, path, _)| {
            part("method") == *method && part("path").starts_with(path)
        });
        let (.., name) =
            fitting.max_by_key(|(_, path, _)| path.len()).context("an unknown write")?;
        let body = write.get("body").context("a write without a body")?;
        check.push_str(&format!("export const write{index}: {name} = {body};\n"));
    }
    compiled(dir, "comments.ts", &check)?;
    Ok(writes.len())
}

fn compiled(dir: &Path, name: &str, text: &str) -> anyhow::Result<()> {
    std::fs::write(dir.join(name), text).context("cannot write the check")?;
    let mut tsc = Command::new(dir.join("node_modules/.bin/tsc"));
    tsc.args(["--noEmit", "--strict", "--skipLibCheck", "--target", "es2022"]);
    tsc.args(["--module", "nodenext", name]).current_dir(dir);
    let output = command::capture(&mut tsc, LIMIT)?;
    ensure!(output.status.success(), "not as published: {}", output.stdout.trim());
    Ok(())
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

fn version(dir: &Path, package: &str) -> anyhow::Result<String> {
    let file = dir.join("node_modules").join(package).join("package.json");
    let text = std::fs::read_to_string(file)?;
    let json: Value = serde_json::from_str(&text)?;
    Ok(json.get("version").and_then(Value::as_str).unwrap_or("?").to_owned())
}
