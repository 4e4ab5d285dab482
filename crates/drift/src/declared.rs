//! What is declared: the port through which the canonical values come in, as plain data.

use std::fmt;
use std::path::PathBuf;

use crate::tables;

/// One declared value.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Declared {
    /// Its key, with dots between its parts: `ports.grafana`.
    pub key: String,
    /// What is declared.
    pub value: Said,
    /// Where it is declared.
    pub origin: Origin,
    /// The profile for which it holds; `None` if it holds wherever no profile says otherwise.
    pub profile: Option<String>,
}

impl Declared {
    /// A value that holds wherever no profile says otherwise.
    pub fn new(key: impl Into<String>, value: impl Into<Said>, origin: Origin) -> Self {
        Self { key: key.into(), value: value.into(), origin, profile: None }
    }

    /// The same for one profile.
    #[must_use]
    pub fn with_profile(mut self, profile: impl Into<String>) -> Self {
        self.profile = Some(profile.into());
        self
    }
}

/// A declared value as its file has it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Said {
    /// A text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A number.
    Number(f64),
    /// A truth value.
    Truth(bool),
    /// A list of texts.
    List(Vec<String>),
    /// A table of a database.
    Table(TableShape),
}

impl From<&str> for Said {
    fn from(text: &str) -> Self {
        Said::Text(text.to_owned())
    }
}

impl From<String> for Said {
    fn from(text: String) -> Self {
        Said::Text(text)
    }
}

impl From<i64> for Said {
    fn from(number: i64) -> Self {
        Said::Integer(number)
    }
}

impl From<f64> for Said {
    fn from(number: f64) -> Self {
        Said::Number(number)
    }
}

impl From<bool> for Said {
    fn from(truth: bool) -> Self {
        Said::Truth(truth)
    }
}

impl From<Vec<String>> for Said {
    fn from(list: Vec<String>) -> Self {
        Said::List(list)
    }
}

impl From<TableShape> for Said {
    fn from(table: TableShape) -> Self {
        Said::Table(table)
    }
}

/// A table with its columns, as somebody declares it or a database describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableShape {
    /// Its name.
    pub name: String,
    /// Columns and their types, in QuestDB's words. Empty if only the table's name is declared.
    pub columns: Vec<(String, String)>,
    /// The designated timestamp.
    pub timestamp: Option<String>,
    /// `HOUR`, `DAY`, `WEEK`, `MONTH`, `YEAR` or `NONE`.
    pub partition: Option<String>,
    /// Time to live as `90 DAYS`; `None` if nothing is said about it.
    pub ttl: Option<String>,
    /// The columns by which rows are deduplicated; `None` if nothing is said about them.
    pub dedup: Option<Vec<String>>,
}

impl TableShape {
    /// A table of which only the name is known.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// The table that a statement `CREATE TABLE` makes; `None` if there is none in it.
    pub fn of_sql(sql: &str) -> Option<Self> {
        tables::made_by(sql)
    }

    /// Says of everything that is left open that it is not there: no time to live, no deduplication.
    #[must_use]
    pub fn with_all_said(mut self) -> Self {
        self.ttl.get_or_insert_with(|| "none".to_owned());
        self.partition.get_or_insert_with(|| "NONE".to_owned());
        self.dedup.get_or_insert_default();
        self
    }

    /// Adds a column.
    #[must_use]
    pub fn with_column(mut self, name: impl Into<String>, kind: impl Into<String>) -> Self {
        self.columns.push((name.into(), kind.into()));
        self
    }

    /// Says which column is the designated timestamp.
    #[must_use]
    pub fn with_timestamp(mut self, column: impl Into<String>) -> Self {
        self.timestamp = Some(column.into());
        self
    }

    /// Says by what the table is partitioned.
    #[must_use]
    pub fn with_partition(mut self, partition: impl Into<String>) -> Self {
        self.partition = Some(partition.into());
        self
    }

    /// Says how long rows live: `90 DAYS`, or `none` for ever.
    #[must_use]
    pub fn with_ttl(mut self, ttl: impl Into<String>) -> Self {
        self.ttl = Some(ttl.into());
        self
    }

    /// Says by which columns rows are deduplicated.
    #[must_use]
    pub fn with_dedup(mut self, columns: Vec<String>) -> Self {
        self.dedup = Some(columns);
        self
    }
}

/// Where a value is declared.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// A default of a program; no file declares it.
    Default,
    /// A file.
    File {
        /// Its path.
        path: PathBuf,
        /// The line, counted from one.
        line: usize,
        /// The column in characters, counted from one.
        column: usize,
    },
    /// An environment variable.
    Env {
        /// Its name.
        name: String,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => write!(f, "default"),
            Origin::File { path, line, column } => write!(f, "{}:{line}:{column}", path.display()),
            Origin::Env { name } => write!(f, "environment variable {name}"),
        }
    }
}
