//! The fuzz test of the parsers of drift, with more executions.

use anyhow::Context;

use super::Live;
use crate::steps::Outcome;

pub(super) fn run(live: &Live<'_>) -> anyhow::Result<Outcome> {
    // Of each of the parsers.
    let runs = live.count(10_000, 1_000_000);
    let args = [
        "test",
        "--release",
        "-p",
        "plimsoll-drift",
        "--test",
        "it",
        "fuzz::any_text",
        "--",
        "--nocapture",
    ];
    let output = live
        .workspace
        .cargo(args)
        .env("PLIMSOLL_FUZZ_RUNS", runs.to_string())
        .output()
        .context("cannot run cargo test")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let figure = text.lines().find(|line| line.contains(" executions, ")).unwrap_or_default();
    Ok(if output.status.success() && !figure.is_empty() {
        Outcome::Passed(figure.to_owned())
    } else {
        Outcome::Failed(format!("{text}{}", String::from_utf8_lossy(&output.stderr)))
    })
}
