//! Rows, rules and notifications.

mod canary;
mod station;
mod told;

use std::path::Path;

use plimsoll_kit::CheckState;
use serde_json::Value;
use tempfile::TempDir;

use super::Surroundings;

pub(super) use canary::canary_row;
pub(super) use station::station;
pub(super) use told::{discord, drawdown_alert, sentry_event};

/// A demo over a year, as fast as it goes: its exit code says whether the store equals the venue's books.
const DEMO: [&str; 6] = ["demo", "--fast", "--from", "2007-01-01", "--to", "2007-12-31"];

/// A paper strategy's trades reach a store, and the store of the configuration has trades.
pub(super) fn trade_rows(around: &Surroundings) -> CheckState {
    traded(around, "select count(*) from trading_fills", "fills")
}

/// Latencies reach a store, and the store of the configuration has some.
pub(super) fn latency(around: &Surroundings) -> CheckState {
    traded(around, "select count(latency_ms) from order_latency", "latencies")
}

/// Counts rows in the store of the demo, then in the one that dashboards read.
fn traded(around: &Surroundings, sql: &str, what: &str) -> CheckState {
    let shown = around.demo(|state, store| match state {
        CheckState::Ok { .. } => counted(around, sql, store, what),
        state => state.clone(),
    });
    let CheckState::Ok { evidence } = shown else { return shown };
    match in_own_store(around, sql) {
        None => CheckState::ok(format!("{evidence}; `metrics.store` was not there to count")),
        Some(0) => CheckState::degraded(format!(
            "{evidence}, but `metrics.store` has none: nothing that trades writes there"
        )),
        Some(count) => CheckState::ok(format!("{evidence}, {count} in `metrics.store`")),
    }
}

/// How many the store of the configuration has; `None` if it is not there, which another check is about.
fn in_own_store(around: &Surroundings, sql: &str) -> Option<u64> {
    let place = around.store.place().ok()?;
    let is_there =
        if place.is_server() { !around.is_offline } else { Path::new(place.name()).exists() };
    let mut reading = around.store.open().ok().filter(|_| is_there)?;
    // A table that is not there holds nothing; a store that does not answer is not asked again.
    let rows = reading.query(sql, 1).ok()?;
    rows.rows.first()?.first()?.as_u64()
}

fn counted(around: &Surroundings, sql: &str, store: &str, what: &str) -> CheckState {
    let args = ["metrics", "query", sql, "--store", store, "--format", "json"];
    let ran = match around.program.ran(&args) {
        Ok(ran) => ran,
        Err(state) => return state,
    };
    match first_number(&ran.out) {
        Some(count) if count > 0 => CheckState::ok(format!("{count} {what} of a paper trade")),
        Some(_) => {
            CheckState::failed("no row arrived", "run `plimsoll demo` and `plimsoll metrics gaps`")
        }
        None => CheckState::failed(ran.complaint(), "run `plimsoll demo`, to see why"),
    }
}

/// A demo that ran into a store of its own, and how it ended.
#[derive(Debug)]
pub(crate) struct Demo {
    state: CheckState,
    store: String,
    /// The store goes with it.
    _dir: Option<TempDir>,
}

impl Surroundings {
    /// Looks at the demo and its store; runs it if nobody has.
    pub(super) fn demo(&self, look: impl FnOnce(&CheckState, &str) -> CheckState) -> CheckState {
        let demo = self.demo.get_or_init(|| Demo::run(self));
        look(&demo.state, &demo.store)
    }
}

impl Demo {
    fn run(around: &Surroundings) -> Demo {
        let dir = match tempfile::tempdir() {
            Ok(dir) => dir,
            Err(error) => {
                let state = CheckState::failed(error.to_string(), "free space in TMPDIR");
                return Demo { state, store: String::new(), _dir: None };
            }
        };
        let store = dir.path().join("verify.db").to_string_lossy().into_owned();
        let args: Vec<&str> = DEMO.into_iter().chain(["--store", store.as_str()]).collect();
        let state = around.program.own(&args, "run `plimsoll demo --fast`, to see why");
        Demo { state, store, _dir: Some(dir) }
    }
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
