//! Line protocol over TCP, for old clients: nothing is answered, so what is lost nobody is told.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use plimsoll_metrics::Timestamp;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use crate::counts::add;
use crate::http::Shared;
use crate::ingest::{Reading, read};
use crate::line::Precision;
use crate::memory::Held;
use crate::serve::Counted;
use crate::store::{Job, Refusal};

/// Lines that wait for more of their kind, at most so long and so many bytes.
const LINGER: Duration = Duration::from_millis(50);
const CHUNK_BYTES: usize = 256 << 10;
/// Between two attempts while the store is busy; meanwhile nothing is read.
const BUSY: Duration = Duration::from_millis(100);

/// A listener on a loopback address, and the address that it has got.
pub(crate) struct Lines {
    listener: TcpListener,
    address: SocketAddr,
}

/// Listens.
pub(crate) fn listen(bind: SocketAddr) -> std::io::Result<Lines> {
    let listener = TcpListener::bind(bind)?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    Ok(Lines { listener, address })
}

/// Takes lines from now on; returns where.
pub(crate) fn serve(lines: Lines, runtime: &Runtime, shared: &Arc<Shared>) -> SocketAddr {
    runtime.spawn(accept(lines.listener, Arc::clone(shared)));
    lines.address
}

/// Accepts until the station drains.
async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let listener = match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => {
            tracing::error!(%error, "the station cannot accept lines over TCP");
            return;
        }
    };
    let mut draining = shared.draining.clone();
    loop {
        let accepted = timeout(BUSY, listener.accept()).await;
        if *draining.borrow_and_update() {
            return;
        }
        let Ok(Ok((stream, peer))) = accepted else { continue };
        if let Some(counted) = Counted::new(Arc::clone(&shared)) {
            tokio::spawn(take(stream, peer, Arc::clone(&shared), counted));
        } else {
            add(&shared.counts.writes_busy, 1);
        }
    }
}

/// Takes lines until the client ends, a line cannot be taken, or the station drains.
async fn take(mut stream: TcpStream, peer: SocketAddr, shared: Arc<Shared>, counted: Counted) {
    let mut waiting = Vec::new();
    let mut is_over = false;
    while !is_over {
        is_over = fill(&mut stream, &mut waiting, &shared).await;
        // A line that is cut off by the end is not a line.
        let whole = waiting.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        if whole == 0 && waiting.len() > shared.options.body_bytes_max {
            tracing::warn!(%peer, "a line over TCP is too long; the connection is closed");
            break;
        }
        let rest = waiting.split_off(whole);
        let lines = std::mem::replace(&mut waiting, rest);
        if let Err(reason) = store(&lines, &shared).await {
            add(&shared.counts.tcp_refused, 1);
            tracing::warn!(%peer, reason, "lines over TCP are lost, and the connection is closed");
            break;
        }
    }
    drop(counted);
}

/// Reads until enough waits, nothing came for a moment, or all is over; returns whether it is.
async fn fill(stream: &mut TcpStream, waiting: &mut Vec<u8>, shared: &Shared) -> bool {
    while waiting.len() < CHUNK_BYTES {
        let is_draining = *shared.draining.borrow();
        match timeout(LINGER, stream.read_buf(waiting)).await {
            Ok(Ok(0) | Err(_)) => return true,
            Ok(Ok(_)) => {}
            Err(_) if is_draining => return true,
            Err(_) if waiting.contains(&b'\n') => return false,
            Err(_) => {}
        }
    }
    false
}

/// Stores lines, again while the store is busy: the client waits meanwhile, because nobody reads.
async fn store(lines: &[u8], shared: &Shared) -> Result<(), String> {
    if lines.is_empty() {
        return Ok(());
    }
    add(&shared.counts.body_bytes, u64::try_from(lines.len()).unwrap_or(u64::MAX));
    loop {
        let Some(held) = shared.memory.hold(lines.len()) else {
            sleep(BUSY).await;
            continue;
        };
        match hand_over(lines, shared, held)? {
            Handed::Nothing => return Ok(()),
            Handed::Busy => {}
            Handed::Over(done) => match done.await {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(Refusal::Later { .. })) => {}
                Ok(Err(Refusal::Never { reason } | Refusal::Broken { reason })) => {
                    return Err(reason);
                }
                Err(_) => return Err("the store is closed".to_owned()),
            },
        }
        sleep(BUSY).await;
    }
}

/// What became of lines.
enum Handed {
    /// There was no row in them.
    Nothing,
    /// Too many requests wait.
    Busy,
    Over(oneshot::Receiver<Result<(), Refusal>>),
}

#[allow(clippy::disallowed_methods, reason = "when lines arrived is read at this edge")]
fn hand_over(lines: &[u8], shared: &Shared, held: Held) -> Result<Handed, String> {
    let now = Timestamp::from(SystemTime::now()).as_nanos();
    let ahead_max = i64::try_from(shared.options.ahead_max.as_nanos()).unwrap_or(i64::MAX);
    let how = Reading { precision: Precision::Nanos, now, ahead_max };
    let body = read(lines, &shared.writer.registry, how);
    let body = body.map_err(|problem| {
        format!("line {}, column {}: {}", problem.line, problem.column, problem.reason)
    })?;
    if body.rows == 0 {
        return Ok(Handed::Nothing);
    }
    let (done, wait) = oneshot::channel();
    let handed = shared.writer.hand_over(Job { body, done, held });
    Ok(if handed.is_ok() { Handed::Over(wait) } else { Handed::Busy })
}
