//! Rows of questdb-rs over HTTP into a station, and of the same client into a QuestDB that
//! `PLIMSOLL_QUESTDB_URL` names and that may be written to; and how long until the page shows a row.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a benchmark measures, prints, and stops when it cannot"
)]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use plimsoll_metrics::ddl::{self, Dialect};
use plimsoll_metrics::{Auth, Durability, HttpOptions, Pnl, QuestDb, Table as _};
use plimsoll_station::{Station, StationOptions};
use questdb::ingress::{Buffer, Sender, TimestampNanos};

const ROWS: i64 = 1_000_000;
const BATCH: i64 = 10_000;
const RUNS: i64 = 3;
/// For the page: rows a second beside it, in batches, and how many rows are looked for.
const PACE: u64 = 10_000;
const PACE_BATCH: i64 = 100;
const LOOKS: usize = 200;
const COMMAND: &str = "`cargo bench -p plimsoll-station --bench ingest`";

fn main() {
    println!("| what | figure | command |\n|---|---|---|");
    let questdb = std::env::var("PLIMSOLL_QUESTDB_URL").ok();
    let mut speeds = [const { Vec::new() }; 3];
    for run in 1..=RUNS {
        speeds[0].push(into_station(Durability::Power, run));
        speeds[1].push(into_station(Durability::Process, run));
        if let Some(url) = &questdb {
            speeds[2].push(into_questdb(url, run));
        }
    }
    let medians = speeds.map(|mut all| {
        all.sort_by(f64::total_cmp);
        all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
    });
    let stores = ["the station, `power`", "the station, `process`", "QuestDB 9.3.4"];
    for (store, speed) in stores.iter().zip(medians) {
        let ratio = speed / medians[2];
        row(
            &format!("questdb-rs into {store}"),
            &format!("{speed:.0} rows/s, {ratio:.2} of QuestDB"),
        );
    }
    until_visible();
}

fn row(what: &str, figure: &str) {
    println!("| {what} | {figure} | {COMMAND} |");
}

fn into_station(durability: Durability, run: i64) -> f64 {
    let dir = tempfile::tempdir().unwrap();
    let options = StationOptions::new(dir.path().join("store.db")).with_durability(durability);
    let station = Station::start(options.without_upkeep()).unwrap();
    let speed = send(&station.address().to_string(), run);
    assert_eq!(station.stop(Duration::from_secs(10)).rows_stored, ROWS as u64);
    speed
}

fn into_questdb(url: &str, run: i64) -> f64 {
    let mut server = QuestDb::connect(url, &Auth::None, HttpOptions::default()).unwrap();
    for statement in ddl::create(Pnl::SCHEMA, Dialect::QuestDb, "") {
        server.query(&statement).unwrap();
    }
    send(url.trim_start_matches("http://"), now_ns() + run)
}

/// Rows a second of one client, from the first row to the last acknowledgement.
fn send(address: &str, run: i64) -> f64 {
    let mut sender =
        Sender::from_conf(format!("http::addr={address};protocol_version=2;")).unwrap();
    let mut buffer = sender.new_buffer();
    let first_ns = now_ns();
    let begun = Instant::now();
    for n in 0..ROWS {
        push(&mut buffer, run, n, first_ns + n * 1_000);
        if n % BATCH == BATCH - 1 {
            sender.flush(&mut buffer).unwrap();
        }
    }
    ROWS as f64 / begun.elapsed().as_secs_f64()
}

fn push(buffer: &mut Buffer, run: i64, n: i64, at_ns: i64) {
    let (v, ts) = (n as f64, TimestampNanos::new(at_ns));
    buffer.table("trading_pnl").unwrap();
    for (name, text) in [
        ("env", "dev"),
        ("mode", "live"),
        ("producer", "strategy@vm"),
        ("scope", "instrument"),
        ("account_id", "A"),
        ("strategy_id", "ema"),
        ("instrument_id", "BTC"),
        ("venue", "V"),
        ("currency", "USD"),
    ] {
        buffer.symbol(name, text).unwrap();
    }
    buffer.column_ts("ts_init", ts).unwrap();
    for (name, value) in [("run", run), ("seq", n), ("flags", 2)] {
        buffer.column_i64(name, value).unwrap();
    }
    for (name, value) in
        [("realized_pnl", v), ("unrealized_pnl", -v), ("commission", 0.5), ("total_pnl", -0.25)]
    {
        buffer.column_f64(name, value).unwrap();
    }
    buffer.at(ts).unwrap();
}

/// From before a row is sent until the page has its number, while others come at a pace.
fn until_visible() {
    let dir = tempfile::tempdir().unwrap();
    let station = Station::start(StationOptions::new(dir.path().join("store.db"))).unwrap();
    let address = station.address();
    let (is_over, others) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let paced = {
        let (is_over, others) = (Arc::clone(&is_over), Arc::clone(&others));
        std::thread::spawn(move || pace(address, &is_over, &others))
    };
    let begun = Instant::now();
    let mut times: Vec<f64> = (0..LOOKS).map(|n| look(address, 1_000_000 + n as u64)).collect();
    let pace = others.load(Ordering::Relaxed) as f64 / begun.elapsed().as_secs_f64();
    is_over.store(true, Ordering::Relaxed);
    paced.join().unwrap();
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times[((LOOKS - 1) as f64 * share) as usize] * 1e3;
    let (p50, p99, max) = (at(0.5), at(0.99), at(1.0));
    row(
        &format!("a row until the page shows it, {pace:.0} rows/s beside it"),
        &format!("p50 / p99 / max {p50:.0} / {p99:.0} / {max:.0} ms"),
    );
}

fn pace(address: SocketAddr, is_over: &AtomicBool, others: &AtomicU64) {
    let mut sender =
        Sender::from_conf(format!("http::addr={address};protocol_version=2;")).unwrap();
    let mut buffer = sender.new_buffer();
    let begun = Instant::now();
    let mut n = 0;
    while !is_over.load(Ordering::Relaxed) {
        for _ in 0..PACE_BATCH {
            push(&mut buffer, 1, n, now_ns());
            n += 1;
        }
        sender.flush(&mut buffer).unwrap();
        others.store(n as u64, Ordering::Relaxed);
        let due = Duration::from_micros(n as u64 * 1_000_000 / PACE);
        std::thread::sleep(due.saturating_sub(begun.elapsed()));
    }
}

/// Sends an account's equity, and asks as the page's script does: when an event says that rows came.
fn look(address: SocketAddr, equity: u64) -> f64 {
    let mut events = TcpStream::connect(address).unwrap();
    write!(events, "GET /events HTTP/1.1\r\nhost: {address}\r\n\r\n").unwrap();
    let mut some = [0; 4096];
    assert!(events.read(&mut some).unwrap() > 0, "the events begin");
    let begun = Instant::now();
    let line =
        format!("trading_risk,mode=live,scope=account,account_id=A equity={equity} {}\n", now_ns());
    let head = format!(
        "POST /write HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {}",
        line.len()
    );
    assert!(ask(address, &format!("{head}\r\n\r\n{line}")).starts_with("HTTP/1.1 204"));
    let shown = format!("{},{:03}", equity / 1_000_000, equity / 1_000 % 1_000);
    let shown = format!("{shown},{:03}", equity % 1_000);
    loop {
        assert!(events.read(&mut some).unwrap() > 0, "the events go on");
        let page = ask(
            address,
            &format!(
                "GET /d/now?hours=1 HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\nx-plimsoll-part: 1\r\n\r\n"
            ),
        );
        if page.contains(&shown) {
            return begun.elapsed().as_secs_f64();
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "no {shown} in {page}");
    }
}

fn ask(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

fn now_ns() -> i64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos() as i64
}
