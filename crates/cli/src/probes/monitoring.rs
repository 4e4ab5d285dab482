//! Rows, rules and notifications.

mod canary;

use plimsoll_kit::CheckState;
use serde_json::Value;
use tempfile::TempDir;

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

/// Counts rows in the store of the demo.
fn traded(around: &Surroundings, sql: &str, evidence: fn(u64) -> String) -> CheckState {
    around.demo(|state, store| match state {
        CheckState::Ok { .. } => counted(around, sql, store, evidence),
        state => state.clone(),
    })
}

fn counted(
    around: &Surroundings,
    sql: &str,
    store: &str,
    evidence: fn(u64) -> String,
) -> CheckState {
    let args = ["metrics", "query", sql, "--store", store, "--format", "json"];
    let ran = match around.program.ran(&args) {
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
