//! A store to read: an SQLite file, or QuestDB by its address.

use std::path::PathBuf;

use clap::Args;
use plimsoll_metrics::read::{Datum, Store};
use plimsoll_metrics::{Auth, HttpOptions, Json, QuestDb};

use crate::failure::{Failure, Hint as _};

/// Which store.
#[derive(Debug, Clone, Args)]
pub(crate) struct StoreArgs {
    /// An SQLite file, or QuestDB at http://[user:password@]host:port
    #[arg(
        long,
        value_name = "STORE",
        default_value = "plimsoll.db",
        env = "PLIMSOLL_METRICS__STORE",
        hide_env_values = true
    )]
    pub(crate) store: String,
}

/// An open store.
pub(crate) enum Reading {
    /// An SQLite file.
    File(Box<Store>),
    /// QuestDB.
    Server(Box<QuestDb>),
}

/// What a query gives: column names, and rows of values.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Vec<serde_json::Value>>,
    /// There were more rows than the limit.
    pub(crate) is_cut: bool,
}

impl StoreArgs {
    /// Whether it is a server's address.
    pub(crate) fn is_server(&self) -> bool {
        self.store.starts_with("http://") || self.store.starts_with("https://")
    }

    /// Opens it for reading; a server is not asked yet.
    pub(crate) fn open(&self) -> Result<Reading, Failure> {
        if self.is_server() {
            return Ok(Reading::Server(Box::new(self.server()?)));
        }
        let path = PathBuf::from(&self.store);
        let store = Store::open(&path)
            .hint("`plimsoll demo` makes a store in runs/demo.db; name yours with --store")?;
        Ok(Reading::File(Box::new(store)))
    }

    /// The server of its address.
    pub(crate) fn server(&self) -> Result<QuestDb, Failure> {
        QuestDb::connect(&self.store, &Auth::None, HttpOptions::default())
            .hint("wanted http://[user:password@]host:port; for https put a proxy on this machine")
    }
}

impl Reading {
    /// Runs SQL that only reads; at most `limit` rows.
    pub(crate) fn query(&mut self, sql: &str, limit: usize) -> Result<Rows, Failure> {
        match self {
            Self::File(store) => {
                let answer = store
                    .query(sql, limit)
                    .hint("`plimsoll metrics tables` lists tables; moments are ns since 1970")?;
                Ok(Rows {
                    columns: answer.columns,
                    rows: answer
                        .rows
                        .iter()
                        .map(|row| row.iter().map(of_datum).collect())
                        .collect(),
                    is_cut: answer.is_cut,
                })
            }
            Self::Server(server) => {
                only_reads(sql)?;
                let answer = server
                    .query(sql)
                    .hint("is QuestDB there? its web console at the same address takes SQL too")?;
                let is_cut = answer.rows.len() > limit;
                Ok(Rows {
                    columns: answer.columns.into_iter().map(|(name, _)| name).collect(),
                    rows: answer
                        .rows
                        .iter()
                        .take(limit)
                        .map(|row| row.iter().map(of_json).collect())
                        .collect(),
                    is_cut,
                })
            }
        }
    }
}

/// QuestDB runs whatever it is sent, so what may write is not sent.
fn only_reads(sql: &str) -> Result<(), Failure> {
    let first = sql.trim_start().split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or("");
    let reads = ["select", "with", "show", "explain"];
    if reads.iter().any(|word| first.eq_ignore_ascii_case(word)) {
        return Ok(());
    }
    Err(Failure::refused(anyhow::anyhow!("`{first}` may write, and this command only reads"))
        .with_hint("begin with SELECT, WITH, SHOW or EXPLAIN"))
}

pub(crate) fn of_datum(datum: &Datum) -> serde_json::Value {
    match datum {
        Datum::Null => serde_json::Value::Null,
        Datum::Long(v) => (*v).into(),
        Datum::Double(v) => (*v).into(),
        Datum::Text(v) => v.as_str().into(),
        other => other.to_string().into(),
    }
}

fn of_json(json: &Json) -> serde_json::Value {
    match json {
        Json::Null => serde_json::Value::Null,
        Json::Bool(v) => (*v).into(),
        Json::Integer(v) => (*v).into(),
        Json::Float(v) => (*v).into(),
        Json::Text(v) => v.as_str().into(),
        other => format!("{other:?}").into(),
    }
}
