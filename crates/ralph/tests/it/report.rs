//! The record, for people.

use plimsoll_ralph::hook::{EVENTS, read_lines};
use plimsoll_ralph::{Line, Mode, Report, TestsFirst};
use serde_json::json;

use crate::client::{Client, append, message};

fn lines(client: &Client) -> Vec<Line> {
    let tail = read_lines(&client.ralph().join(EVENTS), 0, u64::MAX).unwrap();
    tail.lines.into_iter().map(|(_, line)| line).collect()
}

#[test]
fn a_report_says_what_happened_what_tripped_at_what_value_and_what_to_do() {
    let client = Client::new(Mode::Loop);
    client.prompt("RALPH START do it");
    append(&client.transcript(), &message("m1", "claude-opus-5-5", [1_000_000, 0, 0, 0]));
    client.work(1);
    client.stop("words");
    for _ in 0..5 {
        client.stop("idle");
    }
    let text = Report::of(&lines(&client)).to_string();
    let line = |start: &str| {
        let found = text.lines().find(|line| line.trim_start().starts_with(start));
        found.unwrap_or_else(|| panic!("{start}:\n{text}")).to_owned()
    };
    assert_eq!(
        line("tripped:").trim(),
        "tripped: 5 iterations in a row changed nothing, 5 allowed"
    );
    assert!(line("next:").contains("the agent is stuck"));
    assert_eq!(
        line("spent").trim(),
        "spent $4.00 (1000000 tokens in, 0 out, 0 from a cache, 0 into one)"
    );
    let first: Vec<String> = line("1  continued").split_whitespace().map(str::to_owned).collect();
    assert_eq!(first[..9], ["1", "continued", "1", "1", "yes", "-", "$4.00", "0", "s"]);
    assert!(first[9].starts_with("refs/ralph/loop-"));
    assert!(line("6  tripped").contains("none"));
    assert_eq!(line("Tools:").trim(), "Tools: Bash 1");
}

#[test]
fn a_report_of_many_loops_finds_each_by_the_beginning_of_its_id() {
    let mut client = Client::new(Mode::Loop);
    client.prompt("RALPH START one");
    client.prompt("STOP RALPH");
    client.session("s-2", client.pid);
    client.prompt("RALPH START two");
    let report = Report::of(&lines(&client));
    assert_eq!(report.loops.len(), 2);
    let second = report.find(None).unwrap();
    assert_eq!(second.outcome, "running");
    assert_eq!(report.find(Some(&second.loop_id[..9])), Some(second));
    assert_eq!(report.find(Some("loop-")), None, "it is not clear which");
    assert_eq!(report.loops[0].outcome, "stopped");
}

#[test]
fn whether_a_test_came_first_is_judged_per_session_and_subject() {
    let mut client = Client::new(Mode::Loop);
    client.prompt("RALPH START one");
    let edit = |client: &Client, path: &str| {
        client.send(
            "PostToolUse",
            &json!({ "tool_name": "Write", "tool_use_id": "t",
            "tool_input": { "file_path": client.root().join(path), "content": "x\ny\n" } }),
        );
    };
    edit(&client, "src/parse.py");
    edit(&client, "tests/test_lex.py");
    edit(&client, "src/parse.py");
    edit(&client, "src/lex.py");
    edit(&client, "README.md");
    client.session("s-2", client.pid);
    edit(&client, "src/lex.py");
    let mut judge = TestsFirst::default();
    let verdicts: Vec<_> = lines(&client)
        .iter()
        .filter_map(|line| judge.judge(line))
        .map(|verdict| (verdict.event, verdict.rule, verdict.test_first))
        .collect();
    assert_eq!(
        verdicts,
        [
            ("source_edited", "no_test_at_all", Some(false)),
            ("test_edited", "none", None),
            ("source_edited", "no_test_for_this_source", Some(false)),
            ("source_edited", "test_before_source", Some(true)),
            ("source_edited", "no_test_at_all", Some(false)),
        ]
    );
}

#[test]
fn a_full_record_is_moved_away_and_an_offset_names_one_line_for_ever() {
    let client = Client::new(Mode::Loop);
    client.prompt("RALPH START one");
    let path = client.ralph().join(EVENTS);
    let before = read_lines(&path, 0, u64::MAX).unwrap();
    // A person's notes in the record make it larger than it may be.
    append(&path, &"#".repeat(17 << 20));
    client.tool();
    client.tool();
    assert!(client.ralph().join("events.jsonl.1").exists());
    let all = read_lines(&path, 0, u64::MAX).unwrap();
    assert_eq!(all.lines[0], before.lines[0]);
    let from_there = read_lines(&path, before.next_offset_bytes, u64::MAX).unwrap();
    assert_eq!(from_there.lines.len(), 3, "the beginning of the new file, and two calls");
    assert_eq!(all.lines.last(), from_there.lines.last());
    assert_eq!((all.lost_bytes, from_there.broken_lines), (0, 1));
    let rest = read_lines(&path, from_there.next_offset_bytes, u64::MAX).unwrap();
    assert!(rest.lines.is_empty());
    std::fs::remove_file(client.ralph().join("events.jsonl.1")).unwrap();
    let lost = read_lines(&path, 0, u64::MAX).unwrap();
    assert!(lost.lost_bytes > 17 << 20, "what is gone is counted");
}
