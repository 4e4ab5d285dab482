//! What happened, one line each: the record that a stop leaves, and the rows that others make of it.

use serde::{Deserialize, Serialize};

use crate::cause::Cause;
use crate::config::Mode;
use crate::now::Now;
use crate::usage::{CheckResult, Usage};
use crate::utc;

/// The version of the lines in `.ralph/events.jsonl`.
pub const RECORD_VERSION: u32 = 1;

/// One line of `.ralph/events.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Line {
    /// [`RECORD_VERSION`] of the program that wrote it.
    pub v: u32,
    /// When, UTC, as in `2026-11-24T09:30:00.125Z`.
    pub ts: String,
    /// The directory name of the project.
    pub project: String,
    /// What happened.
    pub record: Record,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Record {
    /// A file of lines begins; those before it are in the file that was moved away.
    Begin {
        /// How many bytes of lines there were before.
        base_offset_bytes: u64,
    },
    /// A loop or guard began, changed or ended.
    Loop(LoopRecord),
    /// The agent was done with a turn.
    Iteration(IterationRecord),
    /// A tool was called or refused.
    Tool(ToolRecord),
    /// A subagent was asked for, began or ended.
    Agent(AgentRecord),
    /// Totals of a session so far.
    Session(SessionRecord),
    /// Something that a person who looks after this should know.
    Log(LogRecord),
}

/// A loop or guard began, changed or ended.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct LoopRecord {
    /// Which.
    pub loop_id: String,
    /// The session that owns it.
    pub session_id: String,
    /// Loop or guard.
    pub mode: Mode,
    /// `started`, `paused`, `resumed`, `tripped`, `half_open`, `closed`, `reset`, `done`,
    /// `discarded`, `stopped`, `asked`, `explored`.
    pub event: String,
    /// Iterations so far.
    pub iteration: u32,
    /// Spent so far.
    pub usage: Usage,
    /// Why.
    pub cause: Option<Cause>,
    /// How long it has taken, ms.
    pub duration_ms: u64,
    /// Further words; never a prompt's text.
    pub detail: Option<String>,
}

/// The agent was done with a turn.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct IterationRecord {
    /// Which loop.
    pub loop_id: String,
    /// The session that owns it.
    pub session_id: String,
    /// Loop or guard.
    pub mode: Mode,
    /// Which one, from 1.
    pub iteration: u32,
    /// `continued`, `waited`, `paused`, `tripped`, `done`, `passed` (a guard let it go on).
    pub outcome: String,
    /// What tripped or paused it, with what was found and what was allowed.
    pub cause: Option<Cause>,
    /// The newest model.
    pub model: Option<String>,
    /// Spent in it.
    pub usage: Usage,
    /// Spent by the loop so far.
    pub total: Usage,
    /// Calls of tools.
    pub tool_calls: u64,
    /// Whether the tree changed; `None` if that could not be told.
    pub progressed: Option<bool>,
    /// Files that are changed or untracked now.
    pub changed_files: Option<u64>,
    /// Failures with no success between, up to now.
    pub errors: u32,
    /// Iterations in a row that changed nothing, up to now.
    pub no_progress: u32,
    /// What the checks said, if they ran or their result was known.
    pub checks: Option<CheckResult>,
    /// Where its state is kept in git.
    pub checkpoint_ref: Option<String>,
    /// Why it is not kept in git, if it should be.
    pub checkpoint_refused: Option<String>,
    /// Commit that was checked out at its end.
    pub head: Option<String>,
    /// How long it took, ms.
    pub duration_ms: u64,
}

/// A tool was called or refused.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ToolRecord {
    /// The session.
    pub session_id: String,
    /// The loop that it belongs to, if there is one.
    pub loop_id: Option<String>,
    /// The tool.
    pub tool: String,
    /// The call.
    pub tool_use_id: Option<String>,
    /// The kind of agent that called it; `main` for the conversation itself.
    pub agent_type: String,
    /// `ok`, `failed`, `interrupted`, `denied`, `asked`.
    pub outcome: String,
    /// Why it was denied.
    pub cause: Option<Cause>,
    /// How long it took, ms.
    pub duration_ms: Option<u64>,
    /// What an editing tool did.
    pub edit: Option<EditRecord>,
}

/// What an editing tool did. Names of files are digests.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct EditRecord {
    /// Digest of the path, hexadecimal.
    pub file_digest: String,
    /// Digest of what the file is about: a source and its test share it.
    pub subject_digest: String,
    /// `test`, `source`, `both` (a source with tests inside), `other`.
    pub role: String,
    /// Lines that were added.
    pub lines_added: u64,
    /// Lines that were removed.
    pub lines_removed: u64,
}

/// A subagent was asked for, began or ended; also a line of `.ralph/agent_spawns.jsonl`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct AgentRecord {
    /// The session.
    pub session_id: String,
    /// The loop that it belongs to, if there is one.
    pub loop_id: Option<String>,
    /// `spawned` (a tool call asked for it), `started`, `stopped`.
    pub event: String,
    /// Its kind.
    pub agent_type: String,
    /// Its id, once it has one.
    pub agent_id: Option<String>,
    /// The kind of agent that asked for it; `main` for the conversation itself.
    pub spawned_by: Option<String>,
    /// The call that asked for it.
    pub tool_use_id: Option<String>,
    /// Digest of its task, hexadecimal; never the text.
    pub description_digest: Option<String>,
    /// The model that it used.
    pub model: Option<String>,
    /// How long it took, ms.
    pub duration_ms: Option<u64>,
    /// What it spent.
    pub usage: Option<Usage>,
    /// Calls of tools.
    pub tool_calls: Option<u64>,
    /// How it ended: `completed`, `failed`, `unknown`.
    pub outcome: Option<String>,
}

/// Totals of a session so far. Read the latest per session, never the sum.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct SessionRecord {
    /// The session.
    pub session_id: String,
    /// Whether it has ended.
    pub is_final: bool,
    /// The newest model.
    pub model: Option<String>,
    /// The client's version.
    pub client: Option<String>,
    /// The branch that is checked out.
    pub git_branch: Option<String>,
    /// How long so far, ms.
    pub duration_ms: Option<u64>,
    /// Spent so far, subagents included.
    pub usage: Usage,
    /// Calls of tools so far.
    pub tool_calls: u64,
    /// Failures so far.
    pub errors: u64,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Level {
    /// Good to know.
    #[default]
    Info,
    /// Something works less well.
    Warn,
    /// A person must act.
    Error,
}

/// Something that a person who looks after this should know.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct LogRecord {
    /// How bad it is.
    pub level: Level,
    /// What happened; a constant text.
    pub message: String,
    /// The particulars, secrets masked.
    pub detail: String,
    /// The session, if it is known.
    pub session_id: Option<String>,
    /// The event that it happened at.
    pub event: Option<String>,
}

impl LogRecord {
    /// A record of a level.
    #[must_use]
    pub fn new(level: Level, message: &str, detail: impl Into<String>) -> Self {
        Self {
            level,
            message: message.to_owned(),
            detail: detail.into(),
            session_id: None,
            event: None,
        }
    }
}

impl Record {
    /// The loop that it belongs to.
    #[must_use]
    pub fn loop_id(&self) -> Option<&str> {
        match self {
            Self::Loop(LoopRecord { loop_id, .. })
            | Self::Iteration(IterationRecord { loop_id, .. }) => Some(loop_id),
            Self::Tool(ToolRecord { loop_id, .. }) | Self::Agent(AgentRecord { loop_id, .. }) => {
                loop_id.as_deref()
            }
            Self::Begin { .. } | Self::Session(_) | Self::Log(_) => None,
        }
    }

    /// The session that it belongs to.
    #[must_use]
    pub fn session_id(&self) -> Option<&str> {
        match self {
            Self::Loop(LoopRecord { session_id, .. })
            | Self::Iteration(IterationRecord { session_id, .. })
            | Self::Tool(ToolRecord { session_id, .. })
            | Self::Agent(AgentRecord { session_id, .. })
            | Self::Session(SessionRecord { session_id, .. }) => Some(session_id),
            Self::Log(LogRecord { session_id, .. }) => session_id.as_deref(),
            Self::Begin { .. } => None,
        }
    }
}

impl Line {
    /// A record of a project at a moment.
    #[must_use]
    pub fn new(now: &Now, project: impl Into<String>, record: Record) -> Self {
        Self { v: RECORD_VERSION, ts: utc::stamp(now.wall_ms()), project: project.into(), record }
    }

    /// A number for the loop that it belongs to, or for the session if there is no loop, of 63
    /// bits. With the line's offset it names a row for ever.
    #[must_use]
    pub fn run_number(&self) -> i64 {
        let of = self.record.loop_id().filter(|id| !id.is_empty());
        let of = of.or_else(|| self.record.session_id()).unwrap_or_default();
        // FNV-1a: the same number in every version, on every machine.
        let bytes = self.project.bytes().chain([0]).chain(of.bytes());
        let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        i64::try_from(hash >> 1).unwrap_or(i64::MAX)
    }

    /// When it happened, ms since 1970; `None` if the line was written by hand.
    #[must_use]
    pub fn at_ms(&self) -> Option<u64> {
        utc::parse(&self.ts)
    }
}

/// Told what happened. An error is logged and changes nothing.
pub trait Observe {
    /// Takes a record; called once for each line that is written.
    ///
    /// # Errors
    ///
    /// Whatever the observer meets.
    fn observe(&mut self, line: &Line) -> Result<(), Box<dyn std::error::Error + Send + Sync>>;
}

impl Observe for () {
    fn observe(&mut self, _line: &Line) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        Ok(())
    }
}
