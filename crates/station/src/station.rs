//! A station from its start to its end.

use std::error::Error;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;

use plimsoll_board::Rule;
use plimsoll_metrics::SqliteOptions;
use sha2::{Digest as _, Sha256};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Semaphore, watch};

use crate::alarms::{Alarms, Operate};
use crate::behind::Behind;
use crate::counts::{Counts, add};
use crate::follow::{Follow, Follower};
use crate::http::{Live, Shared};
use crate::memory::Memory;
use crate::options::StationOptions;
use crate::page;
use crate::serve;
use crate::store::{Ends, Upkeep, Writer};
use crate::tcp;
use crate::tls::{Tls, TlsError};
use crate::tokens::Tokens;

/// Threads that answer, and threads that read bodies and run queries.
const ASYNC_THREADS: usize = 2;
const BLOCKING_THREADS: usize = 6;
/// Pages that are drawn at once, and pages that may be open.
const PAGES: usize = 2;
const STREAMS: usize = 32;

/// Why a station does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Whoever reaches this address could send rows, in the clear.
    #[error("`{bind}` is not loopback and wants {missing}")]
    Exposed {
        /// The address.
        bind: SocketAddr,
        /// `TLS`, `tokens`, or both.
        missing: &'static str,
    },
    /// Lines over TCP say nothing of who sends them.
    #[error("lines over TCP on `{bind}` want a loopback address and no tokens")]
    Lines {
        /// The address.
        bind: SocketAddr,
    },
    /// Certificate or key cannot be used.
    #[error("cannot serve TLS")]
    Tls {
        /// Cause.
        source: TlsError,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on `{bind}`")]
    Bind {
        /// The address.
        bind: SocketAddr,
        /// Cause.
        source: io::Error,
    },
    /// The rules do not fit the tables.
    #[error("cannot make the page: {reason}")]
    Board {
        /// Cause.
        reason: String,
    },
    /// The store cannot be opened.
    #[error("cannot open store `{}`", path.display())]
    Store {
        /// The file.
        path: PathBuf,
        /// Cause.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The system gives no thread.
    #[error("cannot start a thread")]
    Thread {
        /// Cause.
        source: io::Error,
    },
}

/// Who works with a station, each of them or none.
#[derive(Default)]
#[non_exhaustive]
pub struct Joined {
    /// Hears of every row once it is stored.
    pub follow: Option<Box<dyn Follow>>,
    /// Says which alerts are open, for the page.
    pub alarms: Option<Arc<dyn Alarms>>,
    /// Does what people on the page want of open alerts.
    pub operate: Option<Arc<dyn Operate>>,
    /// The rules whose limits the pictures show.
    pub rules: Vec<Rule>,
}

impl std::fmt::Debug for Joined {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Joined").field("rules", &self.rules.len()).finish_non_exhaustive()
    }
}

impl Joined {
    /// With somebody who hears of every row once it is stored.
    #[must_use]
    pub fn with_follow(mut self, follow: Box<dyn Follow>) -> Self {
        self.follow = Some(follow);
        self
    }

    /// With somebody who says which alerts are open.
    #[must_use]
    pub fn with_alarms(mut self, alarms: Arc<dyn Alarms>) -> Self {
        self.alarms = Some(alarms);
        self
    }

    /// With somebody who does what people on the page want of open alerts. Whether they may is for
    /// [`StationOptions::is_operable`] and the tokens to say.
    #[must_use]
    pub fn with_operate(mut self, operate: Arc<dyn Operate>) -> Self {
        self.operate = Some(operate);
        self
    }

    /// With the rules whose limits the pictures show.
    #[must_use]
    pub fn with_rules(mut self, rules: Vec<Rule>) -> Self {
        self.rules = rules;
        self
    }
}

/// What a station does, since its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Load {
    /// Rows that were acknowledged.
    pub rows_stored: u64,
    /// Requests that were told to come again.
    pub writes_busy: u64,
    /// Connections that are open.
    pub connections: usize,
    /// How long a transaction took, on average.
    pub commit_mean: Duration,
}

/// What was left when a station ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ended {
    /// Rows that were acknowledged since it started.
    pub rows_stored: u64,
    /// Connections that were still open when the time was over, and were cut.
    pub connections_cut: usize,
}

/// A station that runs. Dropping it ends it at once; what was acknowledged is in the store.
#[derive(Debug)]
pub struct Station {
    address: SocketAddr,
    tcp_address: Option<SocketAddr>,
    has_tls: bool,
    shared: Arc<Shared>,
    runtime: Option<Runtime>,
    drain: watch::Sender<bool>,
    commits: Arc<watch::Sender<u64>>,
    threads: Vec<JoinHandle<()>>,
    upkeep: Option<(SyncSender<()>, JoinHandle<()>)>,
}

impl Station {
    /// Starts one: opens the store, listens, and returns once it answers.
    ///
    /// # Errors
    ///
    /// [`StartError`]; nothing runs then.
    pub fn start(options: StationOptions) -> Result<Self, StartError> {
        Self::start_joined(options, Joined::default())
    }

    /// As [`Station::start`], with others who work with it.
    ///
    /// # Errors
    ///
    /// [`StartError`]; nothing runs then.
    pub fn start_joined(options: StationOptions, joined: Joined) -> Result<Self, StartError> {
        let bind = options.bind;
        check_exposure(&options, &options.tokens)?;
        let Joined { follow, alarms, operate, rules } = joined;
        let board = page::board(rules).map_err(|reason| StartError::Board { reason })?;
        let tls = options.tls.clone().map(Tls::open).transpose();
        let tls = tls.map_err(|source| StartError::Tls { source })?;
        let failed = |source| StartError::Bind { bind, source };
        let listener = TcpListener::bind(bind).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let lines = options.tcp.map(tcp::listen).transpose().map_err(failed)?;
        let counts = Arc::new(Counts::default());
        let mut threads = Vec::new();
        let follower = follow.map(Follower::start).transpose()?;
        let (follower, thread) = follower.unzip();
        let (commits, changed) = watch::channel(0);
        let commits = Arc::new(commits);
        let sqlite = SqliteOptions::default().with_durability(options.durability);
        let ends = Ends { counts: Arc::clone(&counts), changed: Arc::clone(&commits), follower };
        let behind = Behind::of(&options);
        let (writer, store) = Writer::start(&behind, &sqlite, options.is_schema_open, ends)?;
        threads.push(store);
        threads.extend(thread);
        // A QuestDB deletes old rows by itself.
        let has_upkeep = options.has_upkeep && options.questdb.is_none();
        let upkeep = has_upkeep.then(|| upkeep(&options, sqlite, &counts)).transpose()?;
        let (drain, draining) = watch::channel(false);
        let shared = Arc::new(Shared {
            memory: Memory::new(options.memory_bytes_max),
            queries: Arc::new(Semaphore::new(options.queries_max)),
            pages: Arc::new(Semaphore::new(PAGES)),
            streams: Arc::new(Semaphore::new(STREAMS)),
            live: RwLock::new(Live::new(board, options.tokens.clone())),
            cache: page::Cache::default(),
            drawn_ms: AtomicU64::new(0),
            alarms,
            operate,
            form_key: form_key(),
            changed,
            options,
            behind,
            writer,
            counts,
            draining,
            connections: AtomicUsize::new(0),
        });
        let runtime = runtime()?;
        let has_tls = tls.is_some();
        runtime.spawn(serve::accept(listener, tls.map(Arc::new), Arc::clone(&shared)));
        let tcp_address = lines.map(|lines| tcp::serve(lines, &runtime, &shared));
        tracing::info!(%address, "station listens");
        let runtime = Some(runtime);
        Ok(Self { address, tcp_address, has_tls, shared, runtime, drain, commits, threads, upkeep })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens for lines over TCP, if it does.
    #[must_use]
    pub fn tcp_address(&self) -> Option<SocketAddr> {
        self.tcp_address
    }

    /// Its address as clients are given it.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.has_tls { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// From now on these tokens hold, and the pictures show the limits of these rules. Connections,
    /// rows and pages go on.
    ///
    /// # Errors
    ///
    /// [`StartError::Exposed`] or [`StartError::Board`]; nothing has changed then.
    pub fn reload(&self, tokens: Tokens, rules: Vec<Rule>) -> Result<(), StartError> {
        check_exposure(&self.shared.options, &tokens)?;
        let board = page::board(rules).map_err(|reason| StartError::Board { reason })?;
        let live = Live::new(board, tokens);
        *self.shared.live.write().unwrap_or_else(PoisonError::into_inner) = live;
        self.alarms_changed();
        Ok(())
    }

    /// What it does.
    #[must_use]
    pub fn load(&self) -> Load {
        let counts = &self.shared.counts;
        Load {
            rows_stored: counts.rows_stored(),
            writes_busy: counts.writes_busy.load(Ordering::Relaxed),
            connections: self.shared.connections.load(Ordering::Relaxed),
            commit_mean: counts.commit_mean(),
        }
    }

    /// Tells open pages that somebody else has written into the store.
    pub fn rows_changed(&self) {
        self.shared.counts.changed_now();
        // What they wrote, and when it was true, is not known here.
        add(&self.shared.counts.past, 1);
        self.commits.send_modify(|commits: &mut u64| *commits = commits.wrapping_add(1));
    }

    /// Tells open pages to look again, though no row came: an alert has changed.
    pub fn alarms_changed(&self) {
        self.commits.send_modify(|commits: &mut u64| *commits = commits.wrapping_add(1));
    }

    /// Takes nothing new, answers what was begun, writes what was handed over, and ends: within
    /// `timeout`, after which connections are cut. Their rows were not acknowledged.
    #[must_use]
    pub fn stop(mut self, timeout: Duration) -> Ended {
        self.drain.send_replace(true);
        let connections_cut = match self.runtime.take() {
            Some(runtime) => {
                let cut = runtime.block_on(serve::drained(&self.shared, timeout));
                runtime.shutdown_timeout(Duration::from_secs(1));
                cut
            }
            None => 0,
        };
        self.end();
        Ended { rows_stored: self.shared.counts.rows_stored(), connections_cut }
    }

    fn end(&mut self) {
        self.shared.writer.stop();
        if let Some((stop, thread)) = self.upkeep.take() {
            drop(stop);
            join(thread);
        }
        self.threads.drain(..).for_each(join);
    }
}

impl Drop for Station {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            self.drain.send_replace(true);
            runtime.shutdown_background();
            self.end();
        }
    }
}

fn join(thread: JoinHandle<()>) {
    if thread.join().is_err() {
        tracing::error!("a thread of the station panicked");
    }
}

fn runtime() -> Result<Runtime, StartError> {
    Builder::new_multi_thread()
        .worker_threads(ASYNC_THREADS)
        .max_blocking_threads(BLOCKING_THREADS)
        .thread_name("plimsoll-station")
        .enable_all()
        .build()
        .map_err(|source| StartError::Thread { source })
}

/// What forms of our own pages carry, so that nobody else's form is taken; other at each start.
fn form_key() -> String {
    use std::hash::{BuildHasher as _, Hasher as _, RandomState};
    // Each is keyed by the system's randomness.
    let words = [(); 4].map(|()| RandomState::new().build_hasher().finish().to_le_bytes());
    let digest = Sha256::digest(words.concat());
    digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

fn check_exposure(options: &StationOptions, tokens: &Tokens) -> Result<(), StartError> {
    if let Some(tcp) = options.tcp
        && (!tcp.ip().is_loopback() || !tokens.is_empty())
    {
        return Err(StartError::Lines { bind: tcp });
    }
    let missing = match (options.tls.is_some(), !tokens.is_empty()) {
        _ if options.bind.ip().is_loopback() => return Ok(()),
        (true, true) => return Ok(()),
        (true, false) => "tokens",
        (false, true) => "TLS",
        (false, false) => "TLS and tokens",
    };
    Err(StartError::Exposed { bind: options.bind, missing })
}

fn upkeep(
    options: &StationOptions,
    sqlite: SqliteOptions,
    counts: &Arc<Counts>,
) -> Result<(SyncSender<()>, JoinHandle<()>), StartError> {
    let upkeep = Upkeep {
        path: options.store.clone(),
        options: sqlite,
        producer: "plimsoll-station".to_owned(),
        rollup_interval: options.rollup_interval,
        retention_interval: options.retention_interval,
        late: options.rollup_late,
        counts: Arc::clone(counts),
    };
    let (stop, stopped) = sync_channel(0);
    let builder = std::thread::Builder::new().name("plimsoll-upkeep".to_owned());
    let thread = builder.spawn(move || upkeep.run(&stopped));
    Ok((stop, thread.map_err(|source| StartError::Thread { source })?))
}
