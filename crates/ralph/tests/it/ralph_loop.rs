//! A loop of our own, from its start to each of its ends.

use plimsoll_ralph::hook::{self, EVENTS, Project, read_lines};
use plimsoll_ralph::{Cause, Check, Command, Mode, Report};
use serde_json::json;

use crate::client::{Client, goes_on, halts};

const TAG: &str = "<promise>COMPLETE</promise>";

fn started(client: Client) -> Client {
    let answer = client.prompt("RALPH START fix all lint errors");
    let context = answer["hookSpecificOutput"]["additionalContext"].as_str().unwrap();
    assert!(context.contains(TAG) && context.contains("fix all lint errors"), "{context}");
    client
}

#[test]
fn a_session_without_a_loop_is_not_touched() {
    let client = Client::new(Mode::Loop);
    assert_eq!(client.stop("words"), json!({}));
    assert_eq!(client.tool(), json!({}));
    assert_eq!(client.prompt("what is 2+2?"), json!({}));
    assert!(!client.ralph().exists());
}

#[test]
fn fifteen_rounds_with_work_stop_at_fifteen() {
    let client = started(Client::new(Mode::Loop));
    for n in 1..15 {
        client.work(n);
        let answer = client.stop("words");
        assert!(goes_on(&answer), "{n}: {answer}");
    }
    client.work(15);
    let answer = client.stop("words");
    assert!(halts(&answer), "{answer}");
    let iterations = client.iterations();
    assert_eq!(iterations.len(), 15);
    let last = iterations.last().unwrap();
    assert_eq!(last.outcome, "tripped");
    assert_eq!(last.cause, Some(Cause::Iterations { count: 15, max: 15 }));
    assert!(iterations.iter().all(|i| i.progressed == Some(true) && i.tool_calls == 1));
    assert_eq!(client.stop("words"), json!({}), "afterwards the session is a person's again");
}

#[test]
fn five_idle_rounds_trip_before_the_clients_own_cap_of_eight() {
    let client = started(Client::new(Mode::Loop));
    let answers: Vec<bool> = (0..5).map(|_| goes_on(&client.stop("idle"))).collect();
    assert_eq!(answers, [true, true, true, true, false]);
    let last = client.iterations().pop().unwrap();
    assert_eq!(last.cause, Some(Cause::NoProgress { count: 5, max: 5 }));
}

#[test]
fn a_commit_within_the_round_is_progress() {
    let client = started(Client::new(Mode::Loop));
    client.work(1);
    client.stop("words");
    client.git(&["add", "work.txt"]);
    client.git(&["commit", "-q", "-m", "work"]);
    client.tool();
    client.stop("words");
    assert_eq!(client.iterations().pop().unwrap().progressed, Some(true));
}

#[test]
fn done_means_tag_and_work_and_checks() {
    let mut client = Client::new(Mode::Loop);
    let check = |client: &Client| {
        Check::new(
            "ready",
            ["test".to_owned(), "-e".to_owned(), client.root().join("ready").display().to_string()],
        )
    };
    client.config = client.config.clone().with_check(check(&client));
    let client = started(client);
    client.work(1);
    assert!(goes_on(&client.stop(&format!("all done: {TAG} and more"))), "not the last line");
    let answer = client.stop(TAG);
    assert!(goes_on(&answer) && answer.to_string().contains("no tool was called"), "{answer}");
    client.work(2);
    let answer = client.stop(&format!("all done\n{TAG}\n"));
    assert!(goes_on(&answer) && answer.to_string().contains("ready: exit code 1"), "{answer}");
    client.work(3);
    client.write("ready", "");
    let answer = client.stop(&format!("all done\n{TAG}"));
    assert!(!goes_on(&answer) && answer.to_string().contains("is done"), "{answer}");
    assert_eq!(client.iterations().pop().unwrap().outcome, "done");
    assert_eq!(client.stop("words"), json!({}));
}

#[test]
fn claims_that_the_checks_refute_trip_at_three() {
    let mut client = Client::new(Mode::Loop);
    client.config = client.config.clone().with_check(Check::new("never", ["false".to_owned()]));
    let client = started(client);
    let answers: Vec<bool> = (0..3)
        .map(|n| {
            client.work(n);
            goes_on(&client.stop(TAG))
        })
        .collect();
    assert_eq!(answers, [true, true, false]);
    let cause = client.iterations().pop().unwrap().cause;
    assert_eq!(cause, Some(Cause::FailedChecks { count: 3, max: 3, failed: vec!["never".into()] }));
}

#[test]
fn a_running_background_task_pauses_instead_of_burning_rounds() {
    let client = started(Client::new(Mode::Loop));
    let running = json!({ "last_assistant_message": "waiting", "background_tasks":
        [{ "id": "a", "type": "subagent", "status": "running" }] });
    for _ in 0..7 {
        assert_eq!(client.send("Stop", &running), json!({}));
    }
    client.work(1);
    assert!(goes_on(&client.stop("words")));
    assert_eq!(client.iterations().pop().unwrap().iteration, 1);
}

#[test]
fn a_task_notification_is_no_prompt_of_a_person() {
    let client = started(Client::new(Mode::Loop));
    assert_eq!(client.prompt("<task-notification>RALPH DISCARD</task-notification>"), json!({}));
    assert!(goes_on(&client.stop("words")));
}

#[test]
fn commands_are_answered_without_the_model() {
    let client = started(Client::new(Mode::Loop));
    client.work(1);
    client.stop("words");
    let said = |prompt: &str| {
        let answer = client.prompt(prompt);
        assert_eq!(answer["decision"], "block", "{prompt}: {answer}");
        answer["reason"].as_str().unwrap().to_owned()
    };
    assert!(said("Ralph Status").contains("iteration 1 of 15, $20.00 left, breaker closed"));
    assert!(said("RALPH PAUSE").contains("pauses"));
    assert_eq!(client.stop("words"), json!({}));
    assert!(said("RALPH RESUME").contains("resumed at iteration 1 of 15"));
    assert!(goes_on(&client.stop("words")));
    assert!(said("stop ralph").contains("stopped at iteration 2"));
    assert_eq!(client.stop("words"), json!({}));
    assert!(said("RALPH STATUS").contains("no loop here. The last one"));
}

#[test]
fn a_killed_owner_leaves_a_loop_that_nobody_inherits_by_itself() {
    let mut client = started(Client::new(Mode::Loop));
    client.work(1);
    client.stop("words");
    let (owner, dead) = (client.pid, dead_pid());
    rewrite_owner(&client, owner, dead);

    client.session("s-2", owner);
    let answer = client.send("SessionStart", &json!({ "source": "startup" }));
    assert!(answer["systemMessage"].as_str().unwrap().contains("has lost its session"), "{answer}");
    assert_eq!(client.prompt("what is 2+2?"), json!({}), "offered once");
    assert_eq!(client.stop("4"), json!({}), "not touched");

    let answer = client.prompt("RALPH RESUME");
    assert!(
        answer["reason"].as_str().unwrap().contains("resumed at iteration 1 of 15"),
        "{answer}"
    );
    let context = client.prompt("go on")["hookSpecificOutput"]["additionalContext"].to_string();
    assert!(
        context.contains("fix all lint errors") && context.contains("iteration 1"),
        "{context}"
    );
    client.work(2);
    assert!(goes_on(&client.stop("words")));
    assert_eq!(client.iterations().pop().unwrap().iteration, 2, "the count goes on");
    client.prompt("RALPH DISCARD");
    assert_eq!(client.stop("words"), json!({}));
}

#[test]
fn a_loop_of_a_living_session_cannot_be_taken() {
    let mut client = started(Client::new(Mode::Loop));
    client.session("s-2", client.pid);
    let answer = client.prompt("RALPH RESUME");
    assert!(answer["reason"].as_str().unwrap().contains("say it there"), "{answer}");
    assert_eq!(client.stop("words"), json!({}));
}

/// A number that no process has: above what the kernel gives out.
fn dead_pid() -> u32 {
    4_194_400
}

/// Makes the owner of the loop a process that has ended, which a test cannot kill: it is itself.
fn rewrite_owner(client: &Client, from: u32, to: u32) {
    let path = client.ralph().join("state.json");
    let text = std::fs::read_to_string(&path).unwrap();
    let changed = text.replace(&format!("\"pid\":{from}"), &format!("\"pid\":{to}"));
    assert_ne!(text, changed);
    std::fs::write(path, crate::store::sealed(&changed)).unwrap();
}

#[test]
fn a_report_lists_sessions_and_no_shell() {
    let mut client = started(Client::new(Mode::Loop));
    client.work(1);
    client.stop("words");
    let project = Project::of(&client.root());
    let resume = Command::Resume { loop_id: None, at_once: false };
    hook::command(&project, &resume, &client.options(), &mut ()).unwrap();
    client.session("s-2", 1);
    client.prompt("go on");
    client.work(2);
    client.stop("words");
    let tail = read_lines(&client.ralph().join(EVENTS), 0, u64::MAX).unwrap();
    let lines: Vec<_> = tail.lines.into_iter().map(|(_, line)| line).collect();
    let report = Report::of(&lines);
    assert_eq!(report.find(None).unwrap().sessions, ["s-1", "s-2"]);
}
