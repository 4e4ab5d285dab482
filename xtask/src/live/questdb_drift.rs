//! `plimsoll drift --questdb` against a real QuestDB whose tables somebody changed.

use std::process::Output;

use anyhow::{Context, ensure};

use super::Live;
use super::questdb_server::{QuestDb, Start};
use crate::steps::Outcome;

/// What somebody does to the tables, and what is said of it.
const FAULTS: &[(&str, &[&str], &str)] = &[
    (
        "a column was dropped",
        &["ALTER TABLE trading_fills DROP COLUMN last_px"],
        "table `trading_fills`: the column `last_px` is missing",
    ),
    (
        "a column has another type",
        &["ALTER TABLE trading_orders ALTER COLUMN reason TYPE SYMBOL"],
        "table `trading_orders`: the column `reason` is SYMBOL, not VARCHAR",
    ),
    ("a table is missing", &["DROP TABLE trading_pnl"], "has no table `trading_pnl`"),
    (
        "rows live for ever",
        &["ALTER TABLE trading_risk SET TTL 0 HOURS"],
        "table `trading_risk`: the time to live is none, not",
    ),
    (
        "rows are not deduplicated",
        &["ALTER TABLE ops_events DEDUP DISABLE"],
        "table `ops_events`: the list of deduplication keys is missing",
    ),
    (
        "a table is too many",
        &["CREATE TABLE somebodys (ts TIMESTAMP, x DOUBLE) TIMESTAMP(ts) PARTITION BY DAY WAL"],
        "has the table `somebodys`, which nobody declares",
    ),
];

pub(super) fn run(live: &Live<'_>) -> anyhow::Result<Outcome> {
    let mut server = match QuestDb::start(live.workspace)? {
        Start::Running(server) => server,
        Start::Unavailable(why) => return Ok(Outcome::Skipped(why)),
    };
    let repository = tempfile::tempdir().context("no temporary directory")?;
    std::fs::create_dir(repository.path().join("config"))?;
    let canonical = "ports:\n  questdb_http: 9000\n";
    std::fs::write(repository.path().join("config/canonical.yaml"), canonical)?;
    std::fs::write(repository.path().join("README.md"), "QuestDB listens on port 9000.\n")?;
    let url = format!("http://{}", server.http_addr());
    let plimsoll = |args: &[&str]| call(live, args);
    let root = repository.path().to_str().context("a temporary directory with an odd name")?;
    let drift = ["drift", "--root", root, "--questdb", &url];

    let applied = plimsoll(&["tables", "apply", "--store", &url])?;
    ensure!(applied.status.success(), "tables apply: {}", said(&applied));
    let clean = plimsoll(&drift)?;
    ensure!(clean.status.code() == Some(0), "fresh tables are no drift: {}", said(&clean));
    for (what, statements, expected) in FAULTS {
        for statement in *statements {
            server.query(statement).with_context(|| format!("{what}: {statement}"))?;
        }
        let found = plimsoll(&drift)?;
        let is_found = found.status.code() == Some(1) && said(&found).contains(expected);
        ensure!(is_found, "{what}: wanted `{expected}` and exit code 1: {}", said(&found));
    }
    server.kill9()?;
    let down = plimsoll(&drift)?;
    let is_open = down.status.code() == Some(2) && said(&down).contains("unreachable");
    ensure!(is_open, "a server that is down is unreachable, exit code 2: {}", said(&down));
    Ok(Outcome::Passed(format!(
        "fresh tables clean; {} of {} changes found; server down: unreachable, exit code 2",
        FAULTS.len(),
        FAULTS.len()
    )))
}

fn call(live: &Live<'_>, args: &[&str]) -> anyhow::Result<Output> {
    let program = ["run", "-q", "-p", "plimsoll", "--"];
    live.workspace.cargo(program).args(args).output().context("cannot run plimsoll")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}
