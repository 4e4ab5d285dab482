//! Prompts and tool calls through the hook: loops that begin by themselves, creative tasks, the guard list, learning.

use std::fs;
use std::time::{Duration, SystemTime};

use plimsoll_ralph::hook::{self, Project, WEIGHTS, WeightsError, read_weights, reset_weights};
use plimsoll_ralph::{Check, Line, Mode, Now, Record, Report};
use serde_json::{Value, json};

use crate::client::{Client, goes_on, halts};

const MECHANICAL: &str = "fix all lint errors in src until clippy passes";
const DOUBTFUL: &str = "add error handling to each fetch call";
const CREATIVE: &str = "Design a plugin system for our indicators, explore alternatives";
const TAG: &str = "<promise>COMPLETE</promise>";

fn context(answer: &Value) -> &str {
    answer["hookSpecificOutput"]["additionalContext"].as_str().unwrap_or_default()
}

fn now() -> Now {
    Now { wall: SystemTime::now(), since_boot: Duration::ZERO, boot_id: 1 }
}

fn checked(client: &mut Client, command: &str) {
    client.config = client.config.clone().with_check(Check::new("lint", [command.to_owned()]));
}

#[test]
fn a_clear_mechanical_task_begins_a_loop_and_says_why() {
    let client = Client::new(Mode::Loop);
    let answer = client.prompt(MECHANICAL);
    assert!(context(&answer).contains(TAG), "{answer}");
    assert!(answer["systemMessage"].as_str().unwrap().contains("fix all"), "{answer}");
    client.work(1);
    assert!(goes_on(&client.stop("words")));
}

#[test]
fn a_doubtful_task_is_asked_about_and_starts_by_a_word() {
    let client = Client::new(Mode::Loop);
    let answer = client.prompt(DOUBTFUL);
    assert!(answer["systemMessage"].as_str().unwrap().contains("RALPH START"), "{answer}");
    client.work(1);
    assert_eq!(client.stop("words"), json!({}), "nothing was started");
    let answer = client.prompt("RALPH START");
    assert!(context(&answer).contains(DOUBTFUL), "{answer}");
}

#[test]
fn a_creative_task_gets_context_and_no_loop() {
    let mut client = Client::new(Mode::Loop);
    checked(&mut client, "true");
    let answer = client.prompt(CREATIVE);
    let context = context(&answer);
    assert!(context.contains("at least three") && context.contains("`true`"), "{answer}");
    assert!(context.chars().count() <= 600);
    client.work(1);
    assert_eq!(client.stop("words"), json!({}));
}

#[test]
fn a_report_lists_the_alternatives_of_a_creative_task() {
    let mut client = Client::new(Mode::Loop);
    checked(&mut client, "true");
    // As hooks that are installed leave it.
    fs::create_dir(client.ralph()).unwrap();
    client.prompt(CREATIVE);
    client.git(&["worktree", "add", "-q", "-b", "explore/traits", "../explore-traits"]);
    client.git(&["branch", "explore/tables"]);
    client.write("../explore-traits/plugin.rs", "trait Plugin {}\n");
    client.git(&["-C", "../explore-traits", "add", "plugin.rs"]);
    client.git(&["-C", "../explore-traits", "commit", "-q", "-m", "as a trait"]);
    let tail = hook::read_lines(&client.ralph().join(hook::EVENTS), 0, u64::MAX).unwrap();
    let lines: Vec<Line> = tail.lines.into_iter().map(|(_, line)| line).collect();
    let alternatives = hook::alternatives(&Project::of(&client.root())).unwrap();
    let text = Report::of(&lines).with_alternatives(alternatives).to_string();
    for wanted in [
        "three or more on branches explore/NAME, compared by lint",
        "explore/traits (",
        "1 file changed, 1 insertion(+)",
        "as a trait, ",
        "/explore-traits",
        "nothing yet",
        "begin, not checked out",
    ] {
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
    assert!(!text.contains("plugin system"), "a prompt's words stay where they are: {text}");
}

#[test]
fn what_is_not_a_persons_word_starts_nothing() {
    let client = Client::new(Mode::Loop);
    let task =
        format!("<task-notification>\n<summary>{MECHANICAL}</summary>\n</task-notification>");
    for prompt in [task.as_str(), &format!("/goal {MECHANICAL}"), "what is 2+2?"] {
        assert_eq!(client.prompt(prompt), json!({}), "{prompt}");
    }
    let guard = Client::new(Mode::Guard);
    assert_eq!(guard.prompt(MECHANICAL), json!({}), "a guard starts nothing");
}

#[test]
fn a_loop_without_calls_left_is_asked_about() {
    let mut client = Client::new(Mode::Loop);
    client.config.max_calls_per_hour = 5.try_into().unwrap();
    let answer = client.prompt(MECHANICAL);
    assert!(answer["systemMessage"].as_str().unwrap().contains("only 5 model calls"), "{answer}");
}

#[test]
fn a_loop_that_trips_teaches_and_one_that_is_done_teaches_the_other_way() {
    let mut client = Client::new(Mode::Loop);
    checked(&mut client, "true");
    client.prompt(MECHANICAL);
    client.work(1);
    client.stop(&format!("done\n{TAG}"));
    let learned = read_weights(&client.ralph(), &now()).unwrap();
    assert!((learned.change("fix all") - 0.03).abs() < 1e-6, "{learned:?}");

    client.prompt(MECHANICAL);
    for _ in 0..5 {
        client.stop("idle");
    }
    let learned = read_weights(&client.ralph(), &now()).unwrap();
    assert!((learned.change("fix all") + 0.03).abs() < 1e-6, "{learned:?}");
    client.prompt("RALPH DISCARD");
    assert_eq!(
        read_weights(&client.ralph(), &now()).unwrap().change("fix all"),
        learned.change("fix all")
    );

    assert!(reset_weights(&client.ralph()).unwrap());
    assert!(!reset_weights(&client.ralph()).unwrap());
    assert_eq!(read_weights(&client.ralph(), &now()).unwrap().changes().count(), 0);
}

#[test]
fn a_discarded_loop_teaches_and_done_without_checks_does_not() {
    let client = Client::new(Mode::Loop);
    client.prompt(MECHANICAL);
    client.work(1);
    client.stop(&format!("done\n{TAG}"));
    assert!(!client.ralph().join(WEIGHTS).exists(), "nobody but the agent said so");
    client.prompt(MECHANICAL);
    client.prompt("STOP RALPH");
    let learned = read_weights(&client.ralph(), &now()).unwrap();
    assert!((learned.change("fix all") + 0.06).abs() < 1e-6, "{learned:?}");
}

#[test]
fn weights_that_were_changed_are_not_used_and_are_set_aside() {
    let client = Client::new(Mode::Loop);
    client.prompt(MECHANICAL);
    client.prompt("STOP RALPH");
    let path = client.ralph().join(WEIGHTS);
    let sound = std::fs::read(&path).unwrap();
    for at in 0..sound.len() {
        let mut bytes = sound.clone();
        bytes[at] ^= 4;
        std::fs::write(&path, bytes).unwrap();
        let read = read_weights(&client.ralph(), &now());
        assert!(matches!(read, Err(WeightsError::Broken { .. })), "byte {at}: {read:?}");
    }
    assert!(context(&client.prompt(MECHANICAL)).contains(TAG), "it goes on without them");
    let logged = client.records().into_iter().any(|record| {
        matches!(record, Record::Log(log) if log.message.contains("what was learned is not used"))
    });
    assert!(logged);
    client.prompt("STOP RALPH");
    let learned = read_weights(&client.ralph(), &now()).unwrap();
    assert!((learned.change("fix all") + 0.06).abs() < 1e-6, "{learned:?}");
}

#[test]
fn the_guard_list_holds_in_every_mode_but_off_and_in_sessions_without_a_loop() {
    let call = |command: &str| json!({"tool_name": "Bash", "tool_input": {"command": command}});
    for mode in [Mode::Loop, Mode::Guard] {
        let client = Client::new(mode);
        let answer = client.send("PreToolUse", &call("git push --force"));
        let output = &answer["hookSpecificOutput"];
        assert_eq!(output["permissionDecision"], "deny", "{mode:?}: {answer}");
        assert!(!halts(&answer), "the turn goes on: {answer}");
        assert!(output["permissionDecisionReason"].as_str().unwrap().contains("force"), "{answer}");
        let answer = client.send("PreToolUse", &call("rm .env"));
        assert_eq!(answer["hookSpecificOutput"]["permissionDecision"], "ask", "{answer}");
        assert_eq!(client.send("PreToolUse", &call("git push")), json!({}));
    }
    let off = Client::new(Mode::Off);
    assert_eq!(off.send("PreToolUse", &call("git push --force")), json!({}));
}

#[test]
fn an_edit_of_the_limits_is_asked_about_and_one_beside_them_is_not() {
    let client = Client::new(Mode::Loop);
    client.write(
        "config/canonical.yaml",
        "limits:\n  max_leverage: 3\nralph:\n  max_iterations: 15\n",
    );
    let edit = |old: &str, new: &str| {
        let file = client.root().join("config/canonical.yaml");
        let input = json!({"file_path": file, "old_string": old, "new_string": new});
        client.send("PreToolUse", &json!({"tool_name": "Edit", "tool_input": input}))
    };
    let answer = edit("max_leverage: 3", "max_leverage: 30");
    assert_eq!(answer["hookSpecificOutput"]["permissionDecision"], "ask", "{answer}");
    assert_eq!(edit("max_iterations: 15", "max_iterations: 20"), json!({}));
}

#[test]
fn keys_in_reach_are_told_at_the_start_of_a_session_by_name() {
    let client = Client::new(Mode::Loop);
    let start = |names: &[&str]| {
        let mut options = client.options();
        options.secret_names = names.iter().map(ToString::to_string).collect();
        let input = client.input("SessionStart", &json!({"source": "startup"})).to_string();
        let mut output = Vec::new();
        plimsoll_ralph::hook::run(input.as_bytes(), &mut output, &options, &mut ());
        serde_json::from_slice::<Value>(&output).unwrap()
    };
    let answer = start(&["BINANCE_API_KEY"]);
    assert!(answer["systemMessage"].as_str().unwrap().contains("BINANCE_API_KEY"), "{answer}");
    assert_eq!(start(&[]), json!({}));
}
