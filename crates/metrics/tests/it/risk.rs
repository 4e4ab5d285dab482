//! Risk that the worker derives from equity, flows and positions.

use plimsoll_metrics::{
    CAPTURE_NOW, Captured, CapturedRow, Cashflow, CashflowKind, Equity, Metrics, PositionChange,
    PositionSide, Risk, Timestamp,
};

/// A step of a day at an account.
enum Do {
    Equity(f64),
    /// Amount in base currency.
    Deposit(f64),
    Withdrawal(f64),
    /// Its worth in base currency is unknown.
    UnknownDeposit,
    /// Side, qty and notional in base currency.
    Position(PositionSide, f64, f64),
    /// A row that the strategy computed.
    Own(f64),
}

fn run(steps: &[Do]) -> (Metrics, Captured) {
    let (metrics, captured) = Metrics::capture();
    let account = metrics.account("HL-main").unwrap();
    let btc = account.instrument("BTC-USD-PERP", "HYPERLIQUID", "USD").unwrap();
    let flow = |kind, amount| Cashflow::new(kind, "USD", amount, "ref", CAPTURE_NOW);
    for step in steps {
        match *step {
            Do::Equity(equity) => account.emit_equity(Equity::new(equity)),
            Do::Deposit(v) => account.emit_cashflow(flow(CashflowKind::Deposit, v).amount_base(v)),
            Do::Withdrawal(v) => {
                account.emit_cashflow(flow(CashflowKind::Withdrawal, -v).amount_base(-v));
            }
            Do::UnknownDeposit => account.emit_cashflow(flow(CashflowKind::Deposit, 1.0)),
            Do::Position(side, qty, notional) => {
                btc.emit_position_change(PositionChange::new(side, qty).notional_base(notional));
            }
            Do::Own(equity) => account.emit_risk(Risk::new(equity)),
        }
    }
    (metrics, captured)
}

/// The last row of `trading_risk`.
#[track_caller]
fn last(steps: &[Do]) -> CapturedRow {
    run(steps).1.rows("trading_risk").pop().expect("a row")
}

#[track_caller]
fn check(name: &str, steps: &[Do], drawdown_ratio: Option<f64>) {
    let row = last(steps);
    match (row.f64("drawdown_ratio"), drawdown_ratio) {
        (Some(found), Some(wanted)) => {
            assert!((found - wanted).abs() < 1e-12, "{name}: {found} is not {wanted}");
        }
        (found, wanted) => assert_eq!(found, wanted, "{name}"),
    }
}

#[test]
fn drawdown_comes_from_equity_alone() {
    check("at the peak", &[Do::Equity(100.0)], Some(0.0));
    check("9 % down", &[Do::Equity(100.0), Do::Equity(91.0)], Some(0.09));
    check("the peak stays", &[Do::Equity(100.0), Do::Equity(80.0), Do::Equity(90.0)], Some(0.1));
    check("nothing left", &[Do::Equity(100.0), Do::Equity(0.0)], Some(1.0));
    let row = last(&[Do::Equity(100.0), Do::Equity(91.0)]);
    assert_eq!((row.f64("peak_equity"), row.f64("daily_pnl")), (Some(100.0), Some(-9.0)));
}

#[test]
fn money_in_or_out_does_not_move_drawdown() {
    let half_in = [Do::Equity(100.0), Do::Equity(94.0), Do::Deposit(47.0), Do::Equity(141.0)];
    check("deposit of half the equity", &half_in, Some(0.06));
    let out = [Do::Equity(100.0), Do::Equity(94.0), Do::Withdrawal(18.8), Do::Equity(75.2)];
    check("withdrawal of a fifth", &out, Some(0.06));
    let row = last(&half_in);
    assert_eq!((row.f64("net_cashflow"), row.f64("daily_pnl")), (Some(47.0), Some(-6.0)));
}

#[test]
fn money_of_unknown_worth_makes_drawdown_unknown() {
    let steps = [Do::Equity(100.0), Do::Equity(94.0), Do::UnknownDeposit, Do::Equity(95.0)];
    check("no rate for the deposit", &steps, None);
}

#[test]
fn a_row_of_the_strategys_own_turns_the_derivation_off() {
    let (_metrics, captured) = run(&[Do::Equity(100.0), Do::Own(95.0), Do::Equity(90.0)]);
    let rows = captured.rows("trading_risk");
    let found: Vec<_> = rows.iter().map(|row| row.f64("drawdown_ratio")).collect();
    assert_eq!(found, [Some(0.0), None, None]);
    assert_eq!(rows[2].f64("equity"), Some(90.0));
}

#[test]
fn exposure_comes_from_positions_at_mark() {
    let row = last(&[Do::Position(PositionSide::Short, 2.0, 50.0), Do::Equity(100.0)]);
    let exposure = ["gross_exposure", "net_exposure", "exposure_ratio", "leverage_ratio"];
    let found = exposure.map(|column| row.f64(column));
    assert_eq!(found, [Some(50.0), Some(-50.0), Some(0.5), Some(0.5)]);
    let steps = [Do::Position(PositionSide::Short, 2.0, f64::NAN), Do::Equity(100.0)];
    assert!(last(&steps).is_absent("gross_exposure"), "no mark");
    let flat = [
        Do::Position(PositionSide::Short, 2.0, 50.0),
        Do::Position(PositionSide::Flat, 0.0, 0.0),
        Do::Equity(100.0),
    ];
    assert_eq!(last(&flat).f64("gross_exposure"), Some(0.0));
}

#[test]
fn equity_keeps_its_own_time_and_a_new_day_begins_at_the_last_equity() {
    const DAY_NS: i64 = 86_400_000_000_000;
    let (metrics, captured) = Metrics::capture();
    let strategy = metrics.strategy("ema-001").unwrap();
    let start = CAPTURE_NOW.as_nanos() - DAY_NS;
    for (equity, hours) in [(100.0, 1), (90.0, 23), (99.0, 24)] {
        let ts = Timestamp::from_nanos(start + hours * (DAY_NS / 24));
        strategy.emit_equity(Equity::new(equity).at(ts));
    }
    let row = captured.rows("trading_risk").pop().unwrap();
    assert_eq!(row.ts("ts"), Some(CAPTURE_NOW));
    assert_eq!((row.f64("day_start_equity"), row.f64("daily_pnl")), (Some(90.0), Some(9.0)));
    assert_eq!(row.ts("session_start"), Some(CAPTURE_NOW));
    assert_eq!((row.text("scope"), row.text("strategy_id")), (Some("strategy"), Some("ema-001")));
}

#[test]
fn one_instrument_on_two_accounts_is_two_positions_of_a_strategy() {
    let (metrics, captured) = Metrics::capture();
    let strategy = metrics.strategy("ema").unwrap();
    for account in ["A", "B"] {
        let btc = strategy.account(account).unwrap().instrument("BTC", "V", "USD").unwrap();
        btc.emit_position_change(PositionChange::new(PositionSide::Long, 1.0).notional_base(50.0));
    }
    strategy.emit_equity(Equity::new(100.0));
    let rows = captured.rows("trading_risk");
    assert_eq!(rows.last().unwrap().f64("gross_exposure"), Some(100.0));
}
