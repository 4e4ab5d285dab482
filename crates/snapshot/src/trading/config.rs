//! Where latch and leases are, and the operator's own programs, as a section of a file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use plimsoll_process::{Captured, Command, Output, RunError};
use serde::{Deserialize, Serialize};

use super::OnUnknown;

/// What a program says that is kept, bytes.
const SAID_MAX: usize = 2000;

/// Section `trading`: the latch that halts, leases, and the operator's programs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Config {
    /// Directory of the latch and the leases; on one machine, shared by all strategies and
    /// versions. Default `.plimsoll/trading`.
    pub dir: PathBuf,
    /// What a strategy does while it cannot read the latch. Default: it goes on.
    pub on_unknown: OnUnknown,
    /// After how many seconds that counts. Default 30.
    pub on_unknown_after_secs: u32,
    /// Longest wait for orders on their way, seconds. Default 10.
    pub orders_wait_secs: u32,
    /// Run after the latch is set. Default none.
    pub halt: Option<Program>,
    /// Cancels open orders; which of them is its own decision. Default none.
    pub cancel: Option<Program>,
    /// Closes positions. Default none.
    pub flatten: Option<Program>,
    /// Run after the latch is released. Default none.
    pub resume: Option<Program>,
    /// Each has to end with 0 before trading is resumed: are limits inside, is data fresh.
    /// Default none.
    pub resume_checks: BTreeMap<String, Program>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            dir: PathBuf::from(".plimsoll/trading"),
            on_unknown: OnUnknown::default(),
            on_unknown_after_secs: 30,
            orders_wait_secs: 10,
            halt: None,
            cancel: None,
            flatten: None,
            resume: None,
            resume_checks: BTreeMap::new(),
        }
    }
}

/// A program of the operator's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Program {
    /// The program and its arguments.
    pub run: Vec<String>,
    /// How long it may take, seconds. Default 60.
    pub timeout_secs: u32,
    /// Variables of the environment that it sees, besides `PATH`, `HOME` and the like.
    pub env_allow: Vec<String>,
}

impl Default for Program {
    fn default() -> Self {
        Self { run: Vec::new(), timeout_secs: 60, env_allow: Vec::new() }
    }
}

/// Why a program did not do what it was for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProgramError {
    /// No program is named.
    #[error("no program is named")]
    Empty,
    /// It could not be run to its end in time.
    #[error("`{program}` did not run to its end")]
    Run {
        /// Which.
        program: String,
        /// Why.
        source: ProgramRunError,
    },
    /// It said more than is kept.
    #[error("`{program}` says more than is read of a program")]
    TooMuch {
        /// Which.
        program: String,
    },
    /// It ended with something else than 0.
    #[error("`{program}` ended with {exit}: {said}")]
    Failed {
        /// Which.
        program: String,
        /// How.
        exit: String,
        /// The end of what it said, with what looks like a secret masked.
        said: String,
    },
}

/// Why a program did not run to its end, in words.
#[derive(Debug)]
pub struct ProgramRunError(RunError);

impl std::fmt::Display for ProgramRunError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for ProgramRunError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}

impl Program {
    /// A program with its arguments.
    #[must_use]
    pub fn new(run: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { run: run.into_iter().map(Into::into).collect(), ..Self::default() }
    }

    /// Runs it in a directory, with these variables besides those that are allowed, and returns
    /// the end of what it wrote to standard output.
    ///
    /// # Errors
    ///
    /// [`ProgramError`] unless it ended with 0 in time.
    pub fn run(
        &self,
        dir: &Path,
        variables: &[(String, String)],
        time_max: Option<Duration>,
    ) -> Result<String, ProgramError> {
        self.ended(dir, variables, time_max).map(|output| said(&output.stdout))
    }

    /// As [`Program::run`], and returns everything that it wrote to standard output.
    ///
    /// # Errors
    ///
    /// Also [`ProgramError::TooMuch`].
    pub(crate) fn output(
        &self,
        dir: &Path,
        variables: &[(String, String)],
        time_max: Option<Duration>,
    ) -> Result<Vec<u8>, ProgramError> {
        let output = self.ended(dir, variables, time_max)?;
        let program = || self.run.first().cloned().unwrap_or_default();
        let whole = output.stdout.whole().map(<[u8]>::to_vec);
        whole.ok_or_else(|| ProgramError::TooMuch { program: program() })
    }

    fn ended(
        &self,
        dir: &Path,
        variables: &[(String, String)],
        time_max: Option<Duration>,
    ) -> Result<Output, ProgramError> {
        let (program, args) = self.run.split_first().ok_or(ProgramError::Empty)?;
        let own = Duration::from_secs(u64::from(self.timeout_secs));
        let timeout = time_max.map_or(own, |max| max.min(own));
        let mut command = Command::new(program)
            .args(args)
            .current_dir(dir)
            .env_allow(&self.env_allow)
            .timeout(timeout);
        for (name, value) in variables {
            command = command.env(name, value);
        }
        let output = command.run().map_err(|source| ProgramError::Run {
            program: program.clone(),
            source: ProgramRunError(source),
        })?;
        if output.success() {
            return Ok(output);
        }
        let both = format!("{}\n{}", said(&output.stdout), said(&output.stderr));
        let (program, exit) = (program.clone(), output.exit.to_string());
        Err(ProgramError::Failed { program, exit, said: both.trim().to_owned() })
    }
}

/// The end of what was said, with what looks like a secret masked.
fn said(captured: &Captured) -> String {
    let text = captured.text().trim().to_owned();
    let masked = plimsoll_redact::mask(&text, &plimsoll_redact::Rules::default()).into_owned();
    let from = masked.char_indices().rev().take(SAID_MAX).last().map_or(0, |(at, _)| at);
    masked.get(from..).unwrap_or_default().to_owned()
}

/// Settings that nothing can be done with.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfigProblem {
    /// What is wrong, in one line.
    pub message: String,
    /// The keys that take part, the one to change first.
    pub keys: Vec<String>,
}

impl Config {
    /// Returns what is wrong with the settings.
    #[must_use]
    pub fn problems(&self) -> Vec<ConfigProblem> {
        let named = [
            ("halt", &self.halt),
            ("cancel", &self.cancel),
            ("flatten", &self.flatten),
            ("resume", &self.resume),
        ];
        let mut empty: Vec<String> = named
            .into_iter()
            .filter(|(_, program)| program.as_ref().is_some_and(|own| own.run.is_empty()))
            .map(|(name, _)| format!("{name}.run"))
            .collect();
        let checks = self.resume_checks.iter().filter(|(_, program)| program.run.is_empty());
        empty.extend(checks.map(|(name, _)| format!("resume_checks.{name}.run")));
        let problem = |key: String| ConfigProblem {
            message: "no program is named".to_owned(),
            keys: vec![key],
        };
        empty.into_iter().map(problem).collect()
    }
}
