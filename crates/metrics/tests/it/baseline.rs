//! What a producer derives whose spool is gone: what the store remembers, or nothing.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use plimsoll_metrics::{
    Cashflow, CashflowKind, Equity, MemorySink, Metrics, Mode, Options, PositionChange,
    PositionSide, RingMemory, RiskBaseline, Timestamp,
    read::{Datum, Store},
};

use crate::stored::ask;

fn options(dir: &Path) -> Options {
    Options::embedded(dir.join("s.db"), Mode::Live).with_ring(RingMemory::Heap)
}

enum Do {
    Equity(f64),
    Withdrawal(f64),
    Short(f64),
}

/// One life of a producer.
fn live(options: &Options, steps: &[Do]) {
    let metrics = Metrics::open(options).unwrap();
    let account = metrics.account("HL-main").unwrap();
    let btc = account.instrument("BTC-USD-PERP", "HYPERLIQUID", "USD").unwrap();
    for (n, step) in (0..).zip(steps) {
        match *step {
            Do::Equity(equity) => account.emit_equity(Equity::new(equity)),
            Do::Withdrawal(v) => account.emit_cashflow(
                Cashflow::new(CashflowKind::Withdrawal, "USD", -v, "ref", Timestamp::from_nanos(n))
                    .amount_base(-v),
            ),
            Do::Short(notional) => btc.emit_position_change(
                PositionChange::new(PositionSide::Short, 1.0).notional_base(notional),
            ),
        }
    }
    metrics.close(Duration::from_secs(20)).unwrap();
}

/// Drawdown, profit of the day and exposure of the newest row.
fn newest(dir: &Path) -> Vec<Option<f64>> {
    let sql = "SELECT drawdown_ratio, daily_pnl, gross_exposure FROM trading_risk ORDER BY ts DESC LIMIT 1";
    let number = |datum: &Datum| if let Datum::Double(v) = datum { Some(*v) } else { None };
    ask(&dir.join("s.db"), sql)[0].iter().map(number).collect()
}

#[track_caller]
fn check(found: &[Option<f64>], wanted: [f64; 3]) {
    for (found, wanted) in found.iter().zip(wanted) {
        assert!(found.is_some_and(|v| (v - wanted).abs() < 1e-9), "{found:?} is not {wanted}");
    }
}

#[test]
fn a_producer_whose_spool_is_gone_still_reads_nine_percent() {
    let dir = tempfile::tempdir().unwrap();
    let options = options(dir.path());
    live(&options, &[Do::Equity(100.0), Do::Short(30.0), Do::Equity(91.0)]);
    check(&newest(dir.path()), [0.09, -9.0, 30.0]);
    fs::remove_dir_all(&options.spool_dir).unwrap();
    live(&options, &[Do::Equity(91.0)]);
    check(&newest(dir.path()), [0.09, -9.0, 30.0]);
    // And on with the spool that is there again.
    live(&options, &[Do::Equity(90.0)]);
    check(&newest(dir.path()), [0.10, -10.0, 30.0]);
}

#[test]
fn money_taken_out_before_the_first_equity_moves_no_drawdown_either() {
    let dir = tempfile::tempdir().unwrap();
    let options = options(dir.path());
    live(&options, &[Do::Equity(100.0), Do::Equity(94.0)]);
    fs::remove_dir_all(&options.spool_dir).unwrap();
    live(&options, &[Do::Withdrawal(18.8), Do::Equity(75.2)]);
    let found = newest(dir.path());
    assert!(found[0].is_some_and(|v| (v - 0.06).abs() < 1e-9), "{found:?}");
    assert!(found[1].is_some_and(|v| (v + 6.0).abs() < 1e-9), "{found:?}");
}

#[test]
fn another_mode_and_environment_of_one_store_are_not_mistaken_for_the_past() {
    let dir = tempfile::tempdir().unwrap();
    live(&options(dir.path()), &[Do::Equity(100.0)]);
    fs::remove_dir_all(options(dir.path()).spool_dir).unwrap();
    live(&options(dir.path()).with_env("prod"), &[Do::Equity(50.0)]);
    assert_eq!(newest(dir.path())[0], Some(0.0));
}

/// Drawdown of the only row that a producer with a sink of its own wrote.
fn drawdown(options: &Options) -> Option<f64> {
    let sink = MemorySink::new();
    let metrics = Metrics::start(sink.clone(), options).unwrap();
    metrics.account("HL-main").unwrap().emit_equity(Equity::new(91.0));
    metrics.close(Duration::from_secs(20)).unwrap();
    let rows = sink.rows("trading_risk");
    assert_eq!(rows.len(), 1);
    rows[0].get("drawdown_ratio").and_then(plimsoll_metrics::MemoryValue::as_f64)
}

#[test]
fn a_past_that_nobody_can_tell_is_no_data_and_not_zero() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options::spool_only(dir.path().join("a"), Mode::Live).with_ring(RingMemory::Heap);
    assert_eq!(drawdown(&options), None);
    // The next life does not know either.
    assert_eq!(drawdown(&options), None);
    let fresh = options.with_spool_dir(dir.path().join("b"));
    assert_eq!(drawdown(&fresh.with_risk_baseline(RiskBaseline::Fresh)), Some(0.0));
}

const CHILD: &str = "PLIMSOLL_TEST_BASELINE_CHILD";

#[test]
fn killed_and_restarted_at_nine_percent_it_still_reads_nine_percent() {
    if let Some(dir) = std::env::var_os(CHILD) {
        let options = Options::embedded(Path::new(&dir).join("s.db"), Mode::Live);
        let metrics = Metrics::open(&options).unwrap();
        let account = metrics.account("HL-main").unwrap();
        account.emit_equity(Equity::new(100.0));
        account.emit_equity(Equity::new(91.0));
        // Its parent kills it.
        std::thread::park();
    }
    for is_spool_gone in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "baseline::killed_and_restarted_at_nine_percent_it_still_reads_nine_percent",
                "--exact",
            ])
            .env(CHILD, dir.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let until = Instant::now() + Duration::from_secs(30);
        let is_stored = || {
            let store = Store::open(dir.path().join("s.db"));
            let rows = store.and_then(|s| s.query("SELECT equity FROM trading_risk", 9));
            rows.is_ok_and(|answer| answer.rows.len() == 2)
        };
        while !is_stored() {
            assert!(Instant::now() < until, "nothing was stored");
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let options = Options::embedded(dir.path().join("s.db"), Mode::Live);
        if is_spool_gone {
            fs::remove_dir_all(&options.spool_dir).unwrap();
        }
        live(&options, &[Do::Equity(91.0)]);
        assert_eq!(
            newest(dir.path())[..2],
            [Some(0.09), Some(-9.0)],
            "spool gone: {is_spool_gone}"
        );
    }
}
