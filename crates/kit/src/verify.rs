//! Checks that prove a set-up by reading back, run side by side, each with a limit of its own.

mod checklist;
mod checks;
mod config;
mod run;

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use checklist::{ChecklistLine, VERIFICATION_CHECKLIST};
pub use checks::{CHECKS, CheckSpec};
pub use config::{VerifyConfig, VerifyProblem};
pub use run::verify;

/// One thing that is tried out. It proves, never guesses: a row that was written is read back, a message has an id.
pub trait Check: Send {
    /// Tries it. Has to end within the limit of its [`Verification`]; a check that does not is reported as failed and left
    /// alone.
    fn check(&mut self) -> CheckState;
}

impl<F: FnMut() -> CheckState + Send> Check for F {
    fn check(&mut self) -> CheckState {
        self()
    }
}

/// How one check ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "lowercase")]
#[non_exhaustive]
pub enum CheckState {
    /// It works.
    Ok {
        /// What shows it: an id that was read back, a version, a count.
        evidence: String,
    },
    /// It works, and something about it is not as it should be.
    Degraded {
        /// What.
        why: String,
    },
    /// It does not work.
    Failed {
        /// What happened.
        why: String,
        /// What to do next.
        fix: String,
    },
    /// It was not tried.
    Skipped {
        /// Why not: no token, not set up, offline.
        why: String,
    },
}

/// Part of a set-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Area {
    /// Scanners and secrets.
    Security,
    /// Rows, rules, notifications, dashboards.
    Monitoring,
    /// Reviews of changes.
    Review,
    /// The staging environment.
    Staging,
    /// Snapshots and the way back.
    Rollback,
    /// Hooks of coding agents.
    Hooks,
    /// Configuration and documents.
    Drift,
}

/// Whether a set-up is whole without a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Need {
    /// It has to be ok; not knowing is not enough.
    Required,
    /// It may be skipped.
    Optional,
}

/// A check with what a report says of it.
pub struct Verification {
    /// Its name, such as `monitoring.canary-row`.
    pub id: &'static str,
    /// Part of the set-up.
    pub area: Area,
    /// What it shows, in words.
    pub title: &'static str,
    /// Whether it has to be ok.
    pub need: Need,
    /// How long it may take.
    pub limit: Duration,
    /// The check itself.
    pub check: Box<dyn Check>,
}

impl fmt::Debug for Verification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verification")
            .field("id", &self.id)
            .field("need", &self.need)
            .finish_non_exhaustive()
    }
}

/// One line of a report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Verified {
    /// Name of the check.
    pub id: String,
    /// Part of the set-up.
    pub area: Area,
    /// What it shows.
    pub title: String,
    /// Whether it has to be ok.
    pub need: Need,
    /// How it ended.
    #[serde(flatten)]
    pub state: CheckState,
    /// How long it took, milliseconds.
    pub duration_ms: u64,
}

/// What is known of a set-up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct VerifyReport {
    /// Version of this form: 1.
    pub schema_version: u32,
    /// In the order of the checks.
    pub checks: Vec<Verified>,
}

/// What a report comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// All that is required is ok: exit code 0.
    Fine,
    /// Something failed, or is required and degraded: exit code 1.
    Failed,
    /// Nothing failed, and something that is required was not tried: exit code 2.
    Unknown,
}

impl CheckState {
    /// It works, shown by this.
    pub fn ok(evidence: impl Into<String>) -> CheckState {
        CheckState::Ok { evidence: evidence.into() }
    }

    /// It works, and this is not as it should be.
    pub fn degraded(why: impl Into<String>) -> CheckState {
        CheckState::Degraded { why: why.into() }
    }

    /// It does not work; `fix` says what to do next.
    pub fn failed(why: impl Into<String>, fix: impl Into<String>) -> CheckState {
        CheckState::Failed { why: why.into(), fix: fix.into() }
    }

    /// It was not tried.
    pub fn skipped(why: impl Into<String>) -> CheckState {
        CheckState::Skipped { why: why.into() }
    }

    /// The word in reports.
    pub fn name(&self) -> &'static str {
        match self {
            CheckState::Ok { .. } => "ok",
            CheckState::Degraded { .. } => "degraded",
            CheckState::Failed { .. } => "failed",
            CheckState::Skipped { .. } => "skipped",
        }
    }
}

impl VerifyReport {
    /// What it comes to. Without any check nothing is known.
    pub fn verdict(&self) -> Verdict {
        let has = |wanted: fn(&Verified) -> bool| self.checks.iter().any(wanted);
        let is_failed = |line: &Verified| match line.state {
            CheckState::Failed { .. } => true,
            CheckState::Degraded { .. } => line.need == Need::Required,
            _ => false,
        };
        let is_open = |line: &Verified| {
            matches!(line.state, CheckState::Skipped { .. }) && line.need == Need::Required
        };
        if has(is_failed) {
            Verdict::Failed
        } else if has(is_open) || self.checks.is_empty() {
            Verdict::Unknown
        } else {
            Verdict::Fine
        }
    }
}
