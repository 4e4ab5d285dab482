//! Processes killed with SIGKILL, before every change and at random moments.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::home::Home;
use crate::scenario::{ALL, Effect, Scenario, Trip};

const CHILD: &str = "PLIMSOLL_SNAPSHOT_CHILD";
/// Longest that a child may take on a busy machine.
const WAIT_MAX: Duration = Duration::from_secs(60);

fn number(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// This test again, as the process that is killed: scenario, home, snapshot, change to die at.
fn child(words: &str) {
    let [scenario, home, first, at] = words.split('|').collect::<Vec<_>>().try_into().unwrap();
    let scenario = ALL.into_iter().find(|s| format!("{s:?}") == scenario).unwrap();
    let home = Home::at(Path::new(home));
    let home = match at.parse() {
        Ok(at) => home.watched(Arc::new(Trip::at(at, Effect::Kill))),
        Err(_) => home,
    };
    scenario.run(&home, &first.parse().unwrap()).unwrap();
}

fn command(scenario: Scenario, home: &Home, first: &str, at: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["kill::every_kill_leaves_everything_whole", "--exact"])
        .env(CHILD, format!("{scenario:?}|{}|{first}|{at}", home.dir().display()))
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

#[test]
fn every_kill_leaves_everything_whole() {
    if let Ok(words) = std::env::var(CHILD) {
        child(&words);
        return;
    }
    let stride = number("PLIMSOLL_SNAPSHOT_STRIDE", 29);
    let random = number("PLIMSOLL_SNAPSHOT_KILLS", 3);
    for scenario in ALL {
        let points = at_every_change(scenario, stride);
        let (killed, tried) = at_random(scenario, random);
        println!("{scenario:?}: {points} changes, {killed} of {tried} random moments");
    }
}

fn at_every_change(scenario: Scenario, stride: usize) -> usize {
    let (home, before) = scenario.prepare();
    for (count, at) in (0..).step_by(stride).enumerate() {
        home.reset();
        let mut child = command(scenario, &home, before.first.as_str(), &at.to_string());
        let status = child.status().unwrap();
        if status.success() {
            return count;
        }
        assert_eq!(status.signal(), Some(9), "{scenario:?} at {at}: {status}");
        scenario.check(&home, &before, &format!("killed before change {at}"));
    }
    unreachable!("it ends")
}

/// Kills at moments spread over how long the operation takes. Returns how many were in time.
fn at_random(scenario: Scenario, tries: usize) -> (usize, usize) {
    let (home, before) = scenario.prepare();
    let began = Instant::now();
    assert!(command(scenario, &home, before.first.as_str(), "-").status().unwrap().success());
    let whole = began.elapsed();
    let mut killed = 0;
    for number in 0..tries {
        home.reset();
        let mut child = command(scenario, &home, before.first.as_str(), "-").spawn().unwrap();
        // A golden section walks over all moments without a pattern.
        let share = (number as f64 * 0.618_033_988_75).fract();
        let moment = Instant::now() + whole.mul_f64(share).min(WAIT_MAX);
        while Instant::now() < moment && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        child.kill().unwrap();
        killed += usize::from(child.wait().unwrap().signal() == Some(9));
        scenario.check(&home, &before, &format!("killed after {share:.3} of its time"));
    }
    (killed, tries)
}
