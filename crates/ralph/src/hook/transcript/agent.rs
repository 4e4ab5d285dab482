//! Totals of one subagent, from its own transcript.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::Path;

use memchr::memmem;

use super::line::Assistant;
use super::{NO_MODEL, each_line};
use crate::usage::Tokens;
use crate::utc;

/// What a subagent did.
#[derive(Debug, Default)]
pub(crate) struct AgentTotals {
    pub(crate) by_model: BTreeMap<String, Tokens>,
    pub(crate) model: Option<String>,
    pub(crate) tool_calls: u64,
    /// From its first line to its last.
    pub(crate) duration_ms: Option<u64>,
    /// Whether its last message was an error of the API.
    pub(crate) failed: bool,
    /// Whether the client started it for itself, to warm up.
    pub(crate) is_warmup: bool,
}

/// Reads a subagent's transcript from its beginning.
pub(crate) fn agent_totals(path: &Path) -> io::Result<AgentTotals> {
    let mut totals = AgentTotals::default();
    let mut messages: BTreeMap<String, (String, Tokens)> = BTreeMap::new();
    let mut first_ms: Option<u64> = None;
    let mut last_ms: Option<u64> = None;
    each_line(&mut File::open(path)?, |line, _bytes| {
        let at = timestamp_ms(line);
        if first_ms.is_none() {
            totals.is_warmup = memmem::find(line, b"\"content\":\"Warmup\"").is_some();
        }
        first_ms = first_ms.or(at);
        last_ms = at.or(last_ms);
        let Some(assistant) = Assistant::parse(line) else { return };
        totals.failed = assistant.api_error.is_some();
        if assistant.model == NO_MODEL {
            return;
        }
        totals.model = Some(assistant.model.clone().into_owned());
        totals.tool_calls = totals.tool_calls.saturating_add(assistant.tool_calls);
        let model = assistant.model.clone().into_owned();
        let known = messages.entry(assistant.id.clone().into_owned());
        let (_, tokens) = known.or_insert((model, Tokens::default()));
        *tokens = tokens.max(assistant.tokens);
    })?;
    for (model, tokens) in messages.into_values() {
        let sum = totals.by_model.entry(model).or_default();
        *sum = sum.plus(tokens);
    }
    totals.duration_ms = first_ms.zip(last_ms).map(|(first, last)| last.saturating_sub(first));
    Ok(totals)
}

/// The time of any line, found without reading the rest of it.
fn timestamp_ms(line: &[u8]) -> Option<u64> {
    const KEY: &[u8] = b"\"timestamp\":\"";
    let start = memmem::find(line, KEY)?.saturating_add(KEY.len());
    let rest = line.get(start..)?;
    let end = memchr::memchr(b'"', rest)?;
    utc::parse(std::str::from_utf8(rest.get(..end)?).ok()?)
}
