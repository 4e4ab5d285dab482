//! Many rows of the same moments, from several threads and over restarts: none is taken for another.

use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use plimsoll_metrics::read::{Datum, Store};
use plimsoll_metrics::{Metrics, Mode, Options, Pnl, Timestamp};

use super::Live;
use super::questdb_server::{QuestDb, Start};
use super::stored::stored;
use crate::steps::Outcome;

const THREADS: u64 = 4;
const SESSIONS: u64 = 4;
const MOMENTS: u64 = 10;
/// 2025-01-01 UTC, ns.
const FIRST_NS: i64 = 1_735_689_600_000_000_000;

pub(super) fn run(live: &Live<'_>) -> anyhow::Result<Outcome> {
    let rows = live.count(64_000, 1_000_000);
    let dir = tempfile::tempdir()?;
    let file = dir.path().join("million.db");
    emit_all(rows, || Options::embedded(&file, Mode::Live))?;
    let sqlite = in_file(&file)?;
    let server = match QuestDb::start(live.workspace)? {
        Start::Running(server) => server,
        Start::Unavailable(why) => return Ok(Outcome::Skipped(why)),
    };
    let url = format!("http://{}", server.http_addr());
    let spool = dir.path().join("questdb.spool");
    emit_all(rows, || Options::connect(&url, &spool, Mode::Live).with_creates_tables(true))?;
    let questdb = stored(&server, "trading_pnl", rows)?;
    let figure = format!(
        "{rows} rows, {MOMENTS} timestamps, {THREADS} threads, {} restarts: SQLite has {sqlite}, QuestDB {} ({} missing)",
        SESSIONS - 1,
        questdb.rows,
        questdb.missing
    );
    let is_whole = sqlite == rows && questdb.rows == rows && questdb.missing == 0;
    Ok(if is_whole { Outcome::Passed(figure) } else { Outcome::Failed(figure) })
}

fn emit_all(rows: u64, options: impl Fn() -> Options) -> anyhow::Result<()> {
    for _ in 0..SESSIONS {
        let metrics = Metrics::open(&options())?;
        let line = metrics.strategy("million")?.account("A")?.instrument("I", "V", "USD")?;
        let line = &line;
        std::thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(move || {
                    for n in 0..rows / THREADS / SESSIONS {
                        let moment = i64::try_from(n % MOMENTS).unwrap_or(0);
                        let ts = Timestamp::from_nanos(FIRST_NS + moment);
                        line.emit_pnl(Pnl::new().realized_pnl(1.0).at(ts));
                        if n % 4_000 == 3_999 {
                            // As fast as a drainer without a core of its own can follow.
                            crate::machine::pause(Duration::from_millis(60));
                        }
                    }
                });
            }
        });
        metrics.close(Duration::from_secs(120))?;
    }
    Ok(())
}

fn in_file(path: &Path) -> anyhow::Result<u64> {
    let answer = Store::open(path)?.query("SELECT count(*) FROM trading_pnl", 1)?;
    let count = answer.rows.first().and_then(|row| row.first()).context("no count")?;
    match count {
        Datum::Long(n) => Ok(u64::try_from(*n)?),
        other => anyhow::bail!("count is {other}"),
    }
}
