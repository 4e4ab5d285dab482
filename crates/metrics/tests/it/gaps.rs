//! Planted losses are found and sized; what is not known is not called fine.

use std::{path::Path, time::Duration};

use plimsoll_metrics::{
    Timestamp,
    gaps::{Expired, Hole, Part, RunCount, TableCount, Verdict, Why, judge},
    read::Store,
};

use crate::stored::{Build, V, at, open, with};

const DAY: i64 = 86_400_000_000_000;

fn run() -> RunCount {
    RunCount {
        producer: "bot@host".into(),
        run: 1,
        table: "t".into(),
        attempted: Some(100),
        dropped: 0,
        quarantined: 0,
        acked: Some(100),
        is_closed: true,
        silent_for: Duration::from_secs(5),
    }
}

fn table() -> TableCount {
    TableCount {
        producer: "bot@host".into(),
        run: 1,
        table: "t".into(),
        is_natural: false,
        stored: 100,
        seq_range: Some((0, 99)),
        holes: vec![],
        expired: Expired::Rows(0),
    }
}

pub(crate) fn lost(rows: u64, holes: &[(Part, u64, u64)]) -> Verdict {
    let holes = holes.iter().map(|&(part, first, last)| Hole { part, first, last }).collect();
    Verdict::Lost { rows, holes }
}

pub(crate) fn unknown(why: Why) -> Verdict {
    Verdict::Unknown { why }
}

type Case = (&'static str, RunCount, Option<TableCount>, Verdict);

#[track_caller]
fn check(cases: Vec<Case>) {
    for (name, run, table, wanted) in cases {
        let tables: Vec<TableCount> = table.into_iter().collect();
        let findings = judge(&[run], &tables);
        assert_eq!(findings.len(), 1, "{name}");
        assert_eq!(findings[0].verdict, wanted, "{name}");
    }
}

fn stored(rows: u64, first: u64, last: u64) -> Option<TableCount> {
    Some(TableCount { stored: rows, seq_range: Some((first, last)), ..table() })
}

fn with_hole(first: u64, last: u64) -> Option<TableCount> {
    Some(TableCount { stored: 100 - (last + 1 - first), holes: vec![(first, last)], ..table() })
}

fn expired(of: Option<TableCount>, expired: Expired) -> Option<TableCount> {
    of.map(|table| TableCount { expired, ..table })
}

fn natural(rows: u64) -> Option<TableCount> {
    Some(TableCount { is_natural: true, stored: rows, ..table() })
}

fn open_run() -> RunCount {
    RunCount { is_closed: false, ..run() }
}

#[test]
fn a_closed_run_is_judged_by_what_was_attempted() {
    let ten_dropped = RunCount { dropped: 6, quarantined: 4, ..run() };
    let six_dropped = || RunCount { dropped: 6, ..run() };
    check(vec![
        ("all there", run(), Some(table()), Verdict::Whole),
        ("tail", run(), stored(90, 0, 89), lost(10, &[(Part::Tail, 90, 99)])),
        ("head", run(), stored(90, 10, 99), lost(10, &[(Part::Head, 0, 9)])),
        ("middle", run(), with_hole(5, 14), lost(10, &[(Part::Middle, 5, 14)])),
        ("never drained", run(), None, lost(100, &[(Part::Tail, 0, 99)])),
        ("dropped and quarantined", ten_dropped, with_hole(5, 14), Verdict::Whole),
        ("more than dropped", six_dropped(), with_hole(5, 14), lost(4, &[(Part::Middle, 5, 14)])),
        ("all dropped", RunCount { dropped: 100, ..run() }, None, Verdict::Whole),
        ("no counts", RunCount { attempted: None, ..run() }, Some(table()), unknown(Why::NoCounts)),
        (
            "contradiction",
            six_dropped(),
            stored(95, 0, 94),
            unknown(Why::Contradicts { surplus: 1 }),
        ),
    ]);
    assert_eq!(judge(&[], &[table()])[0].verdict, unknown(Why::NoRunRow));
}

#[test]
fn what_retention_deleted_is_no_loss() {
    let sixty = Expired::Rows(60);
    check(vec![
        ("expired", run(), expired(stored(40, 60, 99), sixty), Verdict::Whole),
        (
            "expired and lost",
            run(),
            expired(stored(30, 60, 89), sixty),
            lost(10, &[(Part::Head, 0, 59), (Part::Tail, 90, 99)]),
        ),
        (
            "perhaps expired",
            run(),
            expired(stored(40, 60, 99), Expired::PerhapsOldest),
            unknown(Why::PerhapsExpired { rows: 60 }),
        ),
        (
            "perhaps expired and lost",
            run(),
            expired(stored(30, 60, 89), Expired::PerhapsOldest),
            lost(10, &[(Part::Head, 0, 59), (Part::Tail, 90, 99)]),
        ),
    ]);
}

#[test]
fn an_open_run_is_unknown_unless_a_hole_is_certain() {
    let open = || unknown(Why::Open { silent_for: Duration::from_secs(5) });
    let ten_told = RunCount { attempted: Some(10), ..open_run() };
    let holed =
        Some(TableCount { stored: 80, seq_range: Some((0, 89)), ..with_hole(5, 14).unwrap() });
    check(vec![
        ("all there", open_run(), Some(table()), open()),
        ("tail on its way", open_run(), stored(90, 0, 89), open()),
        ("hole", open_run(), holed, lost(10, &[(Part::Middle, 5, 14)])),
        ("hole after the last beat", ten_told, with_hole(50, 59), open()),
    ]);
}

#[test]
fn rows_that_replace_each_other_are_judged_by_what_was_acknowledged() {
    let not_all = RunCount { acked: Some(95), ..run() };
    let open = unknown(Why::Open { silent_for: Duration::from_secs(5) });
    check(vec![
        ("replaced", run(), natural(60), Verdict::Whole),
        ("not acknowledged", not_all, natural(60), lost(5, &[])),
        ("open", open_run(), natural(100), open),
    ]);
}

/// A row of `producer_runs`.
fn told(path: &Path, run: i64, table: &str, state: &str, counts: [i64; 3]) {
    let row = with(
        at(50 * DAY, run, counts[0]),
        &[
            ("ts_init", V::L(50 * DAY)),
            ("producer", V::S("bot@host")),
            ("table_name", V::S(table)),
            ("state", V::S(state)),
            ("attempted", V::L(counts[0])),
            ("dropped", V::L(counts[1])),
            ("acked", V::L(counts[2])),
            ("quarantined", V::L(0)),
        ],
    );
    Build::table("producer_runs").row(&row).write(&mut open(path)).unwrap();
}

fn rows(path: &Path, run: i64, seqs: impl Iterator<Item = i64>, ts: i64) {
    let mut build = Build::table("trading_pnl");
    for seq in seqs {
        build.add(&with(at(ts + seq, run, seq), &[("producer", V::S("bot@host"))]));
    }
    build.write(&mut open(path)).unwrap();
}

#[test]
fn planted_holes_in_a_store_are_found() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.db");
    let pnl = "trading_pnl";
    rows(&path, 1, (3..40).chain(43..90), 50 * DAY);
    told(&path, 1, pnl, "open", [0, 0, 0]);
    told(&path, 1, pnl, "beat", [50, 0, 40]);
    told(&path, 1, pnl, "closed", [100, 4, 84]);
    told(&path, 2, pnl, "closed", [7, 0, 0]);
    rows(&path, 3, 0..10, 50 * DAY);
    told(&path, 3, pnl, "beat", [10, 0, 10]);
    rows(&path, 4, 0..10, 50 * DAY);
    // Run 5 is half expired: retention notes it.
    rows(&path, 5, 0..10, DAY);
    rows(&path, 5, 10..20, 50 * DAY);
    told(&path, 5, pnl, "closed", [20, 0, 20]);
    // Run 6 is expired as a whole.
    rows(&path, 6, 0..10, DAY);
    told(&path, 6, pnl, "closed", [10, 0, 10]);
    open(&path).retain(Timestamp::from_nanos(100 * DAY)).unwrap();

    let now = Timestamp::from_nanos(50 * DAY + 5_000_000_000);
    let findings = Store::open(&path).unwrap().gaps(now).unwrap();
    let found: Vec<(i64, Verdict)> = findings.iter().map(|f| (f.run, f.verdict.clone())).collect();
    let wanted = [
        (1, lost(12, &[(Part::Head, 0, 2), (Part::Middle, 40, 42), (Part::Tail, 90, 99)])),
        (2, lost(7, &[(Part::Tail, 0, 6)])),
        (3, unknown(Why::Open { silent_for: Duration::from_secs(5) })),
        (4, unknown(Why::NoRunRow)),
        (5, Verdict::Whole),
        (6, Verdict::Whole),
    ];
    assert_eq!(found, wanted);
    assert!(findings.iter().all(|f| f.producer == "bot@host" && f.table == pnl));
}

#[test]
fn a_run_whose_fills_another_run_replaced_has_lost_nothing() {
    let fills = RunCount { table: "trading_fills".into(), ..run() };
    check(vec![("no row left", fills, None, Verdict::Whole)]);
}

#[test]
fn fills_that_replace_each_other_are_no_loss() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.db");
    let mut build = Build::table("trading_fills");
    for seq in 0..10 {
        build.add(&with(at(1, 1, seq), &[("trade_id", V::S("same"))]));
    }
    build.write(&mut open(&path)).unwrap();
    told(&path, 1, "trading_fills", "closed", [10, 0, 10]);
    let findings = Store::open(&path).unwrap().gaps(Timestamp::from_nanos(0)).unwrap();
    assert_eq!(findings[0].verdict, Verdict::Whole);
    assert_eq!(findings[0].stored, 1);
}
