//! A loop's end, told to people who are not there.

use std::error::Error;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant, SystemTime};

use plimsoll_ralph::hook::{self, EVENTS, read_lines};
use plimsoll_ralph::{Announce, LoopEnd, LoopEnds, Mode};
use serde_json::json;

use crate::client::{Client, append, halts, message};

/// A receiver that is there or not.
#[derive(Default)]
struct Told {
    ends: Vec<LoopEnd>,
    is_away: bool,
}

impl Announce for Told {
    fn announce(&mut self, end: &LoopEnd) -> Result<(), Box<dyn Error + Send + Sync>> {
        if self.is_away {
            return Err("nobody there".into());
        }
        self.ends.push(end.clone());
        Ok(())
    }
}

/// The ends in the record, and when its last line was written.
fn ends(client: &Client) -> (LoopEnds, SystemTime) {
    let mut ends = LoopEnds::default();
    let tail = read_lines(&client.ralph().join(EVENTS), 0, u64::MAX).unwrap();
    tail.lines.iter().for_each(|(_, line)| ends.take(line));
    let last_ms = tail.lines.last().and_then(|(_, line)| line.at_ms()).unwrap();
    (ends, SystemTime::UNIX_EPOCH + Duration::from_millis(last_ms))
}

/// What is told so long after the last line.
fn told_after(client: &Client, secs: u64) -> Vec<LoopEnd> {
    let (mut ends, last) = ends(client);
    let mut told = Told::default();
    ends.announce(last + Duration::from_secs(secs), &mut told).unwrap();
    told.ends
}

fn tripped() -> Client {
    let client = Client::new(Mode::Loop);
    client.prompt("RALPH START do it");
    append(&client.transcript(), &message("m1", "claude-opus-5-5", [1_000_000, 0, 0, 0]));
    client.work(1);
    client.stop("words");
    for _ in 0..5 {
        client.stop("idle");
    }
    client
}

#[test]
fn an_end_is_told_with_its_reason_and_all_that_it_cost() {
    let client = tripped();
    assert_eq!(told_after(&client, 0), Vec::new(), "the last message is not counted");
    append(&client.transcript(), &message("m2", "claude-opus-5-5", [1_000_000, 0, 0, 0]));
    client.send("SessionEnd", &json!({ "reason": "other" }));
    let told = told_after(&client, 0);
    assert_eq!(told.len(), 1);
    let (end, id) = (&told[0], &told[0].loop_id);
    assert_eq!(
        end.to_string(),
        format!(
            "{id} of project was stopped: 5 iterations in a row changed nothing, 5 allowed, after 6 iterations, 0 s, $8.00 and 2000000 tokens"
        )
    );
    assert!(end.is_trip() && end.advice().contains("the agent is stuck"), "{end:?}");
}

#[test]
fn an_end_whose_session_says_nothing_more_is_told_after_a_while() {
    let client = tripped();
    let told = told_after(&client, 5);
    assert_eq!(told.len(), 1);
    assert!(told[0].to_string().contains("$4.00"), "{}", told[0]);
}

#[test]
fn a_guards_trip_and_a_work_that_is_done_are_ends_too() {
    let client = Client::new(Mode::Guard);
    (0..4).for_each(|_| drop(client.stop("idle")));
    assert!(halts(&client.stop("idle")));
    let told = told_after(&client, 5);
    assert_eq!((told.len(), told[0].mode, told[0].is_trip()), (1, Mode::Guard, true));
    let client = Client::new(Mode::Loop);
    client.prompt("RALPH START do it");
    client.work(1);
    client.stop("<promise>COMPLETE</promise>");
    let told = told_after(&client, 5);
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].reason().as_str(), told[0].is_trip()), ("is done", false));
}

#[test]
fn a_person_who_ends_what_was_stopped_makes_no_news() {
    let client = tripped();
    client.prompt("RALPH DISCARD");
    assert_eq!(told_after(&client, 5).len(), 1);
    client.prompt("RALPH START again");
    client.prompt("STOP RALPH");
    let told = told_after(&client, 5);
    assert_eq!(told.len(), 2);
    assert_eq!(told[1].reason(), "was stopped by a person");
}

#[test]
fn an_end_that_nobody_took_is_told_again_and_old_news_is_not() {
    let (mut ends, last) = ends(&tripped());
    let later = last + Duration::from_secs(5);
    let mut told = Told { is_away: true, ..Told::default() };
    assert_eq!(ends.announce(later, &mut told).unwrap_err().to_string(), "nobody there");
    let kept: LoopEnds = serde_json::from_value(serde_json::to_value(&ends).unwrap()).unwrap();
    assert_eq!(kept, ends);
    told.is_away = false;
    let mut old = kept.clone();
    assert_eq!(ends.announce(later, &mut told).unwrap(), 1);
    assert!(ends.is_empty());
    old.forget_before(later);
    assert!(old.is_empty());
}

/// A program that writes down how it was run, and where. What it does then ends with its file.
fn announcer(client: &Client, last_words: &str) -> hook::Options {
    let path = client.dir.path().join("announcer");
    let script = format!(
        "#!/bin/sh\nprintf '%s\\n' \"$PWD\" \"$@\" > \"$0.part\"\nmv \"$0.part\" \"$0.ran\"\n{last_words}\n"
    );
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
    let mut options = client.options();
    options.announcer = Some(path);
    options
}

fn idle_until_it_trips(client: &Client, options: &hook::Options) {
    for _ in 0..5 {
        let input = client.input("Stop", &json!({ "last_assistant_message": "idle" })).to_string();
        hook::run(input.as_bytes(), Vec::new(), options, &mut ());
    }
}

#[test]
fn a_hook_starts_who_tells_it_and_does_not_wait() {
    let client = Client::new(Mode::Guard);
    let options = announcer(&client, "while [ -e \"$0\" ]; do sleep 0.05; done");
    let began = Instant::now();
    idle_until_it_trips(&client, &options);
    let ran = client.dir.path().join("announcer.ran");
    while !ran.exists() {
        assert!(began.elapsed() < Duration::from_secs(60), "nobody was told");
        std::thread::sleep(Duration::from_millis(10));
    }
    let root = client.root().display().to_string();
    let wanted = format!("{root}\nralph\nship\n--alerts\n--dir\n{root}\n");
    assert_eq!(fs::read_to_string(ran).unwrap(), wanted);
}

#[test]
fn what_cannot_be_told_changes_nothing_and_is_logged() {
    let mut client = Client::new(Mode::Guard);
    let options = announcer(&client, "");
    let program = client.dir.path().join("announcer");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o600)).unwrap();
    idle_until_it_trips(&client, &options);
    let log = fs::read_to_string(client.ralph().join(EVENTS)).unwrap();
    assert!(log.contains("nobody is told of a loop's end"), "{log}");
    assert!(halts(&client.stop("idle")), "its breaker is open");
    client.config.announce_ends = false;
    let before = client.records().len();
    let silent = client.options();
    idle_until_it_trips(&client, &silent);
    assert_eq!(client.records().len(), before);
}
