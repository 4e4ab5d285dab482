//! A second process: killed at random moments, and refused while the first one writes.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};

use super::super::SpoolError;
use super::*;

const DIR: &str = "PLIMSOLL_SPOOL_CHILD_DIR";
const ROUND: &str = "PLIMSOLL_SPOOL_CHILD_ROUND";

/// Runs `the_part_of_the_child` in a process of its own.
fn child(dir: &Path, round: u64) -> (Child, BufReader<ChildStdout>) {
    let (_, module) = module_path!().split_once("::").unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", &format!("{module}::the_part_of_the_child"), "--nocapture"]);
    command.env(DIR, dir).env(ROUND, round.to_string());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap());
    (child, lines)
}

/// The number behind the word, if this is such a line.
fn after(line: &str, word: &str) -> Option<u64> {
    line.split_once(word).and_then(|(_, number)| number.trim().parse().ok())
}

fn killed_options(dir: &Path) -> SpoolOptions {
    SpoolOptions { segment_bytes: 64 << 10, sync: SyncPolicy::default(), ..options(dir) }
}

fn payload(round: u64, number: u64) -> Vec<u8> {
    let mut bytes = [round.to_le_bytes(), number.to_le_bytes()].concat();
    bytes.resize(16 + usize::try_from(number * 7919 % 9000).unwrap(), 9);
    bytes
}

#[test]
fn the_part_of_the_child() {
    let Some(dir) = std::env::var_os(DIR) else { return };
    let round = std::env::var_os(ROUND).unwrap().to_str().unwrap().parse().unwrap();
    let mut writer = match open(&killed_options(Path::new(&dir)), "child") {
        Ok((writer, _)) => writer,
        Err(SpoolError::Held { holder, .. }) => {
            println!("\nheld by {holder}");
            return;
        }
        Err(error) => panic!("{error}"),
    };
    let mut number = 0;
    // Bounded, in case nobody kills it.
    for now in 0..20_000 {
        for _ in 0..=now % 4 {
            writer.append(1, &payload(round, number)).unwrap();
            number += 1;
        }
        writer.commit(&mut carry, Duration::from_millis(now * 100)).unwrap();
        println!("\ncommitted {number}");
    }
}

#[test]
fn what_a_killed_writer_had_committed_is_all_there() {
    let dir = tempfile::tempdir().unwrap();
    for round in 0..20_u64 {
        let (mut child, mut lines) = child(dir.path(), round);
        let mut committed = 0;
        let kill_at = 1 + round * round * 7 % 400;
        let mut line = String::new();
        let mut killed = false;
        while lines.read_line(&mut line).unwrap() > 0 {
            committed = after(&line, "committed ").unwrap_or(committed);
            line.clear();
            if committed >= kill_at && !killed {
                child.kill().unwrap();
                killed = true;
            }
        }
        child.wait().unwrap();
        assert!(killed, "round {round}: the child ended by itself");
        let (_writer, mut reader) = open(&killed_options(dir.path()), "parent").unwrap();
        let (mut number, mut last) = (0, Position::default());
        while let Some(block) = reader.next().unwrap() {
            if !block.context {
                assert_eq!(block.payload, payload(round, number), "round {round}");
                (number, last) = (number + 1, block.position);
            }
        }
        assert!(number >= committed, "round {round}: {number} of {committed}");
        let found = reader.recovery();
        assert_eq!((found.bad_blocks, found.lost_bytes, found.segments_bad), (0, 0, 0));
        reader.ack(last).unwrap();
    }
}

#[test]
fn another_process_is_told_who_holds_the_spool() {
    let dir = tempfile::tempdir().unwrap();
    let _held = open(&options(dir.path()), "the parent").unwrap();
    let (mut child, lines) = child(dir.path(), 0);
    let lines: Vec<_> = lines.lines().map(Result::unwrap).collect();
    child.wait().unwrap();
    assert!(lines.iter().any(|line| line.contains("held by") && line.contains("the parent")));
}
