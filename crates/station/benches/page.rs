//! How long a page takes over a store of a million rows: `cargo bench -p plimsoll-station`.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    missing_docs,
    reason = "a benchmark prints, and ends when something is wrong"
)]

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant, SystemTime};

use plimsoll_metrics::Durability;
use plimsoll_station::{Station, StationOptions};

const ROWS: u64 = 1_000_000;
const ROWS_PER_REQUEST: u64 = 10_000;
const LOADS: usize = 21;
const DAY_NS: u64 = 86_400_000_000_000;

fn main() {
    let dir = tempfile::tempdir().unwrap();
    let options = StationOptions::new(dir.path().join("store.db"))
        .with_durability(Durability::Process)
        .with_upkeep(Duration::from_secs(1), Duration::from_hours(1));
    let station = Station::start(options).unwrap();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let begin = u64::try_from(now.as_nanos()).unwrap() - DAY_NS;
    let begun = Instant::now();
    for first in (0..ROWS).step_by(usize::try_from(ROWS_PER_REQUEST).unwrap()) {
        let mut body = String::new();
        for row in first..first + ROWS_PER_REQUEST {
            line(&mut body, row, begin + row * (DAY_NS / ROWS));
        }
        let (status, _) = ask(station.address(), "POST", "/write", &body);
        assert_eq!(status, 204);
    }
    println!("{ROWS} rows of the last 24 h in {:.1} s", begun.elapsed().as_secs_f64());
    // Roll-ups run behind.
    std::thread::sleep(Duration::from_secs(20));
    println!("{:12} {:>10} {:>10} {:>8}", "dashboard", "median ms", "max ms", "bytes");
    for id in ["now", "pnl", "drawdown", "latency", "errors", "positions", "health", "alerts"] {
        let mut spans = Vec::new();
        let mut bytes = 0;
        for _ in 0..LOADS {
            let begun = Instant::now();
            let (status, len) = ask(station.address(), "GET", &format!("/d/{id}"), "");
            spans.push(begun.elapsed().as_secs_f64() * 1e3);
            assert_eq!(status, 200);
            bytes = len;
        }
        spans.sort_by(f64::total_cmp);
        println!("{id:12} {:10.1} {:10.1} {bytes:8}", spans[LOADS / 2], spans[LOADS - 1]);
    }
    let _ended = station.stop(Duration::from_secs(5));
}

/// A row of four strategies: of each ten, four of risk, three of profit, two of latency, one order.
fn line(body: &mut String, row: u64, ts: u64) {
    let (strategy, wave) = (row % 4, row % 1_000);
    let labels = format!("env=prod,mode=live,account_id=A,strategy_id=s{strategy}");
    let written = match row % 10 {
        0..4 => writeln!(
            body,
            "trading_risk,{labels},scope=strategy equity={wave}.5,peak_equity=1000.0,drawdown_ratio=0.0{wave} {ts}"
        ),
        4..7 => writeln!(
            body,
            "trading_pnl,{labels},scope=strategy,currency=USD realized_pnl={wave}.0,total_pnl={wave}.5 {ts}"
        ),
        7..9 => writeln!(
            body,
            "order_latency,{labels},venue=V,stage=ack latency_ms={wave}.25,client_order_id=\"c{row}\" {ts}"
        ),
        _ => writeln!(
            body,
            "trading_orders,{labels},venue=V,event=submitted client_order_id=\"c{row}\",qty=1.0 {ts}"
        ),
    };
    written.unwrap();
}

fn ask(to: SocketAddr, method: &str, target: &str, body: &str) -> (u16, usize) {
    let mut stream = TcpStream::connect(to).unwrap();
    write!(
        stream,
        "{method} {target} HTTP/1.1\r\nhost: {to}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).unwrap();
    let status = std::str::from_utf8(&reply[9..12]).unwrap().parse().unwrap();
    (status, reply.len())
}
