//! The stand-in's bodies, held against the types that the API's own SDK publishes.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::json;
use testbed::{ModelReply, ModelUsage, stream_events};

use super::client::npm_install;
use crate::command;
use crate::live::Live;

const TSC_LIMIT: Duration = Duration::from_secs(180);

/// Compiles one body of each kind against the SDK's types.
pub(super) fn check(live: &Live<'_>) -> anyhow::Result<()> {
    let dir = live.workspace.scratch()?.join("claude/types");
    if !dir.join("node_modules").is_dir() {
        npm_install(&dir, &["typescript@5", "@anthropic-ai/sdk"])?;
    }
    std::fs::write(dir.join("bodies.ts"), bodies()?).context("cannot write the bodies")?;
    let mut tsc = Command::new("npx");
    tsc.args(["--no-install", "tsc", "--noEmit", "--strict", "--skipLibCheck"]);
    tsc.args(["--target", "es2022", "--module", "nodenext", "bodies.ts"]).current_dir(&dir);
    let output = command::capture(&mut tsc, TSC_LIMIT)?;
    ensure!(output.status.success(), "a body is not as published: {}", output.stdout.trim());
    Ok(())
}

fn bodies() -> anyhow::Result<String> {
    let reply = ModelReply::tool("Bash", json!({"command": "true"}), ModelUsage::of_call(1));
    let message = reply.saying("Now.").whole("claude-opus-4-5").context("no body")?;
    let mut text = format!(
        "import type Anthropic from '@anthropic-ai/sdk';\n\
         ({message}) satisfies Anthropic.Message;\n"
    );
    for event in stream_events(&message) {
        text.push_str(&format!("({event}) satisfies Anthropic.RawMessageStreamEvent;\n"));
    }
    Ok(text)
}
