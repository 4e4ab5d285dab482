//! The SQLite sink under faults.

use std::{fs, path::Path, process::Command, time::Duration};

use plimsoll_metrics::{
    Column, ColumnType, Ddl, Pnl, Schema, Sink, SinkError, SqliteOptions, SqliteSink, Table,
    Timestamp, read::Datum,
};

use crate::stored::{Build, Put, V, ask, at, count, open, with, without};

fn pnl(rows: std::ops::Range<i64>) -> Build {
    let mut build = Build::table("trading_pnl");
    for seq in rows {
        build.add(&with(
            at(1_000 + seq / 10, 7, seq),
            &[("strategy_id", V::S("ema")), ("realized_pnl", V::D(0.5))],
        ));
    }
    build
}

fn fill<'a>(seq: i64, more: &[Put<'a>]) -> Vec<Put<'a>> {
    with(at(5_000, 7, seq), &[&[("side", V::S("buy"))], more].concat())
}

#[test]
fn replayed_rows_are_stored_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.db");
    let mut sink = open(&path);
    let batch = pnl(0..100);
    sink.prepare(&batch.schema).unwrap();
    batch.write(&mut sink).unwrap();
    batch.write(&mut sink).unwrap();
    pnl(50..150).write(&mut sink).unwrap();
    assert_eq!(count(&path, "trading_pnl"), 150);
    assert_eq!(sink.counts().replayed, 150);
    assert_eq!(
        ask(&path, "SELECT DISTINCT strategy_id, realized_pnl FROM trading_pnl"),
        [[Datum::Text("ema".into()), Datum::Double(0.5)]]
    );
}

#[test]
fn natural_rows_are_replaced_and_unknown_parts_of_their_key_are_a_dash() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.db");
    let mut sink = open(&path);
    let px = |px| [("trade_id", V::S("t1")), ("last_px", V::D(px))];
    let batch = Build::table("trading_fills").row(&fill(0, &px(1.0))).row(&fill(1, &px(2.0)));
    batch.write(&mut sink).unwrap();
    Build::table("trading_fills").row(&fill(2, &px(3.0))).write(&mut sink).unwrap();
    let sql = "SELECT account_id, instrument_id, side, trade_id, last_px, seq FROM trading_fills";
    let text = |t: &str| Datum::Text(t.into());
    let wanted =
        [[text("-"), text("-"), text("buy"), text("t1"), Datum::Double(3.0), Datum::Long(2)]];
    assert_eq!(ask(&path, sql), wanted);
}

#[test]
fn values_at_the_edges_are_stored_verbatim() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.db");
    let mut sink = open(&path);
    let text = "a\0b\n\u{1f600}\",'";
    for (seq, v) in [5e-324, -0.0, f64::MAX, f64::MIN, 1e15].into_iter().enumerate() {
        let seq = i64::try_from(seq).unwrap();
        let row = with(
            at(i64::MIN, i64::MIN, seq),
            &[("last_qty", V::D(v)), ("client_order_id", V::S(text)), ("flags", V::L(i64::MAX))],
        );
        let id = format!("t{seq}");
        let row = [row, vec![("trade_id", V::S(&id))]].concat();
        Build::table("trading_fills").row(&row).write(&mut sink).unwrap();
        let sql = format!(
            "SELECT ts, run, last_qty, client_order_id, flags FROM trading_fills WHERE seq = {seq}"
        );
        let got = ask(&path, &sql).pop().unwrap();
        assert_eq!(got[0], Datum::Timestamp(Timestamp::from_nanos(i64::MIN)));
        assert_eq!(got[1], Datum::Long(i64::MIN));
        // SQLite keeps no sign of zero.
        assert_eq!(got[2], Datum::Double(v), "{v:?}");
        assert_eq!(got[3], Datum::Text(text.into()));
        assert_eq!(got[4], Datum::Long(i64::MAX));
    }
}

#[test]
fn view_and_table_agree() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.db");
    let mut sink = open(&path);
    pnl(0..10).write(&mut sink).unwrap();
    Build::table("trading_pnl").row(&at(1, 1, 0)).write(&mut sink).unwrap();
    let differ = "SELECT count(*) FROM _trading_pnl AS t JOIN trading_pnl AS v USING (ts, run, seq)
        LEFT JOIN strings AS s ON s.id = t.strategy_id
        WHERE v.strategy_id IS NOT s.text OR v.realized_pnl IS NOT t.realized_pnl";
    assert_eq!(ask(&path, differ), [[Datum::Long(0)]]);
    assert_eq!(count(&path, "trading_pnl"), count(&path, "_trading_pnl"));
    let unlabeled = "SELECT count(*) FROM trading_pnl WHERE strategy_id IS NULL";
    assert_eq!(ask(&path, unlabeled), [[Datum::Long(1)]]);
}

#[test]
fn a_hundred_thousand_rows_that_share_ten_timestamps_all_stay() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.db");
    let mut sink = open(&path);
    for start in (0..100_000).step_by(5_000) {
        let mut build = Build::table("trading_pnl");
        for seq in start..start + 5_000 {
            build.add(&at(seq % 10, seq % 4, seq / 4));
        }
        build.write(&mut sink).unwrap();
    }
    assert_eq!(count(&path, "trading_pnl"), 100_000);
}

#[test]
fn a_refused_row_is_named_and_nothing_of_its_batch_is_stored() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.db");
    let mut sink = open(&path);
    let mut batch = pnl(0..40);
    batch.add(&[("run", V::L(1)), ("seq", V::L(0)), ("strategy_id", V::S("new-label"))]);
    batch.add(&with(at(1, 1, 1), &[("realized_pnl", V::S("text"))]));
    batch.add(&with(at(1, 1, 2), &[("realized_pnl", V::D(f64::NAN))]));
    let Err(SinkError::Reject { rows }) = batch.write(&mut sink) else { panic!("not rejected") };
    assert_eq!(rows.iter().map(|r| r.row).collect::<Vec<_>>(), [40, 41, 42], "{rows:?}");
    assert_eq!(count(&path, "trading_pnl"), 0);
    // The ids of labels that were rolled back are not remembered.
    let labeled = |seq| with(at(1, 1, seq), &[("strategy_id", V::S("new-label"))]);
    Build::table("trading_pnl").row(&labeled(3)).write(&mut sink).unwrap();
    assert_eq!(
        ask(&path, "SELECT strategy_id FROM trading_pnl"),
        [[Datum::Text("new-label".into())]]
    );
}

#[test]
fn batches_that_belong_together_are_stored_together_or_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.db");
    let mut sink = open(&path);
    // Each has a label of its own under the same number.
    let fills =
        |seq, name| Build::table("trading_fills").row(&fill(seq, &[("trade_id", V::S(name))]));
    let bad = pnl(0..20).row(&with(at(1, 1, 1), &[("realized_pnl", V::S("text"))]));
    let (first, good) = (fills(1, "t1"), pnl(0..20));
    let found = sink.write_together(&[first.batch(), bad.batch()]);
    let Err(SinkError::Reject { rows }) = found else { panic!("{found:?}") };
    assert_eq!(rows.iter().map(|r| r.row).collect::<Vec<_>>(), [20], "{rows:?}");
    assert_eq!((count(&path, "trading_fills"), count(&path, "trading_pnl")), (0, 0));
    sink.write_together(&[first.batch(), good.batch(), fills(2, "t2").batch()]).unwrap();
    sink.write_together(&[first.batch(), good.batch()]).unwrap();
    assert_eq!((count(&path, "trading_fills"), count(&path, "trading_pnl")), (2, 20));
    assert_eq!((sink.counts().rows, sink.counts().replayed), (43, 20), "a fill replaces itself");
    assert_eq!(
        ask(
            &path,
            "SELECT DISTINCT side, (SELECT DISTINCT strategy_id FROM trading_pnl) FROM trading_fills"
        ),
        [[Datum::Text("buy".into()), Datum::Text("ema".into())]]
    );
}

#[test]
fn the_same_number_of_another_pipeline_is_another_label() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.db");
    let mut sink = open(&path);
    for (seq, label) in [(0, "first"), (1, "second")] {
        let row = with(at(1, 1, seq), &[("strategy_id", V::S(label))]);
        Build::table("trading_pnl").row(&row).write(&mut sink).unwrap();
    }
    assert_eq!(
        ask(&path, "SELECT strategy_id FROM trading_pnl ORDER BY seq"),
        [[Datum::Text("first".into())], [Datum::Text("second".into())]]
    );
}

#[test]
fn another_writer_means_retry_and_no_loss() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.db");
    let mut one = open(&path);
    one.prepare(Pnl::SCHEMA).unwrap();
    let patient = SqliteOptions::default().with_busy_timeout(Duration::from_millis(1));
    let mut two = SqliteSink::open(&path, patient).unwrap();
    two.prepare(Pnl::SCHEMA).unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let refused = pnl(0..10).write(&mut two);
    assert!(matches!(refused, Err(SinkError::Retry { .. })), "{refused:?}");
    other.execute_batch("ROLLBACK").unwrap();
    pnl(0..10).write(&mut two).unwrap();
    pnl(10..20).write(&mut one).unwrap();
    pnl(20..30).write(&mut two).unwrap();
    assert_eq!(count(&path, "trading_pnl"), 30);
}

#[test]
fn a_reader_sees_one_state_while_rows_are_written() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.db");
    let mut sink = open(&path);
    pnl(0..10).write(&mut sink).unwrap();
    let reader = rusqlite::Connection::open(&path).unwrap();
    let rows = || reader.query_row("SELECT count(*) FROM trading_pnl", [], |r| r.get::<_, i64>(0));
    reader.execute_batch("BEGIN").unwrap();
    assert_eq!(rows().unwrap(), 10);
    pnl(10..20).write(&mut sink).unwrap();
    assert_eq!(rows().unwrap(), 10);
    reader.execute_batch("COMMIT").unwrap();
    assert_eq!(rows().unwrap(), 20);
}

#[test]
fn a_reader_that_stays_bounds_the_log_and_is_counted() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.db");
    let options = SqliteOptions::default()
        .with_wal_bytes(64 << 10, 512 << 10)
        .with_busy_timeout(Duration::from_millis(1));
    let mut sink = SqliteSink::open(&path, options).unwrap();
    pnl(0..10).write(&mut sink).unwrap();
    let reader = rusqlite::Connection::open(&path).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM trading_pnl").unwrap();
    let mut written = 10;
    let refused = loop {
        assert!(written < 1_000_000, "the log was never refused");
        match pnl(written..written + 500).write(&mut sink) {
            Ok(()) => written += 500,
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, SinkError::Retry { .. }), "{refused:?}");
    assert!(sink.counts().checkpoints_starved > 0);
    assert!(fs::metadata(path.with_extension("db-wal")).unwrap().len() < 1 << 20);
    reader.execute_batch("COMMIT").unwrap();
    pnl(written..written + 500).write(&mut sink).unwrap();
    assert_eq!(count(&path, "trading_pnl"), written + 500);
}

#[test]
fn a_store_of_the_version_before_takes_rows_without_the_new_column() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.db");
    let older = without(Pnl::SCHEMA, "funding");
    open(&path).prepare(&older).unwrap();
    let verify = SqliteOptions::default().with_ddl(Ddl::Verify);
    let mut sink = SqliteSink::open(&path, verify).unwrap();
    let row = with(at(1, 1, 0), &[("funding", V::D(1.0)), ("commission", V::D(2.0))]);
    let batch = Build::table("trading_pnl").row(&row).row(&at(1, 1, 1));
    sink.prepare(&batch.schema).unwrap();
    batch.write(&mut sink).unwrap();
    assert_eq!(sink.omitted(), 1);
    assert_eq!(count(&path, "trading_pnl"), 2);
    // A build of the version before writes into a store that is newer, beside the new one.
    let mut newer = open(&path);
    newer.prepare(Pnl::SCHEMA).unwrap();
    Build::of(&older)
        .row(&with(at(1, 1, 2), &[("commission", V::D(3.0))]))
        .write(&mut newer)
        .unwrap();
    Build::table("trading_pnl")
        .row(&with(at(1, 1, 3), &[("funding", V::D(4.0))]))
        .write(&mut newer)
        .unwrap();
    assert_eq!(
        ask(&path, "SELECT commission, funding FROM trading_pnl WHERE seq > 1 ORDER BY seq"),
        [[Datum::Double(3.0), Datum::Null], [Datum::Null, Datum::Double(4.0)]]
    );
}

#[test]
fn a_missing_or_different_table_pauses_and_says_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.db");
    let verify = SqliteOptions::default().with_ddl(Ddl::Verify);
    let mut sink = SqliteSink::open(&path, verify).unwrap();
    let Err(SinkError::Pause { reason }) = sink.prepare(Pnl::SCHEMA) else { panic!() };
    assert!(reason.contains("plimsoll tables apply"), "{reason}");
    let with_ty = |ty| {
        let columns = vec![Column::dynamic("x".to_owned(), ty)];
        let mut schema = Schema::own("mine", &[]);
        schema.columns = columns.into();
        schema
    };
    // Labels and integers look the same to SQLite: the types that were noted tell them apart.
    let mut sink = open(&path);
    sink.prepare(&with_ty(ColumnType::Symbol)).unwrap();
    let Err(SinkError::Pause { reason }) = sink.prepare(&with_ty(ColumnType::Long)) else {
        panic!()
    };
    assert!(reason.contains("`mine.x` has type SYMBOL, wanted LONG"), "{reason}");
}

#[test]
fn a_damaged_file_pauses_and_a_new_one_is_made_when_it_is_moved_aside() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.db");
    fs::write(&path, vec![b'x'; 100_000]).unwrap();
    let error = SqliteSink::open(&path, SqliteOptions::default()).unwrap_err();
    assert!(!error.is_transient());
    fs::remove_file(&path).unwrap();
    let mut sink = open(&path);
    pnl(0..10).write(&mut sink).unwrap();
    drop(sink);
    let mut sink = open(&path);
    let len = usize::try_from(fs::metadata(&path).unwrap().len()).unwrap();
    fs::write(&path, vec![b'x'; len]).unwrap();
    let Err(SinkError::Pause { reason }) = pnl(10..20).write(&mut sink) else { panic!() };
    assert!(reason.contains("move it aside"), "{reason}");
    for end in ["db", "db-wal", "db-shm"] {
        fs::remove_file(path.with_extension(end)).ok();
    }
    sink.prepare(Pnl::SCHEMA).unwrap();
    pnl(10..20).write(&mut sink).unwrap();
    assert_eq!(count(&path, "trading_pnl"), 10);
}

#[test]
fn rows_never_go_into_a_file_that_was_deleted() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.db");
    let mut sink = open(&path);
    pnl(0..10).write(&mut sink).unwrap();
    for end in ["db", "db-wal", "db-shm"] {
        fs::remove_file(path.with_extension(end)).ok();
    }
    let refused = pnl(10..20).write(&mut sink);
    assert!(matches!(refused, Err(SinkError::Retry { .. })), "{refused:?}");
    sink.prepare(Pnl::SCHEMA).unwrap();
    pnl(10..20).write(&mut sink).unwrap();
    assert_eq!(count(&path, "trading_pnl"), 10);
}

/// A file system of 1 MiB; needs the right to mount.
fn small_disk(at: &Path) -> bool {
    let mut mount = Command::new("mount");
    mount.args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"]).arg(at);
    mount.output().is_ok_and(|out| out.status.success())
}

#[test]
fn a_full_disk_means_retry_and_the_rows_arrive_when_there_is_room() {
    let dir = tempfile::tempdir().unwrap();
    if !small_disk(dir.path()) {
        eprintln!("SKIPPED: no right to mount a small file system");
        return;
    }
    let path = dir.path().join("s.db");
    let mut sink = open(&path);
    sink.prepare(Pnl::SCHEMA).unwrap();
    let ballast = dir.path().join("ballast");
    fs::write(&ballast, vec![0; 500 << 10]).unwrap();
    let refused = pnl(0..20_000).write(&mut sink);
    let found = fs::remove_file(&ballast);
    sink.prepare(Pnl::SCHEMA).unwrap();
    let taken = pnl(0..500).write(&mut sink);
    let rows = count(&path, "trading_pnl");
    drop(sink);
    Command::new("umount").arg("-l").arg(dir.path()).output().unwrap();
    assert!(matches!(refused, Err(SinkError::Retry { .. })), "{refused:?}");
    assert!(found.is_ok() && taken.is_ok(), "{taken:?}");
    assert_eq!(rows, 500);
}

#[test]
fn retention_deletes_old_rows_only_and_of_their_table_only() {
    const DAY: i64 = 86_400_000_000_000;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.db");
    let mut sink = open(&path);
    let mut batch = Build::table("trading_pnl");
    for seq in 0..12_000 {
        batch.add(&at(if seq < 11_000 { 9 * DAY } else { 11 * DAY }, 1, seq));
    }
    batch.write(&mut sink).unwrap();
    Build::table("trading_fills").row(&fill(0, &[])).write(&mut sink).unwrap();
    let done = sink.retain(Timestamp::from_nanos(100 * DAY)).unwrap();
    assert_eq!(
        done.iter().map(|r| (r.table.as_str(), r.deleted)).collect::<Vec<_>>(),
        [("trading_pnl", 11_000)]
    );
    assert_eq!(count(&path, "trading_pnl"), 1_000);
    assert_eq!(count(&path, "trading_fills"), 1);
}
