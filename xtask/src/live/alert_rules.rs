//! The engine of `plimsoll-alerts` against promtool: rules and series made at random, and the rule tests
//! that other people wrote.

mod clock;
mod fixtures;
mod promql;
mod promtool;
mod random;
mod replay;
mod series;
mod translate;

use super::Live;
use crate::steps::Outcome;

/// Rules made at random, and minutes that each is asked about; both its states are asked for.
const RULES: (u64, u64) = (6, 96);
const MINUTES: usize = 60;

pub(super) fn run(live: &Live<'_>) -> anyhow::Result<Outcome> {
    let found = fixtures::run()?;
    let promtool = match promtool::find() {
        Ok(promtool) => promtool,
        Err(why) => return Ok(Outcome::Skipped(format!("{why:#}"))),
    };
    let rules = usize::try_from(live.count(RULES.0, RULES.1))?;
    let seed = u64::from(std::process::id());
    let agreed = random::compare(&promtool, rules, MINUTES, seed)?;
    let random::Agreed { verdicts, no_data } = agreed;
    let mut lines = vec![format!(
        "{}: {verdicts} verdicts agree; {no_data} minutes without a value are no data by default (seed {seed})",
        promtool.version
    )];
    match found {
        Some(found) if found.wrong.is_empty() => lines.push(found.to_string()),
        Some(found) => return Ok(Outcome::Failed(format!("{found}\n{}", found.wrong.join("\n")))),
        None => lines.push("SKIPPED the written cases: no fixtures".to_owned()),
    }
    Ok(Outcome::Passed(lines.join("; ")))
}
