//! The whole way of an alert to a channel that checks every body: from the demo, over a real QuestDB, and from a
//! watcher outside when the process that runs the rules was killed.

use std::time::Duration;

use anyhow::ensure;

use super::Live;
use super::questdb_server::{QuestDb, Start};
use crate::steps::{Outcome, say};
use crate::{Depth, command};

const LIMIT: Duration = Duration::from_secs(1_200);
/// Beginnings of the lines with figures.
const FIGURES: [&str; 3] = ["walk: ", "questdb: ", "watch: "];

pub(super) fn run(live: &Live<'_>) -> anyhow::Result<Outcome> {
    let server = QuestDb::start(live.workspace)?;
    let mut cargo = live.workspace.cargo(["test", "-p", "plimsoll", "--test", "it"]);
    cargo.args(["--", "--nocapture", "--test-threads=1", "walk::"]);
    if let Start::Running(server) = &server {
        cargo.env("PLIMSOLL_QUESTDB", format!("http://{}", server.http_addr()));
    }
    if live.depth == Depth::Full {
        cargo.env("PLIMSOLL_WATCH_AS_SHIPPED", "1");
    }
    let output = command::capture(&mut cargo, LIMIT)?;
    ensure!(output.status.success(), "{}{}", output.stdout, output.stderr);
    let is_figure = |line: &&str| FIGURES.iter().any(|begin| line.contains(begin));
    let after = |line: &str| {
        let begin = FIGURES.iter().find_map(|begin| line.find(begin)).unwrap_or(0);
        line.get(begin..).unwrap_or(line).to_owned()
    };
    let figures: Vec<String> = output.stdout.lines().filter(is_figure).map(after).collect();
    // The table with times, as a person who runs the demo sees it.
    let is_table = |line: &&str| {
        line.contains("drawdown_") && line.contains(" firing ")
            || line.contains("drawdown_") && line.contains(" resolved ")
            || line.starts_with("row time")
    };
    for line in output.stdout.lines().filter(is_table) {
        say(line);
    }
    let figure = figures.join("; ");
    Ok(match server {
        Start::Running(_) => {
            ensure!(figures.len() == FIGURES.len(), "figures are missing: {figure}");
            Outcome::Passed(figure)
        }
        Start::Unavailable(why) => {
            Outcome::Skipped(format!("no QuestDB: {why}; the rest passed: {figure}"))
        }
    })
}
