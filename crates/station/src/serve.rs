//! Connections: accepted within a bound, served, and drained.

use std::future::{Future as _, poll_fn};
use std::net::TcpListener;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::counts::add;
use crate::http::{Shared, answer};
use crate::tls::Tls;

/// Longest time for a TLS greeting.
const GREETING: Duration = Duration::from_secs(10);
/// Pause after the system refused a connection, as when files run out.
const REFUSED: Duration = Duration::from_millis(50);
/// How often it is looked whether connections are gone.
const POLL: Duration = Duration::from_millis(10);
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// Accepts until the station drains.
pub(crate) async fn accept(listener: TcpListener, tls: Option<Arc<Tls>>, shared: Arc<Shared>) {
    let listener = match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => {
            tracing::error!(%error, "the station cannot accept connections");
            return;
        }
    };
    let mut draining = shared.draining.clone();
    let mut drained = pin!(async move { draining.wait_for(|is| *is).await.map(|_| ()) });
    loop {
        let mut next = pin!(listener.accept());
        let accepted = poll_fn(|context| match drained.as_mut().poll(context) {
            Poll::Ready(_) => Poll::Ready(None),
            Poll::Pending => next.as_mut().poll(context).map(Some),
        });
        match accepted.await {
            None => return,
            Some(Ok((stream, _))) => {
                tokio::spawn(greet(stream, tls.clone(), Arc::clone(&shared)));
            }
            Some(Err(error)) => {
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(REFUSED).await;
            }
        }
    }
}

/// Counts a connection while it lives.
pub(crate) struct Counted(Arc<Shared>);

impl Counted {
    pub(crate) fn new(shared: Arc<Shared>) -> Option<Self> {
        let before = shared.connections.fetch_add(1, Ordering::AcqRel);
        let counted = Self(shared);
        (before < counted.0.options.connections_max).then_some(counted)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::AcqRel);
    }
}

async fn greet(mut stream: TcpStream, tls: Option<Arc<Tls>>, shared: Arc<Shared>) {
    let Some(counted) = Counted::new(Arc::clone(&shared)) else {
        add(&shared.counts.writes_busy, 1);
        drop(timeout(GREETING, stream.write_all(FULL)).await);
        return;
    };
    // Small answers must not wait for more.
    drop(stream.set_nodelay(true));
    match tls {
        None => serve(stream, &shared).await,
        Some(tls) => match timeout(GREETING, tls.acceptor().accept(stream)).await {
            Ok(Ok(stream)) => serve(stream, &shared).await,
            Ok(Err(error)) => tracing::debug!(%error, "a TLS greeting failed"),
            Err(_) => tracing::debug!("a TLS greeting took too long"),
        },
    }
    drop(counted);
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, shared: &Arc<Shared>) {
    let service = {
        let shared = Arc::clone(shared);
        service_fn(move |request| answer(Arc::clone(&shared), request))
    };
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(shared.options.idle_timeout)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let mut draining = shared.draining.clone();
    let mut drained = pin!(async move { draining.wait_for(|is| *is).await.map(|_| ()) });
    let mut is_draining = false;
    let served = poll_fn(|context| {
        if !is_draining && drained.as_mut().poll(context).is_ready() {
            is_draining = true;
            connection.as_mut().graceful_shutdown();
        }
        connection.as_mut().poll(context)
    });
    if let Err(error) = served.await {
        tracing::debug!(%error, "a connection ended");
    }
}

/// Waits until every connection is gone, or the time is over; returns how many are left.
pub(crate) async fn drained(shared: &Shared, bound: Duration) -> usize {
    let gone = async {
        while shared.connections.load(Ordering::Acquire) > 0 {
            sleep(POLL).await;
        }
    };
    drop(timeout(bound, gone).await);
    shared.connections.load(Ordering::Acquire)
}
