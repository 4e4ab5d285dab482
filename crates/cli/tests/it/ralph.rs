//! Loops of a coding agent, from the hook program to rows in a store.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use testbed::{Reply, SentryStandIn};

use crate::run::{Ran, command, ended};

pub(crate) struct Project {
    dir: tempfile::TempDir,
}

impl Project {
    pub(crate) fn new() -> Self {
        let project = Self { dir: tempfile::tempdir().unwrap() };
        fs::write(project.dir.path().join("transcript.jsonl"), "").unwrap();
        fs::create_dir(project.root()).unwrap();
        project.git(&["init", "-q", "-b", "main"]);
        project.git(&["config", "user.email", "a@example.invalid"]);
        project.git(&["config", "user.name", "a"]);
        fs::write(project.root().join("README.md"), "probe\n").unwrap();
        project.git(&["add", "README.md"]);
        project.git(&["commit", "-q", "-m", "begin"]);
        project
    }

    /// What is of no repository: the transcript.
    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn root(&self) -> std::path::PathBuf {
        self.dir.path().join("project")
    }

    fn git(&self, args: &[&str]) {
        let status = Command::new("git").args(args).current_dir(self.root()).status().unwrap();
        assert!(status.success());
    }

    /// The hook program, as the client runs it.
    pub(crate) fn hook(&self, event: &str, fields: &Value) -> Value {
        self.hook_in(&mut Command::new(env!("CARGO_BIN_EXE_plimsoll-hook")), event, fields)
    }

    /// The hook program as this command starts it.
    pub(crate) fn hook_in(&self, hook: &mut Command, event: &str, fields: &Value) -> Value {
        let mut input = json!({
            "session_id": "s-1", "cwd": self.root(), "hook_event_name": event,
            "transcript_path": self.dir.path().join("transcript.jsonl"),
        });
        input.as_object_mut().unwrap().extend(fields.as_object().cloned().unwrap());
        let mut hook = hook
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

    /// A turn that edits a file.
    fn turn(&self, file: &str, text: &str) -> Value {
        let path = self.root().join(file);
        fs::write(&path, text).unwrap();
        self.hook(
            "PostToolUse",
            &json!({ "tool_name": "Write", "tool_use_id": format!("toolu_{file}"), "duration_ms": 60_000,
                "tool_input": { "file_path": path, "content": text }, "tool_response": {} }),
        );
        self.hook("Stop", &json!({ "last_assistant_message": "words", "background_tasks": [] }))
    }

    pub(crate) fn plimsoll(&self, args: &[&str]) -> Ran {
        ended(&mut command(&self.root(), args))
    }

    /// What the program said that the hook started at the end of a loop.
    pub(crate) fn said_by_the_announcer(&self) -> String {
        fs::read_to_string(self.root().join(".ralph/announce.log")).unwrap_or_default()
    }
}

pub(crate) fn a_loop_of_three_turns() -> Project {
    let project = Project::new();
    project.hook("UserPromptSubmit", &json!({ "prompt": "RALPH START add a parser" }));
    assert_eq!(project.turn("parse.py", "one\n")["decision"], "block");
    assert_eq!(project.turn("test_parse.py", "two\n")["decision"], "block");
    assert_eq!(project.turn("parse.py", "three\nlines\n")["decision"], "block");
    project
}

#[test]
fn status_and_report_say_how_a_loop_stands() {
    let project = a_loop_of_three_turns();
    let status = project.plimsoll(&["ralph", "status"]);
    assert_eq!(status.code, 0, "{status:?}");
    assert!(
        status.out.contains("active, iteration 3 of 15, $20.00 left, breaker closed"),
        "{status:?}"
    );
    let json = project.plimsoll(&["ralph", "status", "--json"]);
    let json: Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(json["loops"][0]["iteration"], 3);
    let report = project.plimsoll(&["ralph", "report"]).out;
    for wanted in ["(loop), began", "running", "continued", "refs/ralph/loop-", "Tools: Write 3"] {
        assert!(report.contains(wanted), "{wanted}:\n{report}");
    }
    let json = project.plimsoll(&["ralph", "report", "--json"]).out;
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["iterations"].as_array().unwrap().len(), 3);
}

#[test]
fn a_person_at_a_shell_pauses_resumes_resets_and_discards() {
    let project = a_loop_of_three_turns();
    let said = |words: &[&str], wanted: &str| {
        let ran = project.plimsoll(&[&["ralph"], words].concat());
        assert_eq!(ran.code, 0, "{words:?}: {ran:?}");
        assert!(ran.out.contains(wanted), "{words:?}: {ran:?}");
    };
    said(&["pause", "--dry-run"], "this would be said to loop-");
    assert_eq!(project.turn("a.py", "4\n")["decision"], "block");
    said(&["pause"], "pauses");
    assert_eq!(project.turn("a.py", "5\n"), json!({}));
    said(&["reset"], "granted anew");
    said(&["resume"], "The next session here");
    let answer = project.hook("UserPromptSubmit", &json!({ "prompt": "go on" }));
    assert!(answer.to_string().contains("add a parser"), "{answer}");
    assert_eq!(project.turn("a.py", "6\n")["decision"], "block");
    said(&["discard"], "discarded at iteration 5");
    assert_eq!(project.turn("a.py", "7\n"), json!({}));
    let ran = project.plimsoll(&["ralph", "resume"]);
    assert_eq!((ran.code, ran.err.contains("no loop in")), (1, true), "{ran:?}");
}

#[test]
fn an_iteration_is_brought_back_and_what_was_there_is_kept() {
    let project = a_loop_of_three_turns();
    fs::write(project.root().join("mine.txt"), "a person's\n").unwrap();
    let list = project.plimsoll(&["ralph", "restore"]).out;
    assert_eq!(list.lines().count(), 3, "{list}");
    let dry = project.plimsoll(&["ralph", "restore", "1", "--dry-run"]).out;
    assert_eq!(dry, "would write parse.py\nwould remove test_parse.py\n");
    let text = |file: &str| fs::read_to_string(project.root().join(file)).ok();
    assert_eq!(text("parse.py").unwrap(), "three\nlines\n");
    let ran = project.plimsoll(&["ralph", "restore", "1"]);
    assert!(ran.out.contains("what was there before is kept at refs/ralph/loop-"), "{ran:?}");
    assert_eq!(text("parse.py").unwrap(), "one\n");
    assert_eq!(text("test_parse.py"), None);
    assert_eq!(text("mine.txt").unwrap(), "a person's\n");
    let again = project.plimsoll(&["ralph", "restore", "1"]).out;
    assert!(again.contains("nothing to do"), "{again}");
    assert_eq!(project.plimsoll(&["ralph", "restore", "3"]).code, 0);
    assert_eq!(text("parse.py").unwrap(), "three\nlines\n");
    assert_eq!(text("test_parse.py").unwrap(), "two\n");
    let none = project.plimsoll(&["ralph", "restore", "1", "--loop", "loop-zz"]);
    assert_eq!(none.code, 1, "{none:?}");
}

#[test]
fn the_record_becomes_rows_once() {
    let project = a_loop_of_three_turns();
    let subagent = json!({ "tool_name": "Agent", "tool_use_id": "toolu_a", "tool_input":
        { "subagent_type": "Explore", "description": "look", "prompt": "secret words" } });
    project.hook("PreToolUse", &subagent);
    project.hook("SessionEnd", &json!({ "reason": "other" }));
    let dry = project.plimsoll(&["ralph", "ship", "--to", "../rows.db", "--dry-run"]);
    assert!(dry.out.contains("rows would be delivered"), "{dry:?}");
    assert!(!project.dir.path().join("rows.db").exists());
    let first = project.plimsoll(&["ralph", "ship", "--to", "../rows.db"]);
    assert_eq!(first.code, 0, "{first:?}");
    let nothing = project.plimsoll(&["ralph", "ship", "--to", "../rows.db"]);
    assert!(nothing.out.starts_with("0 rows delivered"), "{nothing:?}");
    let again = project.plimsoll(&["ralph", "ship", "--to", "../rows.db", "--again"]);
    assert_eq!(again.code, 0, "{again:?}");

    let store = rusqlite::Connection::open(project.dir.path().join("rows.db")).unwrap();
    let one = |sql: &str| -> String {
        store.query_row(sql, [], |row| row.get::<_, rusqlite::types::Value>(0)).map_or_else(
            |error| panic!("{sql}: {error}"),
            |value| match value {
                rusqlite::types::Value::Integer(n) => n.to_string(),
                rusqlite::types::Value::Text(text) => text,
                other => format!("{other:?}"),
            },
        )
    };
    for (sql, expected) in [
        ("SELECT count(*) FROM ralph_iterations", "3"),
        (
            "SELECT group_concat(iteration) FROM (SELECT iteration FROM ralph_iterations ORDER BY seq)",
            "1,2,3",
        ),
        ("SELECT min(outcome) FROM ralph_iterations", "continued"),
        ("SELECT count(DISTINCT run) FROM ralph_iterations", "1"),
        ("SELECT project FROM ralph_iterations LIMIT 1", "project"),
        (
            "SELECT count(*) FROM claude_tool_calls WHERE tool_name = 'Write' AND outcome = 'ok'",
            "3",
        ),
        ("SELECT agent_type FROM agent_spawns WHERE outcome = 'spawned'", "Explore"),
        ("SELECT count(*) FROM claude_tdd WHERE event = 'test_edited'", "1"),
        (
            "SELECT group_concat(test_first) FROM (SELECT test_first FROM claude_tdd WHERE event = 'source_edited' ORDER BY seq)",
            "0,1",
        ),
        ("SELECT rule FROM claude_tdd WHERE test_first = 0", "no_test_at_all"),
        ("SELECT state FROM claude_sessions ORDER BY seq DESC LIMIT 1", "final"),
        ("SELECT lines_added FROM claude_sessions ORDER BY seq DESC LIMIT 1", "4"),
        ("SELECT git_branch FROM claude_sessions WHERE state = 'running' LIMIT 1", "main"),
    ] {
        assert_eq!(one(sql), expected, "{sql}");
    }
    let spawns = fs::read_to_string(project.root().join(".ralph/agent_spawns.jsonl")).unwrap();
    assert!(!spawns.contains("secret words") && spawns.contains("description_digest"), "{spawns}");
}

#[test]
fn without_a_record_there_is_nothing_to_say() {
    let project = Project::new();
    for words in [&["report"][..], &["ship"]] {
        let ran = project.plimsoll(&[&["ralph"], words].concat());
        assert_eq!(ran.code, 2, "{words:?}: {ran:?}");
        assert!(ran.err.contains("hint:"), "{ran:?}");
    }
    assert_eq!(project.plimsoll(&["ralph", "status"]).out, "ralph: no loop here.\n");
    let elsewhere = project.plimsoll(&["ralph", "status", "--dir", "no/such/dir"]);
    assert_eq!(elsewhere.code, 2, "{elsewhere:?}");
}

#[test]
fn the_hook_program_answers_whatever_it_is_given() {
    let dir = tempfile::tempdir().unwrap();
    for (args, input) in [
        (&[][..], &b""[..]),
        (&["--no-such-argument", "\u{0}x"][..1], b"\xff\x00"),
        (&["guard"], b"{\"hook_event_name\":\"Stop\"}"),
    ] {
        let output = answer(dir.path(), args, input);
        assert_eq!((output.0, output.1.as_str()), (Some(0), "{}\n"), "{args:?}");
    }
}

fn answer(dir: &Path, args: &[&str], input: &[u8]) -> (Option<i32>, String) {
    let mut hook = Command::new(env!("CARGO_BIN_EXE_plimsoll-hook"))
        .args(args)
        .current_dir(dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    hook.stdin.take().unwrap().write_all(input).unwrap();
    let output = hook.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn a_trip_is_one_event_of_sentry_with_what_came_before_it() {
    let project = a_loop_of_three_turns();
    let idle = json!({ "last_assistant_message": "words", "background_tasks": [] });
    for _ in 0..5 {
        project.hook("Stop", &idle);
    }
    let sentry = SentryStandIn::start().unwrap();
    let ship = || {
        let mut ship = command(&project.root(), &["ralph", "ship", "--sentry", "env:DSN"]);
        ended(ship.env("DSN", sentry.dsn()))
    };
    sentry.reply_next([Reply::status(400)]);
    let refused = ship();
    assert!(refused.code == 1 && refused.err.contains("run it again"), "{refused:?}");
    let ran = ship();
    assert_eq!((ran.code, ran.out.as_str()), (0, "1 events sent to Sentry\n"), "{ran:?}");
    let again = ship();
    assert_eq!(again.out, "0 events sent to Sentry\n", "each once: {again:?}");
    let events = sentry.events();
    assert_eq!(events.len(), 1, "{events:?}");
    let event = &events[0];
    assert_eq!(event["tags"]["ralph.breaker"], "no_progress", "{event}");
    let value = event["exception"]["values"][0]["value"].as_str().unwrap();
    assert!(value.contains("was stopped at iteration 8: 5 iterations in a row"), "{value}");
    let crumbs = event["breadcrumbs"].to_string();
    for wanted in ["Write ok", "iteration 3 continued", "started"] {
        assert!(crumbs.contains(wanted), "{wanted}: {crumbs}");
    }
    assert!(!crumbs.contains("add a parser"), "a prompt's words stay here");
}
