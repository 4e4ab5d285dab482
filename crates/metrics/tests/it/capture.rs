//! What a test of a strategy sees.

use std::time::Duration;

use plimsoll_metrics::{
    CAPTURE_NOW, Captured, Instrument, Label, Metrics, Mode, Order, Pnl, Side, Timestamp, flags,
    table,
};

table! {
    /// Funding of a perpetual.
    struct Funding: "funding" {
        /// Rate of the interval, basis points.
        funding_rate_bps: f64,
        /// Received by us, account currency; unknown until it is booked.
        received: Option<f64>,
        /// Who set it.
        source: Option<Label>,
        /// Intervals a day.
        intervals: i64,
    }
}

pub(crate) fn btc(metrics: &Metrics) -> Instrument {
    let account = metrics.strategy("ema-001").unwrap().account("HL-main").unwrap();
    account.instrument("BTC-USD-PERP", "HYPERLIQUID", "USD").unwrap()
}

#[track_caller]
fn check_count(captured: &Captured, emitted: u64, stored: u64, dropped: u64) {
    let counts = captured.counts();
    let found = (counts.emitted_rows, counts.stored_rows, counts.dropped_rows);
    assert_eq!(found, (emitted, stored, dropped), "emitted, stored and dropped rows");
}

#[test]
fn a_row_is_read_as_the_store_would_have_it() {
    let (metrics, captured) = Metrics::capture();
    btc(&metrics).emit_order(Order::filled("ema-1", Side::Buy, 2.0, 101.0).decision_px(100.0));
    let rows = captured.rows("trading_orders");
    assert_eq!(
        rows[0].to_string(),
        "trader_id=- account_id=HL-main strategy_id=ema-001 instrument_id=BTC-USD-PERP \
         venue=HYPERLIQUID side=buy event=filled ref_kind=decision client_order_id=ema-1 \
         cum_qty=2 avg_px=101 ref_px=100 slippage_bps=100"
    );
    assert!(format!("{:?}", rows[0]).starts_with(
        "trading_orders{ts=1767225600000000000 ts_init=1767225600000000000 env=test mode=live \
         producer=strategy@test run=1 seq=0 flags=2 trader_id=-"
    ));
}

#[test]
fn clock_run_and_seq_are_the_same_in_every_test() {
    let (metrics, captured) = Metrics::capture();
    let btc = btc(&metrics);
    btc.emit_pnl(Pnl::new());
    btc.emit_pnl(Pnl::new());
    let rows = captured.rows_of::<Pnl>();
    let seen: Vec<_> = rows.iter().map(|r| (r.ts("ts_init"), r.i64("run"), r.i64("seq"))).collect();
    let now = Some(CAPTURE_NOW);
    assert_eq!(seen, [(now, Some(1), Some(0)), (now, Some(1), Some(1))]);
}

#[test]
fn the_clock_moves_when_the_test_moves_it() {
    let (metrics, captured) = Metrics::capture();
    let btc = btc(&metrics);
    btc.emit_pnl(Pnl::new());
    captured.set_now(Timestamp::from_nanos(CAPTURE_NOW.as_nanos() + 7));
    btc.emit_pnl(Pnl::new());
    let at: Vec<_> = captured.rows_of::<Pnl>().iter().map(|r| r.ts("ts")).collect();
    assert_eq!(at, [Some(CAPTURE_NOW), Some(Timestamp::from_nanos(CAPTURE_NOW.as_nanos() + 7))]);
}

#[test]
fn rows_of_every_thread_are_read_each_with_its_own_run() {
    let (metrics, captured) = Metrics::capture();
    let btc = btc(&metrics);
    let (to_main, from_thread) = std::sync::mpsc::channel();
    let (end, until_end) = std::sync::mpsc::channel::<()>();
    let running = std::thread::spawn({
        let btc = btc.clone();
        move || {
            btc.emit_pnl(Pnl::new().realized_pnl(1.0));
            to_main.send(()).unwrap();
            until_end.recv().unwrap_err();
        }
    });
    from_thread.recv().unwrap();
    btc.emit_pnl(Pnl::new().realized_pnl(2.0));
    assert_eq!(captured.rows("trading_pnl").len(), 2, "one thread still runs");
    drop(end);
    running.join().unwrap();
    std::thread::spawn(move || btc.emit_pnl(Pnl::new().realized_pnl(3.0))).join().unwrap();
    let rows = captured.rows("trading_pnl");
    let seen: Vec<_> = rows.iter().map(|r| (r.i64("run"), r.f64("realized_pnl"))).collect();
    assert_eq!(seen, [(Some(1), Some(1.0)), (Some(2), Some(2.0)), (Some(3), Some(3.0))]);
    check_count(&captured, 3, 3, 0);
}

#[test]
fn two_pipelines_in_one_thread_do_not_mix() {
    let ((left, of_left), (right, of_right)) = (Metrics::capture(), Metrics::capture());
    let (on_left, on_right) = (btc(&left), btc(&right));
    for n in 0..100 {
        on_left.emit_pnl(Pnl::new().realized_pnl(f64::from(n)));
        on_right.emit_pnl(Pnl::new().realized_pnl(f64::from(-n)));
    }
    for (captured, sign) in [(of_left, 1.0), (of_right, -1.0)] {
        let rows = captured.rows_of::<Pnl>();
        let found: Vec<_> = rows.iter().map(|row| row.f64("realized_pnl").unwrap()).collect();
        let wanted: Vec<_> = (0..100).map(|n| sign * f64::from(n)).collect();
        assert_eq!(found, wanted);
    }
}

#[test]
fn a_row_after_the_close_is_counted_as_refused() {
    let (metrics, captured) = Metrics::capture();
    let btc = btc(&metrics);
    btc.emit_pnl(Pnl::new());
    let counts = metrics.close(Duration::from_secs(5)).unwrap();
    assert_eq!((counts.emitted_rows, counts.dropped_rows), (1, 0));
    btc.emit_pnl(Pnl::new());
    check_count(&captured, 2, 1, 1);
    std::thread::spawn(move || btc.emit_pnl(Pnl::new())).join().unwrap();
    check_count(&captured, 3, 1, 2);
    assert_eq!(captured.rows("trading_pnl").len(), 1);
}

#[test]
fn a_full_ring_drops_and_counts() {
    let (metrics, captured) = Metrics::capture();
    let btc = btc(&metrics);
    for _ in 0..70_000 {
        btc.emit_pnl(Pnl::new().realized_pnl(1.0));
    }
    let counts = captured.counts();
    assert_eq!(counts.emitted_rows, 70_000);
    assert!(counts.dropped_rows >= 70_000 - 65_536, "{counts:?}");
    assert_eq!(counts.stored_rows + counts.dropped_rows, 70_000);
}

#[test]
fn disabled_metrics_take_every_row_and_keep_none() {
    let metrics = Metrics::disabled();
    let btc = btc(&metrics);
    btc.emit_pnl(Pnl::new().realized_pnl(1.0));
    btc.emit(&Funding { funding_rate_bps: 1.0, received: None, source: None, intervals: 3 });
    btc.prewarm().unwrap();
    assert!(metrics.flush(Duration::ZERO));
    assert!(!metrics.is_enabled());
    let counts = metrics.close(Duration::ZERO).unwrap();
    assert_eq!((counts.emitted_rows, counts.dropped_rows), (0, 0));
}

#[test]
fn flush_and_counts_of_the_pipeline_work_in_a_capture() {
    let (metrics, captured) = Metrics::capture();
    btc(&metrics).emit_pnl(Pnl::new());
    assert!(metrics.flush(Duration::from_secs(5)));
    assert_eq!(metrics.counts(), captured.counts());
    assert_eq!(metrics.counts().stored_rows, 1);
}

#[test]
fn clear_forgets_rows_and_keeps_counts() {
    let (metrics, captured) = Metrics::capture();
    btc(&metrics).emit_pnl(Pnl::new());
    captured.clear();
    assert!(captured.rows("trading_pnl").is_empty());
    check_count(&captured, 1, 1, 0);
}

#[test]
fn handles_go_to_other_threads() {
    fn check<T: Send + Sync + Clone + 'static>() {}
    check::<plimsoll_metrics::Strategy>();
    check::<plimsoll_metrics::Account>();
    check::<Instrument>();
    check::<plimsoll_metrics::Series>();
    check::<Captured>();
}

#[test]
fn a_table_of_ones_own_has_labels_options_and_flags() {
    let (metrics, captured) = Metrics::capture();
    let btc = btc(&metrics);
    let source = metrics.label("venue page").unwrap();
    let row = |funding_rate_bps, received| Funding {
        funding_rate_bps,
        received,
        source: received.map(|_| source),
        intervals: 3,
    };
    btc.emit(&row(0.8, Some(4.1)));
    btc.emit(&row(f64::NAN, None));
    let rows = captured.rows_of::<Funding>();
    assert_eq!(
        rows[0].to_string(),
        "trader_id=- account_id=HL-main strategy_id=ema-001 instrument_id=BTC-USD-PERP \
         venue=HYPERLIQUID funding_rate_bps=0.8 received=4.1 source=\"venue page\" intervals=3"
    );
    assert!(rows[1].is_absent("funding_rate_bps") && rows[1].is_absent("received"));
    assert!(rows[1].has_flag(flags::NON_FINITE_OMITTED) && rows[1].is_absent("source"));
}

#[test]
fn a_misspelled_table_or_column_is_told_and_not_read_as_absent() {
    let (metrics, captured) = Metrics::capture();
    btc(&metrics).emit_pnl(Pnl::new().realized_pnl(1.0));
    let row = captured.rows("trading_pnl").remove(0);
    let cases: [(&str, &dyn Fn()); 3] = [
        ("there is no table `trading_pln`", &|| drop(captured.rows("trading_pln"))),
        ("`trading_pnl` has no column `realised_pnl`", &|| {
            assert!(row.f64("realised_pnl").is_none());
        }),
        ("column `venue` of `trading_pnl` is a Symbol", &|| assert!(row.f64("venue").is_none())),
    ];
    for (wanted, call) in cases {
        let told = std::panic::catch_unwind(std::panic::AssertUnwindSafe(call)).unwrap_err();
        let told = told.downcast_ref::<String>().unwrap();
        assert!(told.starts_with(wanted), "{told}");
    }
}

#[test]
fn a_replay_has_the_time_of_its_rows() {
    let (metrics, captured) = Metrics::capture_as(Mode::Replay);
    let btc = btc(&metrics);
    let bar = Timestamp::from_nanos(1_000_000_000);
    btc.emit_pnl(Pnl::new().at(bar));
    btc.emit_pnl(Pnl::new());
    for row in captured.rows_of::<Pnl>() {
        assert_eq!((row.ts("ts"), row.ts("ts_init")), (Some(bar), Some(bar)));
        assert!(row.has_flag(flags::PAPER_CLOCK) && !row.has_flag(flags::LATE));
    }
}
