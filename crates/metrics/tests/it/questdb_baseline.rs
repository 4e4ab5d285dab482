//! A producer whose spool is gone asks QuestDB what was before.

use std::{
    fs,
    time::{Duration, Instant},
};

use plimsoll_metrics::{Equity, Metrics, Mode, Options, PositionChange, PositionSide, RingMemory};

use crate::questdb::Live;

#[test]
fn a_producer_without_a_spool_reads_its_peak_from_the_server_and_never_zero() {
    let Some(mut live) = Live::new("a_producer_without_a_spool") else { return };
    let dir = tempfile::tempdir().unwrap();
    let spool = dir.path().join("spool");
    let options = Options::connect(&live.url, &spool, Mode::Live)
        .with_ring(RingMemory::Heap)
        .with_table_prefix(&live.prefix)
        .with_creates_tables(true);
    let metrics = Metrics::open(&options).unwrap();
    let account = metrics.account("HL-main").unwrap();
    let btc = account.instrument("BTC-USD-PERP", "HYPERLIQUID", "USD").unwrap();
    btc.emit_position_change(PositionChange::new(PositionSide::Short, 1.0).notional_base(30.0));
    account.emit_equity(Equity::new(100.0));
    account.emit_equity(Equity::new(91.0));
    metrics.close(Duration::from_secs(20)).unwrap();
    fs::remove_dir_all(&spool).unwrap();

    let metrics = Metrics::open(&options).unwrap();
    let account = metrics.account("HL-main").unwrap();
    let sql = format!(
        "SELECT drawdown_ratio, gross_exposure FROM '{}trading_risk' WHERE equity = 90",
        live.prefix
    );
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        account.emit_equity(Equity::new(90.0));
        let rows = live.query(&sql);
        let texts: Vec<String> = rows.iter().map(|row| format!("{} {}", row[0], row[1])).collect();
        // Absent until the server has answered, then ten percent: never anything else.
        assert!(texts.iter().all(|t| t == " " || t == "0.1 30" || t == "0.1 30.0"), "{texts:?}");
        if texts.iter().any(|t| t != " ") {
            break;
        }
        assert!(Instant::now() < until, "{texts:?}");
        std::thread::yield_now();
    }
    metrics.close(Duration::from_secs(20)).unwrap();
}
