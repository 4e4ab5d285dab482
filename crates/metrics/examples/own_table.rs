//! A table of your own, and how a test reads it.
//!
//! `cargo run -p plimsoll-metrics --features testing --example own_table`

use plimsoll_metrics::{Metrics, table};

table! {
    /// What a perpetual's funding came to.
    struct Funding: "funding" {
        /// Rate of the interval, basis points.
        funding_rate_bps: f64,
        /// Received by us, account currency; unknown until the venue booked it.
        received: Option<f64>,
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (metrics, captured) = Metrics::capture();
    let account = metrics.strategy("ema-001")?.account("HL-main")?;
    let btc = account.instrument("BTC-USD-PERP", "HYPERLIQUID", "USD")?;
    btc.emit(&Funding { funding_rate_bps: 0.8, received: None });
    btc.emit(&Funding { funding_rate_bps: 0.8, received: Some(4.1) });

    let rows = captured.rows_of::<Funding>();
    assert!(rows.iter().all(|row| row.text("strategy_id") == Some("ema-001")));
    assert!(rows.first().is_some_and(|row| row.is_absent("received")));
    assert!(rows.last().is_some_and(|row| row.f64("received") == Some(4.1)));
    Ok(())
}
