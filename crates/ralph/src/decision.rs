//! What is answered, and what is to be done besides.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::cause::Cause;
use crate::classify::Outcome;
use crate::record::{IterationRecord, Record};
use crate::state::State;

/// The answer to an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Decision {
    /// Not our business, or all is well.
    Pass,
    /// The agent goes on with this prompt, though it wanted to stop.
    Continue {
        /// The prompt.
        prompt: String,
    },
    /// The prompt is answered without the model, at no cost.
    Answer {
        /// The answer.
        text: String,
    },
    /// The event passes, and this is put into the agent's context.
    Context {
        /// The text.
        text: String,
    },
    /// The tool is refused; the turn goes on.
    Deny {
        /// Why.
        cause: Cause,
    },
    /// A person is asked whether the tool may run.
    Ask {
        /// Why.
        cause: Cause,
    },
    /// The turn ends here, whatever other hooks say; a tool does not run.
    Halt {
        /// Why.
        cause: Cause,
    },
    /// Nothing yet: wait until then, and step with [`Kind::Waited`](crate::Kind::Waited).
    Wait {
        /// Until when.
        until: SystemTime,
    },
    /// Nothing yet: run the checks, and step with
    /// [`Kind::ChecksFinished`](crate::Kind::ChecksFinished).
    RunChecks,
}

/// Work for the edge, in order. What fails of it is logged and changes no decision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Effect {
    /// Append to the record.
    Record(Box<Record>),
    /// Keep the iteration's state in git and in `progress.md`, then append it to the record.
    Iteration(Box<IterationRecord>),
    /// Remember which files were changed before the loop began: they are a person's.
    Baseline {
        /// Which loop.
        loop_id: String,
        /// Its task, the beginning of `progress.md`.
        task: String,
    },
    /// Let the router of tasks learn from how a loop ended.
    Learn {
        /// The loop's task.
        task: String,
        /// How.
        outcome: Outcome,
    },
    /// Remove what was kept beside the state for a loop.
    Forget {
        /// Which loop.
        loop_id: String,
    },
}

/// What a step comes to.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Step {
    /// The new state.
    pub state: State,
    /// The answer.
    pub decision: Decision,
    /// What the client's user is told besides; empty if nothing.
    pub notices: Vec<String>,
    /// What is to be done, in order.
    pub effects: Vec<Effect>,
}
