//! What went wrong, and whether to wait, to leave rows out, or to call a person.

use std::{error::Error, path::Path};

use rusqlite::ErrorCode;

use crate::{
    migrate::PlanError,
    sink::{Rejected, SinkError},
};

#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("sqlite refused")]
    Sqlite { source: rusqlite::Error },
    #[error("store is not open")]
    Closed,
    #[error("store file was deleted or replaced")]
    Replaced,
    #[error("file system cannot do write-ahead logging: journal mode is {mode}, wanted wal")]
    NoWal { mode: String },
    #[error("table `{table}` is missing")]
    NoTable { table: String },
    #[error("table differs")]
    Differs { source: PlanError },
    #[error("table cannot be made")]
    Refused { source: Box<dyn Error + Send + Sync> },
    #[error(
        "write-ahead log has {found} bytes, more than {max}: a reader keeps it from being reused"
    )]
    WalFull { found: u64, max: u64 },
    #[error("{} rows refused", rows.len())]
    Rows { rows: Vec<Rejected> },
    /// One row; found out while binding or stepping, before it is known which others.
    #[error("{reason}")]
    Row { reason: String },
}

impl From<rusqlite::Error> for Failure {
    fn from(source: rusqlite::Error) -> Self {
        if is_of_row(&source) {
            return Self::Row { reason: source.to_string() };
        }
        Self::Sqlite { source }
    }
}

impl Failure {
    pub(crate) fn differs(source: PlanError) -> Self {
        Self::Differs { source }
    }

    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::Sqlite { source } => advice(source).is_none(),
            Self::Replaced | Self::WalFull { .. } | Self::Closed => true,
            _ => false,
        }
    }

    /// Whether the connection should not be used again.
    pub(crate) fn is_about_file(&self) -> bool {
        match self {
            Self::Replaced | Self::Closed => true,
            Self::Sqlite { source } => {
                advice(source).is_some()
                    || source.sqlite_error_code() == Some(ErrorCode::SystemIoFailure)
            }
            _ => false,
        }
    }

    pub(crate) fn into_sink_error(self, path: &Path) -> SinkError {
        let path = path.display();
        let reason = match self {
            Self::Rows { rows } => return SinkError::Reject { rows },
            Self::Row { reason } => format!("`{path}`: {reason}"),
            Self::Sqlite { source } => match advice(&source) {
                Some(advice) => format!("`{path}`: {source}; {advice}"),
                None => return SinkError::Retry { source: Box::new(Self::Sqlite { source }) },
            },
            transient @ (Self::Replaced | Self::WalFull { .. } | Self::Closed) => {
                return SinkError::Retry { source: Box::new(transient) };
            }
            Self::NoWal { .. } => format!("`{path}`: {self}; put the store on a local disk"),
            Self::NoTable { .. } => format!("`{path}`: {self}; run `plimsoll tables apply`"),
            Self::Differs { source } => {
                format!("`{path}`: {source}; use another store file or another table name")
            }
            Self::Refused { source } => format!("`{path}`: {source}; rename the table or column"),
        };
        SinkError::Pause { reason }
    }
}

/// What a person must do; `None` when waiting may help.
fn advice(error: &rusqlite::Error) -> Option<&'static str> {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => {
            Some("this is no SQLite file: move it aside or name another path")
        }
        Some(ErrorCode::DatabaseCorrupt) => Some(
            "the file is damaged: move it aside with its -wal and -shm, restore a backup or let a new one be made",
        ),
        Some(ErrorCode::ReadOnly) => {
            Some("the file cannot be written: check owner, permissions and mount")
        }
        Some(
            ErrorCode::CannotOpen
            | ErrorCode::PermissionDenied
            | ErrorCode::AuthorizationForStatementDenied,
        ) => Some("the file cannot be opened: check that its folder exists and may be written"),
        _ => None,
    }
}

fn is_of_row(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch | ErrorCode::TooBig)
    )
}
