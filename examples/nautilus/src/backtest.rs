//! The engine, its venue, one made-up perpetual and bars that are the same in every run.

use std::str::FromStr;

use anyhow::anyhow;
use nautilus_backtest::{
    config::{BacktestEngineConfig, SimulatedVenueConfig},
    engine::BacktestEngine,
};
use nautilus_common::logging::logger::LoggerConfig;
use nautilus_model::{
    data::{Bar, BarType, Data},
    enums::{AccountType, BookType, OmsType},
    identifiers::{InstrumentId, Symbol, TraderId, Venue},
    instruments::{CryptoPerpetual, InstrumentAny},
    types::{Currency, Money, Price, Quantity},
};

use crate::strategy::AverageCross;

/// Who trades, in the engine and in every row.
pub const TRADER_ID: &str = "BACKTESTER-001";
const INSTRUMENT_ID: &str = "BTCUSDT-PERP.SIM";
/// 2025-01-01T00:00:00Z.
const START_NS: u64 = 1_735_689_600_000_000_000;
const HOUR_NS: u64 = 3_600_000_000_000;

/// An engine with `bars` hourly bars and one strategy, ready to run.
///
/// # Errors
///
/// What the engine refuses: its configuration, the instrument, the data.
pub fn engine(bars: u32) -> anyhow::Result<BacktestEngine> {
    let config = BacktestEngineConfig::builder()
        .trader_id(TraderId::from(TRADER_ID))
        .logging(LoggerConfig::builder().bypass_logging(true).build())
        .bypass_logging(true)
        .build();
    let mut engine = BacktestEngine::new(config)?;
    engine.add_venue(
        SimulatedVenueConfig::builder()
            .venue(venue())
            .oms_type(OmsType::Netting)
            .account_type(AccountType::Margin)
            .book_type(BookType::L1_MBP)
            .starting_balances(vec![Money::from("100_000 USDT")])
            .base_currency(currency())
            .build(),
    )?;
    engine.add_instrument(&perpetual()?)?;
    let bar_type = BarType::from_str(&format!("{INSTRUMENT_ID}-1-HOUR-LAST-EXTERNAL"))
        .map_err(|e| anyhow!("{e}"))?;
    engine.add_strategy(AverageCross::new(bar_type))?;
    engine.add_data(synthetic(bar_type, bars), None, true, true)?;
    Ok(engine)
}

/// The simulated venue.
pub fn venue() -> Venue {
    Venue::from("SIM")
}

/// What the account is in.
pub fn currency() -> Currency {
    Currency::USDT()
}

fn perpetual() -> anyhow::Result<InstrumentAny> {
    let perpetual = CryptoPerpetual::new_checked(
        InstrumentId::from(INSTRUMENT_ID),
        Symbol::from("BTCUSDT"),
        Currency::BTC(),
        currency(),
        currency(),
        false,
        2,
        3,
        Price::from("0.01"),
        Quantity::from("0.001"),
        None,
        None,
        None,
        None,
        None,
        None,
        None,
        None,
        Some("0.05".parse()?),
        Some("0.025".parse()?),
        Some("0.0002".parse()?),
        Some("0.0005".parse()?),
        None,
        START_NS.into(),
        START_NS.into(),
    )?;
    Ok(InstrumentAny::CryptoPerpetual(perpetual))
}

/// Two triangle waves and a little noise from a fixed seed, in cents: no clock, no file, no
/// floating-point function that differs between machines.
fn synthetic(bar_type: BarType, bars: u32) -> Vec<Data> {
    let mut seed = 7_u64;
    let mut open = 6_000_000;
    (0..i64::from(bars))
        .map(|i| {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let noise = i64::try_from(seed >> 48).unwrap_or(0) % 60_000 - 30_000;
            let close = 6_000_000 + triangle(i, 96) * 4_000 + triangle(i, 34) * 3_000 + noise;
            let bar = bar(bar_type, i, open, close);
            open = close;
            Data::Bar(bar)
        })
        .collect()
}

/// From `-period / 4` to `period / 4` and back.
fn triangle(i: i64, period: i64) -> i64 {
    (i % period - period / 2).abs() - period / 4
}

fn bar(bar_type: BarType, i: i64, open: i64, close: i64) -> Bar {
    let px = |cents: i64| Price::new(cents as f64 / 100.0, 2);
    let ts = START_NS + HOUR_NS * (i.unsigned_abs() + 1);
    Bar::new(
        bar_type,
        px(open),
        px(open.max(close) + 4_000),
        px(open.min(close) - 4_000),
        px(close),
        Quantity::new(100.0, 3),
        ts.into(),
        ts.into(),
    )
}
