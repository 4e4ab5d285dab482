//! The model's answer: what of it can be used, and what it cost.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::diff::Diff;
use crate::finding::{Finding, Focus, Origin, Severity, fingerprint};
use crate::request::TOOL;

/// Longest title and explanation that is kept, characters.
const TITLE_MAX: usize = 160;
const WHY_MAX: usize = 2_000;
const SUGGESTION_MAX: usize = 4_000;

/// Tokens that a request took, as the service counted them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Usage {
    /// Input, cached parts included.
    pub input_tokens: u64,
    /// Output, thinking included.
    pub output_tokens: u64,
}

/// Why an answer is none.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AnswerError {
    /// It is not what the Messages API sends.
    #[error("the answer is no message: {detail}")]
    Unreadable {
        /// What is wrong with it.
        detail: String,
    },
    /// The model did not call the tool.
    #[error("the model answered without findings, because of `{stop_reason}`")]
    NoFindings {
        /// The service's word for why the answer ended.
        stop_reason: String,
    },
}

/// Findings of one answer and how many entries pointed nowhere.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) findings: Vec<Finding>,
    pub(crate) discarded: usize,
}

#[derive(Deserialize)]
struct Message {
    content: Vec<Value>,
    stop_reason: Option<String>,
}

#[derive(Deserialize)]
struct Input {
    findings: Vec<Value>,
}

#[derive(Deserialize)]
struct Entry {
    file: String,
    line: u32,
    end_line: Option<u32>,
    severity: Severity,
    focus: Focus,
    title: String,
    why: String,
    suggestion: Option<String>,
}

/// The tokens of an answer, also of one that cannot be used: they were paid.
pub(crate) fn usage(body: &Value) -> Usage {
    let count =
        |key: &str| body.pointer(&format!("/usage/{key}")).and_then(Value::as_u64).unwrap_or(0);
    Usage {
        input_tokens: count("input_tokens")
            .saturating_add(count("cache_creation_input_tokens"))
            .saturating_add(count("cache_read_input_tokens")),
        output_tokens: count("output_tokens"),
    }
}

/// Takes the findings that point at a line of the diff; others are counted.
pub(crate) fn read(body: &Value, diff: &Diff) -> Result<Answer, AnswerError> {
    let unreadable =
        |error: serde_json::Error| AnswerError::Unreadable { detail: error.to_string() };
    let message: Message = serde_json::from_value(body.clone()).map_err(unreadable)?;
    let call = message.content.iter().find(|block| {
        block.get("type").and_then(Value::as_str) == Some("tool_use")
            && block.get("name").and_then(Value::as_str) == Some(TOOL)
    });
    let Some(input) = call.and_then(|call| call.get("input")) else {
        let stop_reason = message.stop_reason.unwrap_or_else(|| "nothing".to_owned());
        return Err(AnswerError::NoFindings { stop_reason });
    };
    let input: Input = serde_json::from_value(input.clone()).map_err(unreadable)?;
    let mut answer = Answer::default();
    let mut seen: HashMap<(String, String), usize> = HashMap::new();
    for entry in input.findings {
        let entry = serde_json::from_value::<Entry>(entry).ok();
        match entry.and_then(|entry| finding(entry, diff, &mut seen)) {
            Some(finding) => answer.findings.push(finding),
            None => answer.discarded += 1,
        }
    }
    Ok(answer)
}

/// `seen` counts findings of one focus on one text of one file, so that each has a fingerprint of its own.
fn finding(
    entry: Entry,
    diff: &Diff,
    seen: &mut HashMap<(String, String), usize>,
) -> Option<Finding> {
    let file = diff.files.iter().find(|file| file.path() == entry.file)?;
    if !file.shows(entry.line) {
        return None;
    }
    let wanted = entry.end_line.unwrap_or(entry.line).max(entry.line);
    // A suggestion replaces whole lines, so all of them have to be in the diff.
    let end_line = (entry.line..=wanted).take_while(|line| file.shows(*line)).last()?;
    let text = file
        .hunks
        .iter()
        .flat_map(|hunk| &hunk.lines)
        .find(|line| line.new == Some(entry.line))
        .map(|line| line.text.as_str())?;
    let rule = format!("model/{}", entry.focus.name());
    let suggestion = entry.suggestion.filter(|text| {
        end_line == wanted && !text.trim().is_empty() && text.len() <= SUGGESTION_MAX
    });
    let occurrence = seen.entry((rule.clone(), format!("{}\n{text}", entry.file))).or_default();
    *occurrence += 1;
    Some(Finding {
        fingerprint: fingerprint(&rule, &entry.file, text, *occurrence),
        path: entry.file,
        line: entry.line,
        end_line,
        severity: entry.severity,
        focus: entry.focus,
        rule,
        title: short(&entry.title, TITLE_MAX),
        why: short(&entry.why, WHY_MAX),
        suggestion,
        origin: Origin::Model,
    })
}

fn short(text: &str, most: usize) -> String {
    let text = text.trim();
    let mut short: String = text.chars().take(most).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
