//! What a close says when not everything is delivered.

use std::time::Duration;

use plimsoll_metrics::{CloseError, MemorySink, Metrics, Mode, Options, Pnl, Step};

#[test]
fn a_close_with_a_store_that_is_down_says_how_many_rows_wait_and_the_next_start_delivers_them() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options::spool_only(dir.path().join("spool"), Mode::Live);
    let down = MemorySink::new();
    down.fail_next(std::iter::repeat_n(Step::Retry, 10_000));
    let metrics = Metrics::start(down, &options).unwrap();
    let strategy = metrics.strategy("s").unwrap();
    for n in 0..100 {
        strategy.emit_pnl(Pnl::new().realized_pnl(f64::from(n)));
    }
    match metrics.close(Duration::from_millis(300)) {
        Err(CloseError::TimedOut { spooled_rows, waiting_for, .. }) => {
            assert!(spooled_rows >= 100, "{spooled_rows}");
            assert!(waiting_for.is_some());
        }
        other => panic!("{other:?}"),
    }
    let up = MemorySink::new();
    let metrics = Metrics::start(up.clone(), &options).unwrap();
    metrics.close(Duration::from_secs(30)).unwrap();
    assert_eq!(up.count("trading_pnl"), 100);
}
