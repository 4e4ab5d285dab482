//! The state on disk.

use std::fs;

use plimsoll_ralph::hook::{self, Project};
use plimsoll_ralph::{Config, Decision, Event, Facts, Mode, Record, State, step};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::client::{Client, goes_on, halts};

/// A state's text with the digest that belongs to it.
pub(crate) fn sealed(text: &str) -> String {
    let (opening, after) = text.split_at("{\"sha256\":\"".len());
    let rest = &after[64..];
    let digest = Sha256::digest(rest.as_bytes());
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{opening}{hex}{rest}")
}

fn tripped_guard() -> Client {
    let client = Client::new(Mode::Guard);
    for _ in 0..5 {
        client.stop("idle");
    }
    assert!(halts(&client.stop("idle")));
    client
}

#[test]
fn a_cut_off_or_changed_state_is_recovered_from_the_generation_before() {
    let client = Client::new(Mode::Loop);
    client.prompt("RALPH START do it");
    client.work(1);
    assert!(goes_on(&client.stop("words")));
    let path = client.ralph().join("state.json");
    let text = fs::read(&path).unwrap();
    fs::write(&path, &text[..text.len() / 2]).unwrap();
    let answer = client.stop("words");
    assert!(goes_on(&answer), "{answer}");
    let told = answer["systemMessage"].as_str().unwrap();
    assert!(told.contains("set aside") && told.contains("the generation before it"), "{told}");
    let aside = fs::read_dir(client.ralph()).unwrap().flatten();
    let aside: Vec<_> =
        aside.filter(|e| e.file_name().to_string_lossy().contains("broken")).collect();
    assert_eq!(aside.len(), 1);
    assert_eq!(fs::read(aside[0].path()).unwrap(), &text[..text.len() / 2]);
    assert!(client.stop("words").get("systemMessage").is_none(), "told once");
}

#[test]
fn a_removed_state_does_not_close_a_breaker() {
    let client = tripped_guard();
    fs::remove_file(client.ralph().join("state.json")).unwrap();
    assert!(halts(&client.stop("idle")));
}

#[test]
fn a_newer_schema_is_refused_and_left_alone() {
    let client = Client::new(Mode::Loop);
    client.prompt("RALPH START do it");
    let path = client.ralph().join("state.json");
    let newer =
        fs::read_to_string(&path).unwrap().replace("\"schema_version\":1", "\"schema_version\":2");
    fs::write(&path, sealed(&newer)).unwrap();
    assert_eq!(client.stop("words"), json!({}), "a loop lets the stop through");
    assert!(client.prompt("RALPH STATUS")["reason"].as_str().unwrap().contains("schema version 2"));
    assert_eq!(fs::read_to_string(&path).unwrap(), sealed(&newer));
}

/// A state of two generations, and what each of them is.
fn two_generations() -> (Client, Vec<u8>, State, State) {
    let client = Client::new(Mode::Loop);
    client.prompt("RALPH START do it");
    let project = Project::of(&client.root());
    let before = hook::state(&project).unwrap();
    client.work(1);
    client.stop("words");
    let backup = fs::read(client.ralph().join("state.json.bak")).unwrap();
    fs::write(client.ralph().join("state.json"), &backup).unwrap();
    let before_last = hook::state(&project).unwrap();
    assert_ne!(before, before_last);
    client.stop("words");
    let bytes = fs::read(client.ralph().join("state.json")).unwrap();
    let last = hook::state(&project).unwrap();
    (client, bytes, before_last, last)
}

#[test]
fn a_state_cut_off_at_any_byte_is_never_taken_for_one() {
    let (client, bytes, before, last) = two_generations();
    let project = Project::of(&client.root());
    let path = client.ralph().join("state.json");
    for len in 0..bytes.len() {
        fs::write(&path, &bytes[..len]).unwrap();
        assert_eq!(hook::state(&project).unwrap(), before, "cut off at {len}");
    }
    fs::write(&path, &bytes).unwrap();
    assert_eq!(hook::state(&project).unwrap(), last);
}

#[test]
fn a_state_with_any_byte_changed_is_never_taken_for_one() {
    let (client, bytes, before, _) = two_generations();
    let project = Project::of(&client.root());
    let path = client.ralph().join("state.json");
    for at in 0..bytes.len() {
        for flip in [1_u8 << (at % 8), 0xff] {
            let mut changed = bytes.clone();
            changed[at] ^= flip;
            fs::write(&path, &changed).unwrap();
            assert_eq!(hook::state(&project).unwrap(), before, "byte {at} ^ {flip:#x}");
        }
    }
    let mut longer = bytes.clone();
    longer.push(b'\n');
    fs::write(&path, &longer).unwrap();
    assert_eq!(hook::state(&project).unwrap(), before, "a byte too many");
}

#[test]
fn what_is_no_state_is_set_aside_with_its_bytes_and_both_files_may_be_bad() {
    let (client, bytes, _, _) = two_generations();
    let (path, backup) = (client.ralph().join("state.json"), client.ralph().join("state.json.bak"));
    for at in (0..bytes.len()).step_by(211) {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        fs::write(&path, &changed).unwrap();
        fs::write(&backup, &changed[1..]).unwrap();
        let answer = client.stop("words");
        let told = answer["systemMessage"].as_str().unwrap();
        assert!(told.contains("no loop is known"), "{told}");
        let aside = fs::read_dir(client.ralph()).unwrap().flatten();
        let kept = aside.filter(|e| e.file_name().to_string_lossy().contains(".broken-"));
        let kept: Vec<_> = kept.map(|e| fs::read(e.path()).unwrap()).collect();
        assert!(kept.contains(&changed) && kept.len() <= 8, "{}", kept.len());
        assert_eq!(client.stop("words"), json!({}), "told once");
    }
}

#[test]
fn several_hooks_at_once_lose_nothing() {
    let client = Client::new(Mode::Guard);
    client.stop("words");
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..5 {
                    let failed = json!({ "tool_name": "Bash", "tool_use_id": "t", "error": "x" });
                    assert_eq!(client.send("PostToolUseFailure", &failed), json!({}));
                }
            });
        }
    });
    let overview = hook::state(&Project::of(&client.root())).unwrap().overview();
    assert_eq!(overview[0].errors, 40);
    assert_eq!(client.records().iter().filter(|r| matches!(r, Record::Tool(_))).count(), 40);
}

#[test]
fn sessions_and_worktrees_do_not_disturb_each_other() {
    let mut client = Client::new(Mode::Loop);
    client.prompt("RALPH START the first task");
    client.session("s-2", client.pid);
    assert_eq!(client.stop("words"), json!({}));
    client.prompt("RALPH START the second task");
    client.work(1);
    assert!(goes_on(&client.stop("words")));
    client.git(&["worktree", "add", "-q", "../tree", "-b", "other"]);
    let tree = client.dir.path().join("tree");
    client.session("s-3", client.pid);
    let input =
        client.input("UserPromptSubmit", &json!({ "prompt": "RALPH START third", "cwd": tree }));
    client.send_raw(input.to_string().as_bytes());
    assert_eq!(hook::state(&Project::of(&tree)).unwrap().overview().len(), 1);
    let here = hook::state(&Project::of(&client.root())).unwrap().overview();
    let iterations: Vec<_> = here.iter().map(|run| (run.task.as_str(), run.iteration)).collect();
    assert_eq!(iterations, [("the first task", 0), ("the second task", 1)]);
    client.session("s-2", client.pid);
    assert!(client.prompt("RALPH DISCARD")["reason"].as_str().unwrap().contains("discarded"));
    client.session("s-1", client.pid);
    assert!(goes_on(&client.stop("words")));
}

#[test]
fn a_session_that_goes_into_another_repository_keeps_its_loop() {
    let client = Client::new(Mode::Loop);
    client.prompt("RALPH START do it");
    client.work(1);
    let nested = client.root().join("vendored");
    fs::create_dir(&nested).unwrap();
    client.git(&["init", "-q", "vendored"]);
    let mut options = client.options();
    options.project_dir = Some(client.root());
    let input = client.input("Stop", &json!({ "cwd": nested, "last_assistant_message": "x" }));
    let mut output = Vec::new();
    hook::run(input.to_string().as_bytes(), &mut output, &options, &mut ());
    assert!(goes_on(&serde_json::from_slice(&output).unwrap()));
}

#[test]
fn a_trace_replays_to_the_same_decisions() {
    let mut client = Client::new(Mode::Loop);
    let trace = client.dir.path().join("trace.jsonl");
    client.trace = Some(trace.clone());
    client.prompt("RALPH START do it");
    for n in 0..4 {
        client.message("claude-opus-5-5", [1_000, 10, 5, 5]);
        client.work(n);
        client.stop("words");
    }
    client.prompt("RALPH STATUS");
    client.stop("<promise>COMPLETE</promise>");
    let text = fs::read_to_string(trace).unwrap();
    assert!(text.lines().count() >= 10, "{}", text.lines().count());
    for line in text.lines() {
        let mut traced: serde_json::Value = serde_json::from_str(line).unwrap();
        let mut take = |field: &str| traced[field].take();
        let (state, event) = (take("state"), take("event"));
        let state: State = serde_json::from_value(state).unwrap();
        let event: Event = serde_json::from_value(event).unwrap();
        let facts: Facts = serde_json::from_value(take("facts")).unwrap();
        let config: Config = serde_json::from_value(take("config")).unwrap();
        let decision: Decision = serde_json::from_value(take("decision")).unwrap();
        assert_eq!(step(state, &event, &facts, &config).decision, decision);
    }
}
