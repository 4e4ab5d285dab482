//! What is answered, and to whom.

mod admit;
mod metrics;
mod page;
mod query;
mod reply;
mod write;

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use hyper::body::Incoming;
use hyper::{Method, Request, Response};
use plimsoll_board::Board;
use tokio::sync::{Semaphore, watch};

use crate::alarms::Alarms;
use crate::behind::Behind;
use crate::counts::Counts;
use crate::memory::Memory;
use crate::options::StationOptions;
use crate::store::Writer;
use crate::tokens::Scope;

pub(crate) use reply::{Out, empty, plain};

/// What every connection shares.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) options: StationOptions,
    pub(crate) writer: Writer,
    pub(crate) behind: Behind,
    pub(crate) counts: Arc<Counts>,
    pub(crate) memory: Memory,
    pub(crate) queries: Arc<Semaphore>,
    pub(crate) board: Board,
    pub(crate) alarms: Option<Arc<dyn Alarms>>,
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
                Ok(token) => write::write(&shared, request, token).await,
                Err(denied) => *denied,
            }
        }
        "/api/query" if is_read => match admit::admit(&shared, &request, Scope::Read) {
            Ok(_) => query::query(&shared, &request).await,
            Err(denied) => *denied,
        },
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
        "/ping" | "/settings" | "/write" | "/api/v2/write" | "/api/query" | "/metrics" => {
            plain(405, "this path does not take that method\n")
        }
        other => match page::file(other).filter(|_| is_read) {
            Some(file) => file,
            None => plain(404, "a station answers /, /write, /api/query and /metrics\n"),
        },
    };
    Ok(reply)
}

async fn page(shared: &Arc<Shared>, request: &Request<Incoming>) -> Response<Out> {
    match admit::admit(shared, request, Scope::Read) {
        Ok(_) => page::dashboard(shared, request).await,
        Err(denied) => *denied,
    }
}
