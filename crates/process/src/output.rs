//! How a child ended and what it said.

use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use crate::Captured;

/// How a child ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Exit {
    /// It ended by itself with this exit code; zero is success.
    Code(i32),
    /// This signal ended it.
    Signal(i32),
}

impl Exit {
    pub(crate) fn of(status: ExitStatus) -> Self {
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Code(code),
            (None, Some(signal)) => Self::Signal(signal),
            (None, None) => Self::Code(status.into_raw()),
        }
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Signal(signal) => write!(f, "signal {signal}"),
        }
    }
}

/// What a child left behind.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Output {
    /// How it ended.
    pub exit: Exit,
    /// What it wrote to standard output.
    pub stdout: Captured,
    /// What it wrote to standard error.
    pub stderr: Captured,
    /// Bytes of its standard input that it did not take before it ended or closed it.
    pub stdin_unsent_bytes: u64,
    /// Whether a process that left the child's group still had an output pipe open when we
    /// stopped listening; then the outputs may miss what it wrote.
    pub pipe_left_open: bool,
    /// From the start of the child to the end of its outputs.
    pub elapsed: Duration,
}

impl Output {
    /// Tells whether the child ended by itself with exit code zero.
    #[must_use]
    pub fn success(&self) -> bool {
        self.exit == Exit::Code(0)
    }

    /// Returns the exit code, or `None` if a signal ended the child.
    #[must_use]
    pub fn code(&self) -> Option<i32> {
        match self.exit {
            Exit::Code(code) => Some(code),
            Exit::Signal(_) => None,
        }
    }

    /// Returns the signal that ended the child, or `None` if it ended by itself.
    #[must_use]
    pub fn signal(&self) -> Option<i32> {
        match self.exit {
            Exit::Code(_) => None,
            Exit::Signal(signal) => Some(signal),
        }
    }
}
