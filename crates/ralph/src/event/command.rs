//! What a person can say to a loop.

use serde::{Deserialize, Serialize};

/// What a person can say, typed as a prompt or at a shell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Command {
    /// Start a loop.
    Start {
        /// The task; `None` for the one in `PROMPT.md`, or the one that was asked about.
        task: Option<String>,
    },
    /// Say how it stands.
    Status,
    /// Let the next stop through, and wait.
    Pause {
        /// Which loop, by the beginning of its id; `None` if there is one only.
        loop_id: Option<String>,
    },
    /// Go on with a loop that waits or whose owner died.
    Resume {
        /// Which loop.
        loop_id: Option<String>,
        /// Whether the turn starts right away, which costs tokens.
        at_once: bool,
    },
    /// End the loop and forget it.
    Discard {
        /// Which loop.
        loop_id: Option<String>,
    },
    /// End the loop now.
    Stop,
    /// Grant the bounds anew.
    Reset {
        /// Which loop.
        loop_id: Option<String>,
    },
}

/// Prompts that the client writes for itself begin so.
const NOT_A_PERSON: [&str; 4] =
    ["<task-notification>", "<local-command", "<system-reminder>", "<bash-"];

/// Whether a prompt was typed by a person.
pub(crate) fn is_of_a_person(prompt: &str) -> bool {
    let prompt = prompt.trim_start();
    !prompt.is_empty() && !NOT_A_PERSON.iter().any(|marker| prompt.starts_with(marker))
}

impl Command {
    /// Reads a command: two words and what belongs to them, in any case, alone in the prompt.
    #[must_use]
    pub fn parse(prompt: &str) -> Option<Self> {
        let words: Vec<&str> = prompt.split_whitespace().collect();
        let (verb, rest) = match words.as_slice() {
            [a, b, rest @ ..] if a.eq_ignore_ascii_case("ralph") => (*b, rest),
            [a, b] if b.eq_ignore_ascii_case("ralph") => (*a, &[][..]),
            _ => return None,
        };
        let verb = verb.to_ascii_lowercase();
        if verb == "start" {
            let task = prompt.trim_start().get(5..)?.trim_start().get(5..).map(str::trim);
            let task = task.filter(|task| !task.is_empty() && !rest.is_empty());
            return Some(Self::Start { task: task.map(str::to_owned) });
        }
        let at_once = rest.last().is_some_and(|word| word.eq_ignore_ascii_case("go"));
        let ids = if at_once && verb == "resume" { rest.split_last()?.1 } else { rest };
        let loop_id = match ids {
            [] => None,
            [id] if id.starts_with("loop-") || id.starts_with("guard-") => Some((*id).to_owned()),
            _ => return None,
        };
        match verb.as_str() {
            "stop" if loop_id.is_none() => Some(Self::Stop),
            "status" if loop_id.is_none() => Some(Self::Status),
            "pause" => Some(Self::Pause { loop_id }),
            "resume" | "continue" => Some(Self::Resume { loop_id, at_once }),
            "discard" => Some(Self::Discard { loop_id }),
            "reset" => Some(Self::Reset { loop_id }),
            _ => None,
        }
    }
}
