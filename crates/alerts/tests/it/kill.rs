//! A process that delivers is killed at random moments: what it took is told, in order, and what is told twice is
//! the same message.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use plimsoll_alerts::{
    Delivery, DeliveryConfig, DeliveryPorts, ReceiverConfig, Route, SecretRef, Secrets, Urgent,
};
use testbed::{Reply, ScriptedHttp};

use crate::places::{PATIENCE, provide_tls};
use crate::told::Change;

const CHILD: &str = "PLIMSOLL_TEST_OUTBOX_CHILD";
const URL: &str = "PLIMSOLL_TEST_OUTBOX_URL";
/// The child ends by itself after this change.
const LAST: &str = "PLIMSOLL_TEST_OUTBOX_LAST";

const GROUPS: u64 = 20;
/// An alert ends when so many further ones of its group have fired.
const OPEN: u64 = 3;

/// What the receiver got: number of the message, its group, its body.
type Got = Arc<Mutex<Vec<(u64, String, serde_json::Value)>>>;

fn name(n: u64) -> &'static str {
    Box::leak(format!("{n}").into_boxed_str())
}

fn alert(n: u64) -> Change {
    let group = name(n % GROUPS);
    Change::fires("breach", &[("g", group), ("n", name(n))]).since(i64::try_from(n).unwrap())
}

fn config() -> DeliveryConfig {
    DeliveryConfig::default()
        .with_receiver("hook", ReceiverConfig::webhook(SecretRef::env(URL)))
        .with_route(Route::new("all", ["hook"]).with_group_by(["g"]).with_urgent(Urgent::Info))
}

fn number_in(file: &File) -> u64 {
    let mut bytes = [0; 8];
    file.read_exact_at(&mut bytes, 0).map_or(0, |()| u64::from_le_bytes(bytes))
}

/// Tells one change after the other, and writes down how many are on disk. Goes on where the last one ended.
fn produce(dir: &Path) {
    provide_tls();
    let file = dir.join("accepted");
    let accepted = OpenOptions::new().read(true).write(true).open(file).unwrap();
    let last = std::env::var(LAST).unwrap().parse().unwrap();
    let outbox = dir.join("outbox");
    let delivery =
        Delivery::start(outbox, &config(), &Secrets::of_process(), DeliveryPorts::new()).unwrap();
    let mut n = number_in(&accepted);
    while n < last {
        n += 1;
        delivery.tell(alert(n).at(n)).unwrap();
        if n > OPEN * GROUPS {
            delivery.tell(alert(n - OPEN * GROUPS).resolved().at(n)).unwrap();
        }
        assert!(delivery.flush(PATIENCE));
        accepted.write_all_at(&n.to_le_bytes(), 0).unwrap();
        // Not so fast that messages are put together: each shall be one.
        while delivery.status().unwrap().waiting > 8 {
            std::thread::yield_now();
        }
    }
    delivery.close(PATIENCE).unwrap();
}

fn start_child(dir: &Path, url: &str, last: u64) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["kill::what_was_taken_is_told_whatever_is_killed_when", "--exact", "--nocapture"])
        .env(CHILD, dir)
        .env(URL, url)
        .env(LAST, last.to_string())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// A receiver that now and then fails, asks to wait, or takes a message and does not say so.
fn receiver(got: &Got) -> ScriptedHttp {
    let (got, asked) = (Arc::clone(got), Mutex::new(0_u64));
    ScriptedHttp::answering(move |request| {
        let mut asked = asked.lock().unwrap();
        *asked += 1;
        match *asked % 400 {
            97 => return Reply::status(503),
            198 => return Reply::status(429).with_header("retry-after", "0"),
            _ => {}
        }
        let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
        let (_, number) = body["id"].as_str().unwrap().rsplit_once('-').unwrap();
        let group = body["group"].as_str().unwrap().to_owned();
        got.lock().unwrap().push((number.parse().unwrap(), group, body));
        if *asked % 400 == 301 { Reply::Close } else { Reply::status(204) }
    })
    .unwrap()
}

fn kill_often(dir: &Path, url: &str, kills: u64, ids: u64, got: &Got) {
    let accepted = File::open(dir.join("accepted")).unwrap();
    let mut random = 0x9E37_79B9_u64;
    for kill in 0..kills {
        let mut child = start_child(dir, url, u64::MAX);
        let (before, bound) = (number_in(&accepted), Instant::now() + PATIENCE);
        while number_in(&accepted) == before && Instant::now() < bound {
            std::thread::yield_now();
        }
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(kill | 1);
        let until = Instant::now() + Duration::from_micros(2_000 + (random >> 33) % 60_000);
        let share = ids * (kill + 1) / kills;
        let is_enough = || got.lock().unwrap().last().is_some_and(|(id, _, _)| *id >= share);
        while (Instant::now() < until || !is_enough()) && Instant::now() < bound {
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

#[test]
fn what_was_taken_is_told_whatever_is_killed_when() {
    if let Some(dir) = std::env::var_os(CHILD) {
        return produce(Path::new(&dir));
    }
    let count =
        |name, default| std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(default);
    let (kills, ids) = (count("PLIMSOLL_KILLS", 3), count("PLIMSOLL_NOTIFICATIONS", 150));
    let home = tempfile::tempdir().unwrap();
    File::create(home.path().join("accepted")).unwrap();
    let got = Got::default();
    let server = receiver(&got);
    kill_often(home.path(), &server.url(), kills, ids, &got);
    let accepted = number_in(&File::open(home.path().join("accepted")).unwrap());
    let last = start_child(home.path(), &server.url(), accepted).wait().unwrap();
    assert!(last.success(), "the last one delivers the rest: {last}");
    drop(server);
    check(&got.lock().unwrap(), accepted, kills, ids);
}

fn check(got: &[(u64, String, serde_json::Value)], accepted: u64, kills: u64, wanted: u64) {
    let mut bodies: BTreeMap<u64, &serde_json::Value> = BTreeMap::new();
    let mut newest: BTreeMap<&str, u64> = BTreeMap::new();
    let (mut twice, mut told) = (0_u64, BTreeSet::new());
    for (number, group, body) in got {
        if let Some(first) = bodies.insert(*number, body) {
            twice += 1;
            assert_eq!(first, body, "two messages with the id {number}");
        }
        let before = newest.insert(group, *number).unwrap_or(0);
        assert!(before <= *number, "{group}: {number} came after {before}");
        for alert in body["alerts"].as_array().unwrap() {
            let n: u64 = alert["labels"]["n"].as_str().unwrap().parse().unwrap();
            told.insert((n, alert["state"] == "resolved"));
        }
    }
    let ids: Vec<u64> = bodies.keys().copied().collect();
    let all: Vec<u64> = (1..=*ids.last().unwrap()).collect();
    assert_eq!(ids, all, "every message was told");
    for n in 1..=accepted {
        assert!(told.contains(&(n, false)), "that {n} fires was taken and not told");
        let is_over = n + OPEN * GROUPS <= accepted;
        assert!(!is_over || told.contains(&(n, true)), "that {n} ended was taken and not told");
    }
    let ids = ids.len() as u64;
    assert!(ids >= wanted, "{ids} messages, wanted {wanted}");
    println!(
        "{kills} kills, {ids} notifications, {} changes taken: 0 lost, {twice} told twice with the same id \
         and body, 0 out of order",
        accepted + accepted.saturating_sub(OPEN * GROUPS)
    );
}
