//! Decisions as a client understands them: one function, kept out of the step.

use serde_json::{Map, Value, json};

use crate::cause::Cause;
use crate::decision::{Decision, Step};
use crate::event::{Event, Version};

/// Since this version a tool's refusal is a permission decision; before, a blocked tool.
const PERMISSION_DECISIONS: Version = Version(1, 0, 59);

/// What the hook program writes, and how it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answer {
    /// One JSON object for standard output.
    pub stdout: String,
    /// For standard error; empty unless [`Answer::with_exit_code_2`] was asked for.
    pub stderr: String,
    /// 0, or 2 where that was asked for.
    pub exit_code: u8,
}

/// Returns the answer to an event.
///
/// Always a JSON object and exit code 0: every client since 1.0 understands that, while exit code
/// 2 together with JSON ends the loop on some.
#[must_use]
pub fn render(event: &Event, step: &Step, client: Version) -> Answer {
    let mut fields = Map::new();
    let name = event.name();
    match &step.decision {
        Decision::Pass | Decision::Wait { .. } | Decision::RunChecks => {}
        Decision::Continue { prompt } => block(&mut fields, prompt),
        Decision::Answer { text } => block(&mut fields, text),
        Decision::Context { text } => {
            let specific = json!({ "hookEventName": name, "additionalContext": text });
            fields.insert("hookSpecificOutput".to_owned(), specific);
        }
        Decision::Deny { cause } => permission(&mut fields, "deny", cause, client),
        Decision::Ask { cause } => permission(&mut fields, "ask", cause, client),
        Decision::Halt { cause } => {
            if name == "PreToolUse" {
                permission(&mut fields, "deny", cause, client);
            }
            fields.insert("continue".to_owned(), Value::Bool(false));
            fields.insert("stopReason".to_owned(), Value::String(reason(cause)));
        }
    }
    if !step.notices.is_empty() {
        let text = step.notices.join("\n");
        fields.insert("systemMessage".to_owned(), Value::String(text));
    }
    Answer { stdout: Value::Object(fields).to_string(), stderr: String::new(), exit_code: 0 }
}

fn block(fields: &mut Map<String, Value>, text: &str) {
    fields.insert("decision".to_owned(), Value::String("block".to_owned()));
    fields.insert("reason".to_owned(), Value::String(text.to_owned()));
}

fn permission(fields: &mut Map<String, Value>, verdict: &str, cause: &Cause, client: Version) {
    if client != Version::default() && client < PERMISSION_DECISIONS {
        return block(fields, &reason(cause));
    }
    let specific = json!({
        "hookEventName": "PreToolUse",
        "permissionDecision": verdict,
        "permissionDecisionReason": reason(cause),
    });
    fields.insert("hookSpecificOutput".to_owned(), specific);
}

fn reason(cause: &Cause) -> String {
    format!("ralph: {cause}. Next: {}", cause.advice())
}

impl Answer {
    /// The same by exit code 2 and standard error, for hooks made by hand that rely on it. Only
    /// what blocks a stop or a prompt can be said so; anything else stays as it is.
    #[must_use]
    pub fn with_exit_code_2(self, step: &Step) -> Self {
        match &step.decision {
            Decision::Continue { prompt: text } | Decision::Answer { text } => {
                Self { stdout: String::new(), stderr: text.clone(), exit_code: 2 }
            }
            _ => self,
        }
    }
}
