//! The kill test of the metrics crate, with more kills.

use anyhow::Context;

use super::Live;
use crate::Depth;
use crate::steps::Outcome;

pub(super) fn run(live: &Live<'_>) -> anyhow::Result<Outcome> {
    let kills = live.count(10, 200);
    let mut args =
        vec!["test", "-p", "plimsoll-metrics", "--features", "ilp,testing", "--test", "it"];
    if live.depth == Depth::Full {
        args.push("--release");
    }
    args.extend(["kill::every", "--", "--nocapture"]);
    let output = live
        .workspace
        .cargo(args)
        .env("PLIMSOLL_KILLS", kills.to_string())
        .output()
        .context("cannot run cargo test")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let figure = text.lines().find(|line| line.contains("kills, ")).unwrap_or_default();
    Ok(if output.status.success() && !figure.is_empty() {
        Outcome::Passed(figure.to_owned())
    } else {
        Outcome::Failed(format!("{text}{}", String::from_utf8_lossy(&output.stderr)))
    })
}
