//! `plimsoll init` on five kinds of repositories: what it renders, before the programs that read it.

mod caught;
mod effect;
mod fixtures;
mod readers;
pub(super) mod tools;

use anyhow::{Context, ensure};

use super::Live;
use crate::Depth;
use crate::steps::Outcome;
use fixtures::Fixture;
use tools::Tools;

pub(super) fn run(live: &Live<'_>) -> anyhow::Result<Outcome> {
    let is_full = live.depth == Depth::Full;
    let tools = match Tools::install(live.workspace, tools::built(live.workspace)?, is_full) {
        Ok(tools) => tools,
        Err(error) => return Ok(Outcome::Skipped(format!("{error:#}"))),
    };
    let reads_compose = tools.compose(&live.workspace.root).is_some();
    let mut files = 0;
    let mut readings = 0;
    for kind in fixtures::KINDS {
        let fixture = Fixture::make(&tools, kind).with_context(|| format!("fixture {kind}"))?;
        files += fixture.init_twice(&tools).with_context(|| format!("fixture {kind}"))?;
        readings += readers::read(&tools, &fixture, is_full)
            .with_context(|| format!("what was rendered for {kind}"))?;
    }
    let caught = caught::run(&tools, is_full)?;
    let filtered = effect::path_filters(&tools)?;
    ensure!(files > 0 && readings > 0, "nothing was rendered");
    let mut figure = format!(
        "{} fixtures, {files} files, second init changes nothing; {readings} readings by {} programs \
         without a finding; {caught} planted faults caught; {filtered} path filters right",
        fixtures::KINDS.len(),
        6 + usize::from(reads_compose)
    );
    if !reads_compose {
        figure.push_str("; SKIPPED: no client for compose files");
    }
    if is_full {
        let shown = effect::pytest(&tools)?;
        figure.push_str(&format!("; {shown}"));
    }
    Ok(Outcome::Passed(figure))
}
