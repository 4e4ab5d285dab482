//! Hook processes killed while eight of them write one state: the cli's own test, with more kills.

use std::time::Duration;

use super::Live;
use crate::Depth;
use crate::command;
use crate::steps::Outcome;

const TEST_LIMIT: Duration = Duration::from_secs(25 * 60);

pub(super) fn run(live: &Live<'_>) -> anyhow::Result<Outcome> {
    let kills = live.count(50, 1_000);
    let mut args = vec!["test", "-p", "plimsoll", "--test", "it"];
    if live.depth == Depth::Full {
        args.push("--release");
    }
    args.extend(["ralph_kill::every", "--", "--nocapture"]);
    let mut test = live.workspace.cargo(args);
    test.env("PLIMSOLL_RALPH_KILLS", kills.to_string());
    let output = command::capture(&mut test, TEST_LIMIT)?;
    let figure = output.stdout.lines().find(|line| line.contains("kills of ")).map(str::to_owned);
    Ok(match figure {
        Some(figure) if output.status.success() => Outcome::Passed(figure),
        _ => Outcome::Failed(output.stdout + &output.stderr),
    })
}
