//! Minutes that were rolled up are read like any table, and rolled up again they are replaced.

use std::{ops::Range, path::Path, time::Duration};

use plimsoll_metrics::{
    Timestamp,
    read::Store,
    rollup::{self, ROLL_UPS, RollUp},
};

use crate::stored::{Build, V, ask, at, open, with};

const MINUTE: i64 = 60_000_000_000;

fn of(source: &str) -> &'static RollUp {
    ROLL_UPS.iter().find(|r| r.source == source).unwrap()
}

fn pnl(path: &Path, seq: i64, ts: i64, total: f64) {
    let row = with(
        at(ts, 1, seq),
        &[
            ("env", V::S("prod")),
            ("mode", V::S("live")),
            ("producer", V::S("bot@host")),
            ("strategy_id", V::S("ema")),
            ("total_pnl", V::D(total)),
        ],
    );
    Build::table("trading_pnl").row(&row).write(&mut open(path)).unwrap();
}

/// One turn of a station.
fn turn(path: &Path, now: i64) -> Range<Timestamp> {
    let (of, now) = (of("trading_pnl"), Timestamp::from_nanos(now));
    let store = Store::open(path).unwrap();
    let (last, oldest) = store.rolled_up(of).unwrap();
    let due = rollup::due(last, oldest, Duration::from_secs(300), now);
    let minutes = store.minutes(of, due.clone()).unwrap();
    rollup::write(&mut open(path), of, &minutes, "station@host", now).unwrap();
    due
}

fn rolled(path: &Path) -> Vec<String> {
    let sql = "SELECT ts / 60000000000, strategy_id, account_id, min, max, last, n, producer
               FROM trading_pnl_1m ORDER BY ts";
    ask(path, sql)
        .iter()
        .map(|row| row.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
        .collect()
}

#[test]
fn a_late_row_replaces_the_minute_that_it_belongs_to() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.db");
    pnl(&path, 0, 1, 5.0);
    pnl(&path, 1, MINUTE - 1, -3.0);
    pnl(&path, 2, MINUTE + 1, 8.0);
    turn(&path, 2 * MINUTE + 5);
    let both = ["0 ema - -3.0 5.0 -3.0 2 station@host", "1 ema - 8.0 8.0 8.0 1 station@host"];
    assert_eq!(rolled(&path), both);
    pnl(&path, 3, MINUTE + 30, 20.0);
    let due = turn(&path, 3 * MINUTE);
    assert!(due.start.as_nanos() <= 0 && due.end.as_nanos() == 3 * MINUTE);
    let replaced = ["0 ema - -3.0 5.0 -3.0 2 station@host", "1 ema - 8.0 20.0 20.0 2 station@host"];
    assert_eq!(rolled(&path), replaced);
}

#[test]
fn roll_ups_are_no_runs_whose_losses_are_looked_for() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.db");
    Build::table("producer_runs").row(&at(1, 1, 0)).write(&mut open(&path)).unwrap();
    pnl(&path, 0, 1, 5.0);
    turn(&path, MINUTE);
    let findings = Store::open(&path).unwrap().gaps(Timestamp::from_nanos(MINUTE)).unwrap();
    assert!(findings.iter().all(|f| f.table == "trading_pnl"), "{findings:?}");
}

#[test]
fn a_store_without_the_source_has_nothing_due() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.db");
    drop(open(&path));
    for of in &ROLL_UPS {
        assert_eq!(Store::open(&path).unwrap().rolled_up(of).unwrap(), (None, None));
    }
}
