use std::path::Path;

use crate::run::{Ran, plimsoll};

#[track_caller]
fn tables(dir: &Path, args: &[&str], code: i32) -> Ran {
    let ran = plimsoll(dir, &[&["tables"], args].concat());
    assert_eq!(ran.code, code, "{args:?}: {ran:?}");
    ran
}

#[test]
fn a_dry_run_shows_the_steps_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let args = ["apply", "--store", "s.db", "--dry-run"];
    let absent = tables(dir.path(), &args, 0);
    assert!(absent.out.contains("would be made"), "{absent:?}");
    assert!(!dir.path().join("s.db").exists(), "a dry run makes no file");
    tables(dir.path(), &["apply", "--store", "s.db", "--to", "1"], 0);
    let first = tables(dir.path(), &args, 0);
    assert!(first.out.contains("1. add column trading_risk.config_hash"), "{first:?}");
    assert_eq!(tables(dir.path(), &args, 0).out, first.out);
}

#[test]
fn applied_twice_is_once_and_back_is_refused_where_values_would_be_lost() {
    let dir = tempfile::tempdir().unwrap();
    tables(dir.path(), &["apply", "--store", "s.db"], 0);
    let again = tables(dir.path(), &["apply", "--store", "s.db"], 0);
    assert!(again.out.contains("0 steps done"), "{again:?}");
    let store = rusqlite::Connection::open(dir.path().join("s.db")).unwrap();
    let row =
        "INSERT INTO _trading_pnl_1m (ts, env, mode, scope, trader_id, account_id, strategy_id,
               instrument_id, venue, currency, n) VALUES (?1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 5)";
    for ts in 0..3 {
        store.execute(row, [ts]).unwrap();
    }
    let refused = tables(dir.path(), &["apply", "--store", "s.db", "--to", "1"], 1);
    assert!(refused.err.contains("3 rows in table `trading_pnl_1m`"), "{refused:?}");
    store.execute("DELETE FROM _trading_pnl_1m", []).unwrap();
    drop(store);
    let unasked = tables(dir.path(), &["apply", "--store", "s.db", "--to", "1"], 1);
    assert!(unasked.err.contains("--yes"), "{unasked:?}");
    tables(dir.path(), &["check", "--store", "s.db"], 0);
    let back = tables(dir.path(), &["apply", "--store", "s.db", "--to", "1", "--yes"], 0);
    let behind = tables(dir.path(), &["check", "--store", "s.db"], 1);
    assert!(behind.out.contains("missing: create table trading_pnl_1m"), "{behind:?}");
    assert!(back.out.contains("drop table trading_pnl_1m"), "{back:?}");
    let forward = tables(dir.path(), &["apply", "--store", "s.db"], 0);
    assert!(forward.out.contains("4 steps done"), "{forward:?}");
}

#[test]
fn a_check_tells_what_cannot_be_told_and_makes_no_file() {
    let dir = tempfile::tempdir().unwrap();
    let ran = tables(dir.path(), &["check", "--store", "s.db"], 2);
    assert!(ran.err.contains("no file `s.db`"), "{ran:?}");
    assert!(!dir.path().join("s.db").exists());
}

#[test]
fn a_version_that_is_none_is_bad_usage() {
    let dir = tempfile::tempdir().unwrap();
    let ran = tables(dir.path(), &["apply", "--store", "s.db", "--to", "9"], 2);
    assert!(ran.err.contains("no schema version 9"), "{ran:?}");
    assert!(!dir.path().join("s.db").exists());
}

#[test]
fn show_prints_the_statements_of_both_stores() {
    let dir = tempfile::tempdir().unwrap();
    let questdb = tables(dir.path(), &["show", "trading_fills"], 0);
    assert!(questdb.out.contains("DEDUP UPSERT KEYS"), "{questdb:?}");
    let sqlite = tables(dir.path(), &["show", "trading_fills", "--dialect", "sqlite"], 0);
    assert!(sqlite.out.contains("WITHOUT ROWID"), "{sqlite:?}");
    tables(dir.path(), &["show", "no_such"], 2);
}
