//! A QuestDB: what its tables are, how far they are, and their data if wanted.

mod checkpoint;
mod sql;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::SystemTime;

use serde::Serialize;
use serde_json::Value;

use super::{Capture, CaptureError, Taken};
use crate::http::Fetch;
use crate::intake::Intake;

use sql::{Rows, Sql, quoted, text};

/// Captures a QuestDB.
///
/// Always: version, the definition of every table and view, row counts, first and last
/// timestamps, partitions, and the state of every write-ahead log. The data on demand:
/// [`QuestDb::with_checkpoint`] copies its directory, [`QuestDb::with_export`] its rows.
///
/// Rows may come while this looks, so a count is taken before and after, and both are kept.
pub struct QuestDb {
    fetch: Box<dyn Fetch>,
    data: Data,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Data {
    None,
    Checkpoint { root: PathBuf },
    Export,
    Since { micros: i64 },
}

impl std::fmt::Debug for QuestDb {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("QuestDb")
            .field("server", &self.fetch.server())
            .field("data", &self.data)
            .finish()
    }
}

/// How far a table is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Reach {
    rows: i64,
    first_ts: Option<String>,
    last_ts: Option<String>,
}

/// A table as it is written down.
#[derive(Debug, Serialize)]
struct Noted {
    before: Reach,
    after: Reach,
    designated_timestamp: Option<String>,
    partition_by: Option<String>,
    is_wal: bool,
    is_suspended: Option<bool>,
}

/// A table as the server lists it.
#[derive(Debug)]
struct Table {
    name: String,
    timestamp: Option<String>,
    partition_by: Option<String>,
    is_wal: bool,
    is_view: bool,
}

impl QuestDb {
    /// The server that `fetch` asks, without its data.
    #[must_use]
    pub fn new(fetch: impl Fetch + 'static) -> Self {
        Self { fetch: Box::new(fetch), data: Data::None }
    }

    /// Copies the data too, by the server's own checkpoint. `root` is the directory that it was
    /// started with, on this machine.
    ///
    /// The copy has the file `_restore` in it, without which a server would open it without a
    /// word and show what was half written. It is restored into another directory, or in place
    /// if the caller has stopped the server; only one of the same major version reads it.
    #[must_use]
    pub fn with_checkpoint(mut self, root: impl Into<PathBuf>) -> Self {
        self.data = Data::Checkpoint { root: root.into() };
        self
    }

    /// Copies the rows of every table as CSV.
    #[must_use]
    pub fn with_export(mut self) -> Self {
        self.data = Data::Export;
        self
    }

    /// Copies as CSV the rows whose designated timestamp is not before `at`; of a table that has
    /// none, every row.
    #[must_use]
    pub fn with_rows_since(mut self, at: SystemTime) -> Self {
        let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        self.data = Data::Since { micros: i64::try_from(since.as_micros()).unwrap_or(i64::MAX) };
        self
    }
}

impl Capture for QuestDb {
    fn kind(&self) -> &'static str {
        "questdb"
    }

    fn capture(&mut self, into: &mut Intake<'_>) -> Result<Taken, CaptureError> {
        let server = self.fetch.server();
        let mut sql = Sql { fetch: self.fetch.as_mut() };
        let build = sql.one("SELECT build()")?;
        into.fact("server", server.clone());
        into.fact("build", build.clone());
        into.fact("version", version(&build)?);
        let tables = tables(&mut sql)?;
        let suspended = suspended(&mut sql, into)?;
        let mut before = BTreeMap::new();
        for table in &tables {
            definition(&mut sql, table, into)?;
            partitions(&mut sql, table, into)?;
            before.insert(table.name.clone(), reach(&mut sql, table)?);
        }
        match &self.data {
            Data::None => {}
            Data::Checkpoint { root } => checkpoint::copy(&mut sql, &server, root, into)?,
            Data::Export => export(&mut sql, &tables, None, into)?,
            Data::Since { micros } => export(&mut sql, &tables, Some(*micros), into)?,
        }
        let mut noted = BTreeMap::new();
        for table in &tables {
            let before = before.remove(&table.name);
            let after = reach(&mut sql, table)?;
            noted.insert(
                table.name.clone(),
                Noted {
                    before: before.unwrap_or_else(|| after.clone()),
                    after,
                    designated_timestamp: table.timestamp.clone(),
                    partition_by: table.partition_by.clone(),
                    is_wal: table.is_wal,
                    is_suspended: suspended.get(&table.name).copied(),
                },
            );
        }
        into.fact("tables", noted.len().to_string());
        let text = serde_json::to_vec_pretty(&noted).map_err(|error| {
            CaptureError::new("cannot write down the tables").with_source(error)
        })?;
        into.document("tables.json", &text)?;
        Ok(Taken::Whole)
    }
}

/// `9.3.4` of `Build Information: QuestDB 9.3.4, JDK 17.0.14, Commit Hash ..`.
fn version(build: &str) -> Result<String, CaptureError> {
    let after = build.split("QuestDB ").nth(1).map(|rest| rest.split([',', ' ']).next());
    let version = after.flatten().filter(|text| text.starts_with(|c: char| c.is_ascii_digit()));
    version.map(str::to_owned).ok_or_else(|| {
        CaptureError::new(format!("the server says that it is `{build}`, which is no QuestDB"))
    })
}

fn tables(sql: &mut Sql<'_>) -> Result<Vec<Table>, CaptureError> {
    let rows = sql.rows("SELECT * FROM tables() ORDER BY table_name")?;
    let table = |row: &Vec<Value>| -> Result<Table, CaptureError> {
        let is = |name: &str| rows.get(row, name) == Some(&Value::Bool(true));
        let name = text(rows.get(row, "table_name"));
        Ok(Table {
            name: name
                .ok_or_else(|| CaptureError::new("the server lists a table without a name"))?,
            timestamp: text(rows.get(row, "designatedTimestamp")),
            partition_by: text(rows.get(row, "partitionBy")),
            is_wal: is("walEnabled"),
            is_view: is("matView") || text(rows.get(row, "table_type")).as_deref() == Some("M"),
        })
    };
    rows.dataset.iter().map(table).collect()
}

/// Which tables have stopped to take what waits in their logs.
fn suspended(
    sql: &mut Sql<'_>,
    into: &mut Intake<'_>,
) -> Result<BTreeMap<String, bool>, CaptureError> {
    let rows = sql.rows("SELECT * FROM wal_tables()")?;
    into.document("wal.json", &rows.json()?)?;
    let mut suspended = BTreeMap::new();
    for row in &rows.dataset {
        let Some(name) = text(rows.get(row, "name")) else { continue };
        let is_suspended = rows.get(row, "suspended") == Some(&Value::Bool(true));
        if is_suspended {
            into.note(format!(
                "table `{name}` is suspended: rows wait in its log and are not shown"
            ));
        }
        suspended.insert(name, is_suspended);
    }
    Ok(suspended)
}

fn definition(sql: &mut Sql<'_>, table: &Table, into: &mut Intake<'_>) -> Result<(), CaptureError> {
    let sort = if table.is_view { "MATERIALIZED VIEW" } else { "TABLE" };
    let ddl = sql.one(&format!("SHOW CREATE {sort} {}", quoted(&table.name)))?;
    into.document(&format!("ddl/{}.sql", file_name(&table.name)), ddl.as_bytes())
}

fn partitions(sql: &mut Sql<'_>, table: &Table, into: &mut Intake<'_>) -> Result<(), CaptureError> {
    let name = table.name.replace('\'', "''");
    let rows = sql.rows(&format!("SELECT * FROM table_partitions('{name}')"))?;
    into.document(&format!("partitions/{}.json", file_name(&table.name)), &rows.json()?)
}

fn reach(sql: &mut Sql<'_>, table: &Table) -> Result<Reach, CaptureError> {
    let name = quoted(&table.name);
    let Some(timestamp) = &table.timestamp else {
        let rows = sql.rows(&format!("SELECT count() FROM {name}"))?;
        return Ok(Reach { rows: count(&rows)?, first_ts: None, last_ts: None });
    };
    let ts = quoted(timestamp);
    let rows = sql.rows(&format!("SELECT count(), min({ts}), max({ts}) FROM {name}"))?;
    let row = rows.dataset.first();
    let at = |index: usize| text(row.and_then(|row| row.get(index)));
    Ok(Reach { rows: count(&rows)?, first_ts: at(1), last_ts: at(2) })
}

fn count(rows: &Rows) -> Result<i64, CaptureError> {
    let first = rows.dataset.first().and_then(|row| row.first()).and_then(Value::as_i64);
    first.ok_or_else(|| CaptureError::new("the server gave no count"))
}

/// Copies rows, all of them or those from a moment on.
fn export(
    sql: &mut Sql<'_>,
    tables: &[Table],
    since_micros: Option<i64>,
    into: &mut Intake<'_>,
) -> Result<(), CaptureError> {
    for table in tables {
        let mut query = format!("SELECT * FROM {}", quoted(&table.name));
        if let (Some(micros), Some(timestamp)) = (since_micros, &table.timestamp) {
            query.push_str(&format!(" WHERE {} >= {micros}::timestamp", quoted(timestamp)));
        }
        let path = format!("rows/{}.csv", file_name(&table.name));
        sql.export(&query, |body| into.machine_data(&path, body))?;
    }
    Ok(())
}

/// A table's name as a file's; QuestDB allows letters that a path does not.
fn file_name(table: &str) -> String {
    table.replace('%', "%25").replace('/', "%2F").replace('\\', "%5C")
}
