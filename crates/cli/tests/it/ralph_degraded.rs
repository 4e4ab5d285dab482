//! The hook program where parts of the machine are not there.

use std::process::Command;

use serde_json::{Value, json};

use crate::ralph::Project;

/// The hook program without any other program in reach, and without a transcript.
fn alone(project: &Project, event: &str, fields: &Value) -> Value {
    let mut fields = fields.clone();
    fields["transcript_path"] = json!(project.path().join("absent.jsonl"));
    let mut hook = Command::new(env!("CARGO_BIN_EXE_plimsoll-hook"));
    project.hook_in(hook.env_clear().env("PATH", "/nonexistent"), event, &fields)
}

#[test]
fn without_git_and_without_a_transcript_a_loop_goes_on_to_its_bound_and_says_what_it_cannot_tell() {
    let project = Project::new();
    alone(&project, "UserPromptSubmit", &json!({ "prompt": "RALPH START do it" }));
    let stop = json!({ "last_assistant_message": "words", "background_tasks": [] });
    for n in 1..15 {
        alone(
            &project,
            "PostToolUse",
            &json!({ "tool_name": "Bash", "tool_use_id": n.to_string() }),
        );
        assert_eq!(alone(&project, "Stop", &stop)["decision"], "block", "iteration {n}");
    }
    alone(&project, "PostToolUse", &json!({ "tool_name": "Bash", "tool_use_id": "15" }));
    let last = alone(&project, "Stop", &stop);
    assert!(last.get("decision").is_none(), "{last}");
    let log = std::fs::read_to_string(project.root().join(".ralph/events.jsonl")).unwrap();
    for wanted in ["the tree cannot be looked at", "\"event\":\"tripped\"", "\"iterations\""] {
        assert!(log.contains(wanted), "{wanted}: {log}");
    }
}
