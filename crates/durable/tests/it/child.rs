//! This test binary run again as another process, to be killed or to hold a lock.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use plimsoll_durable::{Lock, replace};

const ROLE: &str = "PLIMSOLL_DURABLE_TEST_ROLE";
const TARGET: &str = "PLIMSOLL_DURABLE_TEST_TARGET";

pub(crate) fn command(program: &Path, role: &str, target: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .args(["--exact", "child::plays_its_role_when_started_as_a_child", "--nocapture"])
        .env(ROLE, role)
        .env(TARGET, target)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    command
}

pub(crate) fn this_program() -> PathBuf {
    std::env::current_exe().unwrap()
}

/// Waits for the child's word `ready`, which every role prints once it is at work.
pub(crate) fn start(mut command: Command) -> Child {
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().ends_with("ready")), "the child did not start");
    child
}

pub(crate) fn contents(which: u8) -> Vec<u8> {
    // Long enough that writing takes several pages and a torn write would show.
    vec![which; 100_000 + usize::from(which)]
}

#[test]
fn plays_its_role_when_started_as_a_child() {
    let Some(role) = std::env::var_os(ROLE) else { return };
    let target = PathBuf::from(std::env::var_os(TARGET).unwrap());
    match role.to_str().unwrap() {
        "replace in a loop" => {
            say_ready();
            // Bounded, should the parent die before it kills us.
            for round in 0..200_000_u32 {
                replace(&target, contents(if round % 2 == 0 { b'a' } else { b'b' })).unwrap();
            }
        }
        "replace once" => {
            let outcome = replace(&target, contents(b'b'));
            say_ready();
            println!("{}", outcome.map_or_else(|error| format!("{error:?}"), |()| "ok".to_owned()));
        }
        "hold the lock" => {
            let lock = Lock::acquire(&target, "a child's work", Duration::from_secs(60)).unwrap();
            say_ready();
            std::io::stdin().read_line(&mut String::new()).unwrap();
            drop(lock);
        }
        "count under the lock" => {
            say_ready();
            for _ in 0..50 {
                let lock = target.with_extension("lock");
                let lock = Lock::acquire(lock, "count", Duration::from_secs(60)).unwrap();
                let count: u64 = std::fs::read_to_string(&target).unwrap().parse().unwrap();
                replace(&target, (count + 1).to_string()).unwrap();
                drop(lock);
            }
        }
        other => panic!("no role {other}"),
    }
}

fn say_ready() {
    println!("ready");
    std::io::stdout().flush().unwrap();
}
