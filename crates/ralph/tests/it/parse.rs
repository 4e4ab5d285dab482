//! Events of every client version, and what is none.

use std::path::PathBuf;

use plimsoll_ralph::{Event, Kind, Version};
use serde_json::Value;

fn fixtures() -> Option<PathBuf> {
    let root = std::env::var_os("PLIMSOLL_FIXTURES").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/fixtures")),
        PathBuf::from,
    );
    let hooks = root.join("hooks");
    if !hooks.is_dir() {
        eprintln!("SKIPPED: no recorded hook inputs");
        return None;
    }
    Some(hooks)
}

#[test]
fn recorded_inputs_of_four_client_versions_are_understood() {
    let Some(dir) = fixtures() else { return };
    let mut seen = 0;
    for version in ["1.0.128", "2.0.67", "2.1.9", "2.1.330"] {
        let text = std::fs::read_to_string(dir.join(format!("stdin-{version}.jsonl"))).unwrap();
        for line in text.lines() {
            let recorded: Value = serde_json::from_str(line).unwrap();
            let event = Event::parse(recorded["stdin"].to_string().as_bytes());
            let name = recorded["event"].as_str().unwrap();
            assert_eq!(event.name(), name, "{version}");
            let known = !matches!(event.kind, Kind::Unknown { .. } | Kind::Unreadable { .. });
            assert!(known, "{version} {name}");
            assert!(event.session_id.is_some() && event.cwd.is_some(), "{version} {name}");
            assert!(event.client <= version.parse().unwrap(), "{version} {name}: {}", event.client);
            seen += 1;
        }
    }
    assert_eq!(seen, 37);
}

#[test]
fn what_a_stop_says_is_read() {
    let event = Event::parse(
        br#"{"session_id":"s","hook_event_name":"Stop","last_assistant_message":"done",
            "background_tasks":[{"id":"a","type":"subagent","status":"running","new":1}],"later":{}}"#,
    );
    let Kind::Stop { last_message, background } = &event.kind else { panic!("{event:?}") };
    assert_eq!(last_message.as_deref(), Some("done"));
    assert!(background[0].is_running());
    assert_eq!(event.client, Version(2, 1, 145));
}

#[test]
fn a_field_of_another_type_counts_as_absent() {
    let event = Event::parse(
        br#"{"session_id":7,"cwd":null,"hook_event_name":"PreToolUse","tool_name":["x"],"tool_input":3}"#,
    );
    assert_eq!((event.session_id, event.cwd), (None, None));
    let Kind::PreToolUse(tool) = event.kind else { panic!() };
    assert_eq!((tool.name.as_str(), tool.text("command")), ("", None));
}

#[test]
fn an_empty_session_id_is_none() {
    let event = Event::parse(br#"{"session_id":"","hook_event_name":"Stop"}"#);
    assert_eq!(event.session_id, None);
}

#[test]
fn what_is_no_event_is_named() {
    for (input, expected) in [
        (&b""[..], "the input is empty"),
        (b" \n", "the input is empty"),
        (b"[1]", "the input is JSON, but not an object"),
        (b"{}", "the input names no event"),
        (b"{\"hook_event_name\":\"Stop\"", "the input is not JSON: "),
        (b"\xff\xfe", "the input is not JSON: "),
    ] {
        let Kind::Unreadable { detail } = Event::parse(input).kind else { panic!("{input:?}") };
        assert!(detail.starts_with(expected), "{detail}");
    }
    let unknown = Event::parse(br#"{"hook_event_name":"FileChanged","session_id":"s"}"#);
    assert_eq!(unknown.kind, Kind::Unknown { name: "FileChanged".to_owned() });
}

#[test]
fn bytes_that_are_no_utf8_spoil_only_their_field() {
    let event = Event::parse(b"{\"hook_event_name\":\"UserPromptSubmit\",\"prompt\":\"a\xffb\"}");
    assert_eq!(event.kind, Kind::UserPromptSubmit { prompt: "a\u{fffd}b".to_owned() });
}
