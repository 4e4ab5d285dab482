//! A guard over somebody else's loop.

use std::num::NonZeroU64;
use std::time::{Duration, Instant};

use plimsoll_ralph::{Cause, Mode};
use serde_json::{Value, json};

use crate::client::{Client, append, goes_on, halts, message};

#[test]
fn a_guard_never_lets_a_session_go_on() {
    let client = Client::new(Mode::Guard);
    for n in 0..14 {
        client.work(n);
        let answer = client.stop("<promise>COMPLETE</promise>");
        assert_eq!(answer, json!({}), "{n}");
    }
    client.work(15);
    let answer = client.stop("words");
    assert!(halts(&answer) && !goes_on(&answer), "{answer}");
    assert!(answer["stopReason"].as_str().unwrap().contains("iteration 15 of 15"), "{answer}");
}

#[test]
fn an_idle_loop_of_somebody_else_ends_at_five() {
    let client = Client::new(Mode::Guard);
    let answers: Vec<bool> = (0..5).map(|_| halts(&client.stop("still failing"))).collect();
    assert_eq!(answers, [false, false, false, false, true]);
    assert!(halts(&client.stop("again")), "an open breaker stays open");
}

#[test]
fn what_another_loop_writes_for_itself_is_no_progress() {
    for client in [Client::new(Mode::Guard), Client::outside_of_git(Mode::Guard)] {
        std::fs::create_dir(client.root().join(".claude")).unwrap();
        client.write("settled.txt", "x");
        let round = |n: u32| {
            client.tool();
            client.write(".claude/ralph-loop.local.md", &format!("iteration: {n}\n"));
            halts(&client.stop("still failing"))
        };
        // The first of them has the file that a person has made before.
        let first = round(0);
        let answers: Vec<bool> = (1..=5).map(round).collect();
        assert!(!first);
        assert!(answers.contains(&true), "{answers:?}");
    }
}

#[test]
fn an_exhausted_budget_ends_the_turn_before_the_next_tool_call() {
    let mut client = Client::new(Mode::Guard);
    client.prompt("do it");
    client.message("claude-opus-5-5", [1_000, 100, 0, 0]);
    let call = json!({ "tool_name": "Bash", "tool_input": {}, "tool_use_id": "t" });
    assert_eq!(client.send("PreToolUse", &call), json!({}));
    // 20 USD at 20 USD per million.
    client.message("claude-opus-5-5", [0, 1_000_000, 0, 0]);
    let answer = client.send("PreToolUse", &call);
    assert!(halts(&answer), "{answer}");
    assert_eq!(answer["hookSpecificOutput"]["permissionDecision"], "deny");
    let answer = client.prompt("go on please");
    assert_eq!(answer["decision"], "block", "not even a prompt costs anything: {answer}");
    assert!(client.prompt("RALPH RESET")["reason"].as_str().unwrap().contains("granted anew"));
    assert_eq!(client.send("PreToolUse", &call), json!({}));
    let cause = client.iterations().pop().unwrap().cause;
    let spent_nano_usd = 4_000_000 + 2_000_000 + 20_000_000_000;
    assert_eq!(cause, Some(Cause::Budget { spent_nano_usd, max_nano_usd: 20_000_000_000 }));
}

/// Sends an event while the client writes the message that led to it.
fn late(client: &Client, event: &str, fields: &Value, line: String) -> Value {
    let transcript = client.transcript();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            std::thread::sleep(Duration::from_millis(30));
            append(&transcript, &line);
        });
        client.send(event, fields)
    })
}

#[test]
fn the_call_that_reaches_a_bound_is_the_last_one_also_if_the_client_writes_it_late() {
    let mut client = Client::new(Mode::Guard);
    client.config = client.config.clone().with_max_tokens(NonZeroU64::new(10_000).unwrap());
    // A wait that is not waited for to its end, on any machine.
    client.transcript_wait_max = Some(Duration::from_secs(60));
    client.prompt("do it");
    let call = |id: &str| json!({ "tool_name": "Bash", "tool_input": {}, "tool_use_id": id });
    let calls = |n: u32, id: &str| {
        message(&format!("m{n}"), "claude-opus-5-5", [3_000, 0, 0, 0]).replace("words", id)
    };
    append(&client.transcript(), &calls(1, "t1"));
    assert_eq!(client.send("PreToolUse", &call("t1")), json!({}));
    assert_eq!(late(&client, "PreToolUse", &call("t2"), calls(2, "t2")), json!({}));
    assert_eq!(late(&client, "PreToolUse", &call("t3"), calls(3, "t3")), json!({}));
    let answer = late(&client, "PreToolUse", &call("t4"), calls(4, "t4"));
    assert!(halts(&answer), "it was the fourth call that reached the bound: {answer}");
    let cause = client.iterations().pop().unwrap().cause;
    assert_eq!(cause, Some(Cause::Tokens { used: 12_000, max: 10_000 }));
}

#[test]
fn the_last_message_of_a_turn_counts_in_it_if_a_bound_is_near() {
    let mut client = Client::new(Mode::Guard);
    client.config = client.config.clone().with_max_tokens(NonZeroU64::new(10_000).unwrap());
    client.transcript_wait_max = Some(Duration::from_secs(60));
    client.message("claude-opus-5-5", [6_000, 0, 0, 0]);
    client.work(1);
    assert!(!halts(&client.stop("words")));
    let stop = json!({ "last_assistant_message": "all of it", "background_tasks": [] });
    let last = message("m9", "claude-opus-5-5", [6_000, 0, 0, 0]).replace("words", "all of it");
    let answer = late(&client, "Stop", &stop, last);
    assert!(halts(&answer), "{answer}");
}

#[test]
fn a_client_that_does_not_write_is_not_waited_for_for_long() {
    let mut client = Client::new(Mode::Guard);
    client.config = client.config.clone().with_max_tokens(NonZeroU64::new(10_000).unwrap());
    client.message("claude-opus-5-5", [9_000, 0, 0, 0]);
    client.prompt("do it");
    let call = json!({ "tool_name": "Bash", "tool_input": {}, "tool_use_id": "never" });
    let began = Instant::now();
    assert_eq!(client.send("PreToolUse", &call), json!({}));
    assert!(began.elapsed() >= Duration::from_millis(150), "it did not wait");
}

#[test]
fn a_person_who_speaks_opens_the_breaker_half() {
    let client = Client::new(Mode::Guard);
    for _ in 0..5 {
        client.stop("idle");
    }
    assert_eq!(client.prompt("try another way"), json!({}));
    assert!(halts(&client.stop("idle")), "the first turn that changes nothing opens it again");
    client.prompt("try yet another way");
    client.work(1);
    assert_eq!(client.stop("words"), json!({}));
    assert_eq!(client.stop("idle"), json!({}), "it is closed");
}
