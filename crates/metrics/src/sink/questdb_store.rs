//! QuestDB as a store that is read and whose tables are created, over `/exec`.

mod gaps;

use crate::{
    ddl::{self, Dialect},
    migrate::{ExistingColumn, ExistingTable, StoreError, TableStore},
    schema::Schema,
    sink::{
        exec::{self, QueryError, QueryRows, quoted},
        http::{Auth, HttpClient, HttpOptions, UrlError},
        json::Json,
    },
};

/// How much of a query's reply is read, in bytes, unless the options say otherwise.
const REPLY_BYTES_MAX: usize = 64 << 20;

/// Where versions are noted.
const VERSIONS: &str = "schema_versions";

/// A QuestDB that is asked with SQL over plain HTTP.
#[derive(Debug)]
pub struct QuestDb {
    client: HttpClient,
    prefix: String,
}

/// Rows were acknowledged and are not visible yet, so they cannot be counted.
#[derive(Debug, thiserror::Error)]
#[error(
    "table `{table}` has rows that are not applied yet; try again, or see whether it is suspended"
)]
struct PendingError {
    table: String,
}

impl QuestDb {
    /// A store at `http://[user:password@]host:port`. Touches no network. Replies up to 64 MiB
    /// are read when `http` has the default bound.
    ///
    /// # Errors
    ///
    /// [`UrlError`] when the URL is not of that form.
    pub fn connect(url: &str, auth: &Auth, http: HttpOptions) -> Result<Self, UrlError> {
        let is_default = http.response_bytes_max == HttpOptions::default().response_bytes_max;
        let http = if is_default { http.with_response_bytes_max(REPLY_BYTES_MAX) } else { http };
        Ok(Self { client: HttpClient::new(url, auth, http)?, prefix: String::new() })
    }

    /// As a [`TableStore`]: looks only at tables whose name begins with `prefix`, such as `bt_`.
    #[must_use]
    pub fn with_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    #[cfg(feature = "sqlite")]
    pub(crate) fn client(&mut self) -> &mut HttpClient {
        &mut self.client
    }

    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Runs one statement of SQL.
    ///
    /// # Errors
    ///
    /// [`QueryError`]; a statement may have run when the reply was lost.
    pub fn query(&mut self, sql: &str) -> Result<QueryRows, QueryError> {
        exec::exec(&mut self.client, sql)
    }

    fn count(&mut self, table: &str, condition: &str) -> Result<u64, StoreError> {
        let table = format!("{}{table}", self.prefix);
        let pending = format!(
            "SELECT count() FROM tables() WHERE table_name = {} AND wal_txn <> table_txn",
            quoted(&table)
        );
        if first_number(&self.query(&pending)?) != Some(0) {
            return Err(Box::new(PendingError { table }));
        }
        let rows = self.query(&format!("SELECT count() FROM {}{condition}", ddl::quote(&table)))?;
        Ok(first_number(&rows).ok_or(QueryError::Json { source: None })?)
    }
}

impl TableStore for QuestDb {
    fn existing(&mut self) -> Result<Vec<ExistingTable>, StoreError> {
        let names = self.query("SELECT table_name FROM tables() ORDER BY table_name")?;
        let mut tables = Vec::new();
        for full in names.rows.iter().filter_map(|row| row.first().and_then(Json::as_str)) {
            let Some(name) = full.strip_prefix(self.prefix.as_str()) else { continue };
            let Some(columns) = columns(&mut self.client, full)? else { continue };
            let keys = columns.iter().filter(|c| c.is_key).map(|c| c.column.name.clone()).collect();
            let columns = columns.into_iter().map(|c| c.column).collect();
            tables.push(ExistingTable { name: name.to_owned(), columns, keys });
        }
        Ok(tables)
    }

    fn execute(&mut self, statements: &[String]) -> Result<(), StoreError> {
        for statement in statements {
            self.query(statement)?;
        }
        Ok(())
    }

    fn count_rows(&mut self, table: &str) -> Result<u64, StoreError> {
        self.count(table, "")
    }

    fn count_not_null(&mut self, table: &str, column: &str) -> Result<u64, StoreError> {
        self.count(table, &format!(" WHERE {} IS NOT NULL", ddl::quote(column)))
    }

    fn record(&mut self, version: u16) -> Result<(), StoreError> {
        let table = ddl::quote(&format!("{}{VERSIONS}", self.prefix));
        self.query(&format!(
            "CREATE TABLE IF NOT EXISTS {table} (ts TIMESTAMP, version LONG) TIMESTAMP(ts) PARTITION BY YEAR WAL DEDUP UPSERT KEYS(ts, version)"
        ))?;
        self.query(&format!("INSERT INTO {table} VALUES (systimestamp(), {version})"))?;
        Ok(())
    }
}

/// A column of a table, and whether it is part of the key.
#[derive(Debug)]
pub(super) struct FoundColumn {
    pub(super) column: ExistingColumn,
    pub(super) is_key: bool,
}

/// The columns of a table; `None` when there is no such table.
pub(super) fn columns(
    client: &mut HttpClient,
    table: &str,
) -> Result<Option<Vec<FoundColumn>>, QueryError> {
    let sql = format!("SELECT \"column\", type, upsertKey FROM table_columns({})", quoted(table));
    let found = match exec::exec(client, &sql) {
        Ok(found) => found,
        // The server says this in words only.
        Err(QueryError::Sql { message, .. }) if message.contains("does not exist") => {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let column = |row: &Vec<Json>| {
        let text = |name| found.cell(row, name).and_then(Json::as_str).map(str::to_owned);
        let column = ExistingColumn { name: text("column")?, ty: text("type")? };
        Some(FoundColumn { column, is_key: found.cell(row, "upsertKey").and_then(Json::as_bool)? })
    };
    let columns: Option<Vec<FoundColumn>> = found.rows.iter().map(column).collect();
    columns.map(Some).ok_or(QueryError::Json { source: None })
}

/// Creates the table if it is missing and adds the columns that it lacks.
pub(super) fn apply(
    client: &mut HttpClient,
    schema: &Schema,
    prefix: &str,
) -> Result<(), QueryError> {
    for statement in ddl::create(schema, Dialect::QuestDb, prefix) {
        exec::exec(client, &statement)?;
    }
    let table = format!("{prefix}{}", schema.name);
    let found = columns(client, &table)?.unwrap_or_default();
    for column in schema.all_columns() {
        if !found.iter().any(|f| f.column.name.eq_ignore_ascii_case(&column.name)) {
            for statement in ddl::add_column(&table, column, &[], Dialect::QuestDb) {
                exec::exec(client, &statement)?;
            }
        }
    }
    Ok(())
}

fn first_number(rows: &QueryRows) -> Option<u64> {
    let number = rows.rows.first()?.first()?.as_i64()?;
    u64::try_from(number).ok()
}
