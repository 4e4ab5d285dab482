//! Puts a pipeline together: spool, rings, what a killed process left, threads.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering::Relaxed},
    thread,
    time::Duration,
};

use plimsoll_ring::Arena;

use crate::{
    dictionary::Scope,
    drain::{DrainOptions, Drainer},
    options::{Options, RingMemory, Store},
    past::{self, Asker},
    phase::Phase,
    pipeline::Running,
    quarantine::Quarantine,
    recover::{self, Surveyor},
    risk::Beginning,
    row::Code,
    shared::{self, Shared},
    ship::Shipper,
    sink::Sink,
    spool::{self, ReadError, Reader, SpoolError, SpoolOptions, Survey, Writer},
};

/// Time between rounds of the drainer, by where the rings lie.
const DRAIN_SHARED: Duration = Duration::from_millis(20);
const DRAIN_HEAP: Duration = Duration::from_micros(500);

/// Why a pipeline cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The spool cannot be used, or another process holds it.
    #[error("cannot open the spool")]
    Spool {
        /// Cause.
        source: Box<SpoolError>,
    },
    /// The spool's blocks cannot be read.
    #[error("cannot read the spool")]
    Read {
        /// Cause.
        source: Box<ReadError>,
    },
    /// There is no memory for rings.
    #[error("cannot make rings")]
    Ring {
        /// Cause.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// What a killed process left cannot be listed.
    #[error("cannot look for rings of killed processes in `{}`", dir.display())]
    Recovery {
        /// Where.
        dir: PathBuf,
        /// Cause.
        source: io::Error,
    },
    /// A thread cannot be started.
    #[error("cannot start a thread")]
    Thread {
        /// Cause.
        source: io::Error,
    },
    /// The store cannot be opened.
    #[error("cannot open the store `{store}`")]
    Store {
        /// Path or address, without credentials.
        store: String,
        /// Cause.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// This build has no sink for the store.
    #[error("no sink for `{store}`: build plimsoll-metrics with feature `{feature}`")]
    NoSink {
        /// Path or address, without credentials.
        store: String,
        /// Feature that brings it.
        feature: &'static str,
    },
}

/// Parts of a pipeline that is being opened.
pub(crate) struct Opened;

impl Opened {
    /// Opens everything and starts the threads; without a sink nothing ships.
    pub(crate) fn start(
        options: &Options,
        sink: Option<Box<dyn Sink>>,
        past: (Beginning, Option<past::Ask>),
    ) -> Result<Running, OpenError> {
        let spool_options = SpoolOptions {
            bytes_max: options.spool_bytes_max,
            sync: options.sync,
            ..SpoolOptions::new(&options.spool_dir)
        };
        let purpose = format!("metrics of {}", options.service);
        let (writer, blocks) = Blocks::open(&spool_options, &purpose, sink.is_some())
            .map_err(|source| OpenError::Spool { source: Box::new(source) })?;
        let scope = scope_of(options);
        let (arena, parent, ring_note) = arena_of(options)?;
        let is_shared = arena.dir().is_some();
        let shared = Arc::new(Shared::new(scope, arena, u64::from(options.ring_slots.get())));
        shared
            .arena
            .append_journal(&shared.registry.log_from(0))
            .map_err(|source| OpenError::Recovery { dir: options.spool_dir.clone(), source })?;
        let drain = drain_options(options, is_shared, sink.is_some());
        let mut drainer = Drainer::new(Arc::clone(&shared), writer, &drain)
            .map_err(|source| OpenError::Ring { source: Box::new(source) })?;
        let mut surveyor = Surveyor::new(&mut drainer.deriver);
        let reader = blocks
            .survey(&mut surveyor)
            .map_err(|source| OpenError::Read { source: Box::new(source) })?;
        let (seen, waiting) = surveyor.finish();
        shared.ledger.spooled.fetch_add(waiting, Relaxed);
        let (beginning, ask) = past;
        drainer.deriver.settle(beginning);
        if let Some(parent) = &parent {
            let taken = recover::take_over(&mut drainer, parent, &seen)
                .map_err(|source| OpenError::Recovery { dir: parent.clone(), source })?;
            tell(&taken);
        }
        let phase = Arc::new(Phase::new());
        let mut threads = vec![spawn_drainer(drainer, &phase)?];
        let has_shipper = sink.is_some();
        if let (Some(sink), Some(reader)) = (sink, reader) {
            let quarantine = Quarantine::new(&options.spool_dir);
            let shipper = Shipper::new(Arc::clone(&shared.ledger), reader, sink, quarantine)
                .asking(ask.map(|ask| Asker::new(ask, Arc::clone(&shared))));
            threads.push(spawn_shipper(shipper, &phase)?);
        }
        Ok(Running {
            shared,
            phase,
            threads,
            trader_id: options.trader_id.clone(),
            spool_dir: options.spool_dir.clone(),
            has_shipper,
            ring_note,
            spool_bytes_max: options.spool_bytes_max,
        })
    }
}

/// The blocks that are in the spool, and with a shipper the end that it reads them from.
enum Blocks {
    Read(Box<Reader>),
    Surveyed(Box<Survey>),
}

impl Blocks {
    /// Opens both ends of the spool, or without a shipper the writing end only: then another
    /// process may hold the reading end.
    fn open(
        options: &SpoolOptions,
        purpose: &str,
        has_shipper: bool,
    ) -> Result<(Writer, Self), SpoolError> {
        if has_shipper {
            let (writer, reader) = spool::open(options, purpose)?;
            Ok((writer, Self::Read(Box::new(reader))))
        } else {
            let (writer, survey) = spool::open_writer(options, purpose)?;
            Ok((writer, Self::Surveyed(Box::new(survey))))
        }
    }

    fn survey(self, surveyor: &mut Surveyor<'_>) -> Result<Option<Reader>, ReadError> {
        match self {
            Self::Read(mut reader) => {
                reader.survey(|block| surveyor.see(&block))?;
                Ok(Some(*reader))
            }
            Self::Surveyed(survey) => {
                let found = survey.read(|block| surveyor.see(&block))?;
                #[cfg(feature = "tracing")]
                for note in &found.notes {
                    tracing::warn!(note, "the spool was repaired");
                }
                #[cfg(not(feature = "tracing"))]
                let _: spool::Recovery = found;
                Ok(None)
            }
        }
    }
}

fn spawn_drainer(
    drainer: Drainer,
    phase: &Arc<Phase>,
) -> Result<thread::JoinHandle<()>, OpenError> {
    let phase = Arc::clone(phase);
    thread::Builder::new()
        .name("plimsoll-drain".to_owned())
        .spawn(move || drainer.run(&phase))
        .map_err(|source| OpenError::Thread { source })
}

fn spawn_shipper(
    shipper: Shipper,
    phase: &Arc<Phase>,
) -> Result<thread::JoinHandle<()>, OpenError> {
    let phase = Arc::clone(phase);
    thread::Builder::new()
        .name("plimsoll-ship".to_owned())
        .spawn(move || shipper.run(&phase))
        .map_err(|source| OpenError::Thread { source })
}

fn drain_options(options: &Options, is_shared: bool, has_shipper: bool) -> DrainOptions {
    let default = if is_shared { DRAIN_SHARED } else { DRAIN_HEAP };
    DrainOptions {
        interval: options.drain_interval.unwrap_or(default),
        beat: options.beat_interval,
        session_start: options.session_start,
        version: options.version.clone(),
        git_commit: options.git_commit.clone(),
        config_hash: options.config_hash.clone(),
        has_shipper,
    }
}

fn scope_of(options: &Options) -> Scope {
    let host = host_name();
    let id = shared::random63();
    Scope {
        id,
        env: options.env.clone(),
        mode: options.mode.as_str().to_owned(),
        producer: format!("{}@{host}", options.service),
        process_id: format!("{id:016x}"),
        pid: std::process::id(),
        host,
        is_replay: options.mode.is_replay(),
    }
}

/// The machine's name; `localhost` where it cannot be told.
pub(crate) fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname")
        .or_else(|_| std::fs::read_to_string("/etc/hostname"))
        .unwrap_or_default();
    let name = name.trim();
    if name.is_empty() { "localhost".to_owned() } else { name.to_owned() }
}

/// The run directory, its parent, and why the rings are on the heap if they are.
fn arena_of(options: &Options) -> Result<(Arena, Option<PathBuf>, Option<String>), OpenError> {
    let rings = match &options.ring {
        RingMemory::Heap => None,
        RingMemory::Shared(dir) => Some(dir.clone()),
        RingMemory::Auto => plimsoll_ring::default_parent(),
    };
    let heap = |note: String| {
        #[cfg(feature = "tracing")]
        tracing::warn!(reason = note, "rings are on the heap: kill -9 loses a drain interval");
        let arena = Arena::heap().map_err(|source| OpenError::Ring { source: Box::new(source) })?;
        Ok((arena, None, Some(note)))
    };
    let Some(rings) = rings else {
        let note = if options.ring == RingMemory::Heap { "as asked" } else { "no tmpfs to share" };
        return heap(note.to_owned());
    };
    match shared_arena(&rings, &options.spool_dir) {
        Ok((arena, parent)) => Ok((arena, Some(parent), None)),
        Err(reason) => heap(reason),
    }
}

fn shared_arena(rings: &Path, spool_dir: &Path) -> Result<(Arena, PathBuf), String> {
    use std::os::unix::fs::DirBuilderExt;
    let parent = recover::parent_of(rings, spool_dir).map_err(|e| e.to_string())?;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&parent)
        .map_err(|e| format!("cannot make `{}`: {e}", parent.display()))?;
    let name = format!("{:016x}", shared::random63());
    let arena = Arena::create(&parent, &name).map_err(|e| e.to_string())?;
    Ok((arena, parent))
}

pub(crate) fn tell(taken: &recover::TakenOver) {
    #[cfg(feature = "tracing")]
    {
        if taken.processes > 0 {
            tracing::info!(
                processes = taken.processes,
                rows = taken.rows,
                "took over rows of killed processes"
            );
        }
        for note in &taken.notes {
            tracing::error!(note, "a killed process's rows cannot all be read");
        }
    }
    #[cfg(not(feature = "tracing"))]
    let _: &recover::TakenOver = taken;
}

/// The sink of `options.store`; `None` when nothing ships.
pub(crate) fn sink_of(options: &Options) -> Result<Option<Box<dyn Sink>>, OpenError> {
    match &options.store {
        Store::SpoolOnly => Ok(None),
        Store::Sqlite(path) => sqlite_sink(path, options).map(Some),
        Store::Http(url) => http_sink(url, options).map(Some),
    }
}

#[cfg(feature = "sqlite")]
fn sqlite_sink(path: &Path, options: &Options) -> Result<Box<dyn Sink>, OpenError> {
    use crate::sink::{SqliteOptions, SqliteSink};
    let sqlite = SqliteOptions::default()
        .with_durability(options.durability)
        .with_ddl(ddl_of(options))
        .with_prefix(&options.table_prefix);
    let sink = SqliteSink::open(path, sqlite).map_err(|source| OpenError::Store {
        store: path.display().to_string(),
        source: Box::new(source),
    })?;
    Ok(Box::new(sink))
}

#[cfg(not(feature = "sqlite"))]
fn sqlite_sink(path: &Path, _: &Options) -> Result<Box<dyn Sink>, OpenError> {
    Err(OpenError::NoSink { store: path.display().to_string(), feature: "sqlite" })
}

#[cfg(feature = "ilp")]
fn http_sink(url: &str, options: &Options) -> Result<Box<dyn Sink>, OpenError> {
    use crate::sink::{HttpOptions, IlpOptions, IlpSink};
    let ilp = IlpOptions::default()
        .with_ddl(ddl_of(options))
        .with_prefix(options.table_prefix.clone())
        .with_http(HttpOptions::default().with_ca_file(options.ca_file.clone()));
    // The address may hold a password, and an error must not.
    let failed = |source| OpenError::Store { store: "http".to_owned(), source: Box::new(source) };
    #[cfg(feature = "questdb-rs")]
    if url.starts_with("https://") {
        return Ok(Box::new(crate::sink::HttpsSink::connect(url, ilp).map_err(failed)?));
    }
    if url.starts_with("https://") {
        return Err(OpenError::NoSink { store: "https".to_owned(), feature: "questdb-rs" });
    }
    Ok(Box::new(IlpSink::connect(url, ilp).map_err(failed)?))
}

#[cfg(not(feature = "ilp"))]
fn http_sink(_: &str, _: &Options) -> Result<Box<dyn Sink>, OpenError> {
    Err(OpenError::NoSink { store: "http".to_owned(), feature: "ilp" })
}

#[cfg(any(feature = "sqlite", feature = "ilp"))]
fn ddl_of(options: &Options) -> crate::sink::Ddl {
    if options.creates_tables { crate::sink::Ddl::Apply } else { crate::sink::Ddl::Verify }
}
