//! A store to read: an SQLite file, or QuestDB by its address.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use plimsoll_metrics::read::{Datum, Store};
use plimsoll_metrics::{Auth, HttpOptions, Json, Mode, Options, QuestDb};

use crate::configuration::ConfigArgs;
use crate::failure::{Failure, Hint as _};
use crate::glue::sections;

/// Which store.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct StoreArgs {
    /// An SQLite file, or QuestDB at <http://user:password@host:port>, also https [default:
    /// `metrics.store` of the configuration]
    #[arg(long, value_name = "STORE")]
    store: Option<String>,
    /// Certificates of the authorities that a server under https is believed by, as a PEM file
    /// [default: `metrics.ca_file` of the configuration, or the public ones]
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    #[command(flatten)]
    config: ConfigArgs,
}

/// What an address is, for messages.
pub(crate) const ADDRESS: &str = if cfg!(feature = "https") {
    "wanted http://[user:password@]host:port, or https://"
} else {
    "wanted http://[user:password@]host:port; for https put a proxy on this machine, or build with feature https"
};

/// Whether a text is the address of a server that this build can talk to.
pub(crate) fn is_address(text: &str) -> bool {
    text.starts_with("http://") || cfg!(feature = "https") && text.starts_with("https://")
}

/// How rows of this command itself get into a store that somebody names: an SQLite file, or an address.
pub(crate) fn own_rows(store: &str, env: &str, service: &str, mode: Mode) -> Options {
    let mut options = if store.contains("://") {
        Options::connect(store, format!("plimsoll-{service}.spool"), mode)
    } else {
        Options::embedded(store, mode)
    };
    env.clone_into(&mut options.env);
    service.clone_into(&mut options.service);
    env!("CARGO_PKG_VERSION").clone_into(&mut options.version);
    // A spool of its own: that of a strategy or of the station is theirs.
    let mut spool = options.spool_dir.into_os_string();
    spool.push(format!(".{service}"));
    options.spool_dir = spool.into();
    options
}

/// A store that was named, by whom ever.
#[derive(Debug, Clone)]
pub(crate) struct StorePlace {
    store: String,
    ca_file: Option<PathBuf>,
    prefix: String,
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
    /// The configuration that it comes from when nobody names it.
    pub(crate) fn config(&self) -> &ConfigArgs {
        &self.config
    }

    /// The store that was named, here or in the configuration.
    pub(crate) fn place(&self) -> Result<StorePlace, Failure> {
        if let Some(store) = &self.store {
            return Ok(StorePlace::new(store.clone(), self.ca_file.clone()));
        }
        let metrics: plimsoll_metrics::Config = self.config.section(sections::METRICS)?;
        let ca_file = self.ca_file.clone().or(metrics.ca_file);
        let prefix = metrics.table_prefix.unwrap_or_default();
        Ok(StorePlace { prefix, ..StorePlace::new(metrics.store, ca_file) })
    }

    /// Opens it for reading; a server is not asked yet.
    pub(crate) fn open(&self) -> Result<Reading, Failure> {
        self.place()?.open()
    }
}

impl StorePlace {
    /// A store that somebody else named; its tables have no prefix.
    pub(crate) fn new(store: String, ca_file: Option<PathBuf>) -> Self {
        Self { store, ca_file, prefix: String::new() }
    }

    /// What stands before each table's name in a server.
    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Address and certificates, for whoever sends rows there.
    pub(crate) fn connection(&self) -> (&str, Option<PathBuf>) {
        (&self.store, self.ca_file.clone())
    }

    /// Its name without what may be a password.
    pub(crate) fn shown(&self) -> String {
        match self.store.split_once("://") {
            None => self.store.clone(),
            Some((scheme, rest)) => {
                let host = rest.rsplit('@').next().unwrap_or(rest);
                format!("{scheme}://{host}")
            }
        }
    }

    /// As it was named: a file, or an address that may hold a password.
    pub(crate) fn name(&self) -> &str {
        &self.store
    }

    /// Whether it is a server's address.
    pub(crate) fn is_server(&self) -> bool {
        self.store.contains("://")
    }

    /// Refuses an address of another kind; it is not repeated, because it may hold a password.
    fn check(&self) -> Result<(), Failure> {
        if !self.is_server() || is_address(&self.store) {
            return Ok(());
        }
        Err(Failure::new(anyhow::anyhow!("a store is a file or the address of a server"))
            .with_hint(ADDRESS))
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
        self.server_with(HttpOptions::default())
    }

    /// The server of its address, with another bound for an answer.
    pub(crate) fn server_within(&self, answer_max: Duration) -> Result<QuestDb, Failure> {
        self.server_with(HttpOptions::default().with_request_timeout(answer_max))
    }

    fn server_with(&self, http: HttpOptions) -> Result<QuestDb, Failure> {
        self.check()?;
        let http = http.with_ca_file(self.ca_file.clone());
        QuestDb::connect(&self.store, &Auth::None, http).hint(ADDRESS)
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
pub(crate) fn only_reads(sql: &str) -> Result<(), Failure> {
    plimsoll_metrics::only_reads(sql).hint("begin with SELECT, WITH, SHOW or EXPLAIN")
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

pub(crate) fn of_json(json: &Json) -> serde_json::Value {
    match json {
        Json::Null => serde_json::Value::Null,
        Json::Bool(v) => (*v).into(),
        Json::Integer(v) => (*v).into(),
        Json::Float(v) => (*v).into(),
        Json::Text(v) => v.as_str().into(),
        other => format!("{other:?}").into(),
    }
}
