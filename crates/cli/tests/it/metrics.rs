use std::fs;
use std::path::Path;
use std::time::Duration;

use plimsoll_metrics::{Metrics, Mode, Options, Pnl};
use serde_json::Value;

use crate::run::{Ran, plimsoll};

const ROWS: u32 = 40;

/// A store with rows of one strategy, closed in order.
fn recorded(dir: &Path) {
    let metrics = Metrics::open(&Options::embedded(dir.join("s.db"), Mode::Paper)).unwrap();
    let account = metrics.strategy("ema").unwrap().account("A").unwrap();
    let btc = account.instrument("BTC", "V", "USD").unwrap();
    for n in 0..ROWS {
        btc.emit_pnl(Pnl::new().realized_pnl(f64::from(n)).unrealized_pnl(-1.5));
    }
    metrics.close(Duration::from_secs(30)).unwrap();
}

#[track_caller]
fn metrics(dir: &Path, args: &[&str], code: i32) -> Ran {
    let ran = plimsoll(dir, &[&["metrics"], args].concat());
    assert_eq!(ran.code, code, "{args:?}: {ran:?}");
    ran
}

#[test]
fn a_query_is_printed_as_table_csv_and_json() {
    let dir = tempfile::tempdir().unwrap();
    recorded(dir.path());
    let sql = "SELECT instrument_id, max(realized_pnl) AS most FROM trading_pnl GROUP BY 1";
    let of =
        |format| metrics(dir.path(), &["query", "--store", "s.db", sql, "--format", format], 0);
    assert_eq!(of("table").out, "instrument_id  most\n-------------  ----\nBTC            39.0\n");
    assert_eq!(of("csv").out, "instrument_id,most\nBTC,39.0\n");
    let body: Value = serde_json::from_str(&of("json").out).unwrap();
    assert_eq!((&body["version"], &body["rows"][0][1]), (&1.into(), &39.0.into()));
}

#[test]
fn a_query_that_writes_is_refused_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    recorded(dir.path());
    for sql in ["DELETE FROM _trading_pnl", "ATTACH 'x.db' AS x", "PRAGMA user_version = 9"] {
        let ran = metrics(dir.path(), &["query", "--store", "s.db", sql], 2);
        assert!(ran.err.contains("hint:"), "{sql}: {ran:?}");
    }
    let rows =
        metrics(dir.path(), &["query", "--store", "s.db", "SELECT count(*) FROM trading_pnl"], 0);
    assert!(rows.out.contains(&ROWS.to_string()), "{rows:?}");
    assert!(!dir.path().join("x.db").exists());
}

#[test]
fn tail_shows_the_newest_rows_last() {
    let dir = tempfile::tempdir().unwrap();
    recorded(dir.path());
    let args = ["tail", "--store", "s.db", "trading_pnl", "-n", "3", "--format", "csv"];
    let ran = metrics(dir.path(), &args, 0);
    let lines: Vec<&str> = ran.out.lines().collect();
    assert_eq!(lines.len(), 4, "{ran:?}");
    assert!(lines[1].contains("37.0") && lines[3].contains("39.0"), "{ran:?}");
}

#[test]
fn an_export_holds_every_row_and_replaces_nothing_unasked() {
    let dir = tempfile::tempdir().unwrap();
    recorded(dir.path());
    let args = ["export", "--store", "s.db", "trading_pnl", "--to", "pnl.csv"];
    metrics(dir.path(), &args, 0);
    let lines = fs::read_to_string(dir.path().join("pnl.csv")).unwrap().lines().count();
    assert_eq!(lines, 1 + usize::try_from(ROWS).unwrap());
    let again = metrics(dir.path(), &args, 1);
    assert!(again.err.contains("--force"), "{again:?}");
    metrics(dir.path(), &[&args[..], &["--force"]].concat(), 0);
}

#[test]
fn gaps_finds_and_sizes_rows_that_are_taken_away() {
    let dir = tempfile::tempdir().unwrap();
    recorded(dir.path());
    let whole = metrics(dir.path(), &["gaps", "--store", "s.db"], 0);
    assert!(whole.out.contains("whole"), "{whole:?}");
    let store = rusqlite::Connection::open(dir.path().join("s.db")).unwrap();
    store.execute("DELETE FROM _trading_pnl WHERE seq IN (7, 8, 38, 39)", []).unwrap();
    let lost = metrics(dir.path(), &["gaps", "--store", "s.db"], 1);
    assert!(lost.out.contains("4 LOST"), "{lost:?}");
    assert!(lost.out.contains("middle 7..8") && lost.out.contains("tail 38..39"), "{lost:?}");
}

#[test]
fn a_spool_is_shown_and_shipped() {
    let dir = tempfile::tempdir().unwrap();
    let spool = dir.path().join("s.spool");
    let metrics_of = Metrics::open(&Options::spool_only(&spool, Mode::Live)).unwrap();
    let strategy = metrics_of.strategy("ema").unwrap();
    for n in 0..ROWS {
        strategy.emit_pnl(Pnl::new().realized_pnl(f64::from(n)));
    }
    metrics_of.close(Duration::from_secs(30)).unwrap();
    let shown = metrics(dir.path(), &["spool", "s.spool", "--json"], 0);
    let body: Value = serde_json::from_str(&shown.out).unwrap();
    assert!(body["waiting_blocks"].as_u64().unwrap() > 0, "{body}");
    let shipped = metrics(dir.path(), &["ship", "--spool", "s.spool", "--to", "s.db"], 0);
    assert!(shipped.out.contains("rows delivered, 0 refused"), "{shipped:?}");
    let rows =
        metrics(dir.path(), &["query", "--store", "s.db", "SELECT count(*) FROM trading_pnl"], 0);
    assert!(rows.out.contains(&ROWS.to_string()), "{rows:?}");
}

#[test]
fn a_store_that_is_not_there_or_is_none_says_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("text.db"), "this is no database, but a text of some length")
        .unwrap();
    for store in ["nothing.db", "text.db"] {
        let ran = metrics(dir.path(), &["tables", "--store", store], 2);
        assert!(ran.err.contains(store) && ran.err.contains("hint:"), "{ran:?}");
    }
    assert!(!dir.path().join("nothing.db").exists(), "reading makes no file");
    let secret = metrics(dir.path(), &["tables", "--store", "postgres://bob:hunter2@db/x"], 2);
    assert!(!secret.err.contains("hunter2"), "{secret:?}");
    metrics(dir.path(), &["spool", "."], 2);
    metrics(dir.path(), &["ship", "--spool", ".", "--to", "made.db"], 2);
    assert!(!dir.path().join("made.db").exists());
}
