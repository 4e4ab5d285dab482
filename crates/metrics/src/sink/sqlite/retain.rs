//! Deletes rows that are older than their table keeps them.

use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use crate::{
    ddl::{literal, quote, stored},
    gaps::cutoff,
    schema::Schema,
    sink::sqlite::{SqliteError, SqliteSink, failure::Failure, tables},
    tables::built_in,
    value::Timestamp,
};

/// Rows deleted in one transaction, so that a writer never waits long.
const CHUNK_ROWS: u32 = 10_000;
/// Chunks of one table in one call.
const CHUNKS_MAX: u32 = 100;

/// What retention did to one table.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Retained {
    /// Table, without prefix.
    pub table: String,
    /// Rows deleted.
    pub deleted: u64,
    /// Whether old rows are left for the next call.
    pub has_more: bool,
}

impl SqliteSink {
    /// Deletes rows whose `ts` is older than their table's [`Ttl`](crate::Ttl) at `now`: at most a million per
    /// table and call, in short transactions. What went is noted per run, so that it is not
    /// taken for a loss later. Tables of a team's own count once their rows were written here.
    ///
    /// # Errors
    ///
    /// [`SqliteError`]; chunks that were deleted before stay deleted.
    pub fn retain(&mut self, now: Timestamp) -> Result<Vec<Retained>, SqliteError> {
        let own = self.tables.values().map(|w| &w.schema).filter(|s| s.since == 0);
        let all: Vec<Schema> =
            built_in().map(|(_, schema)| schema.clone()).chain(own.cloned()).collect();
        let mut done = Vec::new();
        for schema in &all {
            let Some(cutoff) = cutoff(schema.ttl, now) else { continue };
            let retained =
                self.retain_table(schema, cutoff).map_err(|failure| SqliteError::Retain {
                    table: schema.name.to_string(),
                    transient: failure.is_transient(),
                    source: Box::new(failure),
                })?;
            done.extend(retained.filter(|r| r.deleted > 0));
        }
        Ok(done)
    }

    fn retain_table(
        &mut self,
        schema: &Schema,
        cutoff: Timestamp,
    ) -> Result<Option<Retained>, Failure> {
        self.reopen()?;
        let Some(opened) = &mut self.opened else { return Err(Failure::Closed) };
        let (connection, prefix) = (&opened.connection, self.options.prefix.as_str());
        if tables::existing(connection, prefix, Some(&schema.name))?.is_empty() {
            return Ok(None);
        }
        let mut retained = Retained { table: schema.name.to_string(), deleted: 0, has_more: true };
        for _ in 0..CHUNKS_MAX {
            let deleted = delete_chunk(connection, schema, prefix, cutoff)?;
            retained.deleted = retained.deleted.saturating_add(u64::from(deleted));
            opened.wal.committed(connection)?;
            retained.has_more = deleted == CHUNK_ROWS;
            if !retained.has_more {
                break;
            }
        }
        Ok(Some(retained))
    }
}

fn delete_chunk(
    connection: &Connection,
    schema: &Schema,
    prefix: &str,
    cutoff: Timestamp,
) -> Result<u32, Failure> {
    let name = format!("{prefix}{}", schema.name);
    let table = quote(&stored(&name));
    let keys: Vec<String> = schema.key_columns().into_iter().map(quote).collect();
    let keys = keys.join(",");
    let chunk = format!("FROM {table} WHERE ts < ?1 ORDER BY {keys} LIMIT ?2");
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    transaction.execute(
        &format!(
            "INSERT INTO schema_expired SELECT {}, run, count(*), max(seq)
             FROM (SELECT run, seq {chunk}) WHERE run IS NOT NULL AND seq IS NOT NULL GROUP BY run
             ON CONFLICT DO UPDATE SET rows = rows + excluded.rows,
                 seq_max = max(seq_max, excluded.seq_max)",
            literal(&name)
        ),
        params![cutoff.as_nanos(), CHUNK_ROWS],
    )?;
    let deleted = transaction.execute(
        &format!("DELETE FROM {table} WHERE ({keys}) IN (SELECT {keys} {chunk})"),
        params![cutoff.as_nanos(), CHUNK_ROWS],
    )?;
    transaction.commit()?;
    Ok(u32::try_from(deleted).unwrap_or(u32::MAX))
}
