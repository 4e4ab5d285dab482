//! The example of NautilusTrader in Rust, a workspace of its own: it builds, its tests pass, its totals are the engine's.

use std::time::Duration;

use anyhow::{Context, ensure};

use super::Live;
use crate::steps::Outcome;
use crate::{Depth, command};

/// 155 crates that nothing else here needs.
const LIMIT: Duration = Duration::from_secs(30 * 60);

pub(super) fn run(live: &Live<'_>) -> anyhow::Result<Outcome> {
    let built = live.workspace.scratch()?.join("example-nautilus");
    if live.depth == Depth::Quick && !built.exists() {
        let why = "155 crates that nothing else needs: `--full` builds them, once";
        return Ok(Outcome::Skipped(why.to_owned()));
    }
    let cargo = |args: &[&str]| {
        let mut cargo = live.workspace.cargo(args.iter().copied());
        cargo.current_dir(live.workspace.root.join("examples/nautilus"));
        cargo.env("CARGO_TARGET_DIR", &built);
        command::stdout_of(&mut cargo, LIMIT)
    };
    let tests = cargo(&["test", "--locked", "--quiet"])?;
    let passed = tests.lines().find(|line| line.starts_with("test result: ok"));
    let passed = passed.with_context(|| format!("no test ran: {tests}"))?;
    let passed = passed.trim_start_matches("test result: ok. ").split(';').next();
    let ran = cargo(&["run", "--locked", "--quiet"])?;
    ensure!(ran.lines().any(|line| line == "equal"), "the store is not the engine: {ran}");
    let of = |word: &str| {
        let line = ran.lines().find(|line| line.starts_with(word)).unwrap_or_default();
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    Ok(Outcome::Passed(format!(
        "{}; engine and store: {}, {}, {}",
        passed.unwrap_or_default(),
        of("orders"),
        of("fills"),
        of("commissions")
    )))
}
