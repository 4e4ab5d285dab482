//! Deploys and rollbacks with real processes: undone when a step fails, whole when they are killed.

mod desk;

use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use plimsoll_snapshot::deploy::{Request, history, newest_healthy};
use plimsoll_snapshot::plan::{PlanError, PlanState, Plans};
use plimsoll_snapshot::trading::HaltFile;

use crate::scenario::{Effect, Trip};
use desk::{Desk, node};

const CHILD: &str = "PLIMSOLL_DEPLOY_CHILD";

fn number(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// A desk on which version 1 runs.
fn with_version_1() -> Desk {
    let desk = Desk::new();
    desk.deploy("v1").unwrap();
    desk.assert_trades("v1");
    desk
}

#[test]
fn a_new_version_takes_over_and_a_rollback_brings_the_old_one_back() {
    if let Ok(words) = std::env::var(desk::NODE) {
        return node(&words);
    }
    let desk = with_version_1();
    let summary = desk.deploy("v2").unwrap();
    assert_eq!(summary.state, PlanState::Done);
    desk.assert_trades("v2");
    let deploys = history(&desk.plans_dir()).unwrap();
    let current = desk.releases().current().unwrap();
    let target = newest_healthy(&deploys, current.as_ref()).unwrap();
    assert_eq!(target.subject.to.tag.as_deref(), Some("v1"));
    desk.go("v1", Request::RollbackWithTables).unwrap();
    desk.assert_trades("v1");
    assert_eq!(desk.tables(), "v1", "the release that changed them changed them back");
    let rows = std::fs::read_to_string(desk.dir().join("rows")).unwrap();
    assert!(rows.trim_end().ends_with("v2"), "rows were kept before that: {rows}");
    desk.go("v2", Request::Rollback).unwrap();
    desk.assert_trades("v2");
}

#[test]
fn a_fault_in_any_step_is_taken_back_and_the_old_version_trades_on() {
    for (fault, wanted) in [
        ("build", "step `build` failed"),
        ("migrate", "step `migrate tables` failed"),
        ("health", "step `start web` failed"),
        ("strategy", "step `start strategies, not armed` failed"),
        ("smoke", "step `smoke orders` failed"),
        ("watch", "step `watch` failed"),
        ("dirty", "step `preflight` failed"),
    ] {
        let desk = with_version_1();
        let before = desk.state();
        desk.plant(fault);
        let error = desk.deploy("v2").unwrap_err();
        assert!(matches!(error, PlanError::Undone { .. }), "{fault}: {error:?}");
        let plan = Plans::list(&desk.plans_dir()).unwrap().pop().unwrap();
        let why = plan.undone_because.unwrap();
        assert!(why.contains(wanted), "{fault}: {why}");
        desk.heal();
        desk.assert_trades("v1");
        assert_eq!(desk.state(), before, "{fault}");
        assert_eq!(plan.state, PlanState::Undone, "{fault}");
    }
}

#[test]
fn a_position_that_changed_without_a_fill_arms_nobody() {
    let desk = with_version_1();
    desk.plant("position");
    let error = desk.deploy("v2").unwrap_err();
    let PlanError::Undo { step, source, .. } = &error else { panic!("{error:?}") };
    assert_eq!(step, "fence strategies", "{source}");
    assert!(source.to_string().contains("changed without a fill"), "{source}");
    assert!(desk.is_unarmed(), "neither version sends orders until a person has looked");
    desk.heal();
    desk.settle(true);
    desk.assert_trades("v1");
}

#[test]
fn a_halt_survives_a_deploy_and_an_unknown_account_stops_it() {
    let desk = with_version_1();
    let halt = HaltFile::new(desk.trading_dir());
    halt.halt("a person said so", "me", crate::home::now()).unwrap();
    desk.deploy("v2").unwrap();
    assert!(halt.read().unwrap().is_latched());
    desk.plant("blind");
    let error = desk.go("v1", Request::Rollback).unwrap_err();
    assert!(matches!(error, PlanError::Undone { .. }), "{error:?}");
    desk.heal();
    desk.assert_trades("v2");
}

#[test]
fn a_full_or_read_only_disk_at_any_write_leaves_one_version_and_can_be_settled() {
    let stride = number("PLIMSOLL_DEPLOY_STRIDE", 23);
    let desk = with_version_1();
    let mut told = Vec::new();
    for (what, kind) in [
        ("disk full", std::io::ErrorKind::StorageFull),
        ("disk read-only", std::io::ErrorKind::ReadOnlyFilesystem),
    ] {
        let mut refused = 0;
        for at in (3..).step_by(stride) {
            let trip = Arc::new(Trip::at(at, Effect::Fail(kind)));
            let (from, to) = desk.versions();
            let ended = desk.go_watched(to, Request::Rollback, trip.clone());
            if !trip.is_sprung() {
                ended.unwrap();
                break;
            }
            refused += 1;
            desk.settle(refused % 2 == 0);
            let (now, _) = desk.versions();
            assert!(now == from || now == to);
            desk.assert_trades(now);
        }
        told.push(format!("{refused} changes on a {what}"));
    }
    println!("deploy: {}", told.join(", "));
}

#[test]
fn a_deploy_killed_anywhere_leaves_one_version_and_is_continued_or_taken_back() {
    if let Ok(words) = std::env::var(CHILD) {
        return child(&words);
    }
    let stride = number("PLIMSOLL_DEPLOY_STRIDE", 37);
    let kills = number("PLIMSOLL_DEPLOY_KILLS", 1);
    let desk = with_version_1();
    let mut points = 0;
    for (number, at) in (0..).step_by(stride).enumerate() {
        let (_, to) = desk.versions();
        let mut child = command(desk.dir(), to, request(number), &at.to_string());
        let status = child.status().unwrap();
        if status.success() {
            // A deploy has more changes than a rollback.
            if request(number) == Request::Deploy { break } else { continue }
        }
        assert_eq!(status.signal(), Some(9), "at {at}: {status}");
        points += 1;
        desk.settle(points % 2 == 0);
        desk.assert_trades(desk.versions().0);
    }
    let (mut killed, mut tried) = (0, 0);
    let mut whole = Duration::MAX;
    while killed < kills {
        let (_, to) = desk.versions();
        let began = Instant::now();
        let mut child = command(desk.dir(), to, request(tried), "-").spawn().unwrap();
        // A golden section walks over all moments without a pattern.
        let share = (tried as f64 * 0.618_033_988_75).fract();
        if whole < Duration::MAX {
            std::thread::sleep(whole.mul_f64(share));
            child.kill().unwrap();
        }
        let is_killed = child.wait().unwrap().signal() == Some(9);
        if !is_killed {
            // One that came to its end tells how long a whole one takes.
            whole = whole.min(began.elapsed());
        }
        killed += usize::from(is_killed);
        tried += 1;
        assert!(tried <= 3 * kills + 10, "{killed} of {tried} were killed in time");
        desk.settle(tried % 2 == 0);
        desk.assert_trades(desk.versions().0);
    }
    println!("deploy: {points} changes, {killed} of {tried} random moments");
}

/// Deploys and rollbacks in turn.
fn request(number: usize) -> Request {
    if number.is_multiple_of(2) { Request::Rollback } else { Request::Deploy }
}

fn command(dir: &Path, to: &str, request: Request, at: &str) -> Command {
    let test = "deploy::a_deploy_killed_anywhere_leaves_one_version_and_is_continued_or_taken_back";
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([test, "--exact"])
        .env(CHILD, format!("{}|{to}|{}|{at}", dir.display(), request.as_str()));
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// The deploy that is killed: where, to which version, before which change.
fn child(words: &str) {
    let [dir, to, request, at] = words.split('|').collect::<Vec<_>>().try_into().unwrap();
    let desk = Desk::at(Path::new(dir));
    let request = if request == "deploy" { Request::Deploy } else { Request::Rollback };
    let result = match at.parse() {
        Ok(at) => desk.go_watched(to, request, Arc::new(Trip::at(at, Effect::Kill))),
        Err(_) => desk.go(to, request),
    };
    result.unwrap();
}
