//! Rows, rules and notifications.

mod canary;

use std::path::Path;

use plimsoll_kit::CheckState;
use serde_json::Value;

use super::Surroundings;

pub(super) use canary::canary_row;

/// A demo over a year, as fast as it goes: its exit code says whether the store equals the venue's books.
const DEMO: [&str; 6] = ["demo", "--fast", "--from", "2007-01-01", "--to", "2007-12-31"];

/// A paper strategy's trades reach a store.
pub(super) fn trade_rows(around: &Surroundings) -> CheckState {
    traded(around, "select count(*) from trading_fills", |count| {
        format!("{count} fills in a store")
    })
}

/// Latencies reach a store.
pub(super) fn latency(around: &Surroundings) -> CheckState {
    traded(around, "select count(latency_ms) from order_latency", |count| {
        format!("{count} latencies in a store")
    })
}

/// Trades on paper into a store of its own, and counts rows there.
fn traded(around: &Surroundings, sql: &str, evidence: fn(u64) -> String) -> CheckState {
    let dir = match Scratch::new() {
        Ok(dir) => dir,
        Err(error) => return CheckState::failed(error.to_string(), "free space in TMPDIR"),
    };
    let store = dir.path().join("verify.db");
    let Some(store) = store.to_str() else {
        return CheckState::failed("TMPDIR is not UTF-8", "name another directory in TMPDIR");
    };
    match demo(around, store) {
        CheckState::Ok { .. } => {}
        state => return state,
    }
    let ran = match around
        .program
        .ran(&["metrics", "query", sql, "--store", store, "--format", "json"])
    {
        Ok(ran) => ran,
        Err(state) => return state,
    };
    match first_number(&ran.out) {
        Some(count) if count > 0 => CheckState::ok(evidence(count)),
        Some(_) => {
            CheckState::failed("no row arrived", "run `plimsoll demo` and `plimsoll metrics gaps`")
        }
        None => CheckState::failed(ran.complaint(), "run `plimsoll demo`, to see why"),
    }
}

/// Runs the demo into a store.
pub(super) fn demo(around: &Surroundings, store: &str) -> CheckState {
    let args: Vec<&str> = DEMO.into_iter().chain(["--store", store]).collect();
    around.program.own(&args, "run `plimsoll demo --fast`, to see why")
}

/// The first value of the first row that `metrics query --format json` printed.
fn first_number(text: &str) -> Option<u64> {
    let json: Value = serde_json::from_str(text.trim()).ok()?;
    json.pointer("/rows/0/0")?.as_u64()
}

/// Rules and receivers are in order.
pub(super) fn rules(around: &Surroundings) -> CheckState {
    around.program.own(&["alerts", "check"], "run `plimsoll alerts check`; it names the place")
}

/// A drawdown of 17.5 % goes the whole way to its receiver.
pub(super) fn drawdown_alert(around: &Surroundings) -> CheckState {
    let args = ["alerts", "test", "drawdown_critical", "--value", "0.175"];
    around.program.own(&args, "run `plimsoll alerts check`, then the same by hand")
}

/// A message reaches Discord.
pub(super) fn discord(around: &Surroundings) -> CheckState {
    around.program.own(
        &["alerts", "setup", "discord", "--test"],
        "run `plimsoll alerts setup discord`; docs/discord.md says how",
    )
}

/// An error reaches Sentry, and is found there by its id.
pub(super) fn sentry_event(around: &Surroundings) -> CheckState {
    around.program.own(&["sentry", "test"], "name the project's DSN in SENTRY_DSN")
}

/// A directory that goes when it is dropped.
#[derive(Debug)]
pub(super) struct Scratch(std::path::PathBuf);

impl Scratch {
    /// One that nobody else has.
    pub(super) fn new() -> std::io::Result<Scratch> {
        use std::sync::atomic::{AtomicU32, Ordering};
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("plimsoll-verify-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path)?;
        Ok(Scratch(path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What is left lies in the directory for such things.
        let _left = std::fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::first_number;

    #[test]
    fn a_count_is_the_first_value_of_the_first_row() {
        let text = "{\"columns\":[\"count(*)\"],\"rows\":[[9]],\"version\":1}\n";
        assert_eq!(first_number(text), Some(9));
        assert_eq!(first_number("error"), None);
    }
}
