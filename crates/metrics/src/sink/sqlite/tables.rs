//! The tables of a store file, for a migration.

use std::path::Path;

use rusqlite::{Connection, Transaction, TransactionBehavior, types::ValueRef};

use crate::{
    SCHEMA_VERSION, built_in,
    ddl::{BOOTSTRAP, Dialect, quote, stored, type_of, type_word},
    migrate::{ExistingColumn, ExistingTable, StoreError, TableStore, Target, apply, plan},
    schema::{ColumnType, Schema},
    sink::sqlite::{LOCK_WAIT, SqliteError, connection, failure::Failure},
};

/// The tables of one store file.
#[derive(Debug)]
pub struct SqliteTables {
    connection: Connection,
    prefix: String,
}

impl SqliteTables {
    /// Opens or creates the store at `path`; `prefix` is put before every table's name.
    ///
    /// # Errors
    ///
    /// [`SqliteError::Open`].
    pub fn open(path: impl AsRef<Path>, prefix: &str) -> Result<Self, SqliteError> {
        let path = path.as_ref();
        let open = || {
            let connection = connection::connect(path, LOCK_WAIT)?;
            connection.execute_batch(
                "PRAGMA page_size = 8192; PRAGMA foreign_keys = OFF; PRAGMA journal_mode = WAL",
            )?;
            Ok(connection)
        };
        let connection = open().map_err(|failure: Failure| SqliteError::Open {
            path: path.to_owned(),
            transient: failure.is_transient(),
            source: Box::new(failure),
        })?;
        Ok(Self { connection, prefix: prefix.to_owned() })
    }

    /// Makes all tables of this crate in a file that has none, so that a query for what has not happened
    /// yet answers "none" and not "no such table".
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the file.
    pub fn create_all(&mut self) -> Result<(), StoreError> {
        if !self.existing()?.is_empty() {
            return Ok(());
        }
        let schemas: Vec<&Schema> = built_in().map(|(_, schema)| schema).collect();
        let prefix = self.prefix.clone();
        let target = Target {
            dialect: Dialect::Sqlite,
            prefix: &prefix,
            schemas: &schemas,
            version: SCHEMA_VERSION,
        };
        apply(self, &plan(&[], &target)?)?;
        Ok(())
    }

    fn count(&self, what: &str, table: &str) -> Result<u64, StoreError> {
        let table = quote(&stored(&format!("{}{table}", self.prefix)));
        let sql = format!("SELECT {what} FROM {table}");
        let count: i64 = self.connection.query_row(&sql, [], |row| row.get(0))?;
        Ok(u64::try_from(count)?)
    }
}

impl TableStore for SqliteTables {
    fn existing(&mut self) -> Result<Vec<ExistingTable>, StoreError> {
        Ok(existing(&self.connection, &self.prefix, None)?)
    }

    fn execute(&mut self, statements: &[String]) -> Result<(), StoreError> {
        Ok(execute(&self.connection, statements)?)
    }

    fn count_rows(&mut self, table: &str) -> Result<u64, StoreError> {
        self.count("count(*)", table)
    }

    fn count_not_null(&mut self, table: &str, column: &str) -> Result<u64, StoreError> {
        self.count(&format!("count({})", quote(column)), table)
    }

    fn record(&mut self, version: u16) -> Result<(), StoreError> {
        self.connection.execute_batch(&BOOTSTRAP.join(";\n"))?;
        // The newest entry is the version: going back writes a new one.
        self.connection
            .execute("INSERT OR REPLACE INTO schema_versions (version) VALUES (?1)", [version])?;
        self.connection.execute("DELETE FROM schema_versions WHERE version > ?1", [version])?;
        Ok(())
    }
}

/// Runs the statements in one transaction.
pub(super) fn execute(connection: &Connection, statements: &[String]) -> Result<(), Failure> {
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    for statement in statements {
        transaction.execute_batch(statement)?;
    }
    transaction.commit()?;
    Ok(())
}

/// The tables whose names begin with the prefix, or only the one named `table`.
pub(crate) fn existing(
    connection: &Connection,
    prefix: &str,
    table: Option<&str>,
) -> Result<Vec<ExistingTable>, Failure> {
    let has_types = connection.query_row(
        "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'schema_columns'",
        [],
        |row| row.get::<_, bool>(0),
    )?;
    let noted = if has_types {
        "(SELECT type FROM schema_columns AS s WHERE s.table_name = substr(m.name, 2) AND s.column_name = c.name)"
    } else {
        "NULL"
    };
    let mut statement = connection.prepare(&format!(
        "SELECT m.name, c.name, c.type, c.pk, {noted}
         FROM sqlite_schema AS m JOIN pragma_table_info(m.name) AS c
         WHERE m.type = 'table' AND CASE WHEN ?2 IS NULL
             THEN substr(m.name, 1, length(?1)) = ?1 ELSE m.name = ?1 || ?2 COLLATE NOCASE END
         ORDER BY m.name, c.cid"
    ))?;
    let start = stored(prefix);
    let mut rows = statement.query(rusqlite::params![start, table])?;
    let mut tables: Vec<ExistingTable> = Vec::new();
    while let Some(row) = rows.next()? {
        let name: String = row.get(0)?;
        let name = name.get(start.len()..).unwrap_or_default();
        if tables.last().is_none_or(|t| t.name != name) {
            tables.push(ExistingTable { name: name.to_owned(), columns: vec![], keys: vec![] });
        }
        let Some(last) = tables.last_mut() else { continue };
        let column: String = row.get(1)?;
        if row.get::<_, i64>(3)? > 0 {
            last.keys.push(column.clone());
        }
        let noted = match row.get_ref(4)? {
            ValueRef::Text(_) => row.get::<_, Option<String>>(4)?,
            _ => None,
        };
        let ty = word(&row.get::<_, String>(2)?, noted.as_deref());
        last.columns.push(ExistingColumn { name: column, ty });
    }
    Ok(tables)
}

/// The logical type, if what was noted fits what the table has; else what the table has.
fn word(stored: &str, noted: Option<&str>) -> String {
    let noted = noted.and_then(type_of);
    let fits = |ty| match ty {
        ColumnType::Varchar => stored == "TEXT",
        ColumnType::Double => stored == "REAL",
        _ => stored == "INTEGER",
    };
    noted.filter(|&ty| fits(ty)).map_or_else(|| stored.to_owned(), |ty| type_word(ty).to_owned())
}
