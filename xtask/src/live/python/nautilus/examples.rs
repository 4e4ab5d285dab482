//! The two examples as they are, into a station and into QuestDB.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};

use crate::command;
use crate::live::Live;
use crate::live::page::program::Program;
use crate::live::python::LIMIT;
use crate::live::questdb_server::{QuestDb, Start};

/// Runs both examples into each; what was found, or what is not there.
pub(super) fn run(live: &Live<'_>, python: &Path) -> anyhow::Result<String> {
    let mut cargo =
        live.workspace.cargo(["build", "--quiet", "-p", "plimsoll", "--bin", "plimsoll"]);
    command::stdout_of(&mut cargo, LIMIT)?;
    let scratch = live.workspace.scratch()?;
    let plimsoll = scratch.parent().context("no target directory")?.join("debug/plimsoll");
    let folder = live.workspace.root.join("crates/python");
    let dir = tempfile::tempdir().context("no temporary directory")?;
    let station = Program::start(
        &plimsoll,
        dir.path(),
        &["station", "--listen", "127.0.0.1:0", "--store", "station.db"],
    )?;
    let url = format!("http://{}", station.prints("http://")?);
    let days = examples(python, &folder, dir.path(), &url).context("into the station")?;
    station.end()?;
    let server = match QuestDb::start(live.workspace)? {
        Start::Running(server) => server,
        Start::Unavailable(why) => {
            return Ok(format!("both examples into a station, {days}; into QuestDB not: {why}"));
        }
    };
    let url = format!("http://{}", server.http_addr());
    let mut tables = Command::new(&plimsoll);
    tables.args(["tables", "apply", "--prefix", "bt_", "--store", &url]).current_dir(dir.path());
    command::stdout_of(&mut tables, LIMIT)?;
    examples(python, &folder, dir.path(), &url).context("into QuestDB")?;
    Ok(format!("both examples into a station and into QuestDB, {days}"))
}

/// NautilusTrader first: it compares all that its tables hold.
fn examples(python: &Path, folder: &Path, dir: &Path, url: &str) -> anyhow::Result<String> {
    let spool = dir.join("plimsoll.spool");
    for args in [vec!["examples/nautilus_backtest.py", "--store", url], vec!["example.py", url]] {
        if spool.exists() {
            std::fs::remove_dir_all(&spool).context("cannot remove a spool")?;
        }
        let (script, rest) = args.split_first().context("no script")?;
        let mut example = Command::new(python);
        example.arg(folder.join(script)).args(rest).current_dir(dir);
        let output = command::capture(&mut example, LIMIT)?;
        let told = &output.stdout;
        ensure!(output.status.success(), "{script}: {told}{}", output.stderr);
        if *script == "example.py" {
            let counts = told.lines().last().unwrap_or_default();
            ensure!(counts.contains("dropped_rows=0, rejected_rows=0"), "{told}");
            let of = |name: &str| counts.split(name).nth(1)?.split(',').next();
            ensure!(of("spooled_rows=") == of("stored_rows="), "not all is stored: {told}");
            return Ok(told.lines().next().unwrap_or_default().to_owned());
        }
        ensure!(told.lines().last() == Some("equal"), "{told}");
    }
    anyhow::bail!("the plain example did not run")
}
