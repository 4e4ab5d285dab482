//! Hook processes killed at random moments while eight of them write one state.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use plimsoll_ralph::Record;
use plimsoll_ralph::hook::{self, EVENTS, Project};
use serde_json::json;

const WRITERS: u64 = 8;

/// Where the moments of the kills come from; the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        // Marsaglia's xorshift64.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

#[derive(Default)]
struct Tally {
    killed: AtomicU64,
    acknowledged: AtomicU64,
    /// How long a hook took the last time that one was let be, so that kills fall all over it.
    lasts_us: AtomicU64,
}

#[test]
fn every_acknowledged_generation_survives_kills_of_eight_writers() {
    let kills: u64 =
        std::env::var("PLIMSOLL_RALPH_KILLS").map_or(40, |count| count.parse().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let input = |event: &str, call: u64| {
        json!({ "session_id": "s-1", "cwd": dir.path(), "hook_event_name": event,
            "tool_name": "Bash", "tool_use_id": format!("t{call}"), "error": "x" })
        .to_string()
    };
    assert!(finish(spawn(dir.path(), &input("SessionStart", 0)).0).is_some());
    let tally = Tally::default();
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (tally, input, dir) = (&tally, &input, dir.path());
            scope.spawn(move || {
                let mut dice = Dice(0x9e37_79b9_7f4a_7c15 ^ (writer + 1));
                while tally.killed.load(Relaxed) < kills {
                    one(dir, &input("PostToolUseFailure", dice.roll(u64::MAX)), &mut dice, tally);
                }
            });
        }
    });
    let project = Project::of(dir.path());
    let overview = hook::state(&project).unwrap().overview();
    let (killed, acknowledged) = (tally.killed.load(Relaxed), tally.acknowledged.load(Relaxed));
    let stored = overview[0].errors;
    assert!(stored >= acknowledged, "{acknowledged} acknowledged, {stored} stored");
    assert!(stored <= acknowledged + killed, "{stored} stored of {acknowledged} + {killed}");
    let lines = hook::read_lines(&dir.path().join(".ralph").join(EVENTS), 0, u64::MAX).unwrap();
    let logged: Vec<_> =
        lines.lines.iter().filter(|(_, line)| matches!(line.record, Record::Log(_))).collect();
    assert!(logged.is_empty(), "nothing was recovered, no lock was stuck: {logged:?}");
    let left = fs::read_dir(dir.path().join(".ralph")).unwrap().flatten();
    let left = left.filter(|e| e.file_name().to_string_lossy().contains("broken")).count();
    assert_eq!(left, 0);
    println!(
        "{killed} kills of {WRITERS} writers, {acknowledged} generations acknowledged: 0 lost, \
         {} written and then killed, every load succeeded, no lock stuck",
        stored - acknowledged
    );
}

/// Runs a hook, and in three of four times kills it somewhere between its start and its end.
fn one(dir: &Path, input: &str, dice: &mut Dice, tally: &Tally) {
    let (mut child, mut out) = spawn(dir, input);
    let lasts_us = tally.lasts_us.load(Relaxed);
    if lasts_us == 0 || dice.roll(4) == 0 {
        let started = Instant::now();
        assert!(finish(child).is_some());
        let us = u64::try_from(started.elapsed().as_micros()).unwrap();
        tally.lasts_us.store(us, Relaxed);
        tally.acknowledged.fetch_add(1, Relaxed);
        return;
    }
    let (started, moment) =
        (Instant::now(), Duration::from_micros(dice.roll(lasts_us * 5 / 4 + 1)));
    while started.elapsed() < moment {
        std::thread::sleep(Duration::from_micros(20));
    }
    let was_running = child.try_wait().unwrap().is_none();
    child.kill().unwrap();
    child.wait().unwrap();
    let mut text = String::new();
    out.read_to_string(&mut text).unwrap();
    match (was_running, text.as_str()) {
        // It had answered: what it answered for must be there, whatever came after.
        (_, "{}\n") => {
            tally.acknowledged.fetch_add(1, Relaxed);
            tally.killed.fetch_add(u64::from(was_running), Relaxed);
        }
        (_, "") => {
            tally.killed.fetch_add(1, Relaxed);
        }
        (_, other) => panic!("half an answer or another one: {other:?}"),
    }
}

fn spawn(dir: &Path, input: &str) -> (Child, std::process::ChildStdout) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_plimsoll-hook"))
        .arg("guard")
        .current_dir(dir)
        .env("CLAUDE_PID", std::process::id().to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let out = child.stdout.take().unwrap();
    (child, out)
}

fn finish(mut child: Child) -> Option<i32> {
    child.wait().unwrap().code().filter(|code| *code == 0)
}
