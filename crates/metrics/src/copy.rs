//! Moves the history of one store to another: resumable, nothing twice, and compared row by row.
//!
//! Tables are walked by time, some thousand rows at once. Of each such stretch the target is asked
//! what it has; only what it lacks is sent, and then it is asked again. So a copy that was cut short
//! anywhere goes on when it is run again, without a note of how far it came, and its figures are of
//! what the target has, not of what was sent.

mod digest;
mod failure;
mod file;
mod options;
mod run;
mod server;
mod slice;
mod tables;

use std::{ops::ControlFlow, time::Duration};

pub use digest::Checksum;
pub use failure::CopyError;
pub use file::FilePlace;
pub use options::CopyOptions;
pub use server::ServerPlace;

use crate::{migrate::StoreError, read::Datum, schema::Schema, sink::Sink};
use run::Copying;

/// Moments from the first to the last, both included, in nanoseconds since 1970-01-01 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// First moment.
    pub from_ns: i64,
    /// Last moment.
    pub to_ns: i64,
}

impl Stretch {
    /// Of the first and the last moment, as a store answers; none without rows.
    fn of(answer: &[Option<i64>]) -> Option<Self> {
        match answer {
            [Some(from_ns), Some(to_ns)] => Some(Self { from_ns: *from_ns, to_ns: *to_ns }),
            _ => None,
        }
    }
}

/// A count, as a store answers.
fn count_of(answer: &[Option<i64>]) -> u64 {
    let count = answer.first().copied().flatten().unwrap_or_default();
    u64::try_from(count).unwrap_or_default()
}

/// Why a store gave no answer.
#[derive(Debug, thiserror::Error)]
#[error("a store cannot be read")]
pub struct PlaceError {
    /// Whether the same question may have an answer later.
    pub is_transient: bool,
    /// Cause.
    pub source: StoreError,
}

/// The port: a store whose rows are read, as either end of a copy.
pub trait Place {
    /// Tables whose rows have an identity of ours. Those of others are left out.
    ///
    /// # Errors
    ///
    /// [`PlaceError`].
    fn tables(&mut self) -> Result<Vec<Schema>, PlaceError>;

    /// Rows of a table, all or those of a stretch.
    ///
    /// # Errors
    ///
    /// [`PlaceError`].
    fn count(&mut self, table: &Schema, within: Option<Stretch>) -> Result<u64, PlaceError>;

    /// Where the next `rows` rows lie, after a moment or from the beginning, with every row of the
    /// last moment; `None` if there are no more.
    ///
    /// # Errors
    ///
    /// [`PlaceError`].
    fn next(
        &mut self,
        table: &Schema,
        after_ns: Option<i64>,
        rows: usize,
    ) -> Result<Option<Stretch>, PlaceError>;

    /// Shows every row of a stretch, in any order, with cells as [`Schema::all_columns`] has them.
    ///
    /// # Errors
    ///
    /// [`PlaceError`]; some rows may have been shown.
    fn rows(
        &mut self,
        table: &Schema,
        within: Stretch,
        see: &mut dyn FnMut(&[Datum]),
    ) -> Result<(), PlaceError>;

    /// Whether everything that the store has acknowledged can be seen.
    ///
    /// # Errors
    ///
    /// [`PlaceError`].
    fn is_settled(&mut self, table: &Schema) -> Result<bool, PlaceError>;
}

/// What became of one table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct TableCopied {
    /// Name.
    pub table: String,
    /// Rows of the source.
    pub rows: u64,
    /// Of these, rows that the target had before.
    pub there: u64,
    /// Rows that were sent.
    pub sent: u64,
    /// Rows that the target has now, with every value the same.
    pub found: u64,
    /// Rows that the target will never take; it said so.
    pub refused: u64,
    /// Rows that the target has beside them in the same stretches of time, of others.
    pub others: u64,
    /// Of every row of the source.
    pub checksum: Checksum,
    /// Of the same rows in the target.
    pub found_checksum: Checksum,
}

impl TableCopied {
    /// Whether the target has every row of the source with every value.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.rows == self.found && self.checksum == self.found_checksum
    }
}

/// Looks on, and waits.
pub trait Watch {
    /// Hears of every stretch; `rows` are those of the table in the source. [`ControlFlow::Break`]
    /// ends the copy.
    fn progress(&mut self, table: &TableCopied, rows: u64) -> ControlFlow<()>;

    /// Waits. [`ControlFlow::Break`] ends the copy.
    fn pause(&mut self, span: Duration) -> ControlFlow<()>;
}

/// Copies every row that `to` lacks, by `sink`, which writes into it. Whole stretches are compared
/// before and after, so rows that are already there with the same values are not sent. Of a table with the
/// venue's identity, a row that is there with other values is replaced; of any other it stays, and is
/// counted as not found.
///
/// # Errors
///
/// [`CopyError`]; what was copied stays copied, and running it again goes on.
pub fn copy(
    from: &mut dyn Place,
    to: &mut dyn Place,
    sink: &mut dyn Sink,
    options: &CopyOptions,
    watch: &mut dyn Watch,
) -> Result<Vec<TableCopied>, CopyError> {
    let mut copying = Copying::new(from, to, sink, options, watch);
    let tables = copying.tables()?;
    tables.iter().map(|table| copying.table(table)).collect()
}
