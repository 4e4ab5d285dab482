//! The page, what it needs, and the events that tell it to look again.

use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use hyper::body::{Body, Frame};
use hyper::{Request, Response};
use plimsoll_metrics::Timestamp;
use tokio::sync::mpsc::{Receiver, channel};
use tokio::time::{sleep, timeout};

use super::{Out, Shared, plain, reply, write::parameter};
use crate::page::{self, Asked, CSS, Facts, SCRIPT, Source};
use crate::store::chain;
use crate::tokens::{Scope, Token};

/// Shortest time between two events, so that a page is not drawn for every commit.
const PAUSE: Duration = Duration::from_millis(250);
/// One open page is drawn at most one in so many parts of the time,
const PARTS: u32 = 3;
/// unless that were so long that a row is not seen within a second.
const PAUSE_MAX: Duration = Duration::from_millis(500);
/// Longest time between two events, so that ages go on.
const PULSE: Duration = Duration::from_secs(2);
/// What a page sends to get only what changes.
pub(super) const PART: &str = "x-plimsoll-part";

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

/// This moment, ns since 1970 UTC.
#[allow(clippy::disallowed_methods, reason = "a page is of this moment, read at this edge")]
pub(super) fn now_ns() -> i64 {
    Timestamp::from(SystemTime::now()).as_nanos()
}

/// A dashboard, whole or only what changes.
#[allow(clippy::disallowed_methods, reason = "how long drawing takes is measured at this edge")]
pub(super) async fn dashboard<B>(
    shared: &Arc<Shared>,
    request: &Request<B>,
    token: Option<&Token>,
) -> Response<Out> {
    let board = shared.live.read().unwrap_or_else(PoisonError::into_inner).board.clone();
    let path = request.uri().path();
    let id = match path.strip_prefix("/d/") {
        Some(id) => id.to_owned(),
        None => board.dashboards.first().map(|one| one.id.clone()).unwrap_or_default(),
    };
    if board.dashboard(&id).is_none() {
        return plain(404, "there is no such dashboard\n");
    }
    let is_part = request.headers().contains_key(PART);
    let now_ns = now_ns();
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
    let facts = facts(shared, token, now_ns);
    let drawn = tokio::task::spawn_blocking(move || {
        let begun = Instant::now();
        // Before the store is asked: what changes meanwhile is seen the next time.
        let past = state.counts.past.load(Ordering::Acquire);
        let store = state.behind.read().map_err(|error| chain(&error))?;
        let source = Source { store: &store, cache: &state.cache, past };
        let dashboard = board.dashboard(&id).ok_or("there is no such dashboard")?;
        let text = if is_part {
            page::main(dashboard, source, &asked, &facts)
        } else {
            page::whole(&board, dashboard, source, &asked, &facts)
        };
        drop(permit);
        let ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        state.drawn_ms.store(ms, Ordering::Relaxed);
        Ok::<_, String>(text)
    });
    match drawn.await {
        Ok(Ok(text)) => reply::page(text),
        Ok(Err(reason)) => reply::later(503, &reason),
        Err(_) => reply::broken("the page could not be drawn"),
    }
}

/// What the station knows of itself, for somebody with this token.
pub(super) fn facts(shared: &Shared, token: Option<&Token>, now_ns: i64) -> Facts {
    let last = shared.counts.last_commit_ns.load(Ordering::Relaxed);
    #[allow(clippy::cast_precision_loss, reason = "an age for people")]
    let age_secs = (last > 0).then(|| now_ns.saturating_sub(last).max(0) as f64 / 1e9);
    let may_operate = token.map_or(shared.options.is_operable, |t| t.allows(Scope::Operate));
    let form_key = may_operate && shared.operate.is_some();
    Facts {
        rows_stored: shared.counts.rows_stored(),
        age_secs,
        stale_after_secs: shared.options.stale_after.as_secs_f64(),
        watching: shared.alarms.as_ref().map(|alarms| alarms.watching()),
        form_key: form_key.then(|| shared.form_key.clone()),
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
    let drawn = Arc::clone(shared);
    tokio::spawn(async move {
        loop {
            let commits = *changed.borrow_and_update();
            let event = Bytes::from(format!("id: {commits}\ndata: rows\n\n"));
            if *draining.borrow_and_update() || send.send(event).await.is_err() {
                break;
            }
            let drawing = Duration::from_millis(drawn.drawn_ms.load(Ordering::Relaxed));
            sleep((drawing * PARTS).clamp(PAUSE, PAUSE_MAX)).await;
            // A pulse comes also when nothing changes; the end of the writer ends the stream.
            if timeout(PULSE, changed.changed()).await.is_ok_and(|changed| changed.is_err()) {
                break;
            }
        }
        drop(permit);
    });
    reply::stream(Events(body))
}
