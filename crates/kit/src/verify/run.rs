//! Runs checks side by side, each in a thread of its own, and waits for none longer than its limit.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::{Duration, Instant};

use super::{CheckState, Verification, Verified, VerifyReport};

/// A check that has been started: what is reported of it if nothing comes, and when that is.
struct Started {
    line: Verified,
    limit: Duration,
    is_done: bool,
}

/// Index, result and time of a check that ended.
type Ended = (usize, CheckState, Duration);

/// Runs all checks at once and reports them in their order. `seen` is told of each as it ends, for a person who waits.
///
/// A check that panics or passes its limit is failed, with the reason; a thread that does not end is left behind, so a
/// caller should end the process after the report.
pub fn verify(checks: Vec<Verification>, seen: &mut dyn FnMut(&Verified)) -> VerifyReport {
    let (sender, results) = mpsc::channel();
    let began = now();
    let mut all: Vec<Started> = checks
        .into_iter()
        .enumerate()
        .map(|(index, verification)| start(verification, index, sender.clone(), began))
        .collect();
    loop {
        let elapsed = began.elapsed();
        for late in all.iter_mut().filter(|one| !one.is_done && elapsed >= one.limit) {
            late.finish(elapsed, seen);
        }
        let open = all.iter().filter(|one| !one.is_done);
        let Some(next) = open.map(|one| one.limit.saturating_sub(elapsed)).min() else { break };
        // What is late is taken at the top of the loop.
        if let Ok((index, state, took)) = results.recv_timeout(next)
            && let Some(one) = all.get_mut(index).filter(|one| !one.is_done)
        {
            one.line.state = state;
            one.finish(took, seen);
        }
    }
    VerifyReport { schema_version: 1, checks: all.into_iter().map(|one| one.line).collect() }
}

fn start(
    verification: Verification,
    index: usize,
    sender: Sender<Ended>,
    began: Instant,
) -> Started {
    let Verification { id, area, title, need, limit, mut check } = verification;
    let spawned = thread::Builder::new().name(id.to_owned()).spawn(move || {
        let state = catch_unwind(AssertUnwindSafe(|| check.check()))
            .unwrap_or_else(|_| CheckState::failed("it panicked", "report this"));
        // The receiver is gone only after the last limit.
        drop(sender.send((index, state, began.elapsed())));
    });
    let (state, limit) = match spawned {
        Ok(_) => {
            let why = format!("no result within {} s", limit.as_secs_f64());
            (CheckState::failed(why, "see what it waits for, or give it more time"), limit)
        }
        Err(error) => {
            let why = format!("no thread for it: {error}");
            (CheckState::failed(why, "free memory, or end other programs"), Duration::ZERO)
        }
    };
    let line =
        Verified { id: id.to_owned(), area, title: title.to_owned(), need, state, duration_ms: 0 };
    Started { line, limit, is_done: false }
}

impl Started {
    fn finish(&mut self, took: Duration, seen: &mut dyn FnMut(&Verified)) {
        self.line.duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        self.is_done = true;
        seen(&self.line);
    }
}

#[allow(clippy::disallowed_methods, reason = "running checks is the edge that measures their time")]
fn now() -> Instant {
    Instant::now()
}
