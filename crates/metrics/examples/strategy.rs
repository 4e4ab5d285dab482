//! A strategy that tells what it does, into an SQLite file in a temporary directory.
//!
//! `cargo run -p plimsoll-metrics --example strategy`

use std::time::Duration;

use plimsoll_metrics::{
    Equity, LatencyStage, Metrics, Mode, Options, Order, OrderEvent, OrderLatency, Pnl,
    PositionChange, PositionSide, Side,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("plimsoll.db");
    let metrics = Metrics::open(&Options::embedded(&path, Mode::Paper).with_trader("desk-1"))?;
    let account = metrics.strategy("ema-001")?.account("HL-main")?;
    let btc = account.instrument("BTC-USD-PERP", "HYPERLIQUID", "USD")?;

    let (id, mid) = ("ema-001-1", 64_000.0);
    btc.emit_order(Order::submitted(id, Side::Buy, 0.5, 64_010.0).decision_px(mid));
    btc.emit_order_latency(OrderLatency::new(id, LatencyStage::Ack, Duration::from_millis(12)));
    btc.emit_order(Order::new(id, Side::Buy, OrderEvent::Accepted));
    btc.emit_order(Order::filled(id, Side::Buy, 0.5, 64_008.0).decision_px(mid));
    btc.emit_position_change(
        PositionChange::new(PositionSide::Long, 0.5).avg_px(64_008.0).notional_base(32_004.0),
    );
    btc.emit_pnl(Pnl::new().realized_pnl(0.0).unrealized_pnl(11.0).commission(9.6).funding(0.0));
    account.emit_equity(Equity::new(100_001.4));

    let counts = metrics.close(Duration::from_secs(5))?;
    assert_eq!(counts.dropped_rows + counts.rejected_rows, 0);
    let bytes = std::fs::metadata(&path)?.len();
    assert!(bytes > 0, "the file has the rows");
    Ok(())
}
