//! How a command ended: its exit code, and an error with what to do next.

use std::fmt;
use std::process::ExitCode;

/// What the exit code says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// 0: done, and fine.
    Fine,
    /// 1: a finding, or an action that was refused or not completed.
    Finding,
    /// 2: could not tell, or was not asked rightly.
    Unknown,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Fine => 0,
            Exit::Finding => 1,
            Exit::Unknown => 2,
        })
    }
}

/// Why a command failed, and what a person can do about it.
#[derive(Debug)]
pub(crate) struct Failure {
    error: anyhow::Error,
    hint: Option<String>,
    exit: Exit,
}

impl Failure {
    /// A failure that leaves the question open: exit code 2.
    pub(crate) fn new(error: impl Into<anyhow::Error>) -> Self {
        Self { error: error.into(), hint: None, exit: Exit::Unknown }
    }

    /// An action that was refused: exit code 1.
    pub(crate) fn refused(error: impl Into<anyhow::Error>) -> Self {
        Self { exit: Exit::Finding, ..Self::new(error) }
    }

    /// Adds what to do next.
    pub(crate) fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// Whether nobody reads our output any more, as behind `head`; then there is nothing to say.
    pub(crate) fn is_closed_pipe(&self) -> bool {
        self.error
            .chain()
            .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
            .any(|cause| cause.kind() == std::io::ErrorKind::BrokenPipe)
    }

    /// What went wrong, in one line.
    pub(crate) fn told(&self) -> String {
        format!("{:#}", self.error)
    }

    pub(crate) fn exit(&self) -> Exit {
        self.exit
    }
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::new(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "error: {:#}", self.error)?;
        self.hint.as_ref().map_or(Ok(()), |hint| writeln!(f, "hint: {hint}"))
    }
}

/// An error and its causes in one line.
pub(crate) fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// Adds a hint to the error of a result.
pub(crate) trait Hint<T> {
    /// Says what to do next if this failed.
    fn hint(self, hint: impl Into<String>) -> Result<T, Failure>;
}

impl<T, E: Into<anyhow::Error>> Hint<T> for Result<T, E> {
    fn hint(self, hint: impl Into<String>) -> Result<T, Failure> {
        self.map_err(|error| Failure::new(error).with_hint(hint))
    }
}
