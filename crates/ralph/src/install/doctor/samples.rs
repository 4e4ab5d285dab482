//! One input for each event, as a client would send it.

use std::path::Path;

use serde_json::{Map, Value, json};

/// A sample of an event of a session that does not exist, in a folder that is no project.
pub(super) fn sample(event: &str, dir: &Path) -> String {
    let mut input = Map::new();
    input.insert("session_id".to_owned(), "plimsoll-doctor".into());
    input.insert("cwd".to_owned(), dir.display().to_string().into());
    input.insert(
        "transcript_path".to_owned(),
        dir.join("transcript.jsonl").display().to_string().into(),
    );
    input.insert("hook_event_name".to_owned(), event.into());
    if let Value::Object(more) = more(event) {
        input.extend(more);
    }
    Value::Object(input).to_string()
}

fn more(event: &str) -> Value {
    let tool = json!({
        "tool_name": "Bash", "tool_input": {"command": "true"}, "tool_use_id": "toolu_doctor",
    });
    let with = |name: &str, value: Value| {
        let mut tool = tool.clone();
        if let Some(fields) = tool.as_object_mut() {
            fields.insert(name.to_owned(), value);
        }
        tool
    };
    match event {
        "SessionStart" => json!({"source": "startup"}),
        "UserPromptSubmit" => json!({"prompt": "hello"}),
        "PreToolUse" => tool,
        "PostToolUse" => with("tool_response", json!({})),
        "PostToolUseFailure" => with("error", "Exit code 1".into()),
        "Stop" => {
            json!({"stop_hook_active": false, "last_assistant_message": "Done.", "background_tasks": []})
        }
        "StopFailure" => json!({"error": "server_error"}),
        "SubagentStart" => json!({"agent_id": "a", "agent_type": "Explore"}),
        "SubagentStop" => {
            json!({"agent_id": "a", "agent_type": "Explore", "stop_hook_active": false})
        }
        "SessionEnd" => json!({"reason": "other"}),
        _ => json!({}),
    }
}
