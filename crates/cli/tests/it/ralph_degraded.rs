//! The hook program where parts of the machine are not there.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::ralph::Project;

/// The hook program without any other program in reach.
fn alone(project: &Project, event: &str, fields: &Value) -> Value {
    let mut input = json!({
        "session_id": "s-1", "cwd": project.root(), "hook_event_name": event,
        "transcript_path": project.path().join("absent.jsonl"),
    });
    input.as_object_mut().unwrap().extend(fields.as_object().cloned().unwrap());
    let mut hook = Command::new(env!("CARGO_BIN_EXE_plimsoll-hook"))
        .env_clear()
        .env("PATH", "/nonexistent")
        .env("PLIMSOLL_RALPH__ITERATION_INTERVAL_MIN_SECS", "0")
        .env("CLAUDE_PID", std::process::id().to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    hook.stdin.take().unwrap().write_all(input.to_string().as_bytes()).unwrap();
    let output = hook.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    serde_json::from_slice(&output.stdout).unwrap()
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
