//! The latch, leases, and the gate that every order passes.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use plimsoll_snapshot::trading::{
    Claim, Gate, Halt, HaltError, HaltFile, Intent, LeaseError, LeaseName, Leases, OnUnknown,
    Refused,
};

use crate::home::now;

const CHILD: &str = "PLIMSOLL_LEASE_CHILD";

fn name() -> LeaseName {
    "trend-1@paper".parse().unwrap()
}

fn quick(purpose: &str) -> Claim {
    Claim::new(purpose).with_wait(Duration::from_millis(200))
}

#[test]
fn a_halt_stays_until_it_is_resumed_and_keeps_its_first_reason() {
    let dir = tempfile::tempdir().unwrap();
    let halt = HaltFile::new(dir.path().join("trading"));
    assert!(matches!(halt.read().unwrap_err(), HaltError::NoDir { .. }), "absent is not fine");
    assert!(matches!(halt.halt(" ", "me", now()), Err(HaltError::NoReason)));
    halt.halt("drawdown", "rule", now()).unwrap();
    halt.halt("and the feed is old", "me", now()).unwrap();
    let read = || HaltFile::new(dir.path().join("trading")).read();
    let Halt::Latched { first, further } = read().unwrap() else { panic!() };
    assert_eq!((first.reason.as_str(), first.by.as_str()), ("drawdown", "rule"));
    assert_eq!(further[0].reason, "and the feed is old");
    halt.resume("reconciled", "me", now()).unwrap();
    assert!(!read().unwrap().is_latched());
    assert_eq!(halt.history().unwrap().len(), 3);
}

#[test]
fn a_latch_that_is_damaged_is_unknown_and_a_torn_record_was_never_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let halt = HaltFile::new(dir.path());
    halt.halt("one", "me", now()).unwrap();
    halt.resume("two", "me", now()).unwrap();
    let file = dir.path().join("halt");
    let whole = fs::read(&file).unwrap();
    for bit in 0..whole.len() * 8 {
        let mut wrong = whole.clone();
        wrong[bit / 8] ^= 1 << (bit % 8);
        fs::write(&file, &wrong).unwrap();
        // A flip in the last record is as if it had been torn: still halted, the safe side.
        assert!(halt.read().map_or(true, |state| state.is_latched()), "bit {bit}");
    }
    fs::write(&file, &whole).unwrap();
    assert!(!halt.read().unwrap().is_latched());
}

#[test]
fn one_node_holds_a_lease_and_the_next_gets_a_higher_generation() {
    let dir = tempfile::tempdir().unwrap();
    let leases = Leases::new(dir.path());
    let first = leases.acquire(&name(), &quick("one"), now()).unwrap();
    assert_eq!(first.order(|generation| generation).unwrap(), 1);
    let error = leases.acquire(&name(), &quick("two"), now()).unwrap_err();
    assert!(error.to_string().contains("(one), generation 1"), "{error}");
    let other: LeaseName = "trend-2@paper".parse().unwrap();
    leases.acquire(&other, &quick("another strategy"), now()).unwrap();
    drop(first);
    let second = leases.acquire(&name(), &quick("two"), now()).unwrap();
    assert_eq!(second.generation(), 2);
    assert!(leases.state(&name()).unwrap().is_active());
    assert_eq!(leases.list().unwrap().len(), 2);
    for wrong in ["", "a", "a/b@c", "@", "a@", "..@x", &"x".repeat(70)] {
        assert!(wrong.parse::<LeaseName>().is_err(), "{wrong}");
    }
}

#[test]
fn whoever_looks_at_a_lease_is_not_taken_for_its_holder() {
    let dir = tempfile::tempdir().unwrap();
    let leases = Leases::new(dir.path());
    let is_over = std::sync::atomic::AtomicBool::new(false);
    let over = std::sync::atomic::Ordering::SeqCst;
    drop(leases.acquire(&name(), &quick("first"), now()).unwrap());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(over) {
                leases.state(&name()).unwrap();
            }
        });
        let claim = Claim::new("next").with_wait(Duration::ZERO);
        let taken = (0..100).map(|_| leases.acquire(&name(), &claim, now()).map(drop));
        let taken: Vec<_> = taken.collect();
        is_over.store(true, over);
        assert!(taken.iter().all(Result::is_ok), "{taken:?}");
    });
}

#[test]
fn a_fence_ends_the_holder_and_keeps_everyone_out_but_the_bearer_of_its_ticket() {
    let dir = tempfile::tempdir().unwrap();
    let leases = Leases::new(dir.path());
    let old = leases.acquire(&name(), &quick("version 1"), now()).unwrap();
    let state = leases.fence(&name(), "deploy-7", "deploy", Duration::from_secs(1)).unwrap();
    assert!(state.is_alive && !state.is_active());
    let mut is_sent = false;
    let error = old.order(|_| is_sent = true).unwrap_err();
    assert!(matches!(error, LeaseError::Lost { .. }) && !is_sent, "{error}");
    // The old version, started again by its supervisor.
    let error = leases.acquire(&name(), &quick("version 1"), now()).unwrap_err();
    assert!(matches!(error, LeaseError::Reserved { .. }), "{error}");
    let claim = quick("version 2").with_ticket(Some("deploy-7".into()));
    let new = leases.acquire(&name(), &claim, now()).unwrap();
    assert!(matches!(new.check().unwrap_err(), LeaseError::NotArmed { .. }), "started halted");
    leases.arm(&name()).unwrap();
    assert_eq!(new.order(|generation| generation).unwrap(), 2);
    assert!(old.check().is_err());
    drop(new);
    assert_eq!(leases.acquire(&name(), &quick("version 2"), now()).unwrap().generation(), 3);
    let file = dir.path().join("leases/trend-1@paper/lease.json");
    let text = fs::read_to_string(&file).unwrap().replace("generation\":3", "generation\":1");
    fs::write(&file, text).unwrap();
    let error = leases.acquire(&name(), &quick("x"), now()).unwrap_err();
    assert!(matches!(error, LeaseError::Damaged { .. }), "{error}");
}

#[test]
fn a_fence_waits_for_the_order_that_is_on_its_way_and_says_if_it_never_arrives() {
    let dir = tempfile::tempdir().unwrap();
    let leases = Leases::new(dir.path());
    let lease = leases.acquire(&name(), &quick("one"), now()).unwrap();
    let fenced = lease
        .order(|_| leases.fence(&name(), "t", "deploy", Duration::from_millis(50)))
        .unwrap()
        .unwrap_err();
    assert!(matches!(fenced, LeaseError::OnItsWay { .. }), "{fenced}");
    assert!(lease.check().is_err(), "fenced all the same");
    leases.fence(&name(), "t", "deploy", Duration::from_millis(50)).unwrap();
}

#[test]
fn the_gate_stops_orders_when_trading_is_halted_and_lets_cancels_through() {
    let dir = tempfile::tempdir().unwrap();
    let lease = Leases::new(dir.path()).acquire(&name(), &quick("one"), now()).unwrap();
    let halt = HaltFile::new(dir.path());
    let grace = Duration::from_secs(5);
    let mut gate = Gate::new(lease, halt.clone(), OnUnknown::ReduceOnly, grace);
    let sends = |gate: &mut Gate, intent, at| gate.order(intent, at, |_| ()).is_ok();
    assert!(sends(&mut gate, Intent::Open, now()));
    halt.halt("stop", "me", now()).unwrap();
    assert!(!sends(&mut gate, Intent::Open, now()) && !sends(&mut gate, Intent::Reduce, now()));
    assert!(sends(&mut gate, Intent::Cancel, now()));
    halt.resume("go", "me", now()).unwrap();
    assert!(sends(&mut gate, Intent::Open, now()));

    fs::write(dir.path().join("halt"), "nonsense\nnonsense\n").unwrap();
    let first = now();
    assert!(sends(&mut gate, Intent::Open, first), "for a while as before");
    assert_eq!(gate.unknown_since(), Some(first));
    assert!(sends(&mut gate, Intent::Reduce, first + grace));
    let refused = gate.order(Intent::Open, first + grace, |_| ()).unwrap_err();
    assert!(matches!(refused, Refused::Unknown { .. }), "{refused}");
}

/// A node: takes the lease, says so, and sends an order for each line that it is told.
fn child(words: &str) {
    let (dir, ticket) = words.split_once('|').unwrap();
    let ticket = Some(ticket.to_owned()).filter(|ticket| !ticket.is_empty());
    let claim = Claim::new("node").with_ticket(ticket);
    let lease = match Leases::new(dir).acquire(&name(), &claim, now()) {
        Ok(lease) => lease,
        Err(error) => return println!("node: refused: {error}"),
    };
    println!("node: has generation {}", lease.generation());
    for line in std::io::stdin().lines() {
        line.unwrap();
        match lease.order(|_| ()) {
            Ok(()) => println!("node: sent"),
            Err(error) => println!("node: refused: {error}"),
        }
    }
}

struct Node {
    process: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Node {
    fn start(dir: &Path, ticket: &str) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let test = "trading::a_node_that_was_stopped_and_goes_on_sends_no_order_after_a_takeover";
        command.args([test, "--exact", "--nocapture"]);
        command.env(CHILD, format!("{}|{ticket}", dir.display()));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().unwrap();
        let stdin = process.stdin.take().unwrap();
        let stdout = BufReader::new(process.stdout.take().unwrap());
        Self { process, stdin, stdout }
    }

    /// What it says next.
    fn says(&mut self) -> String {
        loop {
            let mut line = String::new();
            assert!(self.stdout.read_line(&mut line).unwrap() > 0, "it says nothing more");
            if let Some((_, said)) = line.split_once("node: ") {
                return said.trim().to_owned();
            }
        }
    }

    fn tell(&mut self) {
        self.stdin.write_all(b"send\n").unwrap();
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.process);
        rustix::process::kill_process(pid, signal).unwrap();
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

#[test]
fn a_node_that_was_stopped_and_goes_on_sends_no_order_after_a_takeover() {
    if let Ok(words) = std::env::var(CHILD) {
        return child(&words);
    }
    let dir = tempfile::tempdir().unwrap();
    let leases = Leases::new(dir.path());
    let mut first = Node::start(dir.path(), "");
    assert_eq!(first.says(), "has generation 1");
    first.tell();
    assert_eq!(first.says(), "sent");
    assert!(Node::start(dir.path(), "").says().contains("is held by process"));

    first.signal(rustix::process::Signal::STOP);
    // Stopped is not dead: nobody takes it over only because it is quiet.
    assert!(Node::start(dir.path(), "").says().contains("is held by process"));
    first.tell();
    leases.fence(&name(), "deploy-1", "operator", Duration::from_secs(5)).unwrap();
    let mut second = Node::start(dir.path(), "deploy-1");
    assert_eq!(second.says(), "has generation 2");
    first.signal(rustix::process::Signal::CONT);
    assert!(first.says().contains("is lost; now is generation 2"));
    second.tell();
    assert!(second.says().contains("is not armed"));
    leases.arm(&name()).unwrap();
    second.tell();
    assert_eq!(second.says(), "sent");

    // A node that is killed leaves the lease to the next at once.
    drop(second);
    assert_eq!(Node::start(dir.path(), "").says(), "has generation 3");
}
