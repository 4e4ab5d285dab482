//! What the stand-in answers, and how that looks on the wire.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use super::{ModelCall, field};
use crate::scripted_http::Reply;

/// Clients count usage by message id, so ids are unique in the process, whatever stand-in gave them.
static NEXT_ID: AtomicU64 = AtomicU64::new(1);

/// The answer to one call.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ModelReply {
    /// A message of the model: text, tools to run, or both.
    Message {
        /// The text block; empty for none.
        text: String,
        /// One block each; with any, the turn goes on when they have run.
        tools: Vec<ToolUse>,
        /// What the call is said to have used.
        usage: ModelUsage,
    },
    /// An HTTP error of the API.
    Failure {
        /// Status code, for example 529.
        status: u16,
        /// The API's word for it, for example `overloaded_error`.
        kind: String,
    },
    /// No answer until the stand-in is dropped or [`crate::WAIT_MAX`] has passed.
    Hang,
}

/// A tool that the model asks to run.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ToolUse {
    /// Name as the client knows it: `Bash`, `Write`, `Agent`.
    pub name: String,
    /// Its arguments.
    pub input: Value,
}

/// Tokens of one call, as the API bills them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ModelUsage {
    /// Tokens read, without those of the two caches.
    pub input_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
    /// Tokens read from the cache.
    pub cache_read_input_tokens: u64,
    /// Tokens put into the cache.
    pub cache_creation_input_tokens: u64,
}

impl ModelUsage {
    /// Usage that differs from call to call in every field, so that a sum shows what was counted twice or not at all.
    #[must_use]
    pub fn of_call(seq: u64) -> ModelUsage {
        ModelUsage {
            input_tokens: seq.saturating_add(1_000),
            output_tokens: seq.saturating_mul(7).saturating_add(50),
            cache_read_input_tokens: seq.saturating_mul(13).saturating_add(2_000),
            cache_creation_input_tokens: seq.saturating_mul(17).saturating_add(300),
        }
    }
}

impl ModelReply {
    /// A message of text only; it ends the turn.
    #[must_use]
    pub fn text(text: &str, usage: ModelUsage) -> ModelReply {
        ModelReply::Message { text: text.to_owned(), tools: Vec::new(), usage }
    }

    /// A message that asks for one tool.
    #[must_use]
    pub fn tool(name: &str, input: Value, usage: ModelUsage) -> ModelReply {
        let tool = ToolUse { name: name.to_owned(), input };
        ModelReply::Message { text: String::new(), tools: vec![tool], usage }
    }

    /// The same message with one more tool; other replies stay as they are.
    #[must_use]
    pub fn and_tool(mut self, name: &str, input: Value) -> ModelReply {
        if let ModelReply::Message { tools, .. } = &mut self {
            tools.push(ToolUse { name: name.to_owned(), input });
        }
        self
    }

    /// The same message with a text before its tools; other replies stay as they are.
    #[must_use]
    pub fn saying(mut self, said: &str) -> ModelReply {
        if let ModelReply::Message { text, .. } = &mut self {
            said.clone_into(text);
        }
        self
    }

    /// An HTTP error.
    #[must_use]
    pub fn failure(status: u16, kind: &str) -> ModelReply {
        ModelReply::Failure { status, kind: kind.to_owned() }
    }

    /// Returns the body that a client gets which asked for no stream; `None` when there is none.
    #[must_use]
    pub fn whole(&self, model: &str) -> Option<Value> {
        let ModelReply::Message { text, tools, usage } = self else { return None };
        let mut content = Vec::new();
        if !text.is_empty() {
            content.push(json!({"type": "text", "text": text, "citations": null}));
        }
        for ToolUse { name, input } in tools {
            content.push(json!({
                "type": "tool_use", "id": id("toolu"), "name": name, "input": input,
                "caller": {"type": "direct"},
            }));
        }
        let stop_reason = if tools.is_empty() { "end_turn" } else { "tool_use" };
        Some(json!({
            "id": id("msg"), "type": "message", "role": "assistant", "model": model, "content": content,
            "stop_reason": stop_reason, "stop_sequence": null, "stop_details": null,
            "usage": usage_json(*usage), "container": null, "diagnostics": null,
        }))
    }

    pub(super) fn on_the_wire(&self, call: &ModelCall) -> Reply {
        match self {
            ModelReply::Hang => Reply::Hang,
            ModelReply::Failure { status, kind } => Reply::json(*status, &error_body(kind)),
            ModelReply::Message { .. } => {
                let message = self.whole(&call.model).unwrap_or_default();
                if call.is_streamed {
                    streamed(&message)
                } else {
                    Reply::json(200, &message.to_string())
                }
            }
        }
    }
}

/// Returns the events of the stream that carries `message`, in their order.
#[must_use]
pub fn stream_events(message: &Value) -> Vec<Value> {
    let usage = field(message, "usage");
    let opening_usage = with(usage, "output_tokens", json!(1));
    let opening = with(message, "content", json!([]));
    let opening = with(&with(&opening, "stop_reason", Value::Null), "usage", opening_usage);
    let mut events = vec![json!({"type": "message_start", "message": opening})];
    for (index, block) in field(message, "content").as_array().into_iter().flatten().enumerate() {
        let (start, delta) = if field(block, "type") == "text" {
            let delta = json!({"type": "text_delta", "text": field(block, "text")});
            (with(block, "text", json!("")), delta)
        } else {
            let input = field(block, "input").to_string();
            let delta = json!({"type": "input_json_delta", "partial_json": input});
            (with(block, "input", json!({})), delta)
        };
        events.push(json!({"type": "content_block_start", "index": index, "content_block": start}));
        events.push(json!({"type": "content_block_delta", "index": index, "delta": delta}));
        events.push(json!({"type": "content_block_stop", "index": index}));
    }
    let delta = json!({
        "stop_reason": field(message, "stop_reason"), "stop_sequence": null, "stop_details": null,
        "container": null,
    });
    events.push(json!({"type": "message_delta", "delta": delta, "usage": closing_usage(usage)}));
    events.push(json!({"type": "message_stop"}));
    events
}

/// A copy of an object with one field replaced.
fn with(object: &Value, name: &str, value: Value) -> Value {
    let mut fields = object.as_object().cloned().unwrap_or_default();
    fields.insert(name.to_owned(), value);
    Value::Object(fields)
}

fn streamed(message: &Value) -> Reply {
    let events = stream_events(message);
    let named = events.iter().map(|event| {
        format!("event: {}\ndata: {event}\n\n", field(event, "type").as_str().unwrap_or_default())
    });
    let body: String = named.collect();
    let headers = vec![("content-type".to_owned(), "text/event-stream".to_owned())];
    Reply::Respond { status: 200, headers, body: body.into_bytes() }
}

fn usage_json(usage: ModelUsage) -> Value {
    json!({
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cache_read_input_tokens": usage.cache_read_input_tokens,
        "cache_creation_input_tokens": usage.cache_creation_input_tokens,
        "cache_creation": {
            "ephemeral_5m_input_tokens": usage.cache_creation_input_tokens,
            "ephemeral_1h_input_tokens": 0,
        },
        "output_tokens_details": null, "server_tool_use": null, "service_tier": "standard",
        "inference_geo": null, "speed": null,
    })
}

/// The usage at the end of a stream, which has fewer fields than that of a message.
fn closing_usage(usage: &Value) -> Value {
    let names = [
        "input_tokens",
        "output_tokens",
        "cache_read_input_tokens",
        "cache_creation_input_tokens",
        "output_tokens_details",
        "server_tool_use",
    ];
    names.into_iter().map(|name| (name.to_owned(), field(usage, name).clone())).collect()
}

/// The body of an error of this kind.
pub(super) fn error_body(kind: &str) -> String {
    json!({"type": "error", "error": {"type": kind, "message": "scripted"}, "request_id": null})
        .to_string()
}

fn id(prefix: &str) -> String {
    format!("{prefix}_{:022}", NEXT_ID.fetch_add(1, Ordering::Relaxed))
}
