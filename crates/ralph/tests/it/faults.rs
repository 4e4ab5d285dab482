//! Bad input, and parts that fail one after the other: the answer stays valid and on the safe side.

use std::error::Error;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use plimsoll_ralph::hook::{self, Outcome};
use plimsoll_ralph::{Line, Mode, Observe, Record};
use serde_json::json;

use crate::client::{Client, goes_on, halts};

fn started() -> Client {
    let client = Client::new(Mode::Loop);
    client.prompt("RALPH START do it");
    client.work(1);
    assert!(goes_on(&client.stop("words")));
    client
}

fn logged(client: &Client, message: &str) -> bool {
    client
        .records()
        .iter()
        .any(|record| matches!(record, Record::Log(log) if log.message == message))
}

#[test]
fn whatever_comes_in_an_object_comes_out() {
    let client = Client::new(Mode::Guard);
    client.stop("words");
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let stop = client.input("Stop", &json!({})).to_string();
    for input in [
        &b""[..],
        b"null",
        b"\xff\xfe\xfd",
        b"{\"hook_event_name\":\"Stop\"}",
        b"{\"hook_event_name\":\"Stop\",\"session_id\":\"s\",\"cwd\":\"/nonexistent/deep\"}",
        b"{\"hook_event_name\":\"Stop\",\"session_id\":\"s\",\"cwd\":\"\"}",
        b"{\"hook_event_name\":\"Brand\",\"session_id\":\"s\"}",
        deep.as_bytes(),
        &stop.as_bytes()[..stop.len() / 2],
    ] {
        let (answer, _) = client.send_raw(input);
        assert_eq!(
            answer,
            json!({}),
            "{:?}",
            String::from_utf8_lossy(&input[..input.len().min(60)])
        );
    }
}

#[test]
fn an_unreadable_input_leaves_one_line_in_the_record() {
    let client = started();
    let mut options = client.options();
    options.project_dir = Some(client.root());
    let before = client.records().len();
    let mut output = Vec::new();
    hook::run(&b"\xff{"[..], &mut output, &options, &mut ());
    assert_eq!(output, b"{}\n");
    assert_eq!(client.records().len(), before + 1);
    assert!(logged(&client, "the hook's input cannot be read"));
}

#[test]
fn a_directory_that_cannot_be_written_lets_a_loop_stop_and_a_guard_stop_others() {
    let client = started();
    let sealed = Sealed::new(&client);
    client.write("work.txt", "2");
    let (answer, outcome) =
        client.send_raw(client.input("Stop", &json!({})).to_string().as_bytes());
    if sealed.holds {
        assert!(!goes_on(&answer) && !halts(&answer), "{answer}");
        assert!(answer["systemMessage"].as_str().unwrap().contains("no loop goes on"), "{answer}");
        assert_eq!(outcome, Outcome::Degraded);
        let answer = client.prompt("RALPH PAUSE");
        assert!(answer["reason"].as_str().unwrap().contains("not done"), "{answer}");
    }
    drop(sealed);
    assert!(goes_on(&client.stop("words")), "it goes on once the directory can be written");

    let client = Client::new(Mode::Guard);
    client.stop("words");
    let sealed = Sealed::new(&client);
    let answer = client.stop("words");
    assert!(halts(&answer) || !sealed.holds, "{answer}");
}

#[test]
fn a_guard_without_a_state_still_knows_what_was_spent() {
    let mut client = Client::new(Mode::Guard);
    client.message("claude-opus-5-5", [0, 2_000_000, 0, 0]);
    client.send("SessionStart", &json!({ "source": "resume" }));
    let call = json!({ "tool_name": "Bash", "tool_use_id": "t" });
    let sealed = Sealed::new(&client);
    assert!(halts(&client.send("PreToolUse", &call)));
    drop(sealed);
    fs::remove_file(client.ralph().join("state.json")).unwrap();
    fs::remove_file(client.ralph().join("state.json.bak")).unwrap_or_default();
    assert!(halts(&client.send("PreToolUse", &call)), "it is read anew from the transcript");
}

/// A directory that nobody can write: by its mode, or for root by a mount that is not there.
struct Sealed<'a> {
    client: &'a Client,
    /// Root may write whatever the mode says, so that the test says nothing then.
    holds: bool,
}

impl<'a> Sealed<'a> {
    fn new(client: &'a Client) -> Self {
        let sealed = Self { client, holds: !is_root() || immutable(client, "+i") };
        sealed.mode(0o555);
        if !sealed.holds {
            eprintln!("SKIPPED: root writes everywhere here");
        }
        sealed
    }

    fn mode(&self, mode: u32) {
        let _root_may_not_on_immutable =
            fs::set_permissions(self.client.ralph(), fs::Permissions::from_mode(mode));
    }
}

impl Drop for Sealed<'_> {
    fn drop(&mut self) {
        immutable(self.client, "-i");
        self.mode(0o755);
    }
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

fn immutable(client: &Client, how: &str) -> bool {
    let chattr = |path| Command::new("chattr").args([how]).arg(path).output();
    let dir = chattr(client.ralph()).is_ok_and(|output| output.status.success());
    let lock = chattr(client.ralph().join("state.lock"));
    dir && lock.is_ok_and(|output| output.status.success())
}

#[test]
fn limits_that_cannot_be_read_are_not_replaced_by_defaults() {
    for broken in ["{", "{\"schema_version\":1}", "{\"schema_version\":9}", "\u{0}"] {
        let client = started();
        fs::write(client.ralph().join("limits.json"), broken).unwrap();
        let mut options = client.options();
        options.config = None;
        let send = |event: &str, mode: Mode| {
            let mut output = Vec::new();
            let input = client.input(event, &json!({ "prompt": "x" })).to_string();
            let options = options.clone().with_mode(mode);
            assert_eq!(
                hook::run(input.as_bytes(), &mut output, &options, &mut ()),
                Outcome::Degraded
            );
            serde_json::from_slice::<serde_json::Value>(&output).unwrap()
        };
        assert_eq!(send("Stop", Mode::Loop), json!({}), "a loop lets the stop through");
        assert!(halts(&send("Stop", Mode::Guard)), "a guard lets nothing go on");
        let told = send("UserPromptSubmit", Mode::Loop)["systemMessage"].to_string();
        assert!(told.contains("limits cannot be read"), "{told}");
        assert!(logged(&client, "the limits cannot be read"));
    }
}

#[test]
fn a_variable_that_cannot_be_read_changes_no_bound_and_is_logged() {
    let client = started();
    let mut options = client.options();
    options.env = vec![
        ("RALPH_MAX_ITERATIONS".into(), "lots".into()),
        ("RALPH_MAX_BUDGET_USD".into(), "-1".into()),
    ];
    let mut output = Vec::new();
    let input = client.input("Stop", &json!({})).to_string();
    assert_eq!(hook::run(input.as_bytes(), &mut output, &options, &mut ()), Outcome::Decided);
    assert!(logged(&client, "a variable of the environment is not used"));
    assert!(String::from_utf8(output).unwrap().contains("of 15, $0.00 of $20.00"));
}

struct Fails;

impl Observe for Fails {
    fn observe(&mut self, _line: &Line) -> Result<(), Box<dyn Error + Send + Sync>> {
        Err("no metrics here".into())
    }
}

struct Panics;

impl Observe for Panics {
    fn observe(&mut self, _line: &Line) -> Result<(), Box<dyn Error + Send + Sync>> {
        panic!("a mistake of somebody else's")
    }
}

#[test]
fn an_observer_that_fails_changes_nothing() {
    let client = started();
    client.work(2);
    let input = client.input("Stop", &json!({ "last_assistant_message": "x" })).to_string();
    let mut output = Vec::new();
    hook::run(input.as_bytes(), &mut output, &client.options(), &mut Fails);
    assert!(goes_on(&serde_json::from_slice(&output).unwrap()));
    assert!(logged(&client, "an observer failed"));
}

#[test]
fn a_panic_is_answered_and_an_open_breaker_stays_open() {
    let client = Client::new(Mode::Guard);
    for _ in 0..5 {
        client.stop("idle");
    }
    let input = client.input("PreToolUse", &json!({ "tool_name": "Bash" })).to_string();
    let mut output = Vec::new();
    let outcome = hook::run(input.as_bytes(), &mut output, &client.options(), &mut Panics);
    assert_eq!(outcome, Outcome::Degraded);
    assert!(halts(&serde_json::from_slice(&output).unwrap()));
}

#[test]
fn git_that_fails_neither_stops_nor_starts_a_loop() {
    let client = started();
    fs::write(client.root().join(".git/HEAD"), "nonsense").unwrap();
    for n in 2..14 {
        client.work(n);
        assert!(goes_on(&client.stop("words")), "{n}");
    }
    assert!(logged(&client, "the tree cannot be looked at"));
    let last = client.iterations().pop().unwrap();
    assert_eq!((last.progressed, last.no_progress), (None, 0), "unknown is not nothing");
}

#[test]
fn progress_and_record_that_cannot_be_written_change_nothing() {
    let client = started();
    for name in ["progress.md", "events.jsonl"] {
        let path = client.ralph().join(name);
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
    }
    client.write("work.txt", "2");
    client.tool();
    assert!(goes_on(&client.stop("words")));
}

#[test]
fn a_line_cut_off_by_a_kill_spoils_no_other() {
    let client = started();
    let path = client.ralph().join("events.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, &text[..text.len() - 7]).unwrap();
    client.tool();
    let tail = hook::read_lines(&path, 0, u64::MAX).unwrap();
    assert_eq!(tail.broken_lines, 1);
    assert!(matches!(tail.lines.last().unwrap().1.record, Record::Tool(_)));
}

#[test]
fn every_line_is_one_object_whatever_a_message_holds() {
    let client = started();
    let name = "a \"tool\"\nwith \u{0} and \u{2028} and {}";
    client.send(
        "PostToolUse",
        &json!({ "tool_name": name, "tool_use_id": "t\"\n", "tool_input": {} }),
    );
    let text = fs::read_to_string(client.ralph().join("events.jsonl")).unwrap();
    for line in text.lines() {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(value["ts"].as_str().unwrap().ends_with('Z'));
    }
    assert!(client.records().iter().any(|r| matches!(r, Record::Tool(tool) if tool.tool == name)));
}
