//! The page, what it needs, and the events that tell it to look again.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use hyper::body::{Body, Frame};
use hyper::{Request, Response};
use plimsoll_metrics::Timestamp;
use tokio::sync::mpsc::{Receiver, channel};
use tokio::time::{sleep, timeout};

use super::{Out, Shared, plain, reply, write::parameter};
use crate::page::{self, Asked, CSS, Facts, SCRIPT};
use crate::store::chain;

/// Shortest time between two events, so that a page is not drawn for every commit.
const PAUSE: Duration = Duration::from_millis(250);
/// Longest time between two events, so that ages go on.
const PULSE: Duration = Duration::from_secs(2);
/// What a page sends to get only what changes.
const PART: &str = "x-plimsoll-part";

const ICON: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 16 16\"><circle cx=\"8\" cy=\"8\" r=\"6\" fill=\"none\" stroke=\"#0072b2\" stroke-width=\"2\"/><path d=\"M0 8h16\" stroke=\"#d55e00\" stroke-width=\"2\"/></svg>";

/// The files of the page.
pub(super) fn file(path: &str) -> Option<Response<Out>> {
    Some(match path {
        "/page.css" => {
            let css = format!("{}{CSS}", plimsoll_board::svg::CSS);
            reply::text(200, "text/css; charset=utf-8", css)
        }
        "/page.js" => reply::text(200, "text/javascript; charset=utf-8", SCRIPT.to_owned()),
        "/icon.svg" => reply::text(200, "image/svg+xml", ICON.to_owned()),
        _ => return None,
    })
}

/// A dashboard, whole or only what changes.
#[allow(clippy::disallowed_methods, reason = "a page is of this moment, read at this edge")]
pub(super) async fn dashboard<B>(shared: &Arc<Shared>, request: &Request<B>) -> Response<Out> {
    let board = &shared.board;
    let path = request.uri().path();
    let id = match path.strip_prefix("/d/") {
        Some(id) => id.to_owned(),
        None => board.dashboards.first().map(|one| one.id.clone()).unwrap_or_default(),
    };
    if board.dashboard(&id).is_none() {
        return plain(404, "there is no such dashboard\n");
    }
    let is_part = request.headers().contains_key(PART);
    let now_ns = Timestamp::from(SystemTime::now()).as_nanos();
    let query = request.uri().query();
    let options = &shared.options;
    let asked =
        Asked::read(|name| parameter(query, name), options.page_range, &options.page_modes, now_ns);
    let Ok(permit) =
        timeout(options.query_timeout, Arc::clone(&shared.pages).acquire_owned()).await
    else {
        return reply::later(503, "too many pages are drawn");
    };
    let state = Arc::clone(shared);
    let drawn = tokio::task::spawn_blocking(move || {
        let facts = facts(&state, now_ns);
        let store = state.behind.read().map_err(|error| chain(&error))?;
        let dashboard = state.board.dashboard(&id).ok_or("there is no such dashboard")?;
        let text = if is_part {
            page::main(dashboard, &store, &asked, &facts)
        } else {
            page::whole(&state.board, dashboard, &store, &asked, &facts)
        };
        drop(permit);
        Ok::<_, String>(text)
    });
    match drawn.await {
        Ok(Ok(text)) => reply::page(text),
        Ok(Err(reason)) => reply::later(503, &reason),
        Err(_) => reply::broken("the page could not be drawn"),
    }
}

fn facts(shared: &Shared, now_ns: i64) -> Facts {
    let last = shared.counts.last_commit_ns.load(Ordering::Relaxed);
    #[allow(clippy::cast_precision_loss, reason = "an age for people")]
    let age_secs = (last > 0).then(|| now_ns.saturating_sub(last).max(0) as f64 / 1e9);
    Facts {
        rows_stored: shared.counts.rows_stored(),
        age_secs,
        alarms: shared.alarms.as_ref().map(|alarms| alarms.open()),
    }
}

/// Bytes as they come, until the sender is gone.
#[derive(Debug)]
pub(crate) struct Events(Receiver<Bytes>);

impl Body for Events {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.0.poll_recv(context).map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
    }
}

/// Server-sent events: one whenever rows were stored, and one now and then.
pub(super) fn events(shared: &Arc<Shared>) -> Response<Out> {
    let Ok(permit) = Arc::clone(&shared.streams).try_acquire_owned() else {
        return reply::later(429, "too many pages are open");
    };
    let (send, body) = channel(1);
    let mut changed = shared.changed.clone();
    let mut draining = shared.draining.clone();
    tokio::spawn(async move {
        loop {
            let commits = *changed.borrow_and_update();
            let event = Bytes::from(format!("id: {commits}\ndata: rows\n\n"));
            if *draining.borrow_and_update() || send.send(event).await.is_err() {
                break;
            }
            sleep(PAUSE).await;
            // A pulse comes also when nothing changes; the end of the writer ends the stream.
            if timeout(PULSE, changed.changed()).await.is_ok_and(|changed| changed.is_err()) {
                break;
            }
        }
        drop(permit);
    });
    reply::stream(Events(body))
}
