//! A sink that keeps rows in memory and fails when it is told to: for tests.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::{
    batch::{Batch, Cell},
    schema::Schema,
    sink::{Rejected, Sink, SinkError},
};

/// Longest that a write hangs when nobody releases it.
const HANG_MAX: Duration = Duration::from_secs(60);

/// One value of a row in a [`MemorySink`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum MemoryValue {
    /// A float.
    Double(f64),
    /// An integer.
    Long(i64),
    /// Nanoseconds since 1970-01-01 UTC.
    Timestamp(i64),
    /// A label or a text.
    Text(String),
}

impl MemoryValue {
    /// The text of a label or a text.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The value of a float.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        if let Self::Double(v) = self { Some(*v) } else { None }
    }

    /// The value of an integer or a moment.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        if let Self::Long(v) | Self::Timestamp(v) = self { Some(*v) } else { None }
    }
}

/// A row by column; unknown values are absent.
pub type MemoryRow = BTreeMap<String, MemoryValue>;

/// How a [`MemorySink`] answers a write.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// Takes the rows.
    Store,
    /// Takes the rows and says that it did not answer: an acknowledgment that was lost.
    StoreThenRetry,
    /// Did not answer; nothing is taken.
    Retry,
    /// Refuses the row with this index; nothing is taken.
    RejectRow(usize),
    /// Waits for a person; nothing is taken.
    Pause(String),
    /// Does not return until [`MemorySink::release`], a minute at most; then takes the rows.
    Hang,
}

/// Keeps rows in memory. Clones share them, so a test keeps one and gives away the other.
///
/// Rows are unique by the key of their table, as in a store: a repeated row of an emission is
/// ignored, a row with the same natural key replaces the one before.
#[derive(Debug, Clone, Default)]
pub struct MemorySink {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    tables: HashMap<String, MemoryTable>,
    script: VecDeque<Step>,
    writes: u64,
    prepared: u64,
    hanging: bool,
    released: u64,
}

#[derive(Debug, Default)]
struct MemoryTable {
    rows: Vec<MemoryRow>,
    by_key: HashMap<Vec<Option<String>>, usize>,
}

/// The scripted failure of a write.
#[derive(Debug, thiserror::Error)]
#[error("failure by script")]
struct Scripted;

impl MemorySink {
    /// Empty, and taking every row.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The rows of a table, in the order of their first arrival.
    #[must_use]
    pub fn rows(&self, table: &str) -> Vec<MemoryRow> {
        self.state().tables.get(table).map(|t| t.rows.clone()).unwrap_or_default()
    }

    /// How many rows of a table there are.
    #[must_use]
    pub fn count(&self, table: &str) -> usize {
        self.state().tables.get(table).map_or(0, |t| t.rows.len())
    }

    /// Answers the next writes like this, one step a write; then takes every row again.
    pub fn fail_next(&self, steps: impl IntoIterator<Item = Step>) {
        self.state().script.extend(steps);
    }

    /// How many writes were tried.
    #[must_use]
    pub fn writes(&self) -> u64 {
        self.state().writes
    }

    /// How often a table was made ready.
    #[must_use]
    pub fn prepared(&self) -> u64 {
        self.state().prepared
    }

    /// Lets a write that hangs go on.
    pub fn release(&self) {
        let mut state = self.state();
        state.released = state.released.saturating_add(1);
        self.shared.changed.notify_all();
    }

    /// Waits until a write hangs; `false` when none did within `timeout`.
    #[must_use]
    pub fn wait_until_hanging(&self, timeout: Duration) -> bool {
        let waiting = |state: &mut State| !state.hanging;
        let waited = self.shared.changed.wait_timeout_while(self.state(), timeout, waiting);
        waited.unwrap_or_else(PoisonError::into_inner).0.hanging
    }

    /// Waits until a table has at least `rows` rows; `false` when it has not within `timeout`.
    #[must_use]
    pub fn wait_for_rows(&self, table: &str, rows: usize, timeout: Duration) -> bool {
        let too_few =
            |state: &mut State| state.tables.get(table).map_or(0, |t| t.rows.len()) < rows;
        let waited = self.shared.changed.wait_timeout_while(self.state(), timeout, too_few);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hang(&self) {
        let mut state = self.state();
        let before = state.released;
        state.hanging = true;
        self.shared.changed.notify_all();
        let waiting = |state: &mut State| state.released == before;
        let waited = self.shared.changed.wait_timeout_while(state, HANG_MAX, waiting);
        waited.unwrap_or_else(PoisonError::into_inner).0.hanging = false;
    }

    fn store(&self, batch: &Batch<'_>) {
        let schema = batch.schema();
        let mut state = self.state();
        let table = state.tables.entry(schema.name.clone().into_owned()).or_default();
        for cells in batch.rows() {
            table.put(schema, row(batch, cells));
        }
        self.shared.changed.notify_all();
    }
}

impl MemoryTable {
    fn put(&mut self, schema: &Schema, row: MemoryRow) {
        let part = |name: &&str| row.get(*name).map(|v| format!("{v:?}"));
        let key = schema.key_columns().iter().map(part).collect();
        match self.by_key.get(&key).and_then(|index| self.rows.get_mut(*index)) {
            Some(known) if schema.is_natural() => *known = row,
            Some(_) => {}
            None => {
                self.by_key.insert(key, self.rows.len());
                self.rows.push(row);
            }
        }
    }
}

impl Sink for MemorySink {
    fn prepare(&mut self, _schema: &Schema) -> Result<(), SinkError> {
        let mut state = self.state();
        state.prepared = state.prepared.saturating_add(1);
        Ok(())
    }

    fn write(&mut self, batch: &Batch<'_>) -> Result<(), SinkError> {
        let step = {
            let mut state = self.state();
            state.writes = state.writes.saturating_add(1);
            state.script.pop_front().unwrap_or(Step::Store)
        };
        let retry = || Err(SinkError::Retry { source: Box::new(Scripted) });
        match step {
            Step::Store => {}
            Step::StoreThenRetry => {
                self.store(batch);
                return retry();
            }
            Step::Retry => return retry(),
            Step::RejectRow(row) => {
                let rows = vec![Rejected { row, reason: Scripted.to_string() }];
                return Err(SinkError::Reject { rows });
            }
            Step::Pause(reason) => return Err(SinkError::Pause { reason }),
            Step::Hang => self.hang(),
        }
        self.store(batch);
        Ok(())
    }
}

fn row(batch: &Batch<'_>, cells: &[Cell]) -> MemoryRow {
    let mut row = MemoryRow::new();
    for (column, cell) in batch.schema().all_columns().zip(cells) {
        let value = match *cell {
            Cell::Null => continue,
            Cell::Double(v) => MemoryValue::Double(v),
            Cell::Long(v) => MemoryValue::Long(v),
            Cell::Timestamp(v) => MemoryValue::Timestamp(v),
            text => MemoryValue::Text(batch.str_of(text).unwrap_or_default().to_owned()),
        };
        row.insert(column.name.clone().into_owned(), value);
    }
    row
}
