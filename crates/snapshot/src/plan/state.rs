//! Where a plan is, by its journal.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::{Past, Plan};

/// Version of the journal's records. A newer one is refused.
pub(super) const SCHEMA_VERSION: u32 = 1;

/// A line of the journal.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Record<A> {
    Begun { schema_version: u32, plan: Plan<A>, at_ns: i64 },
    Started { step: usize, at_ns: i64 },
    Done { step: usize, output: String, at_ns: i64 },
    Failed { step: usize, why: String, at_ns: i64 },
    Undoing { why: String, at_ns: i64 },
    UndoStarted { step: usize, at_ns: i64 },
    Undone { step: usize, output: String, at_ns: i64 },
    UndoFailed { step: usize, why: String, at_ns: i64 },
    Ended { at_ns: i64 },
}

/// Where a step is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StepState {
    /// Not begun.
    Waiting,
    /// Begun; whether it was finished is not known.
    Begun,
    /// Finished.
    Done {
        /// What it returned.
        output: String,
        /// How long it took.
        duration_ms: u64,
    },
    /// It could not be done.
    Failed {
        /// Why.
        why: String,
    },
    /// Its undoing was begun.
    Undoing,
    /// It was taken back.
    Undone,
    /// It could not be taken back.
    UndoFailed {
        /// Why.
        why: String,
    },
}

/// Where a plan is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PlanState {
    /// All steps were done.
    Done,
    /// Everything that was begun was taken back.
    Undone,
    /// It was cut short or stopped; it can be continued or undone.
    Unfinished,
    /// Its undoing was cut short or failed; it can be undone further.
    HalfUndone,
}

/// A plan as its journal tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PlanSummary {
    /// Its name.
    pub id: String,
    /// What sort of plan it is.
    pub kind: String,
    /// What the executor has to know.
    pub subject: String,
    /// When it was begun, UTC nanoseconds since 1970.
    pub began_ns: i64,
    /// When the last record was written, UTC nanoseconds since 1970.
    pub last_ns: i64,
    /// Where it is.
    pub state: PlanState,
    /// Why it was undone, if it was.
    pub undone_because: Option<String>,
    /// Its steps by name, and where each is.
    pub steps: Vec<(String, StepState)>,
}

/// A plan and where it is.
#[derive(Debug, Clone)]
pub(super) struct Replayed<A> {
    pub(super) plan: Plan<A>,
    pub(super) began_ns: i64,
    pub(super) last_ns: i64,
    pub(super) steps: Vec<StepState>,
    started_ns: Vec<i64>,
    /// By the names of steps; kept while they are taken back.
    outputs: BTreeMap<String, String>,
    pub(super) undoing: Option<String>,
    pub(super) has_ended: bool,
}

impl<A> Replayed<A> {
    /// Goes through the records; `None` if the plan never began.
    pub(super) fn of(records: Vec<Record<A>>) -> Option<Self> {
        let mut records = records.into_iter();
        let Some(Record::Begun { plan, at_ns, .. }) = records.next() else { return None };
        let count = plan.steps.len();
        let mut replayed = Self {
            plan,
            began_ns: at_ns,
            last_ns: at_ns,
            steps: vec![StepState::Waiting; count],
            started_ns: vec![at_ns; count],
            outputs: BTreeMap::new(),
            undoing: None,
            has_ended: false,
        };
        records.for_each(|record| replayed.take(record));
        Some(replayed)
    }

    pub(super) fn take(&mut self, record: Record<A>) {
        let (step, state, at_ns) = match record {
            Record::Begun { at_ns, .. } => return self.last_ns = at_ns,
            Record::Undoing { why, at_ns } => {
                self.undoing = Some(why);
                return self.last_ns = at_ns;
            }
            Record::Ended { at_ns } => {
                self.has_ended = true;
                return self.last_ns = at_ns;
            }
            Record::Started { step, at_ns } => {
                if let Some(started) = self.started_ns.get_mut(step) {
                    *started = at_ns;
                }
                (step, StepState::Begun, at_ns)
            }
            Record::Done { step, output, at_ns } => {
                let began = self.started_ns.get(step).copied().unwrap_or(at_ns);
                if let Some(done) = self.plan.steps.get(step) {
                    self.outputs.insert(done.name.clone(), output.clone());
                }
                let spent = u64::try_from(at_ns.saturating_sub(began)).unwrap_or_default();
                (step, StepState::Done { output, duration_ms: spent / 1_000_000 }, at_ns)
            }
            Record::Failed { step, why, at_ns } => (step, StepState::Failed { why }, at_ns),
            Record::UndoStarted { step, at_ns } => (step, StepState::Undoing, at_ns),
            Record::Undone { step, at_ns, .. } => (step, StepState::Undone, at_ns),
            Record::UndoFailed { step, why, at_ns } => (step, StepState::UndoFailed { why }, at_ns),
        };
        self.last_ns = at_ns;
        if let Some(slot) = self.steps.get_mut(step) {
            *slot = state;
        }
    }

    pub(super) fn state(&self) -> PlanState {
        match (self.has_ended, self.undoing.is_some()) {
            (true, true) => PlanState::Undone,
            (true, false) => PlanState::Done,
            (false, true) => PlanState::HalfUndone,
            (false, false) => PlanState::Unfinished,
        }
    }

    pub(super) fn past(&self, plan_id: &str) -> Past {
        let began = u64::try_from(self.began_ns).unwrap_or_default();
        let deadline = self.plan.deadline_ms.map(|ms| {
            SystemTime::UNIX_EPOCH + Duration::from_nanos(began) + Duration::from_millis(ms)
        });
        Past { outputs: self.outputs.clone(), plan_id: plan_id.to_owned(), deadline }
    }

    pub(super) fn summary(&self, id: &str) -> PlanSummary {
        let names = self.plan.steps.iter().map(|step| step.name.clone());
        PlanSummary {
            id: id.to_owned(),
            kind: self.plan.kind.clone(),
            subject: self.plan.subject.clone(),
            began_ns: self.began_ns,
            last_ns: self.last_ns,
            state: self.state(),
            undone_because: self.undoing.clone(),
            steps: names.zip(self.steps.iter().cloned()).collect(),
        }
    }
}
