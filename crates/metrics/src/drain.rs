//! The drainer: from the threads' rings into the spool, write-ahead, on a thread of its own.
//!
//! Order per round: records out of the rings, labels that they need, one write, then the ring's
//! slots are freed. A ring is never freed before its rows are in the spool.

mod lane;
mod runs;

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::{Duration, Instant},
};

use plimsoll_ring::{Clock, RingError, Tick};

use crate::{
    block,
    derive::Deriver,
    dictionary,
    phase::Phase,
    schema::Importance,
    shared::{self, Shared},
    spool::{WriteError, Writer},
    tables,
};

pub(crate) use lane::{Lane, replay_time};
pub(crate) use runs::Run;
use runs::Runs;

/// Records taken from one ring before the others have their turn: even the longest ones fit a
/// block of the spool.
const ROUND_RECORDS: usize = 4_000;

/// Time between anchors of the clock.
const TICK: Duration = Duration::from_secs(1);

/// How the drainer works.
#[derive(Debug, Clone)]
pub(crate) struct DrainOptions {
    pub(crate) interval: Duration,
    pub(crate) beat: Duration,
    pub(crate) session_start: Duration,
    pub(crate) version: String,
    pub(crate) git_commit: String,
    pub(crate) config_hash: String,
    /// Whether a shipper of this process delivers what is in the spool.
    pub(crate) has_shipper: bool,
}

/// State of the drainer's thread.
#[derive(Debug)]
pub(crate) struct Drainer {
    shared: Arc<Shared>,
    pub(crate) writer: Writer,
    pub(crate) deriver: Deriver,
    runs: Runs,
    clock: Clock,
    lanes: Vec<Lane>,
    interval: Duration,
    beat: Duration,
    /// Bytes of the registry's log that are in the spool.
    log_spooled: usize,
    importance: Vec<Option<Importance>>,
    started: Instant,
    next_tick: Duration,
    next_beat: Duration,
    /// The last write failed; said once.
    is_failing: bool,
    has_shipper: bool,
}

impl Drainer {
    #[allow(
        clippy::disallowed_methods,
        reason = "the drainer's thread is an edge and paces itself"
    )]
    pub(crate) fn new(
        shared: Arc<Shared>,
        writer: Writer,
        options: &DrainOptions,
    ) -> Result<Self, RingError> {
        let clock = Clock::start(&shared.arena);
        let importance =
            (0..=u8::MAX).map(|n| tables::by_number(n).map(|s| s.importance)).collect();
        Ok(Self {
            runs: Runs::new(&shared.scope, options)?,
            deriver: Deriver::new(options.session_start)?,
            clock,
            shared,
            writer,
            lanes: Vec::new(),
            interval: options.interval,
            beat: options.beat,
            log_spooled: 0,
            importance,
            started: Instant::now(),
            next_tick: TICK,
            next_beat: options.beat,
            is_failing: false,
            has_shipper: options.has_shipper,
        })
    }

    /// Drains until told to stop.
    pub(crate) fn run(mut self, phase: &Phase) {
        loop {
            let is_last = phase.is_closing();
            let moved = self.round(false);
            if moved > 0 {
                phase.wake();
            }
            self.shared.progress.advance();
            if is_last && moved == 0 && !self.has_backlog() {
                phase.drained();
                self.shared.progress.advance();
                if self.has_shipper {
                    phase.wait_shipped();
                }
                self.spool_runs(true);
                self.commit_with_retries();
                self.sum_up();
                self.leave();
                phase.closed();
                self.shared.progress.advance();
                return;
            }
            if phase.is_abandoned() {
                phase.closed();
                return;
            }
            if moved == 0 {
                phase.pause(self.interval);
            }
        }
    }

    /// Removes the run directory when nothing is left in it; else the next start takes over.
    fn leave(&mut self) {
        // Before the backlog: a row that comes between the two is in the backlog.
        let dealt: Vec<u64> = self.lanes.iter().map(|l| shared::attempts(&l.consumer)).collect();
        let left: u64 = self.lanes.iter().map(|lane| lane.consumer.backlog_slots()).sum();
        let left = left.saturating_add(u64::from(self.is_failing));
        self.shared.ledger.left_in_rings.store(left, Relaxed);
        if let Some(dir) = self.shared.arena.dir()
            && left == 0
        {
            // What stays is an empty run, which the next start takes for one. The folder of the
            // spool's runs goes with the last of them.
            std::fs::remove_dir_all(dir).unwrap_or_default();
            dir.parent().map_or(Ok(()), std::fs::remove_dir).unwrap_or_default();
        }
        if left == 0 {
            let lanes = self.lanes.drain(..).map(|lane| lane.consumer);
            self.shared.keep_closed(lanes.zip(dealt));
        }
    }

    fn has_backlog(&self) -> bool {
        // While the spool cannot be written, waiting longer would not help: what is left stays
        // in the rings for the next start.
        !self.is_failing && self.lanes.iter().any(|lane| lane.consumer.backlog_slots() > 0)
    }

    #[allow(clippy::disallowed_methods, reason = "as above")]
    fn now(&self) -> Duration {
        Instant::now().saturating_duration_since(self.started)
    }

    /// One round over all rings; returns the rows that went into the spool.
    pub(crate) fn round(&mut self, force_beat: bool) -> u64 {
        let now = self.now();
        if now >= self.next_tick {
            self.next_tick = now.saturating_add(TICK);
            self.tick();
        }
        self.lanes.extend(self.shared.take_new_lanes().into_iter().map(Lane::new));
        if force_beat || now >= self.next_beat {
            self.next_beat = now.saturating_add(self.beat);
            self.spool_runs(false);
        }
        if let Some(beginning) = self.shared.past.take() {
            self.deriver.settle(beginning);
        }
        let rows = self.collect();
        self.shared.past.want(self.deriver.state().is_waiting());
        let is_written = self.write();
        self.sum_up();
        if !is_written {
            return 0;
        }
        self.drop_ended();
        rows
    }

    /// Adds up attempts and drops of all lanes.
    fn sum_up(&self) {
        let ledger = &self.shared.ledger;
        let (mut attempted, mut dropped) =
            (ledger.past_attempts.load(Relaxed), ledger.past_drops.load(Relaxed));
        for lane in &self.lanes {
            let (a, d) = lane.totals();
            attempted = attempted.saturating_add(a);
            dropped = dropped.saturating_add(d);
        }
        ledger.attempted.store(attempted, Relaxed);
        ledger.dropped.store(dropped, Relaxed);
        ledger.spool_bytes.store(self.writer.used_bytes(), Relaxed);
    }

    pub(crate) fn ledger(&self) -> &crate::counts::Ledger {
        &self.shared.ledger
    }

    /// Writes the last rows about a run of a process that was killed.
    pub(crate) fn close_taken_over(&mut self, scope: &crate::dictionary::Scope, run: Run) {
        let now = self.time_now();
        self.runs.close_taken_over(scope, run, &self.shared.ledger, now);
    }

    /// Spools rows of a process that was killed, with the journal that explains them.
    pub(crate) fn spool_taken_over(
        &mut self,
        journal: &[u8],
        blocks: &[Vec<u8>],
    ) -> Result<(), WriteError> {
        for chunk in dictionary::chunks(journal) {
            self.writer.append(block::DICTIONARY, chunk)?;
        }
        for payload in blocks {
            self.writer.append(block::ROWS, payload)?;
        }
        self.append_lanes()?;
        let now = self.now();
        let (registry, state) = (&self.shared.registry, self.deriver.state().save());
        let mut carry = |to: &mut crate::spool::Carry<'_>| {
            let log = registry.log_from(0);
            for chunk in dictionary::chunks(&log).chain(dictionary::chunks(journal)) {
                to.append(block::DICTIONARY, chunk);
            }
            to.append(block::STATE, &state);
        };
        let written = self.writer.commit(&mut carry, now);
        if written.is_err() {
            self.writer.discard();
            self.deriver.undo();
        } else {
            self.deriver.keep();
        }
        self.runs.written();
        written.map(|_| ())
    }

    fn time_now(&self) -> i64 {
        let (stamp, _) = plimsoll_ring::stamp_and_wall_now();
        plimsoll_ring::convert(self.clock.anchors(), stamp).unwrap_or(0)
    }

    fn tick(&mut self) {
        let (stamp, wall) = plimsoll_ring::stamp_and_wall_now();
        if let Tick::Stepped { by_ns } = self.clock.tick(&self.shared.arena, stamp, wall) {
            warn_step(by_ns);
        }
    }

    /// Takes records out of every ring into the lanes' blocks.
    fn collect(&mut self) -> u64 {
        let fill = self.writer.fill_ratio();
        let shed = if fill >= 0.9 {
            Some(Importance::Medium)
        } else if fill >= 0.8 {
            Some(Importance::Low)
        } else {
            None
        };
        let mut rows = 0_u64;
        let registry = &self.shared.registry;
        let is_replay = self.shared.scope.is_replay;
        for lane in &mut self.lanes {
            block::begin_rows(&mut lane.block, self.shared.scope.id, lane.consumer.run());
            let anchors = self.clock.anchors();
            let deriver = &mut self.deriver;
            let Lane { consumer, block, shed_now, .. } = lane;
            shed_now.clear();
            let mut last_ts = lane.last_ts;
            // Asked before the drain: then the drain sees all that the producer ever wrote.
            lane.is_ended = consumer.is_retired();
            lane.upto = consumer.drain(ROUND_RECORDS, |record| {
                let table = record.table();
                let importance = importance_of(&mut self.importance, table);
                if shed.is_some_and(|limit| importance <= limit) {
                    shed_now.push(table);
                    return;
                }
                let start = block.len();
                let stamp = plimsoll_ring::convert(anchors, record.stamp()).unwrap_or(0);
                let time =
                    if is_replay { lane::replay_time(&record, &mut last_ts, stamp) } else { stamp };
                crate::scratch::append_record(block, time, record.seq(), &record);
                if Deriver::reads(table) {
                    deriver.see(block, start, |series| registry.series_labels(series));
                }
                rows = rows.saturating_add(1);
            });
            lane.last_ts_taken = last_ts;
        }
        rows
    }

    /// Puts what was collected into the writer's buffer: labels first.
    fn append_lanes(&mut self) -> Result<(), WriteError> {
        // Read after the rings: a label is interned before its first row is emitted.
        let log = self.shared.registry.log_from(self.log_spooled);
        for chunk in dictionary::chunks(&log) {
            self.writer.append(block::DICTIONARY, chunk)?;
        }
        for lane in self.lanes.iter().filter(|lane| block::has_records(&lane.block)) {
            self.writer.append(block::ROWS, &lane.block)?;
        }
        for payload in self.runs.waiting() {
            self.writer.append(block::ROWS, payload)?;
        }
        let state = self.deriver.state().take_changes();
        if !state.is_empty() {
            self.writer.append(block::STATE, &state)?;
        }
        self.log_spooled = self.log_spooled.saturating_add(log.len());
        Ok(())
    }

    /// Writes what was collected and frees the rings; false when nothing was written.
    fn write(&mut self) -> bool {
        let written = self.append_lanes().and_then(|()| self.commit());
        match written {
            Ok(()) => {
                self.is_failing = false;
                let reported = self.runs.written();
                self.deriver.keep();
                let mut rows = reported;
                for lane in &mut self.lanes {
                    rows = rows.saturating_add(lane.release());
                }
                self.shared.ledger.spooled.fetch_add(rows, Relaxed);
                true
            }
            Err(error) => {
                if !self.is_failing {
                    warn_failing(&error);
                }
                self.is_failing = true;
                // The rows are still in the rings and come again; so do labels and state.
                self.writer.discard();
                self.log_spooled = 0;
                self.deriver.undo();
                false
            }
        }
    }

    fn commit(&mut self) -> Result<(), WriteError> {
        let now = self.now();
        let (registry, state) = (&self.shared.registry, self.deriver.state());
        let mut carry = |to: &mut crate::spool::Carry<'_>| {
            for chunk in dictionary::chunks(&registry.log_from(0)) {
                to.append(block::DICTIONARY, chunk);
            }
            let state = state.save();
            if !state.is_empty() {
                to.append(block::STATE, &state);
            }
        };
        self.writer.commit(&mut carry, now).map(|_| ())
    }

    fn commit_with_retries(&mut self) {
        const TRIES: u32 = 20;
        for _ in 0..TRIES {
            if self.write() {
                return;
            }
            pause(Duration::from_millis(50));
        }
    }

    fn spool_runs(&mut self, is_final: bool) {
        let now = self.time_now();
        for lane in &mut self.lanes {
            self.runs.beat(lane, &self.shared, now, is_final);
        }
        self.runs.beat_ended(&self.shared, now, is_final);
    }

    /// Lets go of lanes whose thread is gone and whose rows are in the spool.
    fn drop_ended(&mut self) {
        let (runs, shared) = (&mut self.runs, &self.shared);
        let mut kept = Vec::with_capacity(self.lanes.len());
        for lane in self.lanes.drain(..) {
            if lane.is_ended && lane.consumer.backlog_slots() == 0 {
                runs.end(lane, shared);
            } else {
                kept.push(lane);
            }
        }
        self.lanes = kept;
    }
}

fn importance_of(known: &mut [Option<Importance>], table: u8) -> Importance {
    let Some(slot) = known.get_mut(usize::from(table)) else { return Importance::Medium };
    *slot.get_or_insert_with(|| {
        tables::by_number(table).map_or(Importance::Medium, |s| s.importance)
    })
}

#[allow(clippy::disallowed_methods, reason = "bounded by the caller's tries")]
fn pause(time: Duration) {
    std::thread::sleep(time);
}

fn warn_step(by_ns: i64) {
    #[cfg(feature = "tracing")]
    tracing::warn!(by_ns, "clock stepped; row times follow it");
    #[cfg(not(feature = "tracing"))]
    let _: i64 = by_ns;
}

fn warn_failing(error: &WriteError) {
    #[cfg(feature = "tracing")]
    tracing::warn!(
        error = error as &dyn std::error::Error,
        "spool cannot be written; rings hold the rows"
    );
    #[cfg(not(feature = "tracing"))]
    let _: &WriteError = error;
}
