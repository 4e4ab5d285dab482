//! Clients that other people wrote send the same rows to the station and to a real QuestDB.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Context;

use super::Live;
use super::python::{pythons, venv};
use super::questdb_server::{QuestDb, Start};
use crate::command;
use crate::steps::Outcome;

const LIMIT: Duration = Duration::from_secs(20 * 60);

/// The test of the station with real clients, beside a QuestDB and with PyPI's client; and that of one
/// in front of it.
pub(super) fn run(live: &Live<'_>) -> anyhow::Result<Outcome> {
    let server = match QuestDb::start(live.workspace)? {
        Start::Running(server) => server,
        Start::Unavailable(why) => return Ok(Outcome::Skipped(why)),
    };
    let python = match python(&live.workspace.scratch()?.join("clients")) {
        Ok(python) => python,
        Err(error) => return Ok(Outcome::Skipped(format!("no client in Python: {error:#}"))),
    };
    // Rows of today come last: beside them the clients' rows are older than the table keeps rows.
    let names = ["clients::rows_of_real_clients", "behind::rows_go_into_questdb"];
    let mut figure = None;
    for name in names {
        let args = ["test", "-p", "plimsoll-station", "--test", "it", "--", "--nocapture", name];
        let output = live
            .workspace
            .cargo(args)
            .env("PLIMSOLL_QUESTDB_URL", format!("http://{}", server.http_addr()))
            .env("PLIMSOLL_CLIENT_PYTHON", &python)
            .env("PLIMSOLL_CLIENT_ROWS", live.count(1_000, 50_000).to_string())
            .output()
            .context("cannot run cargo test")?;
        let errors = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() {
            let printed = String::from_utf8_lossy(&output.stdout);
            return Ok(Outcome::Failed(format!("{printed}{errors}")));
        }
        let found = errors.lines().find(|line| line.contains("of the station and of QuestDB"));
        figure = figure.or(found.map(str::to_owned));
    }
    let Some(figure) = figure else {
        return Ok(Outcome::Failed("the clients' test says no figure".into()));
    };
    Ok(Outcome::Passed(format!(
        "{figure}; {}; a station in front of QuestDB stores and shows rows once",
        version(&python)?
    )))
}

/// A Python of its own that has the client; what an earlier run installed is taken again.
fn python(dir: &Path) -> anyhow::Result<PathBuf> {
    let python = dir.join("bin/python");
    if version(&python).is_err() {
        let (_, program) = pythons().pop().context("no Python of 3.10 or newer")?;
        venv(&program, dir, &["questdb".to_owned()])?;
        version(&python)?;
    }
    Ok(python)
}

fn version(python: &Path) -> anyhow::Result<String> {
    let script = "from importlib.metadata import version; print('questdb', version('questdb'))";
    let mut ask = Command::new(python);
    let found = command::stdout_of(ask.args(["-c", script]), LIMIT)?;
    Ok(format!("PyPI's {}", found.trim()))
}
