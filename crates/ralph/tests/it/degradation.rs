//! Parts that are slow, busy, full or not there: the hook answers in time, on the safe side.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use plimsoll_ralph::hook::Outcome;
use plimsoll_ralph::{Check, Mode, Record};
use serde_json::{Value, json};

use crate::client::{Client, append, goes_on, halts, message};

fn started() -> Client {
    let client = Client::new(Mode::Loop);
    client.prompt("RALPH START do it");
    client.work(1);
    assert!(goes_on(&client.stop("words")));
    client
}

fn sent(client: &Client, event: &str, fields: &Value) -> (Value, Outcome) {
    client.send_raw(client.input(event, fields).to_string().as_bytes())
}

const CALL: &str =
    r#"{ "tool_name": "Bash", "tool_input": { "command": "ls" }, "tool_use_id": "t" }"#;

/// The lock as another hook has it that does not come to its end.
fn held(client: &Client) -> File {
    let lock = File::options().read(true).write(true).open(client.ralph().join("state.lock"));
    let lock = lock.unwrap();
    lock.lock().unwrap();
    lock
}

#[test]
fn a_lock_that_is_not_let_go_is_waited_for_two_seconds_and_the_stop_goes_through() {
    let client = started();
    client.work(2);
    let lock = held(&client);
    let began = Instant::now();
    let (answer, outcome) = sent(&client, "Stop", &json!({ "last_assistant_message": "words" }));
    let took = began.elapsed();
    assert!((2..20).contains(&took.as_secs()), "{took:?}");
    assert!(!goes_on(&answer) && !halts(&answer), "{answer}");
    assert!(answer["systemMessage"].as_str().unwrap().contains("no loop goes on"), "{answer}");
    assert_eq!(outcome, Outcome::Degraded);
    drop(lock);
    assert!(goes_on(&client.stop("words")), "the next stop finds it free");
}

#[test]
fn a_guard_that_does_not_get_the_lock_still_refuses_what_an_exhausted_budget_pays_for() {
    let mut client = Client::new(Mode::Guard);
    client.prompt("do it");
    let _lock = held(&client);
    client.message("claude-opus-5-5", [0, 2_000_000, 0, 0]);
    let call: Value = serde_json::from_str(CALL).unwrap();
    let (answer, outcome) = sent(&client, "PreToolUse", &call);
    assert!(halts(&answer), "{answer}");
    assert_eq!(answer["hookSpecificOutput"]["permissionDecision"], "deny");
    assert_eq!(outcome, Outcome::Degraded);
}

#[test]
fn a_check_that_does_not_end_and_one_that_is_not_there_refute_the_claim() {
    let slow = ["sleep", "600"].map(str::to_owned);
    let mut slow = Check::new("slow", slow);
    slow.timeout_secs = 1;
    let absent = Check::new("absent", ["no-such-program-here".to_owned()]);
    let mut client = Client::new(Mode::Loop);
    client.config = client.config.clone().with_check(slow).with_check(absent);
    client.prompt("RALPH START do it");
    client.work(1);
    let began = Instant::now();
    let answer = client.stop("<promise>COMPLETE</promise>");
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
    assert!(goes_on(&answer), "{answer}");
    let reason = answer["reason"].as_str().unwrap();
    assert!(reason.contains("slow: ") && reason.contains("absent: "), "{reason}");
    let checks = client.iterations().pop().unwrap().checks.unwrap();
    assert_eq!(checks.failed(), ["slow", "absent"]);
}

#[test]
fn a_state_that_cannot_be_read_lets_a_loop_stop_and_a_guard_stop_others() {
    for (mode, is_halted) in [(Mode::Loop, false), (Mode::Guard, true)] {
        let client = Client::new(mode);
        client.prompt("RALPH START do it");
        client.stop("words");
        for name in ["state.json", "state.json.bak"] {
            // A guard that has stepped once has no backup yet.
            fs::remove_file(client.ralph().join(name)).unwrap_or_default();
            fs::create_dir(client.ralph().join(name)).unwrap();
        }
        let (answer, outcome) = sent(&client, "Stop", &json!({ "last_assistant_message": "x" }));
        assert!(!goes_on(&answer), "{mode:?}: {answer}");
        assert_eq!((halts(&answer), outcome), (is_halted, Outcome::Degraded), "{mode:?}: {answer}");
        let (answer, _) = sent(&client, "PreToolUse", &serde_json::from_str(CALL).unwrap());
        assert_eq!(answer, json!({}), "a tool is not refused for that");
    }
}

/// A file system of its own over a project's `.ralph`, gone when this is dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None` where this user may not mount.
    fn over(dir: &Path) -> Option<Self> {
        fs::create_dir_all(dir).unwrap();
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=131072", "tmpfs"])
            .arg(dir)
            .stderr(Stdio::null())
            .status();
        if !mount.is_ok_and(|status| status.success()) {
            eprintln!("SKIPPED: mounting a small disk is not permitted here");
            return None;
        }
        Some(Self(dir.to_owned()))
    }

    /// Writes until nothing more fits.
    fn fill(&self) {
        let mut file = File::create(self.0.join("filler")).unwrap();
        while file.write_all(&[b'x'; 4096]).is_ok() {}
        while file.write_all(b"x").is_ok() {}
    }

    fn free(&self) {
        fs::remove_file(self.0.join("filler")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let status = Command::new("umount").arg("-l").arg(&self.0).status();
        assert!(status.is_ok_and(|status| status.success()), "{} stays mounted", self.0.display());
    }
}

#[test]
fn on_a_full_disk_a_loop_stops_a_guard_stops_others_and_both_go_on_when_there_is_room() {
    for (mode, is_halted) in [(Mode::Loop, false), (Mode::Guard, true)] {
        let client = Client::new(mode);
        let Some(disk) = SmallDisk::over(&client.ralph()) else { return };
        client.prompt("RALPH START do it");
        client.work(1);
        client.stop("words");
        disk.fill();
        client.work(2);
        let (answer, outcome) = sent(&client, "Stop", &json!({ "last_assistant_message": "x" }));
        assert!(!goes_on(&answer), "{mode:?}: {answer}");
        assert_eq!((halts(&answer), outcome), (is_halted, Outcome::Degraded), "{mode:?}: {answer}");
        disk.free();
        client.work(3);
        let answer = client.stop("words");
        assert_eq!((goes_on(&answer), halts(&answer)), (!is_halted, false), "{mode:?}: {answer}");
        assert_eq!(client.iterations().last().unwrap().iteration, 2, "the lost turn is no turn");
    }
}

#[test]
fn a_long_transcript_is_read_once_and_then_from_where_it_ended() {
    // 50 MB, as the client writes them, or a tenth of it.
    let messages = if std::env::var_os("PLIMSOLL_SLOW_TESTS").is_some() { 300_u32 } else { 30 };
    let client = Client::new(Mode::Guard);
    let filler = format!("{{\"type\":\"attachment\",\"text\":\"{}\"}}\n", "x".repeat(170_000));
    let mut file = File::create(client.transcript()).unwrap();
    for n in 0..messages {
        file.write_all(filler.as_bytes()).unwrap();
        let message = message(&format!("m{n}"), "claude-opus-5-5", [10, 1, 0, 0]);
        writeln!(file, "{message}").unwrap();
    }
    drop(file);
    assert!(fs::metadata(client.transcript()).unwrap().len() > u64::from(messages) * 170_000);
    client.stop("words");
    let total = |client: &Client| client.iterations().pop().unwrap().total.tokens.total();
    assert_eq!(total(&client), u64::from(messages) * 11);
    let path = client.transcript();
    let mut file = File::options().append(true).open(&path).unwrap();
    writeln!(file, "{}", message("last", "claude-opus-5-5", [10, 1, 0, 0])).unwrap();
    write!(file, "{{\"type\":\"assistant\",\"message\":{{\"id\":\"half").unwrap();
    client.work(1);
    client.stop("words");
    assert_eq!(total(&client), u64::from(messages + 1) * 11);
}

#[test]
fn files_beside_the_state_that_are_none_change_no_decision() {
    let client = started();
    for entry in fs::read_dir(client.ralph()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with("baseline-") || name == "weights.json" {
            fs::remove_file(&path).unwrap();
            fs::create_dir(&path).unwrap();
        }
    }
    append(&client.transcript(), "\u{0}\u{1} no line of a transcript");
    client.work(2);
    assert!(goes_on(&client.stop("words")));
    let refused = client.iterations().pop().unwrap().checkpoint_ref;
    let has_said = client.records().iter().any(|record| matches!(record, Record::Log(_)));
    assert!(has_said, "what does not work is logged; kept at {refused:?}");
}
