//! One line of a transcript.

use std::borrow::Cow;
use std::sync::LazyLock;

use memchr::memmem::Finder;
use serde::Deserialize;
use serde_json::Value;

use crate::usage::Tokens;
use crate::utc;

/// A message of an agent; one line has one block of it.
#[derive(Debug)]
pub(super) struct Assistant<'a> {
    pub(super) id: Cow<'a, str>,
    pub(super) model: Cow<'a, str>,
    pub(super) tokens: Tokens,
    pub(super) at_secs: Option<u64>,
    pub(super) version: Option<Cow<'a, str>>,
    pub(super) text: Option<String>,
    pub(super) tool_calls: u64,
    pub(super) is_sidechain: bool,
    pub(super) api_error: Option<String>,
}

#[derive(Deserialize)]
struct LineIn<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow)]
    message: Option<MessageIn<'a>>,
    #[serde(borrow)]
    timestamp: Option<Cow<'a, str>>,
    #[serde(borrow)]
    version: Option<Cow<'a, str>>,
    #[serde(rename = "isSidechain")]
    is_sidechain: Option<bool>,
    #[serde(rename = "isApiErrorMessage")]
    is_api_error: Option<bool>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct MessageIn<'a> {
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    model: Option<Cow<'a, str>>,
    content: Option<Value>,
    usage: Option<UsageIn>,
}

#[derive(Default, Deserialize)]
struct UsageIn {
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    cache_creation_input_tokens: Option<u64>,
    cache_creation: Option<CacheIn>,
}

#[derive(Deserialize)]
struct CacheIn {
    ephemeral_1h_input_tokens: Option<u64>,
}

/// Inside of a JSON text a quotation mark has a backslash before it, so these are found as
/// structure only, never in what somebody wrote.
static ASSISTANT: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"usage\":{"));
static TOOL_RESULT: LazyLock<Finder<'static>> =
    LazyLock::new(|| Finder::new("\"type\":\"tool_result\""));
static IS_ERROR: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"is_error\":true"));

pub(super) fn is_tool_result(line: &[u8]) -> bool {
    TOOL_RESULT.find(line).is_some()
}

pub(super) fn is_tool_error(line: &[u8]) -> bool {
    IS_ERROR.find(line).is_some()
}

impl<'a> Assistant<'a> {
    /// Reads a line, if it is one of an agent.
    pub(super) fn parse(line: &'a [u8]) -> Option<Self> {
        ASSISTANT.find(line)?;
        let LineIn { kind, message, timestamp, version, is_sidechain, is_api_error, error } =
            serde_json::from_slice(line).ok()?;
        let message = message.filter(|_| kind.as_deref() == Some("assistant"))?;
        let usage = message.usage.unwrap_or_default();
        let one_hour = usage.cache_creation.and_then(|cache| cache.ephemeral_1h_input_tokens);
        let is_error = is_api_error.unwrap_or_default();
        let error = error.map(|error| match error {
            Value::String(text) => text,
            other => other.to_string(),
        });
        let (text, tool_calls) = blocks(message.content.as_ref());
        Some(Self {
            id: message.id?,
            model: message.model.unwrap_or_default(),
            tokens: Tokens {
                input_tokens: usage.input_tokens.unwrap_or_default(),
                output_tokens: usage.output_tokens.unwrap_or_default(),
                cache_read_tokens: usage.cache_read_input_tokens.unwrap_or_default(),
                cache_write_tokens: usage.cache_creation_input_tokens.unwrap_or_default(),
                cache_write_1h_tokens: one_hour.unwrap_or_default(),
            },
            at_secs: timestamp.and_then(|at| utc::parse(&at)).map(|ms| ms / 1_000),
            version,
            text,
            tool_calls,
            is_sidechain: is_sidechain.unwrap_or_default(),
            api_error: is_error.then(|| error.unwrap_or_else(|| "unknown".to_owned())),
        })
    }
}

/// The last text of a message, and how many tools it calls.
fn blocks(content: Option<&Value>) -> (Option<String>, u64) {
    let blocks = match content {
        Some(Value::String(text)) => return (Some(text.clone()), 0),
        Some(Value::Array(blocks)) => blocks,
        _ => return (None, 0),
    };
    let mut found = (None, 0_u64);
    for block in blocks {
        let text = |field: &str| block.get(field).and_then(Value::as_str);
        match text("type") {
            Some("text") => found.0 = text("text").map(str::to_owned),
            Some("tool_use") => found.1 = found.1.saturating_add(1),
            _ => {}
        }
    }
    found
}
