//! What is answered, and to whom.

mod admit;
mod alerts;
mod metrics;
mod page;
mod query;
mod reply;
mod write;

use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::sync::{Arc, RwLock};

use hyper::body::Incoming;
use hyper::{Method, Request, Response};
use plimsoll_board::Board;
use tokio::sync::{Semaphore, watch};

use crate::alarms::{Alarms, Operate};
use crate::behind::Behind;
use crate::counts::Counts;
use crate::memory::Memory;
use crate::options::StationOptions;
use crate::page::Cache;
use crate::store::Writer;
use crate::tokens::{Scope, Tokens};

pub(crate) use reply::{Out, empty, plain};

/// What may change while a station runs.
#[derive(Debug, Clone)]
pub(crate) struct Live {
    pub(crate) board: Arc<Board>,
    pub(crate) tokens: Arc<Tokens>,
}

impl Live {
    pub(crate) fn new(board: Board, tokens: Tokens) -> Self {
        Self { board: Arc::new(board), tokens: Arc::new(tokens) }
    }
}

/// What every connection shares.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) options: StationOptions,
    pub(crate) writer: Writer,
    pub(crate) behind: Behind,
    pub(crate) counts: Arc<Counts>,
    pub(crate) memory: Memory,
    pub(crate) queries: Arc<Semaphore>,
    pub(crate) live: RwLock<Live>,
    /// What panels were answered.
    pub(crate) cache: Cache,
    /// How long the last page took to draw, ms.
    pub(crate) drawn_ms: AtomicU64,
    pub(crate) alarms: Option<Arc<dyn Alarms>>,
    pub(crate) operate: Option<Arc<dyn Operate>>,
    /// What forms of our own pages carry.
    pub(crate) form_key: String,
    /// Pages that are drawn at once, and pages that are open.
    pub(crate) pages: Arc<Semaphore>,
    pub(crate) streams: Arc<Semaphore>,
    /// Counts commits.
    pub(crate) changed: watch::Receiver<u64>,
    /// Set once nothing new is taken.
    pub(crate) draining: watch::Receiver<bool>,
    pub(crate) connections: AtomicUsize,
}

/// Answers one request.
pub(crate) async fn answer(
    shared: Arc<Shared>,
    request: Request<Incoming>,
) -> Result<Response<Out>, Infallible> {
    let (path, method) = (request.uri().path().to_owned(), request.method().clone());
    let is_read = method == Method::GET || method == Method::HEAD;
    let reply = match path.as_str() {
        // QuestDB's clients ask these before they have shown who they are.
        "/ping" if is_read => reply::ping(),
        "/settings" if is_read => reply::settings(),
        "/write" | "/api/v2/write" if method == Method::POST => {
            match admit::admit(&shared, &request, Scope::Write) {
                Ok(token) => write::write(&shared, request, token.as_deref()).await,
                Err(denied) => *denied,
            }
        }
        "/api/query" if is_read => match admit::admit(&shared, &request, Scope::Read) {
            Ok(_) => query::query(&shared, &request).await,
            Err(denied) => *denied,
        },
        "/api/alerts" if is_read => match admit::admit(&shared, &request, Scope::Read) {
            Ok(_) => alerts::list(&shared),
            Err(denied) => *denied,
        },
        "/api/alerts/ack" | "/api/alerts/silence" if method == Method::POST => {
            match admit::admit(&shared, &request, Scope::Operate) {
                Ok(token) => alerts::operate(&shared, request, token.as_deref()).await,
                Err(denied) => *denied,
            }
        }
        "/" if is_read => page(&shared, &request).await,
        "/events" if is_read => match admit::admit(&shared, &request, Scope::Read) {
            Ok(_) => page::events(&shared),
            Err(denied) => *denied,
        },
        "/metrics" if is_read => match admit::admit(&shared, &request, Scope::Read) {
            Ok(_) => metrics::metrics(&shared),
            Err(denied) => *denied,
        },
        other if is_read && other.starts_with("/d/") => page(&shared, &request).await,
        "/ping"
        | "/settings"
        | "/write"
        | "/api/v2/write"
        | "/api/query"
        | "/metrics"
        | "/api/alerts"
        | "/api/alerts/ack"
        | "/api/alerts/silence" => plain(405, "this path does not take that method\n"),
        other => match page::file(other).filter(|_| is_read) {
            Some(file) => file,
            None => {
                plain(404, "a station answers /, /write, /api/query, /api/alerts and /metrics\n")
            }
        },
    };
    Ok(reply)
}

async fn page(shared: &Arc<Shared>, request: &Request<Incoming>) -> Response<Out> {
    match admit::admit(shared, request, Scope::Read) {
        Ok(token) => page::dashboard(shared, request, token.as_deref()).await,
        Err(denied) => *denied,
    }
}
