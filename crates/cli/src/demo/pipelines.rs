//! The pipelines that a demo's rows go through: into its store, and maybe to QuestDB.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use plimsoll_metrics::{Counts, Metrics, Mode, Options, RingMemory};
use plimsoll_paper::{Labels, Record, Row};

use crate::failure::{Failure, Hint as _};
use crate::glue::paper_metrics::PaperMetrics;
use crate::moment::Stopwatch;
use crate::stop::Stop;

use super::args::DemoArgs;
use super::place::{SERVICE, spool_of};
use super::watch::Live;

/// Longest wait for a store to take what is emitted, before a replay goes on regardless.
const KEEP_UP_MAX: Duration = Duration::from_secs(30);
/// A spool that is fuller than this makes the replay wait.
const FILL_PERMILLE_MAX: u32 = 500;
const CLOSE_STORE: Duration = Duration::from_secs(120);
const CLOSE_QUESTDB: Duration = Duration::from_secs(20);
/// For a server that has not answered already: its rows are safe in the spool.
const CLOSE_SILENT: Duration = Duration::from_secs(3);

#[derive(Debug)]
struct Pipeline {
    metrics: Metrics,
    record: PaperMetrics,
}

/// All of them, as one recorder.
#[derive(Debug)]
pub(super) struct Pipelines {
    local: Pipeline,
    questdb: Option<(Pipeline, String)>,
    spool: PathBuf,
    live: Live,
}

/// What became of the rows.
#[derive(Debug)]
pub(super) struct Closed {
    pub(super) counts: Counts,
    pub(super) unknown_words: u64,
    pub(super) lost_rows: u64,
    /// The server, how many rows it has, or why it has not all of them.
    pub(super) questdb: Option<(String, Result<Counts, String>)>,
}

impl Pipelines {
    pub(super) fn open(args: &DemoArgs, store: &Path, labels: &Labels) -> Result<Self, Failure> {
        let spool = spool_of(store, ".demo-spool");
        let options = Options::embedded(store, Mode::Replay).with_spool_dir(spool.clone());
        let local = Pipeline::open(&options, labels)?;
        let questdb = match &args.questdb {
            None => None,
            Some(server) => {
                let spool = spool_of(store, ".questdb-spool");
                let options = server.pipeline(spool);
                Some((Pipeline::open(&options, labels)?, server.shown().to_owned()))
            }
        };
        Ok(Self { local, questdb, spool, live: Live::default() })
    }

    pub(super) fn live(&self) -> &Live {
        &self.live
    }

    /// The pipeline into the store.
    pub(super) fn local(&self) -> &Metrics {
        &self.local.metrics
    }

    /// Waits until the pipelines have taken what was emitted. A live strategy never waits; a
    /// replay must, or it would only measure how many rows a ring holds.
    pub(super) fn keep_up(&self, stop: &Stop) {
        let pipelines = std::iter::once(&self.local).chain(self.questdb.iter().map(|(p, _)| p));
        for pipeline in pipelines {
            let watch = Stopwatch::start();
            // What does not fit after the bound is dropped, counted and shown.
            let mut is_fine = pipeline.metrics.flush(KEEP_UP_MAX);
            while is_fine && pipeline.metrics.health().spool_fill_permille > FILL_PERMILLE_MAX {
                stop.pause(Duration::from_millis(10));
                is_fine = watch.elapsed() < KEEP_UP_MAX && !stop.is_wanted();
            }
        }
    }

    /// No bar comes any more.
    pub(super) fn finish(&mut self) {
        self.local.record.finish();
        if let Some((pipeline, _)) = &mut self.questdb {
            pipeline.record.finish();
        }
    }

    /// Delivers the rest.
    pub(super) fn close(self) -> Result<Closed, Failure> {
        let Self { local, questdb, spool, .. } = self;
        let unknown_words = local.record.unknown_words().map(|(_, count)| count).sum();
        let lost_rows = local.record.lost_rows();
        let counts = local.metrics.close(CLOSE_STORE).map_err(|error| {
            Failure::refused(error).with_hint(
                "is the disk full? the rows wait; the next demo into this store begins anew",
            )
        })?;
        // Everything is in the store, so the spool is empty; what stays of it harms nobody.
        drop(fs::remove_dir_all(spool));
        let questdb = questdb.map(|(pipeline, shown)| {
            let waiting_for = pipeline.metrics.health().waiting_for;
            let bound = if waiting_for.is_some() { CLOSE_SILENT } else { CLOSE_QUESTDB };
            if let Some(reason) = waiting_for {
                eprintln!("waiting up to {} s for {shown}: {reason}", bound.as_secs());
            }
            let closed = pipeline.metrics.close(bound).map_err(|error| error.to_string());
            (shown, closed)
        });
        Ok(Closed { counts, unknown_words, lost_rows, questdb })
    }
}

impl Pipeline {
    fn open(options: &Options, labels: &Labels) -> Result<Self, Failure> {
        // On the heap, so that rows of a demo that was killed do not join those of the next.
        let options = options
            .clone()
            .with_trader(labels.trader_id.as_str())
            .with_service(SERVICE)
            .with_version(env!("CARGO_PKG_VERSION"))
            .with_ring(RingMemory::Heap);
        let metrics = Metrics::open(&options)
            .hint("is the directory writable, and does no other process use the spool?")?;
        let record = PaperMetrics::new(&metrics, labels)?;
        Ok(Self { metrics, record })
    }
}

impl Record for Pipelines {
    fn record(&mut self, labels: &Labels, ts_ns: i64, row: Row<'_>) {
        self.live.see(&row);
        self.local.record.record(labels, ts_ns, row);
        if let Some((pipeline, _)) = &mut self.questdb {
            pipeline.record.record(labels, ts_ns, row);
        }
    }
}
