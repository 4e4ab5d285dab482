//! What a client told us. Parsing never fails: what cannot be read is an event too.

mod command;
mod parse;
mod tool;

use serde::{Deserialize, Serialize};

use crate::usage::CheckResult;

pub use command::Command;
pub(crate) use command::is_of_a_person;
pub use tool::ToolCall;

/// One call of a hook, or the result of something that an earlier step asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Event {
    /// The session that it comes from. `None` if the client named none or an empty one; such an
    /// event owns nothing.
    pub session_id: Option<String>,
    /// The session's working directory at that moment.
    pub cwd: Option<String>,
    /// The session's transcript.
    pub transcript_path: Option<String>,
    /// The subagent that it happened in; `None` in the main conversation.
    pub agent: Option<Agent>,
    /// The oldest client that sends an event of this shape.
    pub client: Version,
    /// What happened.
    pub kind: Kind,
}

/// A subagent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Agent {
    /// Its id.
    pub id: String,
    /// Its kind, such as `Explore`; empty for agents that the client starts for itself, and for
    /// clients that do not say.
    pub kind: String,
}

/// A client's version; orders as versions do.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Version(
    /// Major.
    pub u32,
    /// Minor.
    pub u32,
    /// Patch.
    pub u32,
);

/// Something that goes on beside the conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Background {
    /// The client's id of it.
    pub id: String,
    /// `subagent`, `shell`, …
    pub kind: String,
    /// `running`, `completed`, …
    pub status: String,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Kind {
    /// A session began, was resumed, or goes on after a compaction.
    SessionStart {
        /// `startup`, `resume`, `clear`, `compact` or `fork`.
        source: String,
    },
    /// A prompt was sent; also when a background task reports.
    UserPromptSubmit {
        /// The text as it was typed.
        prompt: String,
    },
    /// A tool is about to run.
    PreToolUse(ToolCall),
    /// A tool ran.
    PostToolUse {
        /// The call.
        tool: ToolCall,
        /// How long it took, ms; older clients do not say.
        duration_ms: Option<u64>,
    },
    /// A tool failed. Clients before 2.1 do not say so.
    PostToolUseFailure {
        /// The call.
        tool: ToolCall,
        /// How long it took, ms.
        duration_ms: Option<u64>,
        /// Whether a person interrupted it, which is no error.
        is_interrupt: bool,
    },
    /// The agent is done with its turn.
    Stop {
        /// Its last message; clients before 2.1.47 do not send it.
        last_message: Option<String>,
        /// What still runs beside the conversation; clients before 2.1.145 do not say.
        background: Vec<Background>,
    },
    /// A turn ended with an error of the API, instead of [`Kind::Stop`].
    StopFailure {
        /// `rate_limit`, `authentication_failed`, `server_error`, …
        error: String,
    },
    /// A subagent began; it is in [`Event::agent`].
    SubagentStart,
    /// A subagent ended; it is in [`Event::agent`].
    SubagentStop {
        /// Its own transcript.
        transcript_path: Option<String>,
    },
    /// The conversation is about to be compacted.
    PreCompact,
    /// The conversation was compacted.
    PostCompact,
    /// The session ends.
    SessionEnd {
        /// `clear`, `logout`, `prompt_input_exit`, `other`, …
        reason: String,
    },
    /// The client tells its user something.
    Notification {
        /// What it says.
        message: String,
    },
    /// The checks that a step asked for have run.
    ChecksFinished(CheckResult),
    /// The wait that a step asked for is over.
    Waited,
    /// A person's command, from outside of the session.
    Command(Command),
    /// An event that this version does not know.
    Unknown {
        /// Its name.
        name: String,
    },
    /// Not JSON, not an object, or empty.
    Unreadable {
        /// Why.
        detail: String,
    },
}

impl Event {
    /// An event of `kind` that names no session.
    #[must_use]
    pub fn new(kind: Kind) -> Self {
        Self {
            session_id: None,
            cwd: None,
            transcript_path: None,
            agent: None,
            client: Version::default(),
            kind,
        }
    }

    /// The same with another kind: the result of what a step asked for.
    #[must_use]
    pub fn with_kind(&self, kind: Kind) -> Self {
        Self { kind, ..self.clone() }
    }

    /// The client's name of the event.
    #[must_use]
    pub fn name(&self) -> &str {
        match &self.kind {
            Kind::SessionStart { .. } => "SessionStart",
            Kind::UserPromptSubmit { .. } => "UserPromptSubmit",
            Kind::PreToolUse(_) => "PreToolUse",
            Kind::PostToolUse { .. } => "PostToolUse",
            Kind::PostToolUseFailure { .. } => "PostToolUseFailure",
            Kind::Stop { .. } | Kind::ChecksFinished(_) | Kind::Waited => "Stop",
            Kind::StopFailure { .. } => "StopFailure",
            Kind::SubagentStart => "SubagentStart",
            Kind::SubagentStop { .. } => "SubagentStop",
            Kind::PreCompact => "PreCompact",
            Kind::PostCompact => "PostCompact",
            Kind::SessionEnd { .. } => "SessionEnd",
            Kind::Notification { .. } => "Notification",
            Kind::Command(_) => "Command",
            Kind::Unknown { name } => name,
            Kind::Unreadable { .. } => "Unreadable",
        }
    }
}

impl Agent {
    /// The agent `id` of a kind.
    #[must_use]
    pub fn new(id: impl Into<String>, kind: impl Into<String>) -> Self {
        Self { id: id.into(), kind: kind.into() }
    }
}

impl Background {
    /// Whether it may still report.
    #[must_use]
    pub fn is_running(&self) -> bool {
        matches!(self.status.as_str(), "running" | "pending" | "queued" | "in_progress")
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

impl std::str::FromStr for Version {
    type Err = std::num::ParseIntError;

    /// Reads `2.1.330` or what stands before a blank, as in `2.1.330 (Claude Code)`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = text.split_whitespace().next().unwrap_or_default();
        let mut parts = number.trim_start_matches('v').splitn(3, '.');
        let mut part = || {
            let text = parts.next().unwrap_or("0");
            text.split(['-', '+']).next().unwrap_or_default().parse::<u32>()
        };
        Ok(Self(part()?, part()?, part()?))
    }
}
