//! Reading a store never changes it.

use plimsoll_metrics::{
    Timestamp,
    read::{Cursor, Datum, ReadError, Rfc3339, Store},
};

use crate::stored::{Build, V, at, open, with};

const NOON: i64 = 1_769_860_800_000_000_000;

fn filled(path: &std::path::Path, seqs: std::ops::Range<i64>) {
    let mut build = Build::table("trading_orders");
    for seq in seqs {
        let more = [("event", V::S("filled")), ("reason", V::S("a,\"b\"")), ("qty", V::D(0.5))];
        build.add(&with(at(NOON + seq, 1, seq), &more));
    }
    build.write(&mut open(path)).unwrap();
}

#[test]
fn what_is_no_query_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.db");
    filled(&path, 0..3);
    let other = dir.path().join("other.db");
    let store = Store::open(&path).unwrap();
    let attach = format!("ATTACH '{}' AS o", other.display());
    for sql in [
        "",
        "DELETE FROM _trading_orders",
        "PRAGMA query_only = OFF",
        &attach,
        "BEGIN",
        "WITH x AS (SELECT 1) INSERT INTO strings (text) SELECT 'x' FROM x",
        "VACUUM",
        "SELECT 1; DELETE FROM _trading_orders",
        "SELECT 1; garbage",
        "EXPLAIN",
    ] {
        assert!(store.query(sql, 10).is_err(), "{sql}");
    }
    let refused = store.query("DROP TABLE _trading_orders", 10).unwrap_err();
    assert!(matches!(refused, ReadError::NotAQuery { .. }), "{refused}");
    assert!(!other.exists());
    assert_eq!(store.query("select 1;  ", 1).unwrap().rows, [[Datum::Long(1)]]);
}

#[test]
fn a_limit_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.db");
    filled(&path, 0..3);
    let store = Store::open(&path).unwrap();
    assert!(store.query("SELECT seq FROM trading_orders", 2).unwrap().is_cut);
    assert!(!store.query("SELECT seq FROM trading_orders", 3).unwrap().is_cut);
}

#[test]
fn a_missing_or_foreign_file_is_an_error_and_never_made() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("none.db");
    assert!(matches!(Store::open(&path), Err(ReadError::Open { .. })));
    assert!(!path.exists());
    std::fs::write(&path, vec![b'x'; 10_000]).unwrap();
    assert!(matches!(Store::open(&path), Err(ReadError::Open { .. })));
}

#[test]
fn tables_are_listed_with_what_is_in_them() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.db");
    filled(&path, 0..3);
    let tables = Store::open(&path).unwrap().tables().unwrap();
    assert_eq!(tables.len(), 1);
    assert_eq!((tables[0].name.as_str(), tables[0].rows), ("trading_orders", 3));
    assert_eq!(tables[0].first, Some(Timestamp::from_nanos(NOON)));
    assert_eq!(tables[0].last, Some(Timestamp::from_nanos(NOON + 2)));
    assert!(tables[0].bytes.unwrap() > 0);
}

#[test]
fn a_follower_sees_each_row_once_also_a_late_one() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.db");
    filled(&path, 0..30);
    let store = Store::open(&path).unwrap();
    let mut cursor = Cursor::default();
    let mut seqs = |n: usize| -> Vec<Datum> {
        let answer = store.tail("trading_orders", n, &mut cursor).unwrap();
        let seq = answer.columns.iter().position(|c| c == "seq").unwrap();
        answer.rows.into_iter().map(|row| row[seq].clone()).collect()
    };
    let long = |range: std::ops::Range<i64>| range.map(Datum::Long).collect::<Vec<_>>();
    assert_eq!(seqs(3), long(27..30));
    assert_eq!(seqs(3), []);
    filled(&path, 30..35);
    assert_eq!(seqs(3), long(30..33));
    Build::table("trading_orders").row(&at(NOON - 1_000, 2, 0)).write(&mut open(&path)).unwrap();
    assert_eq!(seqs(9), [Datum::Long(0), Datum::Long(33), Datum::Long(34)]);
    assert_eq!(seqs(9), []);
    let missing = store.tail("nowhere", 1, &mut Cursor::default());
    assert!(matches!(missing, Err(ReadError::NoTable { .. })));
}

#[test]
fn a_row_from_the_future_hides_no_other_from_a_follower() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.db");
    filled(&path, 0..1);
    let store = Store::open(&path).unwrap();
    let mut cursor = Cursor::after(Timestamp::from_nanos(NOON));
    let mut seen = |ts: i64, run: i64, seq: i64| {
        Build::table("trading_orders").row(&at(ts, run, seq)).write(&mut open(&path)).unwrap();
        let rows = store.tail("trading_orders", 9, &mut cursor).unwrap().rows.len();
        cursor.hold_to(Timestamp::from_nanos(NOON));
        rows
    };
    assert_eq!(seen(NOON + 3_600_000_000_000, 2, 0), 2, "a venue's clock is an hour ahead");
    assert_eq!(seen(NOON + 1, 3, 0), 1, "another venue's is not");
    assert_eq!(seen(NOON + 2, 3, 1), 1);
}

#[test]
fn a_follower_is_not_shown_what_was_there_before_it_began() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.db");
    let rows = [at(NOON, 1, 0), at(NOON + 1, 2, 0), at(NOON + 2, 1, 1)];
    let mut build = Build::table("trading_orders");
    rows.iter().for_each(|row| build.add(row));
    build.write(&mut open(&path)).unwrap();
    let store = Store::open(&path).unwrap();
    let mut cursor = Cursor::default();
    assert_eq!(store.tail("trading_orders", 1, &mut cursor).unwrap().rows.len(), 1);
    assert_eq!(store.tail("trading_orders", 9, &mut cursor).unwrap().rows.len(), 0);
}

#[test]
fn a_follower_of_an_empty_table_sees_its_first_row() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.db");
    filled(&path, 0..0);
    let store = Store::open(&path).unwrap();
    let mut cursor = Cursor::default();
    assert_eq!(store.tail("trading_orders", 5, &mut cursor).unwrap().rows.len(), 0);
    filled(&path, 0..2);
    assert_eq!(store.tail("trading_orders", 5, &mut cursor).unwrap().rows.len(), 2);
}

#[test]
fn csv_quotes_what_must_be_quoted() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.db");
    filled(&path, 0..1);
    let store = Store::open(&path).unwrap();
    let mut csv = Vec::new();
    let sql = "SELECT ts, event, reason, qty, px, '' AS none FROM trading_orders";
    assert_eq!(store.export_csv(sql, &mut csv).unwrap(), 1);
    assert_eq!(
        String::from_utf8(csv).unwrap(),
        "ts,event,reason,qty,px,none\r\n2026-01-31T12:00:00.000000000Z,filled,\"a,\"\"b\"\"\",0.5,,\"\"\r\n"
    );
    let mut csv = Vec::new();
    assert_eq!(store.export_csv("trading_orders", &mut csv).unwrap(), 1);
    assert!(matches!(store.export_csv("nowhere", &mut csv), Err(ReadError::NoTable { .. })));
}

#[test]
fn moments_are_shown_as_rfc_3339() {
    for (ns, wanted) in [
        (0, "1970-01-01T00:00:00.000000000Z"),
        (-1, "1969-12-31T23:59:59.999999999Z"),
        (951_782_400_000_000_001, "2000-02-29T00:00:00.000000001Z"),
        (4_107_542_399_999_999_999, "2100-02-28T23:59:59.999999999Z"),
        (i64::MIN, "1677-09-21T00:12:43.145224192Z"),
        (i64::MAX, "2262-04-11T23:47:16.854775807Z"),
    ] {
        assert_eq!(Rfc3339(Timestamp::from_nanos(ns)).to_string(), wanted);
    }
}

#[test]
fn moments_of_a_table_that_comes_after_the_store_was_opened_are_moments() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.db");
    drop(open(&path));
    let store = Store::open(&path).unwrap();
    let mut cursor = Cursor::after(Timestamp::from_nanos(0));
    assert!(store.tail("trading_orders", 9, &mut cursor).is_err());
    filled(&path, 0..2);
    let answer = store.tail("trading_orders", 9, &mut cursor).unwrap();
    let ts = answer.columns.iter().position(|column| column == "ts").unwrap();
    assert!(answer.rows.iter().all(|row| matches!(row[ts], Datum::Timestamp(_))), "{answer:?}");
}

#[test]
fn rows_that_were_cut_off_are_shown_by_later_calls_however_old_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.db");
    let hour = 3_600_000_000_000;
    let mut build = Build::table("trading_orders");
    // The first run is the newer one.
    for row in [at(NOON + hour, 1, 0), at(NOON, 2, 0), at(NOON + 1, 2, 1)] {
        build.add(&row);
    }
    build.write(&mut open(&path)).unwrap();
    let store = Store::open(&path).unwrap();
    let mut cursor = Cursor::after(Timestamp::from_nanos(NOON));
    let mut shown = 0;
    for _ in 0..5 {
        shown += store.tail("trading_orders", 1, &mut cursor).unwrap().rows.len();
    }
    assert_eq!(shown, 3);
}
