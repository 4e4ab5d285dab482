//! Reading what a client writes to a hook's standard input.

use serde_json::{Map, Value};

use super::{Agent, Background, Event, Kind, ToolCall, Version};

impl Event {
    /// Reads an event. Total: what is no event is [`Kind::Unreadable`] or [`Kind::Unknown`].
    ///
    /// Bytes that are no UTF-8 are read with replacement characters, unknown fields are ignored,
    /// and a field of an unexpected type counts as absent: versions differ, and a hook that
    /// refuses an event because of one field ends somebody's loop.
    #[must_use]
    pub fn parse(input: &[u8]) -> Self {
        if input.iter().all(u8::is_ascii_whitespace) {
            return unreadable("the input is empty");
        }
        match serde_json::from_str(&String::from_utf8_lossy(input)) {
            Ok(Value::Object(fields)) => Self::of(Fields(fields)),
            Ok(_) => unreadable("the input is JSON, but not an object"),
            Err(error) => unreadable(&format!("the input is not JSON: {error}")),
        }
    }

    fn of(mut fields: Fields) -> Self {
        let client = fields.client();
        Self {
            session_id: fields.text("session_id"),
            cwd: fields.text("cwd"),
            transcript_path: fields.text("transcript_path"),
            agent: fields
                .text("agent_id")
                .map(|id| Agent::new(id, fields.text("agent_type").unwrap_or_default())),
            client,
            kind: fields.kind(),
        }
    }
}

/// The oldest client that was looked at.
const OLDEST: Version = Version(1, 0, 128);

fn unreadable(detail: &str) -> Event {
    Event::new(Kind::Unreadable { detail: detail.to_owned() })
}

struct Fields(Map<String, Value>);

impl Fields {
    /// A text that says something. Clients have sent empty session ids.
    fn text(&mut self, name: &str) -> Option<String> {
        match self.0.get_mut(name)?.take() {
            Value::String(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    fn or_empty(&mut self, name: &str) -> String {
        self.text(name).unwrap_or_default()
    }

    fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    fn flag(&self, name: &str) -> bool {
        self.0.get(name).and_then(Value::as_bool).unwrap_or_default()
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.0.get(name).and_then(Value::as_u64)
    }

    fn tool(&mut self) -> ToolCall {
        let input = self.0.get_mut("tool_input").map(Value::take).unwrap_or_default();
        ToolCall::from_value(self.or_empty("tool_name"), self.text("tool_use_id"), input)
    }

    /// Which version brought the newest of the fields that are here.
    fn client(&self) -> Version {
        let introduced = [
            ("background_tasks", Version(2, 1, 145)),
            ("effort", Version(2, 1, 133)),
            ("duration_ms", Version(2, 1, 119)),
            ("last_assistant_message", Version(2, 1, 47)),
            ("tool_use_id", Version(2, 0, 43)),
        ];
        let newest = introduced.iter().find(|(field, _)| self.has(field));
        newest.map_or(OLDEST, |(_, version)| *version)
    }

    fn kind(&mut self) -> Kind {
        let name = self.or_empty("hook_event_name");
        match name.as_str() {
            "SessionStart" => Kind::SessionStart { source: self.or_empty("source") },
            "UserPromptSubmit" => Kind::UserPromptSubmit { prompt: self.or_empty("prompt") },
            "PreToolUse" => Kind::PreToolUse(self.tool()),
            "PostToolUse" => {
                Kind::PostToolUse { tool: self.tool(), duration_ms: self.number("duration_ms") }
            }
            "PostToolUseFailure" => Kind::PostToolUseFailure {
                tool: self.tool(),
                duration_ms: self.number("duration_ms"),
                is_interrupt: self.flag("is_interrupt"),
            },
            "Stop" => Kind::Stop {
                last_message: self.text("last_assistant_message"),
                background: self.background(),
            },
            "StopFailure" => Kind::StopFailure { error: self.or_empty("error") },
            "SubagentStart" => Kind::SubagentStart,
            "SubagentStop" => {
                Kind::SubagentStop { transcript_path: self.text("agent_transcript_path") }
            }
            "PreCompact" => Kind::PreCompact,
            "PostCompact" => Kind::PostCompact,
            "SessionEnd" => Kind::SessionEnd { reason: self.or_empty("reason") },
            "Notification" => Kind::Notification { message: self.or_empty("message") },
            "" => Kind::Unreadable { detail: "the input names no event".to_owned() },
            _ => Kind::Unknown { name },
        }
    }

    fn background(&self) -> Vec<Background> {
        let tasks = self.0.get("background_tasks").and_then(Value::as_array);
        let text = |task: &Value, name: &str| {
            task.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let read = |task: &Value| Background {
            id: text(task, "id"),
            kind: text(task, "type"),
            status: text(task, "status"),
        };
        tasks.into_iter().flatten().map(read).collect()
    }
}
