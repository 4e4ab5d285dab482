//! What one call asks for, as far as a script cares.

use serde_json::Value;

use super::field;

/// One request to `/v1/messages`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ModelCall {
    /// Counted from one, over all clients of the stand-in.
    pub seq: u64,
    /// Whether tools were offered: a conversation, or a subagent's. Titles, judges and summaries have none.
    pub has_tools: bool,
    /// The model that was asked.
    pub model: String,
    /// Whether the reply is to be a stream of events.
    pub is_streamed: bool,
    /// What the last message brought.
    pub turn: Turn,
    /// The whole request.
    pub body: Value,
}

/// The content of the last user message.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Turn {
    /// Text of a person, of a hook, or of the client.
    Text(String),
    /// The result of a tool that the reply before asked for, and whatever text came with it.
    ToolResult(String),
}

impl Turn {
    /// Returns the text, whoever it is from.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Turn::Text(text) | Turn::ToolResult(text) => text,
        }
    }
}

impl ModelCall {
    /// Reads a request. `None` when it is not one.
    pub(super) fn parse(body: &[u8], seq: u64) -> Option<ModelCall> {
        let body: Value = serde_json::from_slice(body).ok()?;
        let messages = body.get("messages")?.as_array()?;
        let last = messages.iter().rev().find(|message| field(message, "role") == "user")?;
        let turn = turn_of(field(last, "content"));
        let has_tools = field(&body, "tools").as_array().is_some_and(|tools| !tools.is_empty());
        let model = field(&body, "model").as_str()?.to_owned();
        let is_streamed = field(&body, "stream") == true;
        Some(ModelCall { seq, has_tools, model, is_streamed, turn, body })
    }

    /// Whether the text occurs anywhere in the conversation.
    #[must_use]
    pub fn mentions(&self, text: &str) -> bool {
        let inside = |part: &Value| part.to_string().contains(text);
        inside(field(&self.body, "messages")) || inside(field(&self.body, "system"))
    }
}

fn turn_of(content: &Value) -> Turn {
    let Some(blocks) = content.as_array() else {
        return Turn::Text(content.as_str().unwrap_or_default().to_owned());
    };
    let texts: Vec<String> = blocks.iter().map(text_of).collect();
    let text = texts.join("\n");
    if blocks.iter().any(|block| field(block, "type") == "tool_result") {
        Turn::ToolResult(text)
    } else {
        Turn::Text(text)
    }
}

fn text_of(block: &Value) -> String {
    let part = match field(block, "type").as_str() {
        Some("text") => field(block, "text"),
        Some("tool_result") => field(block, "content"),
        _ => return String::new(),
    };
    part.as_str().map_or_else(|| part.to_string(), str::to_owned)
}
