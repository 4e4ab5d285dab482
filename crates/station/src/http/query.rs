//! `/api/query`: one SELECT against the store, bounded in rows and time.

use std::sync::Arc;
use std::time::Duration;

use hyper::{Request, Response};
use plimsoll_metrics::read::{Answer, Canceler, Datum};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::{Out, Shared, reply, write::parameter};
use crate::counts::add;
use crate::store::chain;

/// Rows without a `limit`, and with any.
const ROWS: usize = 1_000;
const ROWS_MAX: usize = 100_000;
/// How long a query that was told to end may take to do so.
const CANCEL: Duration = Duration::from_secs(5);

pub(super) async fn query<B>(shared: &Arc<Shared>, request: &Request<B>) -> Response<Out> {
    let text = request.uri().query();
    let Some(sql) = parameter(text, "query").filter(|sql| !sql.is_empty()) else {
        return reply::refused(400, "wanted `?query=SELECT ..`");
    };
    let limit = match parameter(text, "limit").map(|word| word.parse::<usize>()) {
        None => ROWS,
        Some(Ok(limit)) if limit <= ROWS_MAX => limit,
        Some(_) => return reply::refused(400, &format!("wanted `limit` up to {ROWS_MAX}")),
    };
    let Ok(permit) = Arc::clone(&shared.queries).try_acquire_owned() else {
        return reply::later(429, "too many queries run already");
    };
    let (behind, asked) = (shared.behind.clone(), sql.clone());
    let (cancel, canceler) = oneshot::channel::<Option<Canceler>>();
    let mut work = tokio::task::spawn_blocking(move || {
        let store = behind.read()?;
        drop(cancel.send(store.canceler()));
        let answer = store.query(&asked, limit);
        drop(permit);
        answer
    });
    let Ok(done) = timeout(shared.options.query_timeout, &mut work).await else {
        if let Ok(Some(canceler)) = canceler.await {
            canceler.cancel();
        }
        drop(timeout(CANCEL, work).await);
        let secs = shared.options.query_timeout.as_secs_f64();
        return reply::refused(408, &format!("the query took longer than {secs} s"));
    };
    add(&shared.counts.queries, 1);
    match done {
        Ok(Ok(answer)) => reply::json(200, &shape(&sql, &answer)),
        Ok(Err(error)) if error.is_transient() => reply::later(503, &chain(&error)),
        Ok(Err(error)) => reply::refused(400, &chain(&error)),
        Err(_) => reply::broken("the query could not be run"),
    }
}

/// In the shape of QuestDB's `/exec`, with the moments as text.
fn shape(sql: &str, answer: &Answer) -> Value {
    let columns: Vec<Value> = answer.columns.iter().map(|name| json!({ "name": name })).collect();
    let rows: Vec<Vec<Value>> =
        answer.rows.iter().map(|row| row.iter().map(cell).collect()).collect();
    json!({
        "query": sql,
        "columns": columns,
        "count": rows.len(),
        "dataset": rows,
        "is_cut": answer.is_cut,
    })
}

fn cell(datum: &Datum) -> Value {
    match datum {
        Datum::Null => Value::Null,
        Datum::Long(v) => json!(v),
        Datum::Double(v) => json!(v),
        Datum::Text(v) => json!(v),
        other => json!(other.to_string()),
    }
}
