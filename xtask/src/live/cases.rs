//! The tests of the metrics crate that want a real QuestDB: plain, with a password, behind TLS.

use anyhow::Context;

use super::Live;
use super::questdb_server::{QuestDb, Start};
use super::tls::Terminator;
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
    let terminator = match Terminator::start(server.http_addr()) {
        Ok(terminator) => terminator,
        Err(error) => return Ok(Outcome::Skipped(format!("no terminator of TLS: {error:#}"))),
    };
    let output = live
        .workspace
        .cargo([
            "test",
            "-p",
            "plimsoll-metrics",
            "--features",
            "questdb-rs,testing",
            "--test",
            "it",
            "--",
            "--nocapture",
            "questdb",
            "https",
        ])
        .env("PLIMSOLL_QUESTDB_TLS_URL", terminator.url())
        .env("PLIMSOLL_QUESTDB_TLS_CA", terminator.ca_file())
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
