//! Children that do not end, and what they leave running.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use plimsoll_process::{Exit, Output, RunError};

use crate::sh;

const TIMEOUT: Duration = Duration::from_secs(1);

/// The one bound on time in here: far above what a run takes, far below the children's sleeps.
const FAR: Duration = Duration::from_secs(60);

#[track_caller]
fn check_timed_out(script: &str) -> Output {
    let started = Instant::now();
    let run = sh(script).timeout(TIMEOUT).grace(Duration::from_millis(200)).run();
    assert!(started.elapsed() < FAR, "{script}: hung for {:?}", started.elapsed());
    match run {
        Err(RunError::TimedOut { timeout, output, program }) => {
            assert_eq!((timeout, program.as_path()), (TIMEOUT, Path::new("sh")));
            *output
        }
        other => panic!("{script}: found {other:?}, wanted a timeout"),
    }
}

/// A process that has ended is gone or waits as a zombie for whoever adopted it.
#[track_caller]
fn check_gone(pid: &str) {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit(") ").next().unwrap_or_default();
    assert!(stat.is_empty() || state.starts_with('Z') || state.starts_with('X'), "runs: {stat}");
}

fn eventually_gone(pid: &str) {
    // The system takes a moment to tear a killed process down; no outcome depends on it.
    for _ in 0..200 {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        if stat.is_empty() || stat.contains(") Z") {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    check_gone(pid);
}

#[test]
fn a_timeout_ends_the_child_and_its_grandchildren_and_keeps_what_was_said() {
    let output = check_timed_out("sleep 1000 & echo $!; echo $$; wait");
    assert_eq!(output.exit, Exit::Signal(15));
    let said = output.stdout.text().into_owned();
    assert_eq!(said.lines().count(), 2);
    said.lines().for_each(eventually_gone);
}

#[test]
fn a_group_that_ignores_the_first_signal_is_killed() {
    let output = check_timed_out("trap '' TERM; sleep 1000 & echo $!; while :; do sleep 1; done");
    assert_eq!(output.exit, Exit::Signal(9));
    output.stdout.text().lines().for_each(eventually_gone);
}

#[test]
fn a_child_may_tidy_up_within_the_grace() {
    let script = "trap 'echo tidy; exit 7' TERM; echo up; while :; do sleep 0.02; done";
    let run = sh(script).timeout(TIMEOUT).grace(FAR).run();
    let Err(RunError::TimedOut { output, .. }) = run else { panic!("{run:?}") };
    assert_eq!(output.exit, Exit::Code(7));
    assert_eq!(output.stdout.text(), "up\ntidy\n");
}

#[test]
fn a_grandchild_that_keeps_the_pipe_open_is_killed_and_does_not_hang_us() {
    let started = Instant::now();
    let output = sh("sleep 1000 & echo $!").drain(Duration::from_millis(100)).run().unwrap();
    assert!(started.elapsed() < FAR);
    assert!(output.success());
    assert!(!output.pipe_left_open);
    eventually_gone(output.stdout.text().trim());
}

#[test]
fn a_grandchild_that_closed_the_pipes_is_killed_too() {
    let output = sh("sleep 1000 >/dev/null 2>&1 & echo $!").run().unwrap();
    eventually_gone(output.stdout.text().trim());
}

#[test]
fn a_grandchild_that_left_the_group_is_reported_and_does_not_hang_us() {
    let started = Instant::now();
    let dir = tempfile::tempdir().unwrap();
    let script = "mkfifo up; setsid sh -c 'echo $$; echo > up; exec sleep 1000' & read x < up";
    let output =
        sh(script).current_dir(dir.path()).drain(Duration::from_millis(100)).run().unwrap();
    assert!(started.elapsed() < FAR);
    assert!(output.pipe_left_open);
    let pid = output.stdout.text().trim().to_owned();
    assert!(fs::metadata(format!("/proc/{pid}")).is_ok(), "it lives: {pid:?}");
    assert!(sh("kill -KILL $PID").env("PID", &pid).run().unwrap().success());
}

#[test]
fn a_grandchild_that_writes_without_end_does_not_hang_us() {
    let started = Instant::now();
    let run = sh("yes & exit 4").output_limit(100).run().unwrap();
    assert!(started.elapsed() < FAR);
    assert_eq!(run.code(), Some(4));
    assert!(run.stdout.left_out_bytes > 0);
}

#[test]
fn a_child_that_never_reads_is_ended_at_the_timeout() {
    let run = sh("exec sleep 1000").stdin(vec![0; 4 << 20]).timeout(TIMEOUT).run();
    let Err(RunError::TimedOut { output, .. }) = run else { panic!("{run:?}") };
    assert!(output.stdin_unsent_bytes > 0);
}

#[test]
fn no_handle_stays_open_after_many_runs() {
    let open = || fs::read_dir("/proc/self/fd").unwrap().count();
    let before = open();
    for _ in 0..100 {
        assert!(sh("exit 0").stdin("x").run().unwrap().success());
    }
    // Other tests run beside this one and hold a few handles each.
    assert!(open() < before + 60, "{} handles, {before} before", open());
}

#[test]
fn timeouts_of_any_length_are_taken() {
    for timeout in [Duration::MAX, Duration::from_secs(u64::from(u32::MAX)), FAR] {
        let run = sh("echo x").timeout(timeout).grace(timeout).drain(timeout).run().unwrap();
        assert_eq!(run.stdout.text(), "x\n", "{timeout:?}");
    }
    assert!(matches!(
        sh("sleep 1000").timeout(Duration::ZERO).run(),
        Err(RunError::TimedOut { .. })
    ));
}
