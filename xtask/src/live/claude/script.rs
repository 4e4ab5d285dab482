//! Scripts for the stand-in: what a model would do, decided by what it is asked.

use serde_json::{Value, json};
use testbed::{ModelCall, ModelReply, ModelUsage, Turn};

/// A call of the tool `Bash`.
pub(super) fn bash(command: &str, call: &ModelCall) -> ModelReply {
    ModelReply::tool("Bash", bash_input(command), ModelUsage::of_call(call.seq))
}

/// The arguments of `Bash`.
pub(super) fn bash_input(command: &str) -> Value {
    json!({"command": command, "description": "a step"})
}

/// Text that ends the turn.
pub(super) fn say(text: &str, call: &ModelCall) -> ModelReply {
    ModelReply::text(text, ModelUsage::of_call(call.seq))
}

/// Whether this call follows a tool's result.
pub(super) fn is_after_tool(call: &ModelCall) -> bool {
    matches!(call.turn, Turn::ToolResult(_))
}
