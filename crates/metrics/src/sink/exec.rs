//! SQL over QuestDB's `/exec`.

use crate::sink::{
    http::{HttpClient, HttpError, escape_query},
    json::{Json, JsonError},
    select::WritesError,
};

/// Columns and rows of a reply.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct QueryRows {
    /// Name and type of each column, in the store's words; empty after a statement.
    pub columns: Vec<(String, String)>,
    /// Rows, each as long as `columns`; moments are ISO 8601 texts.
    pub rows: Vec<Vec<Json>>,
}

impl QueryRows {
    /// Position of a column.
    #[must_use]
    pub fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|(n, _)| n == name)
    }

    /// A cell by name; `None` when there is no such column.
    #[must_use]
    pub fn cell<'r>(&self, row: &'r [Json], name: &str) -> Option<&'r Json> {
        row.get(self.position(name)?)
    }
}

/// Why a query has no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// No reply.
    #[error("no reply to the query")]
    Http {
        /// Cause.
        source: HttpError,
    },
    /// Credentials are missing, wrong, or not enough.
    #[error("the store refuses the credentials (status {status})")]
    Refused {
        /// 401 or 403.
        status: u16,
    },
    /// The store does not take the statement.
    #[error("the store does not take the statement: {message} (at character {position})")]
    Sql {
        /// The store's words.
        message: String,
        /// Where in the statement, from 0.
        position: i64,
    },
    /// The statement may write, and was not sent.
    #[error("the statement was not sent")]
    Writes {
        /// The word that says so.
        source: WritesError,
    },
    /// A reply of another kind.
    #[error("the store answered with status {status}: {message}")]
    Status {
        /// Status code.
        status: u16,
        /// Beginning of the reply.
        message: String,
    },
    /// The reply is longer than [`HttpOptions::response_bytes_max`](crate::HttpOptions).
    #[error("the reply is longer than the bound; ask for fewer rows")]
    TooLong,
    /// The reply is not what `/exec` answers.
    #[error("the reply is not a table")]
    Json {
        /// Cause, when it is not even JSON.
        source: Option<JsonError>,
    },
}

impl QueryError {
    /// Whether the same query may have an answer later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Http { source } => source.is_transient(),
            Self::Status { status, .. } => *status == 429 || *status >= 500,
            _ => false,
        }
    }
}

/// Runs one statement.
pub(crate) fn exec(client: &mut HttpClient, sql: &str) -> Result<QueryRows, QueryError> {
    run(client, &format!("/exec?query={}", escape_query(sql)))
}

/// Runs one query whose reply has at most so many rows.
#[cfg(feature = "sqlite")]
pub(crate) fn exec_limited(
    client: &mut HttpClient,
    sql: &str,
    rows: usize,
) -> Result<QueryRows, QueryError> {
    run(client, &format!("/exec?limit={rows}&query={}", escape_query(sql)))
}

fn run(client: &mut HttpClient, path: &str) -> Result<QueryRows, QueryError> {
    let reply = client.get(path).map_err(|source| QueryError::Http { source })?;
    if matches!(reply.status, 401 | 403) {
        return Err(QueryError::Refused { status: reply.status });
    }
    let text = String::from_utf8_lossy(&reply.body);
    if reply.truncated {
        return Err(QueryError::TooLong);
    }
    let json = Json::parse(&text);
    if let Ok(json) = &json
        && let Some(message) = json.get("error").and_then(Json::as_str)
    {
        let position = json.get("position").and_then(Json::as_i64).unwrap_or_default();
        return Err(QueryError::Sql { message: message.to_owned(), position });
    }
    if reply.status != 200 {
        return Err(QueryError::Status { status: reply.status, message: one_line(&text) });
    }
    let json = json.map_err(|e| QueryError::Json { source: Some(e) })?;
    rows(&json).ok_or(QueryError::Json { source: None })
}

fn rows(json: &Json) -> Option<QueryRows> {
    if json.get("ddl").is_some() || json.get("dml").is_some() {
        return Some(QueryRows::default());
    }
    let mut columns = Vec::new();
    for column in json.get("columns")?.items() {
        let text = |name| column.get(name).and_then(Json::as_str).map(str::to_owned);
        columns.push((text("name")?, text("type")?));
    }
    let rows: Vec<Vec<Json>> =
        json.get("dataset")?.items().iter().map(|r| r.items().to_vec()).collect();
    rows.iter().all(|r| r.len() == columns.len()).then_some(QueryRows { columns, rows })
}

/// A text in single quotes, for SQL.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The beginning of a text on one line, for a message.
pub(crate) fn one_line(text: &str) -> String {
    let mut line = String::new();
    for c in text.trim().chars().take(300) {
        line.push(if c.is_control() { ' ' } else { c });
    }
    line
}
