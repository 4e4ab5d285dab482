//! The shipper: from the spool into the store, on a thread of its own.
//!
//! Blocks become rows by table, a table's rows one batch; only when every batch is in the store
//! does the spool's cursor move. A row that the store refuses for ever goes to quarantine with
//! the store's reason; what may work later is tried again, with growing pauses.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use crate::{
    batch::{Batch, Rows},
    block,
    counts::Ledger,
    interpret::Interpreter,
    past::Asker,
    phase::Phase,
    quarantine::Quarantine,
    shared,
    ship_dir::Tally,
    sink::{Rejected, Sink, SinkError},
    spool::{Position, ReadError, Reader},
};

/// Rows that go to the store at once.
const BATCH_ROWS: u64 = 10_000;

/// Longest wait for more rows before a small batch goes.
const LINGER: Duration = Duration::from_millis(20);

/// First and longest pause between tries.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));

/// Pause while a person has to act.
const PAUSE: Duration = Duration::from_secs(5);

/// State of the shipper's thread.
pub(crate) struct Shipper {
    ledger: Arc<Ledger>,
    reader: Reader,
    sink: Box<dyn Sink>,
    interpreter: Interpreter,
    quarantine: Quarantine,
    /// Tables that the sink is ready for, by index.
    prepared: Vec<bool>,
    /// Rows that make no row, not counted until their block is acknowledged.
    unread: Vec<(u64, String)>,
    /// End of what was gathered and is not delivered yet.
    gathered: Option<Position>,
    attempts: u32,
    jitter: u64,
    /// Asks the store what was before, when the spool does not know.
    asker: Option<Asker>,
    /// What rows of other processes came to, for a shipper that is none of theirs.
    pub(crate) tally: Option<Tally>,
}

impl std::fmt::Debug for Shipper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shipper").field("reader", &self.reader).finish_non_exhaustive()
    }
}

/// What one try came to.
pub(crate) enum Outcome {
    Done,
    /// Again later, after at least this long.
    Later(Duration),
}

impl Shipper {
    pub(crate) fn new(
        ledger: Arc<Ledger>,
        reader: Reader,
        sink: Box<dyn Sink>,
        quarantine: Quarantine,
    ) -> Self {
        let jitter = shared::random63();
        Self {
            ledger,
            reader,
            sink,
            interpreter: Interpreter::default(),
            quarantine,
            prepared: Vec::new(),
            unread: Vec::new(),
            gathered: None,
            attempts: 0,
            jitter,
            asker: None,
            tally: None,
        }
    }

    /// With a question to the store.
    pub(crate) fn asking(mut self, asker: Option<Asker>) -> Self {
        self.asker = asker;
        self
    }

    /// Ships until everything is delivered after the close, or its time is over.
    pub(crate) fn run(mut self, phase: &Phase) {
        loop {
            let seen = phase.seen();
            if self.asker.as_mut().is_some_and(Asker::ask_if_wanted) {
                self.asker = None;
            }
            match self.gather() {
                Ok(None) => {
                    phase.shipped(seen);
                    if phase.is_done() || phase.is_abandoned() {
                        return;
                    }
                    phase.pause(LINGER);
                }
                Ok(Some(upto)) => {
                    if !self.deliver_all(upto, phase) {
                        return;
                    }
                }
                Err(error) => {
                    self.ledger.set_waiting(Some(format!("spool: {error}")));
                    phase.rest(BACKOFF.1);
                    if phase.is_abandoned() || phase.is_overdue() {
                        return;
                    }
                }
            }
        }
    }

    /// Reads blocks until a batch is full or none is left; where they end, if there is any.
    pub(crate) fn gather(&mut self) -> Result<Option<Position>, ReadError> {
        let mut rows = 0_u64;
        while rows < BATCH_ROWS {
            let Some(block) = self.reader.next()? else { break };
            match block.kind {
                block::DICTIONARY => {
                    self.interpreter.learn(block.payload);
                    if let Some(tally) = &mut self.tally {
                        tally.learn(block.payload);
                    }
                }
                block::ROWS if !block.context => {
                    let (unread, quarantine) = (&mut self.unread, &mut self.quarantine);
                    rows = rows.saturating_add(self.interpreter.rows(block.payload, |row| {
                        report(quarantine.keep_unread(&row));
                        unread.push((row.run, row.table));
                    }));
                    if let Some(tally) = &mut self.tally {
                        tally.see(block.payload, block.position);
                    }
                }
                _ => {}
            }
            if !block.context {
                self.gathered = Some(block.position);
                if self.tally.as_ref().is_some_and(|tally| tally.upto() == block.position) {
                    break;
                }
            }
        }
        let damaged = self.reader.recovery().bad_blocks;
        self.ledger.damaged.store(damaged, Relaxed);
        Ok(self.gathered)
    }

    /// Delivers what was gathered; false when the pipeline ended first.
    fn deliver_all(&mut self, upto: Position, phase: &Phase) -> bool {
        loop {
            match self.deliver(upto) {
                Outcome::Done => return true,
                Outcome::Later(pause) => {
                    if phase.is_abandoned() || phase.is_overdue() {
                        return false;
                    }
                    phase.rest(pause);
                }
            }
        }
    }

    /// One try to write what is gathered and to move the cursor.
    pub(crate) fn deliver(&mut self, upto: Position) -> Outcome {
        if let Err(outcome) = self.write_tables() {
            return outcome;
        }
        if let Some(tally) = &mut self.tally {
            for (run, table) in &self.unread {
                tally.add(*run, table, 0, 1);
            }
            report(tally.save(upto));
        }
        if let Err(error) = self.reader.ack(upto) {
            self.ledger.set_waiting(Some(format!("spool: {error}")));
            return Outcome::Later(BACKOFF.1);
        }
        for (run, table) in self.unread.drain(..) {
            self.ledger.add(run, &table, 0, 1);
        }
        self.attempts = 0;
        self.gathered = None;
        self.ledger.set_waiting(None);
        Outcome::Done
    }

    /// One try to write what is gathered.
    pub(crate) fn write_tables(&mut self) -> Result<(), Outcome> {
        self.prepared.resize(self.interpreter.tables.len(), false);
        for at in 0..self.interpreter.tables.len() {
            if let Err(error) = self.table(at) {
                return Err(self.later(error));
            }
        }
        Ok(())
    }

    /// Puts rows about the runs that were shipped beside those that are gathered.
    pub(crate) fn add_tally_rows(&mut self, now: i64) -> u64 {
        let Some(tally) = &mut self.tally else { return 0 };
        let mut rows = 0_u64;
        for (names, payload) in tally.rows(now) {
            self.interpreter.learn(&names);
            rows = rows.saturating_add(self.interpreter.rows(&payload, |_| {}));
        }
        rows
    }

    /// Those rows are in the store.
    pub(crate) fn keep_tally(&mut self) {
        if let Some(tally) = &mut self.tally {
            report(tally.keep());
        }
    }

    pub(crate) fn reader(&self) -> &Reader {
        &self.reader
    }

    /// Writes the rows of one table and forgets them.
    fn table(&mut self, at: usize) -> Result<(), SinkError> {
        let Some(pending) = self.interpreter.tables.get_mut(at) else { return Ok(()) };
        if pending.rows.is_empty() {
            return Ok(());
        }
        let schema = &pending.layout.schema;
        let is_prepared = self.prepared.get(at).copied().unwrap_or(false);
        if !is_prepared {
            self.sink.prepare(schema)?;
            if let Some(prepared) = self.prepared.get_mut(at) {
                *prepared = true;
            }
        }
        let symbols = &self.interpreter.symbols;
        let batch = Batch::new(schema, symbols, &pending.rows);
        let refused = write_without_refused(self.sink.as_mut(), &batch)?;
        for rejected in &refused {
            report(self.quarantine.keep(&batch, rejected.row, &rejected.reason));
        }
        let mut first = 0_u64;
        for &(run, count) in &pending.runs {
            let end = first.saturating_add(count);
            let lost = refused
                .iter()
                .filter(|r| (first..end).contains(&u64::try_from(r.row).unwrap_or(u64::MAX)))
                .count();
            let lost = u64::try_from(lost).unwrap_or(u64::MAX);
            let stored = count.saturating_sub(lost);
            self.ledger.add(run, &schema.name, stored, lost);
            if let Some(tally) = &mut self.tally {
                tally.add(run, &schema.name, stored, lost);
            }
            first = end;
        }
        pending.rows.clear();
        pending.runs.clear();
        Ok(())
    }

    fn later(&mut self, error: SinkError) -> Outcome {
        self.prepared.fill(false);
        self.attempts = self.attempts.saturating_add(1);
        match error {
            SinkError::Pause { reason } => {
                say_waiting(&self.ledger, reason);
                Outcome::Later(PAUSE)
            }
            SinkError::Retry { source } => {
                say_waiting(
                    &self.ledger,
                    format!("store does not answer: {}", chain(source.as_ref())),
                );
                Outcome::Later(self.backoff())
            }
            // Refused rows were left out before; a sink that refuses more is asked again.
            SinkError::Reject { .. } => Outcome::Later(self.backoff()),
        }
    }

    /// Doubles with every try up to the longest, and varies by half so that many producers do not
    /// come back together.
    fn backoff(&mut self) -> Duration {
        let (first, longest) = BACKOFF;
        let doubled = first.saturating_mul(1_u32 << self.attempts.min(7));
        let longest = doubled.min(longest);
        self.jitter = self.jitter.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let permille = u32::try_from((self.jitter >> 33) % 500).unwrap_or(0).saturating_add(500);
        longest.saturating_mul(permille).checked_div(1_000).unwrap_or(longest)
    }
}

/// Writes a batch, leaving out rows that the sink refuses; which those were.
fn write_without_refused(
    sink: &mut dyn Sink,
    batch: &Batch<'_>,
) -> Result<Vec<Rejected>, SinkError> {
    let mut refused: Vec<Rejected> = Vec::new();
    let mut rest = Rows::default();
    // Original index of each row that is left.
    let mut left: Vec<usize> = (0..batch.len()).collect();
    let mut attempt = sink.write(batch);
    loop {
        match attempt {
            Ok(()) => return Ok(refused),
            Err(SinkError::Reject { rows }) if !rows.is_empty() => {
                for Rejected { row, reason } in &rows {
                    if let Some(&original) = left.get(*row) {
                        refused.push(Rejected { row: original, reason: reason.clone() });
                    }
                }
                let before = left.len();
                left = left
                    .iter()
                    .enumerate()
                    .filter(|(at, _)| !rows.iter().any(|r| r.row == *at))
                    .map(|(_, &original)| original)
                    .collect();
                if left.len() == before {
                    // The sink names no row of the batch: nothing can be left out.
                    return Err(SinkError::Pause {
                        reason: "the store refuses rows without saying which".to_owned(),
                    });
                }
                if left.is_empty() {
                    return Ok(refused);
                }
                batch.copy_rows(&left, &mut rest);
                attempt = sink.write(&batch.with_rows(&rest));
            }
            Err(error) => return Err(error),
        }
    }
}

fn say_waiting(ledger: &Ledger, reason: String) {
    if ledger.waiting().as_ref() != Some(&reason) {
        #[cfg(feature = "tracing")]
        tracing::warn!(reason, "store takes no rows; they wait in the spool");
        ledger.set_waiting(Some(reason));
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

fn report(kept: std::io::Result<()>) {
    if let Err(error) = kept {
        #[cfg(feature = "tracing")]
        tracing::error!(error = &error as &dyn std::error::Error, "rejected row cannot be kept");
        #[cfg(not(feature = "tracing"))]
        let _: std::io::Error = error;
    }
}
