//! A station in this process, a strategy that sends to it, and what came of it.
//!
//! `cargo run -p plimsoll-station --example local`

use std::time::Duration;

use plimsoll_metrics::{Metrics, Mode, Options, Pnl, read::Store};
use plimsoll_station::{Station, StationOptions};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("station.db");
    let station = Station::start(StationOptions::new(&path))?;

    let spool = dir.path().join("spool");
    let metrics = Metrics::open(&Options::connect(station.url(), spool, Mode::Paper))?;
    let account = metrics.strategy("ema-001")?.account("HL-main")?;
    let btc = account.instrument("BTC-USD-PERP", "HYPERLIQUID", "USDC")?;
    btc.emit_pnl(Pnl::new().realized_pnl(12.5).unrealized_pnl(-3.0));
    metrics.close(Duration::from_secs(10))?;

    let ended = station.stop(Duration::from_secs(10));
    let rows = Store::open(&path)?.query("SELECT count(*) FROM trading_pnl", 1)?.rows;
    assert_eq!(rows.len(), 1);
    assert!(ended.rows_stored > 1, "the row, and the run that proves it whole");
    Ok(())
}
