//! The fixture itself: what a real QuestDB acknowledged over HTTP is there after `kill -9`, restart and stop.

use anyhow::{Context, ensure};
use serde_json::Value;

use super::Live;
use super::questdb_server::{QuestDb, Start};
use crate::machine;
use crate::steps::Outcome;

pub(super) fn run(live: &Live<'_>) -> anyhow::Result<Outcome> {
    let begun = machine::now();
    let mut server = match QuestDb::start(live.workspace)? {
        Start::Running(server) => server,
        Start::Unavailable(why) => return Ok(Outcome::Skipped(why)),
    };
    let ready = begun.elapsed().as_secs_f64();
    server.query(
        "CREATE TABLE proof (ts TIMESTAMP, seq LONG) TIMESTAMP(ts) PARTITION BY DAY WAL DEDUP UPSERT KEYS(ts, seq)",
    )?;
    let kills = live.count(2, 20);
    let rows = live.count(1_000, 10_000);
    for kill in 0..kills {
        let body: String = (0..rows).map(|row| line(kill * rows + row)).collect();
        server.write(&body)?;
        server.kill9()?;
        server.restart()?;
    }
    let addr = server.http_addr();
    server.stop()?;
    server.restart()?;
    ensure!(server.http_addr() == addr, "the address changed by a restart");
    let counted = server
        .query_until("SELECT count(), count_distinct(seq) FROM proof", |reply| {
            cell(reply, 0) == Some(kills * rows)
        })?;
    let (total, distinct) =
        (cell(&counted, 0).context("no count")?, cell(&counted, 1).context("no count")?);
    server.stop()?;
    let wanted = kills * rows;
    Ok(if total == wanted && distinct == wanted {
        Outcome::Passed(format!(
            "{total} of {wanted} rows after {kills} kills; ready in {ready:.1} s"
        ))
    } else {
        Outcome::Failed(format!(
            "{total} rows, {distinct} of them different, of {wanted} acknowledged"
        ))
    })
}

fn line(seq: u64) -> String {
    let nanos = 1_700_000_000_000_000_000 + seq * 1_000;
    format!("proof seq={seq}i {nanos}\n")
}

/// A number in the first row of a reply.
fn cell(reply: &Value, column: usize) -> Option<u64> {
    reply.get("dataset")?.get(0)?.get(column)?.as_u64()
}
