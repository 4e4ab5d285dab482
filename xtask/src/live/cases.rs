//! The tests of the metrics crate that want a real QuestDB.

use anyhow::Context;

use super::Live;
use super::questdb_server::{QuestDb, Start};
use crate::steps::Outcome;

pub(super) fn run(live: &Live<'_>) -> anyhow::Result<Outcome> {
    let server = match QuestDb::start(live.workspace)? {
        Start::Running(server) => server,
        Start::Unavailable(why) => return Ok(Outcome::Skipped(why)),
    };
    let guarded = match QuestDb::start_with_password(live.workspace)? {
        Start::Running(server) => server,
        Start::Unavailable(why) => return Ok(Outcome::Skipped(why)),
    };
    let output = live
        .workspace
        .cargo([
            "test",
            "-p",
            "plimsoll-metrics",
            "--features",
            "ilp,testing",
            "--test",
            "it",
            "questdb",
            "--",
            "--nocapture",
        ])
        .env("PLIMSOLL_QUESTDB_URL", format!("http://{}", server.http_addr()))
        .env(
            "PLIMSOLL_QUESTDB_AUTH_URL",
            format!("http://{}@{}", super::questdb_server::CREDENTIALS, guarded.http_addr()),
        )
        .output()
        .context("cannot run cargo test")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let summary = text.lines().rfind(|line| line.starts_with("test result")).unwrap_or("no result");
    Ok(if output.status.success() && !text.contains("SKIPPED") {
        Outcome::Passed(summary.trim_start_matches("test result: ").to_owned())
    } else {
        Outcome::Failed(format!("{summary}\n{text}{}", String::from_utf8_lossy(&output.stderr)))
    })
}
