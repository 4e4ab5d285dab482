//! What keeps the rows: an SQLite file, or a QuestDB.

use std::cell::RefCell;
use std::path::PathBuf;

use plimsoll_board::Dialect;
use plimsoll_metrics::migrate::{ExistingTable, StoreError, TableStore as _};
use plimsoll_metrics::read::{Answer, Canceler, ReadError, Store};
use plimsoll_metrics::{
    Auth, Batch, Ddl, HttpOptions, IlpOptions, IlpSink, QueryError, QuestDb, Sink as _, SinkError,
    SqliteCounts, SqliteOptions, SqliteSink, SqliteTables, UrlError,
};

use crate::options::StationOptions;

/// The address of a QuestDB: `http://[user:password@]host:port`. Never shown, for the password.
#[derive(Clone, PartialEq, Eq)]
pub struct Address(String);

impl Address {
    /// That address; it is looked at when the station starts.
    #[must_use]
    pub fn new(address: impl Into<String>) -> Self {
        Self(address.into())
    }
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Where rows are kept.
#[derive(Debug, Clone)]
pub(crate) enum Behind {
    /// An embedded store.
    File(PathBuf),
    /// A QuestDB, by its address.
    Server(Address),
}

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AskError {
    #[error("the store cannot be read")]
    File { source: ReadError },
    #[error("QuestDB does not answer the query")]
    Server { source: QueryError },
    #[error("that is no address of a QuestDB")]
    Address { source: UrlError },
}

impl AskError {
    /// Whether the same question may have an answer later.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::File { source } => matches!(source, ReadError::Open { .. }),
            Self::Server { source } => source.is_transient(),
            Self::Address { .. } => false,
        }
    }
}

impl Behind {
    pub(crate) fn of(options: &StationOptions) -> Self {
        match &options.questdb {
            Some(address) => Self::Server(address.clone()),
            None => Self::File(options.store.clone()),
        }
    }

    /// As messages name it.
    pub(crate) fn name(&self) -> PathBuf {
        match self {
            Self::File(path) => path.clone(),
            Self::Server(_) => PathBuf::from("QuestDB"),
        }
    }

    /// For reading, by one thread.
    pub(crate) fn read(&self) -> Result<Reading, AskError> {
        match self {
            Self::File(path) => Store::open(path)
                .map(|store| Reading::File(Box::new(store)))
                .map_err(|source| AskError::File { source }),
            Self::Server(address) => server(address)
                .map(|server| Reading::Server(RefCell::new(Box::new(server))))
                .map_err(|source| AskError::Address { source }),
        }
    }

    /// For writing. A server need not be there yet.
    pub(crate) fn write(&self, options: &SqliteOptions) -> Result<Rows, StoreError> {
        Ok(match self {
            Self::File(path) => Rows::File(Box::new(SqliteSink::open(path, options.clone())?)),
            Self::Server(address) => {
                let options = IlpOptions::default().with_ddl(Ddl::Apply);
                let sink = IlpSink::connect(&address.0, options)?;
                Rows::Server(Box::new(Server { sink, is_shaken: false }))
            }
        })
    }

    /// Makes all tables in a file that has none, so that a question about what has not happened yet is
    /// answered with "none". A server makes each with its first row.
    pub(crate) fn create_tables(&self) -> Result<(), StoreError> {
        match self {
            Self::File(path) => SqliteTables::open(path, "")?.create_all(),
            Self::Server(_) => Ok(()),
        }
    }

    /// The tables that it has.
    pub(crate) fn tables(&self) -> Result<Vec<ExistingTable>, StoreError> {
        match self {
            Self::File(path) => SqliteTables::open(path, "")?.existing(),
            Self::Server(address) => server(address)?.existing(),
        }
    }
}

fn server(address: &Address) -> Result<QuestDb, UrlError> {
    QuestDb::connect(&address.0, &Auth::None, HttpOptions::default())
}

/// Rows on their way in.
#[derive(Debug)]
pub(crate) enum Rows {
    File(Box<SqliteSink>),
    Server(Box<Server>),
}

/// A QuestDB that is written to.
#[derive(Debug)]
pub(crate) struct Server {
    sink: IlpSink,
    /// Whether something failed since the tables were looked at.
    is_shaken: bool,
}

impl Rows {
    /// Writes all batches: in one transaction into a file; one after the other into a server, where
    /// those before a failure are stored, and sending them again adds nothing.
    pub(crate) fn write_together(&mut self, batches: &[Batch<'_>]) -> Result<(), SinkError> {
        match self {
            Self::File(sink) => sink.write_together(batches),
            Self::Server(server) => {
                let written = server.write(batches);
                server.is_shaken = written.is_err();
                written
            }
        }
    }

    pub(crate) fn counts(&self) -> SqliteCounts {
        match self {
            Self::File(sink) => sink.counts(),
            Self::Server(_) => SqliteCounts::default(),
        }
    }
}

impl Server {
    fn write(&mut self, batches: &[Batch<'_>]) -> Result<(), SinkError> {
        for batch in batches {
            if self.is_shaken {
                self.sink.prepare(batch.schema())?;
            }
            self.sink.write(batch)?;
        }
        Ok(())
    }
}

/// A store that is asked.
#[derive(Debug)]
pub(crate) enum Reading {
    File(Box<Store>),
    Server(RefCell<Box<QuestDb>>),
}

impl Reading {
    pub(crate) fn dialect(&self) -> Dialect {
        match self {
            Self::File(_) => Dialect::Sqlite,
            Self::Server(_) => Dialect::QuestDb,
        }
    }

    /// Runs one query that only reads, and gives at most so many rows.
    pub(crate) fn query(&self, sql: &str, limit: usize) -> Result<Answer, AskError> {
        match self {
            Self::File(store) => {
                store.query(sql, limit).map_err(|source| AskError::File { source })
            }
            Self::Server(server) => {
                let answer = server.borrow_mut().select(sql, limit);
                answer.map_err(|source| AskError::Server { source })
            }
        }
    }

    /// Names of the tables.
    pub(crate) fn tables(&self) -> Result<Vec<String>, AskError> {
        let sql = match self {
            Self::File(_) => "SELECT name FROM sqlite_schema WHERE type = 'view'",
            Self::Server(_) => "SELECT table_name FROM tables()",
        };
        let answer = self.query(sql, 100_000)?;
        Ok(answer.rows.into_iter().flatten().map(|datum| datum.to_string()).collect())
    }

    /// The way to end a query from another thread; a server ends it by its own timeout.
    pub(crate) fn canceler(&self) -> Option<Canceler> {
        match self {
            Self::File(store) => Some(store.canceler()),
            Self::Server(_) => None,
        }
    }
}
