//! Plans: steps that are written down before they are done, so that one that was cut short is
//! continued or undone, never guessed at.

mod run;
mod state;

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

pub(crate) use run::ns;
pub use run::{Event, OnFailure, PlanError, Plans, RunOptions};
pub use state::{PlanState, PlanSummary, StepState};

/// One step: a name for people, and what to do as data that can be written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step<A> {
    /// Short and unique in the plan; later steps find its output by it.
    pub name: String,
    /// What the executor is to do.
    pub action: A,
}

impl<A> Step<A> {
    /// A step of that name.
    #[must_use]
    pub fn new(name: impl Into<String>, action: A) -> Self {
        Self { name: name.into(), action }
    }
}

/// Steps in their order, and what they are for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Plan<A> {
    /// What sort of plan it is, such as `restore`.
    pub kind: String,
    /// What the executor has to know again when the plan is continued, in its own words.
    pub subject: String,
    /// The steps.
    pub steps: Vec<Step<A>>,
    /// How long all steps together may take; a step that would begin later fails. Default: no
    /// bound.
    pub deadline_ms: Option<u64>,
}

impl<A> Plan<A> {
    /// A plan of that kind.
    #[must_use]
    pub fn new(kind: impl Into<String>, subject: impl Into<String>, steps: Vec<Step<A>>) -> Self {
        Self { kind: kind.into(), subject: subject.into(), steps, deadline_ms: None }
    }

    /// Sets [`Plan::deadline_ms`].
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline_ms = Some(u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX));
        self
    }
}

/// Does the steps of plans.
pub trait Execute {
    /// What it can do, as data.
    type Action;

    /// Does a step and returns what later steps need to know of it.
    ///
    /// It may have been begun before, by a process that was killed: doing it again must lead to
    /// the same.
    ///
    /// # Errors
    ///
    /// When it cannot be done.
    fn apply(&mut self, step: &Step<Self::Action>, past: &Past) -> Result<String, StepError>;

    /// Takes back a step that was begun, whether or not it was finished.
    ///
    /// # Errors
    ///
    /// When it cannot be taken back.
    fn undo(&mut self, step: &Step<Self::Action>, past: &Past) -> Result<String, StepError>;
}

/// What was done before a step.
#[derive(Debug, Clone, Default)]
pub struct Past {
    outputs: BTreeMap<String, String>,
    plan_id: String,
    deadline: Option<SystemTime>,
}

impl Past {
    /// Returns what the step of that name returned, if it was done.
    #[must_use]
    pub fn output(&self, step: &str) -> Option<&str> {
        self.outputs.get(step).map(String::as_str)
    }

    /// Returns the plan's name.
    #[must_use]
    pub fn plan_id(&self) -> &str {
        &self.plan_id
    }

    /// Returns how much time is left at `now`; `None` if the plan has no deadline.
    #[must_use]
    pub fn remaining(&self, now: SystemTime) -> Option<Duration> {
        self.deadline.map(|deadline| deadline.duration_since(now).unwrap_or_default())
    }
}

/// Why a step could not be done or undone. What it says is written into the journal: no secrets.
#[derive(Debug)]
pub struct StepError {
    what: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl StepError {
    /// Says what went wrong.
    #[must_use]
    pub fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), source: None }
    }

    /// Adds the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}

impl fmt::Display for StepError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl Error for StepError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|source| source.as_ref() as &(dyn Error + 'static))
    }
}
