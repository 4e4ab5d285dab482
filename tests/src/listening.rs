//! A loopback listener on a thread that can be closed, opened again on the same port, and ended.

use std::collections::HashMap;
use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Longest that anything here waits: for a byte, for a connection, in a hang.
pub const WAIT_MAX: Duration = Duration::from_secs(30);

/// Most connections served at the same time; a further one is closed at once.
pub const CONNECTIONS_MAX: usize = 64;

const CONNECT_WAIT_MAX: Duration = Duration::from_secs(5);

/// Takes a lock whose holder may have panicked: a test that failed already says why.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The streams that are open now, so that they can be cut from outside.
#[derive(Debug, Default)]
pub(crate) struct Open {
    next_id: AtomicU64,
    streams: Mutex<HashMap<u64, TcpStream>>,
}

impl Open {
    /// Remembers `stream` until the guard is dropped. `None` when too many are open.
    pub(crate) fn keep(&self, stream: &TcpStream) -> io::Result<Option<Kept<'_>>> {
        let mut streams = locked(&self.streams);
        if streams.len() >= 2 * CONNECTIONS_MAX {
            return Ok(None);
        }
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        streams.insert(id, stream.try_clone()?);
        Ok(Some(Kept { open: self, id }))
    }

    /// Cuts every open stream in both directions.
    pub(crate) fn cut(&self) {
        for stream in locked(&self.streams).values() {
            shut(stream);
        }
    }
}

pub(crate) fn shut(stream: &TcpStream) {
    // The peer may have closed first; then there is nothing left to cut.
    let _closed_already = stream.shutdown(Shutdown::Both);
}

#[derive(Debug)]
pub(crate) struct Kept<'a> {
    open: &'a Open,
    id: u64,
}

impl Drop for Kept<'_> {
    fn drop(&mut self) {
        if let Some(stream) = locked(&self.open.streams).remove(&self.id) {
            shut(&stream);
        }
    }
}

/// Connects with a bound, and with bounds on every later read and write.
pub(crate) fn connect(to: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&to, CONNECT_WAIT_MAX)?;
    bound(&stream)?;
    Ok(stream)
}

fn bound(stream: &TcpStream) -> io::Result<()> {
    stream.set_read_timeout(Some(WAIT_MAX))?;
    stream.set_write_timeout(Some(WAIT_MAX))?;
    stream.set_nodelay(true)
}

/// The accepting thread and the threads of its connections.
#[derive(Debug)]
pub(crate) struct Listening {
    addr: SocketAddr,
    ending: Arc<AtomicBool>,
    accepting: Option<JoinHandle<()>>,
}

impl Listening {
    /// Listens on `addr` and serves each connection by `serve` on a thread of its own.
    pub(crate) fn start<F>(addr: SocketAddr, serve: F) -> io::Result<Listening>
    where
        F: Fn(TcpStream) + Send + Sync + 'static,
    {
        let listener = TcpListener::bind(addr)?;
        let addr = listener.local_addr()?;
        let ending = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&ending);
        let serve = Arc::new(serve);
        let accepting = thread::Builder::new()
            .name("testbed-accept".to_owned())
            .spawn(move || accept(&listener, &flag, &serve))?;
        Ok(Listening { addr, ending, accepting: Some(accepting) })
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Closes the listener; returns when a new connection is refused.
    pub(crate) fn end(&mut self) {
        let Some(accepting) = self.accepting.take() else { return };
        self.ending.store(true, Ordering::SeqCst);
        // A connection of our own wakes the accept; when it fails, the listener is gone already.
        let _woken = TcpStream::connect_timeout(&self.addr, CONNECT_WAIT_MAX);
        let _panicked_already = accepting.join();
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.end();
    }
}

fn accept<F>(listener: &TcpListener, ending: &AtomicBool, serve: &Arc<F>)
where
    F: Fn(TcpStream) + Send + Sync + 'static,
{
    let mut serving: Vec<JoinHandle<()>> = Vec::new();
    while let Ok((stream, _)) = listener.accept() {
        if ending.load(Ordering::SeqCst) {
            return;
        }
        serving.retain(|thread| !thread.is_finished());
        if serving.len() >= CONNECTIONS_MAX || bound(&stream).is_err() {
            continue;
        }
        let serve = Arc::clone(serve);
        let spawned =
            thread::Builder::new().name("testbed-serve".to_owned()).spawn(move || serve(stream));
        match spawned {
            Ok(thread) => serving.push(thread),
            Err(_) => return,
        }
    }
}
