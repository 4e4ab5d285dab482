//! What a close says when not everything is delivered.

use std::{sync::mpsc, time::Duration};

use plimsoll_metrics::{CloseError, MemorySink, Metrics, Mode, Options, Pnl, RingMemory, Step};

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

#[test]
fn rows_that_come_after_the_close_are_counted_on_threads_old_and_new() {
    let dir = tempfile::tempdir().unwrap();
    for ring in [RingMemory::Heap, RingMemory::Auto] {
        let options = Options::spool_only(dir.path().join("spool"), Mode::Live).with_ring(ring);
        let metrics = Metrics::start(MemorySink::new(), &options).unwrap();
        let strategy = metrics.strategy("s").unwrap();
        let (start, started) = mpsc::channel();
        let (go, wait) = mpsc::channel::<()>();
        let other = {
            let strategy = strategy.clone();
            std::thread::spawn(move || {
                strategy.emit_pnl(Pnl::new().realized_pnl(1.0));
                start.send(()).unwrap();
                wait.recv().unwrap();
                // More than its ring holds.
                for _ in 0..20_000 {
                    strategy.emit_pnl(Pnl::new().realized_pnl(2.0));
                }
            })
        };
        started.recv().unwrap();
        strategy.emit_pnl(Pnl::new().realized_pnl(1.0));
        let counts = metrics.close(Duration::from_secs(30)).unwrap();
        assert_eq!((counts.emitted_rows, counts.dropped_rows), (2, 0));
        go.send(()).unwrap();
        other.join().unwrap();
        strategy.emit_pnl(Pnl::new().realized_pnl(2.0));
        let strategy_here = strategy.clone();
        std::thread::spawn(move || strategy_here.emit_pnl(Pnl::new())).join().unwrap();
        let counts = strategy.counts();
        assert_eq!((counts.emitted_rows, counts.dropped_rows), (20_004, 20_002));
    }
}
