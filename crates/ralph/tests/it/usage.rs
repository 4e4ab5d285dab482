//! Tokens and money, exact, from transcripts.

use std::fs;

use plimsoll_ralph::{Cause, Mode, Record};
use serde_json::json;

use crate::client::{Client, append, halts, message};

fn total(client: &Client) -> (u64, u64) {
    let last = client.iterations().pop().unwrap();
    (last.total.tokens.total(), last.total.cost_nano_usd)
}

#[test]
fn a_message_of_several_blocks_counts_once() {
    let client = Client::new(Mode::Guard);
    let path = client.transcript();
    // Text and a tool call are two lines of one message; an old client writes a placeholder first.
    append(&path, &message("m1", "claude-opus-5-5", [100, 1, 0, 0]));
    append(&path, &message("m1", "claude-opus-5-5", [100, 40, 0, 0]));
    append(&path, &message("m2", "claude-opus-5-5", [200, 5, 1_000, 10]));
    client.stop("words");
    assert_eq!(total(&client).0, 100 + 40 + 200 + 5 + 1_000 + 10);
    // A further line of a message comes after the stop.
    append(&path, &message("m2", "claude-opus-5-5", [200, 9, 1_000, 10]));
    client.stop("words");
    assert_eq!(total(&client).0, 100 + 40 + 200 + 9 + 1_000 + 10);
    let expected = 300 * 4_000 + 49 * 20_000 + 1_000 * 200 + 10 * 5_000;
    assert_eq!(total(&client).1, expected);
}

#[test]
fn a_half_written_line_is_left_for_the_next_time() {
    let client = Client::new(Mode::Guard);
    let path = client.transcript();
    let whole = message("m1", "claude-opus-5-5", [7, 0, 0, 0]);
    fs::write(&path, &whole[..whole.len() - 20]).unwrap();
    client.stop("words");
    assert_eq!(total(&client).0, 0);
    fs::write(&path, format!("{whole}\nno json\n{{\"type\":\"assistant\"}}\n")).unwrap();
    client.stop("words");
    assert_eq!(total(&client).0, 7);
}

#[test]
fn subagents_count_and_are_told_by_kind() {
    let client = Client::new(Mode::Guard);
    append(&client.transcript(), &message("m1", "claude-opus-5-5", [10, 0, 0, 0]));
    let dir = client.dir.path().join("s-1/subagents");
    fs::create_dir_all(&dir).unwrap();
    let path = dir.join("agent-a1.jsonl");
    append(&path, &message("m2", "claude-opus-5-5", [5, 1, 0, 0]));
    append(&path, &message("m2", "claude-opus-5-5", [5, 1, 0, 0]));
    let stopped =
        json!({ "agent_id": "a1", "agent_type": "Explore", "agent_transcript_path": path });
    client.send("SubagentStop", &stopped);
    client.send("SubagentStop", &json!({ "agent_id": "a2", "agent_type": "" }));
    client.stop("words");
    assert_eq!(total(&client).0, 16);
    let agents: Vec<_> = client
        .records()
        .into_iter()
        .filter_map(|record| match record {
            Record::Agent(agent) => Some(agent),
            _ => None,
        })
        .collect();
    assert_eq!(agents.len(), 1, "an agent of the client's own is none: {agents:?}");
    assert_eq!(agents[0].agent_type, "Explore");
    assert_eq!(agents[0].usage.unwrap().tokens.total(), 6);
    let spawns = fs::read_to_string(client.ralph().join("agent_spawns.jsonl")).unwrap();
    assert_eq!(spawns.lines().count(), 1);
}

#[test]
fn an_older_clients_subagent_beside_the_session_counts_once_it_ends() {
    let client = Client::new(Mode::Guard);
    client.stop("words");
    let path = client.dir.path().join("agent-a14eb58.jsonl");
    append(&path, &message("m1", "claude-opus-5-5", [5, 0, 0, 0]));
    client.send("SubagentStop", &json!({ "agent_id": "a14eb58", "agent_transcript_path": path }));
    append(&path, &message("m2", "claude-opus-5-5", [3, 0, 0, 0]));
    client.stop("words");
    assert_eq!(total(&client).0, 8);
}

#[test]
fn a_model_without_a_price_counts_in_tokens_and_is_told_once() {
    let mut client = Client::new(Mode::Guard);
    client.config = client.config.clone().with_max_tokens(1_000.try_into().unwrap());
    client.message("model-x", [600, 0, 0, 0]);
    let answer = client.stop("words");
    assert!(answer["systemMessage"].as_str().unwrap().contains("price of model-x is unknown"));
    assert_eq!(client.iterations()[0].total.unpriced_tokens, 600);
    assert_eq!(client.iterations()[0].total.cost_usd(), None);
    client.message("model-x", [500, 0, 0, 0]);
    let answer = client.send("PreToolUse", &json!({ "tool_name": "Bash", "tool_use_id": "t" }));
    assert!(halts(&answer), "{answer}");
    let cause = client.iterations().pop().unwrap().cause;
    assert_eq!(cause, Some(Cause::Tokens { used: 1_100, max: 1_000 }));
}

#[test]
fn what_was_spent_before_a_loop_is_not_the_loops() {
    let mut client = Client::new(Mode::Loop);
    client.message("claude-opus-5-5", [1_000, 0, 0, 0]);
    client.prompt("RALPH START do it");
    client.message("claude-opus-5-5", [20, 0, 0, 0]);
    client.work(1);
    client.stop("words");
    assert_eq!(total(&client).0, 20);
}

#[test]
fn the_last_message_of_a_loop_is_counted_when_it_is_there() {
    let mut client = Client::new(Mode::Loop);
    client.prompt("RALPH START do it");
    client.message("claude-opus-5-5", [20, 0, 0, 0]);
    client.work(1);
    client.stop("<promise>COMPLETE</promise>");
    client.message("claude-opus-5-5", [3, 0, 0, 0]);
    client.send("SessionEnd", &json!({ "reason": "other" }));
    let settled = client.records().into_iter().find_map(|record| match record {
        Record::Loop(record) if record.event == "settled" => Some(record.usage.tokens.total()),
        _ => None,
    });
    assert_eq!(settled, Some(23));
}

#[test]
fn what_a_person_does_while_a_loop_rests_is_not_the_loops() {
    let mut client = Client::new(Mode::Loop);
    client.prompt("RALPH START do it");
    client.message("claude-opus-5-5", [20, 0, 0, 0]);
    client.work(1);
    client.stop("words");
    client.prompt("RALPH PAUSE");
    client.prompt("something else");
    client.message("claude-opus-5-5", [500, 0, 0, 0]);
    client.stop("words");
    client.prompt("RALPH RESUME");
    client.prompt("go on");
    client.message("claude-opus-5-5", [3, 0, 0, 0]);
    client.work(2);
    client.stop("words");
    assert_eq!(total(&client).0, 23);
}

#[test]
fn a_missing_transcript_is_unknown_and_no_reason_to_stop() {
    let client = Client::new(Mode::Guard);
    client.stop("words");
    fs::remove_file(client.transcript()).unwrap();
    client.work(1);
    assert_eq!(client.stop("words"), json!({}));
    let warned = client.records().into_iter().any(|record| {
        matches!(record, Record::Log(log) if log.message.contains("what is spent is unknown"))
    });
    assert!(warned);
}

#[test]
fn an_old_clients_api_error_is_never_blocked() {
    let client = Client::new(Mode::Loop);
    client.prompt("RALPH START do it");
    let mut line =
        serde_json::from_str::<serde_json::Value>(&message("m1", "<synthetic>", [0; 4])).unwrap();
    line["isApiErrorMessage"] = json!(true);
    line["error"] = json!("server_error");
    let stop = |n: u32| {
        line.clone()["uuid"] = json!(n);
        append(&client.transcript(), &line.to_string());
        client.send("Stop", &json!({ "stop_hook_active": false }))
    };
    assert_eq!(stop(1), json!({}));
    assert_eq!(stop(2), json!({}));
    let answer = stop(3);
    assert!(answer["systemMessage"].as_str().unwrap().contains("3 failures"), "{answer}");
    assert!(client.iterations().iter().all(|i| i.outcome == "tripped"), "no round was counted");
}

#[test]
fn a_rate_limit_of_the_api_is_no_error_of_the_loop() {
    let client = Client::new(Mode::Loop);
    client.prompt("RALPH START do it");
    for _ in 0..5 {
        client.send("StopFailure", &json!({ "error": "rate_limit" }));
    }
    client.work(1);
    assert!(crate::client::goes_on(&client.stop("words")));
    for _ in 0..3 {
        client.send("StopFailure", &json!({ "error": "authentication_failed" }));
    }
    assert!(!crate::client::goes_on(&client.stop("words")));
}

#[test]
fn failures_in_a_row_come_from_fields_and_never_from_words() {
    let client = Client::new(Mode::Loop);
    client.prompt("RALPH START do it");
    let failed = |interrupt: bool| {
        client.send(
            "PostToolUseFailure",
            &json!({ "tool_name": "Bash", "tool_use_id": "t",
            "error": "Exit code 7", "is_interrupt": interrupt, "duration_ms": 1 }),
        );
    };
    failed(false);
    failed(false);
    client.work(1);
    assert!(crate::client::goes_on(&client.stop("error: failed with an exception, traceback")));
    failed(true);
    failed(false);
    failed(false);
    client.write("work.txt", "2");
    assert!(crate::client::goes_on(&client.stop("words")), "an interruption is no failure");
    failed(false);
    client.write("work.txt", "3");
    let answer = client.stop("words");
    assert!(halts(&answer), "{answer}");
    let cause = client.iterations().pop().unwrap().cause;
    assert_eq!(cause, Some(Cause::ConsecutiveErrors { count: 3, max: 3 }));
}
