//! A tool call, with its input as the client sent it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A call of a tool.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ToolCall {
    /// The tool, such as `Bash`.
    pub name: String,
    /// The call's id; clients before 2.0.43 do not send it.
    pub id: Option<String>,
    input: Value,
}

impl ToolCall {
    /// A call of `name` with this input, a JSON text. What is no JSON is an input without fields.
    #[must_use]
    pub fn new(name: impl Into<String>, id: Option<String>, input: &str) -> Self {
        let input = serde_json::from_str(input).unwrap_or_default();
        Self { name: name.into(), id, input }
    }

    pub(crate) fn from_value(name: String, id: Option<String>, input: Value) -> Self {
        Self { name, id, input }
    }

    /// A field of the input, if it is a text.
    #[must_use]
    pub fn text(&self, field: &str) -> Option<&str> {
        self.input.get(field).and_then(Value::as_str)
    }

    pub(crate) fn input(&self) -> &Value {
        &self.input
    }

    /// The whole input as JSON.
    #[must_use]
    pub fn input_json(&self) -> String {
        self.input.to_string()
    }

    /// The file that an editing tool writes.
    #[must_use]
    pub fn edited_file(&self) -> Option<&str> {
        match self.name.as_str() {
            "Write" | "Edit" | "MultiEdit" => self.text("file_path"),
            "NotebookEdit" => self.text("notebook_path"),
            _ => None,
        }
    }

    /// Whether it starts a subagent. The tool was called `Task` before 2.1.63.
    #[must_use]
    pub fn starts_agent(&self) -> bool {
        matches!(self.name.as_str(), "Agent" | "Task")
    }
}

#[cfg(feature = "hook")]
impl ToolCall {
    /// Texts that an editing tool puts in and takes out.
    pub(crate) fn edits(&self) -> Vec<(&str, &str)> {
        match self.name.as_str() {
            "Write" => self.text("content").map(|new| (new, "")).into_iter().collect(),
            "NotebookEdit" => self.text("new_source").map(|new| (new, "")).into_iter().collect(),
            "Edit" => edit(&self.input).into_iter().collect(),
            "MultiEdit" => {
                let edits = self.input.get("edits").and_then(Value::as_array);
                edits.into_iter().flatten().filter_map(edit).collect()
            }
            _ => Vec::new(),
        }
    }
}

#[cfg(feature = "hook")]
fn edit(value: &Value) -> Option<(&str, &str)> {
    let text = |field: &str| value.get(field).and_then(Value::as_str);
    Some((text("new_string")?, text("old_string").unwrap_or_default()))
}
