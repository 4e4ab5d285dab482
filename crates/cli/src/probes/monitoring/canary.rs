//! A row with a number that nobody could guess, written through the pipeline that strategies use and read back.

use std::time::{Duration, SystemTime};

use plimsoll_kit::CheckState;
use plimsoll_metrics::{Metrics, Mode, Options};

use crate::probes::Surroundings;

const FIX: &str = "is the store there and writable? `plimsoll tables check` says what it has";
const CLOSE: Duration = Duration::from_secs(20);

plimsoll_metrics::table! {
    /// Rows that only show that rows arrive.
    pub struct Canary: "plimsoll_canary" {
        /// Read back by who wrote it.
        nonce: i64,
    }
}

/// Writes into the store of the configuration and reads it back, in a table of its own.
pub(in crate::probes) fn canary_row(around: &Surroundings) -> CheckState {
    let place = match around.store.place() {
        Ok(place) => place,
        Err(failure) => return CheckState::failed(failure.to_string(), FIX),
    };
    let name = place.name().to_owned();
    if !place.is_server() && !std::path::Path::new(&name).exists() {
        let fix = "`plimsoll demo` makes one";
        return around.absent("monitoring.canary-row", format!("there is no store `{name}`"), fix);
    }
    written_and_read(around, &name, place.is_server())
        .unwrap_or_else(|error| CheckState::failed(format!("{error:#}"), FIX))
}

fn written_and_read(
    around: &Surroundings,
    name: &str,
    is_server: bool,
) -> anyhow::Result<CheckState> {
    let spool = tempfile::tempdir()?;
    let spool = spool.path().join("spool");
    let options = if is_server {
        Options::connect(name, spool, Mode::Replay).with_creates_tables(true)
    } else {
        Options::embedded(name, Mode::Replay).with_spool_dir(spool)
    };
    let table = if is_server { "bt_plimsoll_canary" } else { "plimsoll_canary" };
    let nonce = nonce();
    let metrics = Metrics::open(&options.with_service("plimsoll-verify"))?;
    let account = metrics.strategy("verify")?.account("verify")?;
    account.instrument("NONE", "NONE", "USD")?.emit(&Canary { nonce });
    let counts = metrics.close(CLOSE)?;
    if counts.stored_rows == 0 {
        return Ok(CheckState::failed("the row was not taken", FIX));
    }
    let sql = format!("select nonce from {table} where nonce = {nonce}");
    let mut reading = around.store.open().map_err(|failure| anyhow::anyhow!("{failure}"))?;
    let rows = reading.query(&sql, 2).map_err(|failure| anyhow::anyhow!("{failure}"))?;
    Ok(match rows.rows.len() {
        1 => CheckState::ok(format!("nonce {nonce} read back from {table}")),
        count => CheckState::failed(format!("{count} rows came back, wanted 1"), FIX),
    })
}

/// Different at every run.
#[allow(clippy::disallowed_methods, reason = "a probe is an edge that may read the clock")]
pub(super) fn nonce() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos() / 1000).unwrap_or(1)
}
