//! Why a copy ended early.

use super::{PlaceError, run::MOMENT_ROWS_MAX};
use crate::sink::SinkError;

/// Why a copy ended early. Running it again goes on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CopyError {
    /// Somebody wanted it.
    #[error("the copy was stopped")]
    Stopped,
    /// The source cannot be read.
    #[error("cannot read the source")]
    Source {
        /// Cause.
        source: PlaceError,
    },
    /// The target cannot be read.
    #[error("cannot read the target")]
    Target {
        /// Cause.
        source: PlaceError,
    },
    /// The source has no such table.
    #[error("the source has no table `{table}` of ours")]
    NoTable {
        /// Name.
        table: String,
    },
    /// The target has no such table, or lacks columns of it.
    #[error("table `{table}` of the target lacks {}", columns.join(", "))]
    Lacks {
        /// Name.
        table: String,
        /// Columns; all of them if the table is missing.
        columns: Vec<String>,
    },
    /// A value that is not of its column's type.
    #[error("a row of `{table}` in the source has a value that is not of its column's type")]
    Misfit {
        /// Name.
        table: String,
    },
    /// More rows share a moment than are held in memory.
    #[error("more than {MOMENT_ROWS_MAX} rows of `{table}` share one moment")]
    Moment {
        /// Name.
        table: String,
    },
    /// The target does not take rows.
    #[error("the target does not take rows of `{table}`")]
    Sink {
        /// Name.
        table: String,
        /// Cause.
        source: SinkError,
    },
    /// The target acknowledged rows and does not show them.
    #[error("the target acknowledged rows of `{table}` and does not show them; is it suspended?")]
    Unsettled {
        /// Name.
        table: String,
    },
}
