//! What a QuestDB holds of a run of ours.

use anyhow::Context;
use serde_json::Value;

use super::questdb_server::QuestDb;

/// Rows, different rows, and numbers missing below the largest of each run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) rows: u64,
    pub(super) different: u64,
    pub(super) missing: u64,
}

/// Waits until `table` shows `wanted` rows, and counts.
pub(super) fn stored(server: &QuestDb, table: &str, wanted: u64) -> anyhow::Result<Stored> {
    let sql = format!("SELECT count() FROM {table}");
    let rows = server.query_until(&sql, |reply| number(reply, 0) == Some(wanted))?;
    let runs = format!(
        "SELECT sum(n), sum(gap) FROM (SELECT run, count_distinct(seq) n, \
         max(seq) + 1 - count_distinct(seq) gap FROM {table} GROUP BY run)"
    );
    let counted = server.query(&runs)?;
    Ok(Stored {
        rows: number(&rows, 0).context("no count")?,
        different: number(&counted, 0).context("no count of different rows")?,
        missing: number(&counted, 1).context("no count of gaps")?,
    })
}

fn number(reply: &Value, column: usize) -> Option<u64> {
    reply.get("dataset")?.get(0)?.get(column)?.as_u64()
}
