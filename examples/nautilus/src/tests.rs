//! Runs the example on a short backtest.

use std::time::Duration;

use nautilus_model::{
    enums::{LiquiditySide, OrderSide, OrderType},
    events::OrderFilled,
    identifiers::{
        AccountId, ClientOrderId, InstrumentId, StrategyId, TradeId, TraderId, VenueOrderId,
    },
    types::{Currency, Money, Price, Quantity},
};
use plimsoll_metrics::{Metrics, Mode, Options, flags, read::Store};

use crate::{
    rows, run,
    totals::{self, Totals},
};

const BARS: u32 = 400;

#[test]
fn store_and_engine_agree_on_orders_fills_and_commissions() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let outcome = run(&dir.path().join("nautilus.db"), BARS)?;
    assert!(outcome.engine.fills > 0, "nothing was traded: {:?}", outcome.engine);
    assert!(
        outcome.is_complete(),
        "engine {:?}, store {:?}, {} events without a row, {:?}",
        outcome.engine,
        outcome.store,
        outcome.unmapped,
        outcome.counts
    );
    Ok(())
}

#[test]
fn fills_of_a_second_run_replace_those_of_the_first() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("nautilus.db");
    let first = run(&path, BARS)?;
    let second = run(&path, BARS)?;
    assert_eq!(first.store, second.store);
    Ok(())
}

#[test]
fn rows_say_maker_and_taker_and_the_states_of_an_order() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("nautilus.db");
    run(&path, BARS)?;
    let store = Store::open(&path)?;
    for sql in [
        "SELECT count(*) FROM trading_fills WHERE liquidity = 'maker'",
        "SELECT count(*) FROM trading_fills WHERE liquidity = 'taker'",
        "SELECT count(*) FROM trading_orders WHERE event = 'submitted' AND status = 'submitted'",
        "SELECT count(*) FROM trading_orders WHERE event = 'accepted' AND order_type = 'limit'",
        "SELECT count(*) FROM trading_orders WHERE event = 'canceled'",
        "SELECT count(*) FROM trading_orders WHERE event = 'filled' AND leaves_qty = 0",
        "SELECT count(*) FROM position_changes WHERE event = 'opened'",
        "SELECT count(*) FROM position_changes WHERE event = 'closed' AND position_side = 'flat'",
        "SELECT count(*) FROM account_state WHERE currency = 'USDT'",
        "SELECT count(*) FROM trading_risk WHERE equity > 0 AND drawdown_ratio >= 0",
    ] {
        assert!(totals::long(&store, sql)? > 0, "{sql}");
    }
    Ok(())
}

/// A fill with a rebate, as a node would see it after a restart.
fn reconciled_fill() -> OrderFilled {
    OrderFilled {
        trader_id: TraderId::from("T-001"),
        strategy_id: StrategyId::from("S-001"),
        instrument_id: InstrumentId::from("BTCUSDT-PERP.SIM"),
        client_order_id: ClientOrderId::from("O-1"),
        venue_order_id: VenueOrderId::from("V-1"),
        account_id: AccountId::from("SIM-001"),
        trade_id: TradeId::from("E-1"),
        order_side: OrderSide::Sell,
        order_type: OrderType::Limit,
        last_qty: Quantity::from("0.500"),
        last_px: Price::from("60000.00"),
        currency: Currency::USDT(),
        liquidity_side: LiquiditySide::Maker,
        event_id: Default::default(),
        ts_event: 1_735_689_600_000_000_000_u64.into(),
        ts_init: 1_735_689_600_000_000_000_u64.into(),
        reconciliation: true,
        position_id: None,
        commission: Some(Money::from("-3 USDT")),
    }
}

#[test]
fn a_fill_from_reconciliation_is_flagged_and_a_rebate_stays_negative() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("nautilus.db");
    let metrics = Metrics::open(&Options::embedded(&path, Mode::Backtest))?;
    let account = metrics.strategy("S-001")?.account("SIM-001")?;
    let event = reconciled_fill();
    let row = rows::fill(&event, None);
    account
        .instrument("BTCUSDT-PERP.SIM", "SIM", "USDT")?
        .emit_fill(row.ok_or_else(|| anyhow::anyhow!("a fill with a side has a row"))?);
    metrics.close(Duration::from_secs(30))?;
    let sql = format!(
        "SELECT count(*) FROM trading_fills WHERE flags & {} AND commission = -3.0
         AND commission_currency = 'USDT' AND side = 'sell' AND notional IS NULL",
        flags::RECONCILED
    );
    assert_eq!(totals::long(&Store::open(&path)?, &sql)?, 1);
    Ok(())
}

#[test]
fn totals_that_differ_by_one_minor_unit_do_not_agree() {
    let totals = |fills, fee| Totals {
        orders: 2,
        fills,
        commissions: [("USDT".to_owned(), fee)].into_iter().collect(),
    };
    let engine = totals(2, 1_317.077_511_75);
    assert!(engine.agrees(&totals(2, 1_317.077_511_750_000_1)), "float noise");
    assert!(!engine.agrees(&totals(2, 1_317.077_511_76)), "a fee off by 1e-8");
    assert!(!engine.agrees(&totals(2, f64::NAN)), "a fee that is no number");
    assert!(!engine.agrees(&totals(1, 1_317.077_511_75)), "a missing fill");
}
