//! Reads a store file while others write it. Nothing here can change it.

mod cell;
mod export;
mod gaps;
mod minutes;
mod tail;
mod time;

use std::{
    cell::RefCell,
    collections::HashSet,
    error::Error,
    path::{Path, PathBuf},
};

use rusqlite::{
    Batch, Connection, OpenFlags, Statement, fallible_iterator::FallibleIterator as _, params,
};

use crate::{ddl::quote, sink::sqlite::LOCK_WAIT, value::Timestamp};

pub use cell::Datum;
pub use tail::Cursor;
pub use time::Rfc3339;

/// Why a store cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The file is missing, is no store, or cannot be read.
    #[error("cannot open store `{}`", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Cause.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A statement that is no query, or more than one.
    #[error(
        "refused `{found}`: wanted one statement that begins with SELECT, WITH, VALUES or EXPLAIN"
    )]
    NotAQuery {
        /// Its beginning.
        found: String,
    },
    /// The query failed.
    #[error("query failed on `{}`", path.display())]
    Query {
        /// The file.
        path: PathBuf,
        /// Cause.
        source: Box<dyn Error + Send + Sync>,
    },
    /// No such table.
    #[error("store `{}` has no table `{table}`", path.display())]
    NoTable {
        /// The file.
        path: PathBuf,
        /// The name.
        table: String,
    },
    /// What was read could not be written as Parquet.
    #[cfg(feature = "parquet")]
    #[error("cannot write the export")]
    Parquet {
        /// Cause.
        source: Box<crate::ParquetError>,
    },
    /// What was read could not be written.
    #[error("cannot write the export")]
    Write {
        /// Cause.
        source: std::io::Error,
    },
}

/// Rows that a query gave.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Answer {
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Rows, each as wide as `columns`.
    pub rows: Vec<Vec<Datum>>,
    /// Whether there were more rows than the limit.
    pub is_cut: bool,
}

/// One table of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableInfo {
    /// Name.
    pub name: String,
    /// Rows.
    pub rows: u64,
    /// Smallest `ts`.
    pub first: Option<Timestamp>,
    /// Largest `ts`.
    pub last: Option<Timestamp>,
    /// Bytes in the file; `None` if SQLite cannot tell.
    pub bytes: Option<u64>,
}

/// A store file, open for reading only.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    connection: Connection,
    /// Names of columns that are moments; read again when a table has come.
    timestamps: RefCell<HashSet<String>>,
}

/// Ends a query that runs too long; see [`Store::canceler`].
pub struct Canceler {
    handle: rusqlite::InterruptHandle,
}

impl Canceler {
    /// Makes the query that runs now fail soon; without one nothing happens.
    pub fn cancel(&self) {
        self.handle.interrupt();
    }
}

impl std::fmt::Debug for Canceler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Canceler").finish_non_exhaustive()
    }
}

impl Store {
    /// Opens an existing store.
    ///
    /// # Errors
    ///
    /// [`ReadError::Open`]; a file that does not exist is never made.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, ReadError> {
        let path = path.as_ref().to_owned();
        let open = || {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let connection = Connection::open_with_flags(&path, flags)?;
            connection.busy_timeout(LOCK_WAIT)?;
            connection.execute_batch("PRAGMA query_only = ON")?;
            let timestamps = timestamps(&connection)?;
            Ok((connection, RefCell::new(timestamps)))
        };
        match open() {
            Ok((connection, timestamps)) => Ok(Self { path, connection, timestamps }),
            Err(source) => {
                let source: Box<rusqlite::Error> = Box::new(source);
                Err(ReadError::Open { path, source })
            }
        }
    }

    /// Runs one query and returns at most `limit` rows. A column that has the name of a timestamp
    /// column gives [`Datum::Timestamp`].
    ///
    /// # Errors
    ///
    /// [`ReadError::NotAQuery`] for anything that is not a query, [`ReadError::Query`].
    pub fn query(&self, sql: &str, limit: usize) -> Result<Answer, ReadError> {
        let mut statement = self.prepare(sql)?;
        self.collect(&mut statement, [], limit)
    }

    /// The way to end a query of this store from another thread.
    #[must_use]
    pub fn canceler(&self) -> Canceler {
        Canceler { handle: self.connection.get_interrupt_handle() }
    }

    /// All tables of the store, by name. Reads every table once.
    ///
    /// # Errors
    ///
    /// [`ReadError::Query`].
    pub fn tables(&self) -> Result<Vec<TableInfo>, ReadError> {
        let names = self.table_names()?;
        names.into_iter().map(|name| self.table_info(name)).collect()
    }

    /// The tables with columns and keys, as a migration sees them.
    #[cfg(feature = "ilp")]
    pub(crate) fn existing(&self) -> Result<Vec<crate::migrate::ExistingTable>, ReadError> {
        crate::sink::sqlite::existing(&self.connection, "", None).map_err(|source| {
            ReadError::Query { path: self.path.clone(), source: Box::new(source) }
        })
    }

    fn table_info(&self, name: String) -> Result<TableInfo, ReadError> {
        let table = quote(&format!("_{name}"));
        let sql = format!("SELECT count(*), min(ts), max(ts) FROM {table}");
        let (rows, first, last) = self
            .connection
            .query_row(&sql, [], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, Option<i64>>(1)?, row.get(2)?))
            })
            .map_err(|source| self.failed(source))?;
        let bytes = self.connection.query_row(
            "SELECT sum(pgsize) FROM dbstat WHERE name = '_' || ?1 AND aggregate = 1",
            params![name],
            |row| row.get::<_, i64>(0),
        );
        Ok(TableInfo {
            name,
            rows: u64::try_from(rows).unwrap_or(0),
            first: first.map(Timestamp::from_nanos),
            last: Option::<i64>::map(last, Timestamp::from_nanos),
            bytes: bytes.ok().and_then(|b| u64::try_from(b).ok()),
        })
    }

    /// Names of the tables: views that have a table of ours behind them.
    fn table_names(&self) -> Result<Vec<String>, ReadError> {
        let find = || {
            let mut statement = self.connection.prepare(
                "SELECT v.name FROM sqlite_schema AS v JOIN sqlite_schema AS t
                 ON t.type = 'table' AND t.name = '_' || v.name WHERE v.type = 'view' ORDER BY 1",
            )?;
            let names = statement.query_map([], |row| row.get(0))?;
            names.collect::<rusqlite::Result<Vec<String>>>()
        };
        find().map_err(|source| self.failed(source))
    }

    fn prepare(&self, sql: &str) -> Result<Statement<'_>, ReadError> {
        let refused = || ReadError::NotAQuery { found: sql.chars().take(60).collect() };
        let word = sql.trim_start().split(|c: char| !c.is_ascii_alphabetic()).next();
        let word = word.unwrap_or_default().to_ascii_uppercase();
        if !matches!(word.as_str(), "SELECT" | "WITH" | "VALUES" | "EXPLAIN") {
            return Err(refused());
        }
        let mut batch = Batch::new(&self.connection, sql);
        let first = batch.next().map_err(|source| self.failed(source))?;
        let statement = first.filter(Statement::readonly).ok_or_else(refused)?;
        // What follows must be nothing: a text that SQLite cannot even read is not.
        match batch.next() {
            Ok(None) => Ok(statement),
            _ => Err(refused()),
        }
    }

    fn collect(
        &self,
        statement: &mut Statement<'_>,
        params: impl rusqlite::Params,
        limit: usize,
    ) -> Result<Answer, ReadError> {
        let columns = names(statement);
        let mut answer = Answer { columns, rows: Vec::new(), is_cut: false };
        let is_ts = self.which_are_timestamps(&answer.columns);
        let mut rows = statement.query(params).map_err(|source| self.failed(source))?;
        while let Some(row) = rows.next().map_err(|source| self.failed(source))? {
            if answer.rows.len() == limit {
                answer.is_cut = true;
                break;
            }
            answer.rows.push(cell::row(row, &is_ts).map_err(|source| self.failed(source))?);
        }
        Ok(answer)
    }

    fn which_are_timestamps(&self, columns: &[String]) -> Vec<bool> {
        let known = || -> Vec<bool> {
            let names = self.timestamps.borrow();
            columns.iter().map(|column| names.contains(column)).collect()
        };
        let found = known();
        let is_new = columns.iter().zip(&found).any(|(column, is)| column == "ts" && !is);
        if !is_new {
            return found;
        }
        // The table was made after the store was opened.
        match timestamps(&self.connection) {
            Ok(names) => {
                self.timestamps.replace(names);
                known()
            }
            Err(_) => found,
        }
    }

    fn failed(&self, source: rusqlite::Error) -> ReadError {
        ReadError::Query { path: self.path.clone(), source: Box::new(source) }
    }
}

/// By index: what `column_names` returns is not the same in every version of our range.
fn names(statement: &Statement<'_>) -> Vec<String> {
    let name = |at| statement.column_name(at).unwrap_or_default().to_owned();
    (0..statement.column_count()).map(name).collect()
}

/// Names that are timestamps in every table that has them.
fn timestamps(connection: &Connection) -> rusqlite::Result<HashSet<String>> {
    let is_store: bool = connection.query_row(
        "SELECT count(*) FROM sqlite_schema WHERE name = 'schema_columns'",
        [],
        |row| row.get(0),
    )?;
    if !is_store {
        return Ok(HashSet::new());
    }
    let mut statement = connection.prepare(
        "SELECT column_name FROM schema_columns GROUP BY 1
         HAVING count(*) FILTER (WHERE type <> 'TIMESTAMP_NS') = 0",
    )?;
    statement.query_map([], |row| row.get(0))?.collect()
}
