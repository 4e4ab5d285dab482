//! Asking QuestDB by HTTP.

use std::io::Read;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::CaptureError;
use crate::http::{Fetch, Request, escape};

const REPLY_LEN_MAX: u64 = 256 << 20;

/// What a query gave.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Rows {
    columns: Vec<Column>,
    pub(super) dataset: Vec<Vec<Value>>,
}

#[derive(Debug, Deserialize, Serialize)]
struct Column {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    columns: Option<Vec<Column>>,
    dataset: Option<Vec<Vec<Value>>>,
    error: Option<String>,
}

impl Rows {
    /// The value of a column, if there is one of that name.
    pub(super) fn get<'r>(&self, row: &'r [Value], column: &str) -> Option<&'r Value> {
        let index = self.columns.iter().position(|own| own.name == column)?;
        row.get(index)
    }

    pub(super) fn json(&self) -> Result<Vec<u8>, CaptureError> {
        serde_json::to_vec_pretty(self).map_err(|error| {
            CaptureError::new("cannot write down what the server said").with_source(error)
        })
    }
}

/// A server that is asked.
pub(super) struct Sql<'a> {
    pub(super) fetch: &'a mut dyn Fetch,
}

impl Sql<'_> {
    /// Runs a statement and returns its rows; none if it gives none.
    pub(super) fn rows(&mut self, query: &str) -> Result<Rows, CaptureError> {
        let failed = || CaptureError::new(format!("QuestDB did not do `{query}`"));
        let path = format!("/exec?query={}", escape(query));
        let reply =
            self.fetch.fetch(&Request::get(&path)).map_err(|error| failed().with_source(error))?;
        let status = reply.status;
        let mut text = Vec::new();
        reply
            .body
            .take(REPLY_LEN_MAX)
            .read_to_end(&mut text)
            .map_err(|error| failed().with_source(error))?;
        let answer: Answer = serde_json::from_slice(&text).map_err(|error| {
            failed().with_source(format!("status {status}, and no JSON: {error}"))
        })?;
        if let Some(error) = answer.error {
            return Err(failed().with_source(error));
        }
        if status != 200 {
            return Err(failed().with_source(format!("status {status}")));
        }
        let (columns, dataset) = (answer.columns, answer.dataset);
        Ok(Rows { columns: columns.unwrap_or_default(), dataset: dataset.unwrap_or_default() })
    }

    /// The first value of the first row, as text.
    pub(super) fn one(&mut self, query: &str) -> Result<String, CaptureError> {
        let rows = self.rows(query)?;
        let first = text(rows.dataset.first().and_then(|row| row.first()));
        first.ok_or_else(|| CaptureError::new(format!("`{query}` gave nothing")))
    }

    /// Hands the rows of a query as CSV to `take`.
    pub(super) fn export(
        &mut self,
        query: &str,
        take: impl FnOnce(&mut dyn Read) -> Result<(), CaptureError>,
    ) -> Result<(), CaptureError> {
        let failed = || CaptureError::new(format!("QuestDB did not export `{query}`"));
        let path = format!("/exp?query={}", escape(query));
        let mut reply =
            self.fetch.fetch(&Request::get(&path)).map_err(|error| failed().with_source(error))?;
        if reply.status != 200 {
            return Err(failed().with_source(format!("status {}", reply.status)));
        }
        take(&mut reply.body)
    }
}

pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text, if there is one that is not empty.
pub(super) fn text(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        _ => None,
    }
}
