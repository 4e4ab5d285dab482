//! The venue as a process of its own: HTTP and JSON, with books that survive SIGKILL.

mod client;
mod desk;
mod journal;
mod request;
mod routes;
mod trader;

use std::fs;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

pub use client::{ClientError, ClockReply, PlaceReply, VenueClient};
pub use routes::ApiError;
pub use trader::{Permit, RemoteStep, RemoteTrader};

use plimsoll_durable::{Lock, LockError};

use crate::data::Bars;
use crate::replay::ReplayError;
use crate::venue::{VenueConfig, VenueError};
use desk::Desk;

/// When bars pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pace {
    /// Only when `POST /advance` says so.
    Manual,
    /// One bar each time this span is over, and when `POST /advance` says so.
    Every(Duration),
}

/// How the venue is served.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServeConfig {
    /// The venue.
    pub venue: VenueConfig,
    /// The market data.
    pub bars: Bars,
    /// When the last bar ends on the replay clock, UTC nanoseconds. Of a venue that has run
    /// before, the journal's is used.
    pub end_ns: i64,
    /// When bars pass. Default by hand.
    pub pace: Pace,
    /// Connections that are served at once. Default 4.
    pub workers: usize,
    /// Connections that wait; further ones are told 503. Default 32.
    pub queue: usize,
    /// Longest that a client may take to send or to read, per connection. Default 5 s.
    pub timeout: Duration,
    /// Largest journal in bytes; commands beyond are refused. Default 256 MiB.
    pub journal_bytes_max: u64,
    allow_remote: bool,
}

impl ServeConfig {
    /// Serves a venue over some bars of which the last ends at `end_ns` (UTC nanoseconds).
    pub fn new(venue: VenueConfig, bars: Bars, end_ns: i64) -> Self {
        Self {
            venue: venue.for_bars(&bars),
            bars,
            end_ns,
            pace: Pace::Manual,
            workers: 4,
            queue: 32,
            timeout: Duration::from_secs(5),
            journal_bytes_max: 256 * 1024 * 1024,
            allow_remote: false,
        }
    }

    /// Sets when bars pass.
    #[must_use]
    pub fn with_pace(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }

    /// Allows an address that other machines can reach. There is neither TLS nor a token.
    #[must_use]
    pub fn allow_remote(mut self) -> Self {
        self.allow_remote = true;
        self
    }
}

/// Why a venue cannot be served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The address can be reached by other machines, and that was not allowed.
    #[error("{listen} can be reached from other machines; wanted a loopback address")]
    NotLoopback {
        /// The address.
        listen: SocketAddr,
    },
    /// The address cannot be bound.
    #[error("cannot listen on {listen}")]
    Bind {
        /// The address.
        listen: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// A file of the venue cannot be used.
    #[error("cannot use `{}`", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process serves from the same directory.
    #[error("`{}` is held by {holder}", path.display())]
    Held {
        /// The lock file.
        path: PathBuf,
        /// Who holds it, as the lock file says.
        holder: String,
    },
    /// The journal is damaged before its end.
    #[error("`{}` is damaged at byte {offset}: {detail}", path.display())]
    Corrupt {
        /// The journal.
        path: PathBuf,
        /// Where.
        offset: u64,
        /// What is wrong.
        detail: String,
    },
    /// The journal was written for another venue, other data or by a newer version.
    #[error("`{}` was written for another {what}: found {found}, wanted {wanted}", path.display())]
    Other {
        /// The journal.
        path: PathBuf,
        /// What differs.
        what: &'static str,
        /// What the journal says.
        found: String,
        /// What is wanted.
        wanted: String,
    },
    /// A command of the journal cannot be carried out again.
    #[error("`{}` cannot be replayed at command {command}: {detail}", path.display())]
    Replay {
        /// The journal.
        path: PathBuf,
        /// Number of the command, from 1.
        command: usize,
        /// Why.
        detail: String,
    },
    /// The venue's configuration does not suit.
    #[error("the paper venue cannot be built")]
    Venue {
        /// Why.
        source: VenueError,
    },
    /// The replay clock does not suit.
    #[error("the replay clock cannot be built")]
    Clock {
        /// Why.
        source: ReplayError,
    },
}

/// What was found when the venue was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpenReport {
    /// Commands that were carried out again.
    pub commands_replayed: usize,
    /// Bytes of a torn last command that were cut; it had never been acknowledged.
    pub torn_bytes: u64,
}

/// A venue that is being served. Dropping it ends the service without waiting.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    report: OpenReport,
    stop: Arc<Stop>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Stop {
    stopped: AtomicBool,
    guard: Mutex<()>,
    wake: Condvar,
}

impl Server {
    /// Returns the address that is listened on, with the port that was chosen.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns what was found when the venue was opened.
    pub fn report(&self) -> OpenReport {
        self.report
    }

    /// Ends the service: open connections are finished, each within its timeout.
    pub fn close(mut self) {
        self.signal();
        for thread in self.threads.drain(..) {
            // A thread that panicked has ended too, which is all that is wanted here.
            drop(thread.join());
        }
    }

    fn signal(&self) {
        self.stop.stopped.store(true, Ordering::SeqCst);
        self.stop.wake.notify_all();
        // The accepting thread waits in the kernel; a connection wakes it.
        drop(TcpStream::connect_timeout(&self.address, Duration::from_millis(200)));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if !self.threads.is_empty() {
            self.signal();
        }
    }
}

/// Serves a venue from a directory, which holds its journal and its lock.
///
/// A command is answered after its journal entry is on disk, so that what was acknowledged
/// survives SIGKILL; at start the journal is carried out again from the first command.
///
/// # Errors
///
/// [`ServeError`]; nothing is served then.
pub fn serve(listen: SocketAddr, dir: &Path, config: ServeConfig) -> Result<Server, ServeError> {
    if !listen.ip().is_loopback() && !config.allow_remote {
        return Err(ServeError::NotLoopback { listen });
    }
    let file = |path: &Path, source| ServeError::File { path: path.to_owned(), source };
    fs::create_dir_all(dir).map_err(|source| file(dir, source))?;
    let lock = hold(&dir.join("venue.lock"))?;
    let (workers, queue, timeout, pace) =
        (config.workers.clamp(1, 64), config.queue.clamp(1, 1024), config.timeout, config.pace);
    let (desk, report) = Desk::open(&dir.join("venue.journal"), config, lock)?;
    let bind = |source| ServeError::Bind { listen, source };
    let listener = TcpListener::bind(listen).map_err(bind)?;
    let address = listener.local_addr().map_err(bind)?;
    let desk = Arc::new(Mutex::new(desk));
    let stop = Arc::new(Stop::default());
    let (sender, receiver) = sync_channel::<TcpStream>(queue);
    let receiver = Arc::new(Mutex::new(receiver));
    let mut threads = Vec::new();
    for _ in 0..workers {
        let (receiver, desk) = (Arc::clone(&receiver), Arc::clone(&desk));
        threads.push(thread::spawn(move || work(&receiver, &desk, timeout)));
    }
    let stopping = Arc::clone(&stop);
    threads.push(thread::spawn(move || accept(&listener, &sender, &stopping)));
    if let Pace::Every(span) = pace {
        let stopping = Arc::clone(&stop);
        threads.push(thread::spawn(move || pass_bars(&desk, &stopping, span)));
    }
    Ok(Server { address, report, stop, threads })
}

/// Takes the lock, or names who has it.
fn hold(path: &Path) -> Result<Lock, ServeError> {
    Lock::try_acquire(path, "paper venue").map_err(|error| match error {
        LockError::Held { path, holder, .. } => {
            let holder = holder.map_or("another process".to_owned(), |holder| holder.to_string());
            ServeError::Held { path, holder }
        }
        other => ServeError::File { path: path.to_owned(), source: io::Error::other(other) },
    })
}

fn accept(listener: &TcpListener, sender: &SyncSender<TcpStream>, stop: &Stop) {
    for connection in listener.incoming() {
        if stop.stopped.load(Ordering::SeqCst) {
            return;
        }
        // An accept that fails (out of descriptors) concerns that client; the next is served.
        let Ok(connection) = connection else { continue };
        match sender.try_send(connection) {
            Ok(()) => {}
            Err(TrySendError::Full(connection)) => request::refuse_busy(connection),
            Err(TrySendError::Disconnected(_)) => return,
        }
    }
}

fn work(receiver: &Mutex<Receiver<TcpStream>>, desk: &Mutex<Desk>, timeout: Duration) {
    loop {
        let next = receiver.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(connection) = next else { return };
        request::answer(connection, timeout, |request| {
            let mut desk = desk.lock().unwrap_or_else(PoisonError::into_inner);
            routes::route(&mut desk, request)
        });
    }
}

fn pass_bars(desk: &Mutex<Desk>, stop: &Stop, span: Duration) {
    let mut guard = stop.guard.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        let waited = stop.wake.wait_timeout(guard, span);
        guard = waited.map_or_else(|poisoned| poisoned.into_inner().0, |(guard, _)| guard);
        if stop.stopped.load(Ordering::SeqCst) {
            return;
        }
        let mut desk = desk.lock().unwrap_or_else(PoisonError::into_inner);
        if desk.advance(1).is_err() {
            // The desk refuses every request from now on and says why.
            return;
        }
    }
}
