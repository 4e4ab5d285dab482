//! A client writes a message some time after it has called the hook: near a budget that is waited for.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use memchr::memmem;

use crate::event::{Event, Kind};
use crate::usage::Spent;

/// Clients write in batches of 100 ms.
pub(crate) const WAIT_MAX: Duration = Duration::from_millis(150);
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// The newest message is in the end of a transcript.
const TAIL_BYTES: u64 = 256 << 10;

/// What the newest message is known by.
#[derive(Debug)]
pub(crate) enum Newest<'a> {
    /// It calls a tool, under this id; by a subagent, if one is named.
    Tool { id: &'a str, agent_id: Option<&'a str> },
    /// It ends the turn with this text.
    Text(&'a str),
}

impl<'a> Newest<'a> {
    /// The message that led to an event, if it is one that a bound may refuse.
    pub(crate) fn of(event: &'a Event) -> Option<Self> {
        match &event.kind {
            Kind::PreToolUse(tool) => {
                let agent_id = event.agent.as_ref().map(|agent| agent.id.as_str());
                tool.id.as_deref().map(|id| Self::Tool { id, agent_id })
            }
            Kind::Stop { last_message, .. } => last_message.as_deref().map(Self::Text),
            _ => None,
        }
    }

    /// Whether the transcript has it, for what is looked for in the file.
    fn is_written(&self, main: &Path) -> bool {
        match self {
            Self::Text(_) => false,
            Self::Tool { id, agent_id: None } => ends_with(main, id),
            Self::Tool { id, agent_id: Some(agent) } => ends_with(&of_agent(main, agent), id),
        }
    }

    /// Whether it is the last message that was read.
    fn is_last_of(&self, spent: &Spent) -> bool {
        let Self::Text(text) = self else { return false };
        spent.last_text.as_deref().is_some_and(|last| last.trim() == text.trim())
    }
}

/// Reads what was spent. If a bound is near, waits until the newest message is there.
#[allow(clippy::disallowed_methods, reason = "the wait for the client is bounded")]
pub(crate) fn read_current(
    main: &Path,
    newest: &Newest<'_>,
    wait_max: Duration,
    read: impl Fn() -> io::Result<Option<Spent>>,
    is_near: impl Fn(&Spent) -> bool,
) -> io::Result<Option<Spent>> {
    let mut found = read()?;
    let began = Instant::now();
    while found.as_ref().is_some_and(&is_near) {
        // In this order: what is written by now is read then.
        let is_written = newest.is_written(main);
        found = read()?;
        let is_there = is_written || found.as_ref().is_some_and(|spent| newest.is_last_of(spent));
        if is_there || began.elapsed() >= wait_max {
            break;
        }
        std::thread::sleep(LOOK_EVERY);
    }
    Ok(found)
}

fn of_agent(main: &Path, agent_id: &str) -> PathBuf {
    main.with_extension("").join("subagents").join(format!("agent-{agent_id}.jsonl"))
}

fn ends_with(path: &Path, id: &str) -> bool {
    let tail = || -> io::Result<Vec<u8>> {
        let mut file = File::open(path)?;
        let start = file.metadata()?.len().saturating_sub(TAIL_BYTES);
        file.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::new();
        file.take(TAIL_BYTES).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    tail().is_ok_and(|bytes| memmem::find(&bytes, id.as_bytes()).is_some())
}
