//! Sinks that need no server.

use std::time::Duration;

use plimsoll_metrics::{FileSink, FileSync, MemorySink, NullSink, Sink, SinkError, Step};

use crate::rows::{TestBatch, V, every_type, natural, plain, s, x};

const TS: i64 = 1_700_000_000_000_000_000;

fn two_rows() -> TestBatch {
    TestBatch::new(&every_type("t")).row(TS, 0, &plain()).row(TS, 1, &plain())
}

#[test]
fn a_repeated_row_is_kept_once_in_memory() {
    let sink = MemorySink::new();
    let rows = two_rows();
    sink.clone().write(&rows.batch()).unwrap();
    sink.clone().write(&rows.batch()).unwrap();
    assert_eq!(sink.count("t"), 2);
    assert_eq!(sink.rows("t")[1]["seq"].as_i64(), Some(1));
    assert_eq!(sink.rows("t")[1]["s"].as_str(), Some("BTC-USD"));
}

#[test]
fn a_row_with_the_same_natural_key_replaces_the_one_before() {
    let row = |price| [s("BTC"), x("id"), V::D(price), V::Null, V::Null, V::Null];
    let rows = TestBatch::new(&natural("t")).row(TS, 0, &row(1.0)).row(TS, 1, &row(2.0));
    let mut sink = MemorySink::new();
    sink.write(&rows.batch()).unwrap();
    assert_eq!(sink.count("t"), 1);
    assert_eq!(sink.rows("t")[0]["d"].as_f64(), Some(2.0));
}

#[test]
fn memory_fails_as_scripted_then_takes_every_row() {
    let mut sink = MemorySink::new();
    sink.fail_next([
        Step::Retry,
        Step::RejectRow(1),
        Step::Pause("why".into()),
        Step::StoreThenRetry,
    ]);
    let rows = two_rows();
    assert!(matches!(sink.write(&rows.batch()), Err(SinkError::Retry { .. })));
    let Err(SinkError::Reject { rows: rejected }) = sink.write(&rows.batch()) else {
        panic!("reject")
    };
    assert_eq!(rejected[0].row, 1);
    assert!(
        matches!(sink.write(&rows.batch()), Err(SinkError::Pause { reason }) if reason == "why")
    );
    assert_eq!(sink.count("t"), 0);
    assert!(matches!(sink.write(&rows.batch()), Err(SinkError::Retry { .. })));
    assert_eq!(sink.count("t"), 2, "the acknowledgment was lost, not the rows");
    sink.write(&rows.batch()).unwrap();
    assert_eq!((sink.count("t"), sink.writes()), (2, 5));
}

#[test]
fn memory_hangs_until_released() {
    let sink = MemorySink::new();
    sink.fail_next([Step::Hang]);
    let mut writer = sink.clone();
    let thread = std::thread::spawn(move || writer.write(&two_rows().batch()).is_ok());
    assert!(sink.wait_until_hanging(Duration::from_secs(30)));
    assert_eq!(sink.count("t"), 0);
    sink.release();
    assert!(sink.wait_for_rows("t", 2, Duration::from_secs(30)));
    assert!(thread.join().unwrap());
}

#[test]
fn null_counts() {
    let sink = NullSink::new();
    sink.clone().write(&two_rows().batch()).unwrap();
    assert_eq!((sink.rows(), sink.batches()), (2, 1));
}

#[test]
fn a_file_grows_by_whole_batches_and_takes_a_torn_one_back() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("rows.lp");
    let mut sink = FileSink::open(&path, FileSync::EachBatch).unwrap();
    sink.write(&two_rows().batch()).unwrap();
    let whole = std::fs::read_to_string(&path).unwrap();
    assert_eq!(whole.lines().count(), 2);
    // Half a line, as a full disk would leave it.
    std::fs::write(&path, format!("{whole}t,env=pr")).unwrap();
    sink.write(&two_rows().batch()).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{whole}{whole}"));
    drop(sink);
    FileSink::open(&path, FileSync::Never).unwrap().write(&two_rows().batch()).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 6);
}

#[test]
fn a_file_that_cannot_be_opened_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("absent/rows.lp");
    let error = FileSink::open(&path, FileSync::Never).unwrap_err();
    assert_eq!(error.to_string(), format!("cannot open `{}` for appending", path.display()));
}
