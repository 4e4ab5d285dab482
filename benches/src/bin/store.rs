//! The worker's side: rows per second into the spool, SQLite and QuestDB, catch-up, memory.
//!
//! With PLIMSOLL_QUESTDB_URL also QuestDB, beside questdb-rs with the same rows and the same table.

use std::num::NonZeroU32;
use std::path::Path;
use std::time::{Duration, Instant};

use plimsoll_benches::{resident_mb, row};
use plimsoll_metrics::{
    Auth, Durability, Fill, HttpOptions, Instrument, Metrics, Mode, NullSink, Options, Pnl, QuestDb, Side, Timestamp,
};
use questdb::ingress::{ProtocolVersion, Sender, TimestampNanos};

const ROWS: u64 = 1_000_000;

fn options(dir: &Path, name: &str) -> Options {
    tuned(Options::spool_only(dir.join(name), Mode::Live))
}

fn tuned(options: Options) -> Options {
    options
        .with_ring_slots(const { NonZeroU32::new(1 << 18).unwrap() })
        .with_drain_interval(Some(Duration::from_micros(500)))
}

fn line(metrics: &Metrics) -> Instrument {
    metrics.strategy("ema").unwrap().account("A").unwrap().instrument("BTC", "V", "USD").unwrap()
}

/// Emits as fast as the drainer takes it, so that nothing is dropped.
fn emit(metrics: &Metrics, rows: u64) {
    let line = line(metrics);
    for n in 0..rows {
        if n % 8_192 == 0 {
            while n.saturating_sub(metrics.counts().spooled_rows) > 200_000 {
                std::thread::yield_now();
            }
        }
        let v = n as f64;
        line.emit_pnl(Pnl::new().realized_pnl(v).unrealized_pnl(-v).commission(0.5).funding(0.25));
    }
}

fn spooled(metrics: &Metrics, rows: u64) {
    while metrics.counts().spooled_rows < rows {
        std::thread::yield_now();
    }
}

fn per_second(rows: u64, begun: Instant) -> f64 {
    rows as f64 / begun.elapsed().as_secs_f64()
}

fn main() {
    let dir = tempfile::tempdir().unwrap();
    println!("| what | figure |\n|---|---|");
    for run in 0..3 {
        let metrics = Metrics::start(NullSink::new(), &options(dir.path(), &format!("null{run}"))).unwrap();
        let begun = Instant::now();
        emit(&metrics, 3 * ROWS);
        spooled(&metrics, 3 * ROWS);
        row("drain + spool, null sink", &format!("{:.0} rows/s", per_second(3 * ROWS, begun)));
        metrics.close(Duration::from_secs(60)).unwrap();
    }
    for run in 0..6 {
        let durability = if run % 2 == 0 { Durability::Process } else { Durability::Power };
        let path = dir.path().join(format!("s{run}.db"));
        let options = tuned(Options::embedded(&path, Mode::Live)).with_durability(durability);
        let metrics = Metrics::open(&options).unwrap();
        let begun = Instant::now();
        emit(&metrics, ROWS);
        let counts = metrics.close(Duration::from_secs(120)).unwrap();
        assert_eq!(counts.dropped_rows, 0);
        row(&format!("SQLite, emit to stored, {durability:?}"), &format!("{:.0} rows/s", per_second(ROWS, begun)));
    }
    for run in 0..3 {
        let spool = dir.path().join(format!("catch{run}"));
        let metrics = Metrics::open(&tuned(Options::spool_only(&spool, Mode::Live))).unwrap();
        emit(&metrics, ROWS);
        metrics.close(Duration::from_secs(60)).unwrap();
        let store = Options::embedded(dir.path().join(format!("c{run}.db")), Mode::Live).with_spool_dir(spool);
        let begun = Instant::now();
        let metrics = Metrics::open(&store).unwrap();
        metrics.close(Duration::from_secs(60)).unwrap();
        row("catch-up of 1,000,000 spooled rows, SQLite", &format!("{:.2} s", begun.elapsed().as_secs_f64()));
    }
    memory(dir.path());
    if let Ok(url) = std::env::var("PLIMSOLL_QUESTDB_URL") {
        questdb(dir.path(), &url);
    }
}

fn memory(dir: &Path) {
    let before = resident_mb();
    let away = Options::connect("http://127.0.0.1:9", dir.join("away"), Mode::Live);
    let metrics = Metrics::open(&away).unwrap();
    let line = line(&metrics);
    for n in 0..ROWS {
        line.emit_pnl(Pnl::new().realized_pnl(n as f64).unrealized_pnl(1.0));
        if n % 4_000 == 3_999 {
            std::thread::sleep(Duration::from_millis(22));
        }
    }
    let counts = metrics.counts();
    row("memory with 1,000,000 rows waiting, server away", &format!("{:.1} MB, {before:.1} MB before; {} dropped", resident_mb(), counts.dropped_rows));
    drop(metrics.close(Duration::from_millis(50)));
}

fn questdb(dir: &Path, url: &str) {
    let mut ours = Vec::new();
    let mut theirs = Vec::new();
    for run in 0..3 {
        let mut server = QuestDb::connect(url, &Auth::None, HttpOptions::default()).unwrap();
        server.query("DROP TABLE IF EXISTS trading_pnl").unwrap();
        let spool = dir.join(format!("qdb{run}"));
        let metrics = Metrics::open(&tuned(Options::connect(url, spool, Mode::Live)).with_creates_tables(true)).unwrap();
        let begun = Instant::now();
        emit(&metrics, ROWS);
        let counts = metrics.close(Duration::from_secs(120)).unwrap();
        assert_eq!(counts.dropped_rows, 0);
        ours.push(per_second(ROWS, begun));
        server.query("TRUNCATE TABLE trading_pnl").unwrap();
        theirs.push(raw(url, run));
    }
    ours.sort_by(f64::total_cmp);
    theirs.sort_by(f64::total_cmp);
    row("QuestDB over HTTP, emit to acknowledged", &format!("{:.0} rows/s", ours[1]));
    row("questdb-rs, same rows, same table, 10,000 a flush", &format!("{:.0} rows/s", theirs[1]));
    row("ratio", &format!("{:.2}", ours[1] / theirs[1]));
    fills(dir, url);
}

/// A table whose key has a text: every row has a trade id of its own.
fn fills(dir: &Path, url: &str) {
    const FILLS: u64 = 500_000;
    let mut speeds = Vec::new();
    for run in 0..3 {
        let mut server = QuestDb::connect(url, &Auth::None, HttpOptions::default()).unwrap();
        server.query("DROP TABLE IF EXISTS trading_fills").unwrap();
        let spool = dir.join(format!("fills{run}"));
        let metrics = Metrics::open(&tuned(Options::connect(url, spool, Mode::Live)).with_creates_tables(true)).unwrap();
        let line = line(&metrics);
        let begun = Instant::now();
        for n in 0..FILLS {
            if n % 8_192 == 0 {
                while n.saturating_sub(metrics.counts().spooled_rows) > 50_000 {
                    std::thread::yield_now();
                }
            }
            let id = format!("trade-{run}-{n:012}");
            let ts = Timestamp::from_nanos(1_760_000_000_000_000_000 + n as i64 * 1_000_000);
            line.emit_fill(Fill::new(&id, Side::Buy, 0.5, 64_000.0, ts));
        }
        let counts = metrics.close(Duration::from_secs(120)).unwrap();
        assert_eq!(counts.dropped_rows, 0);
        speeds.push(per_second(FILLS, begun));
        let until = Instant::now() + Duration::from_secs(60);
        let visible = |server: &mut QuestDb| {
            server.query("SELECT count() FROM trading_fills").unwrap().rows[0][0].as_i64()
        };
        while visible(&mut server) != Some(FILLS as i64) {
            assert!(Instant::now() < until);
            std::thread::sleep(Duration::from_millis(20));
        }
        row("the same, until all is visible", &format!("{:.0} rows/s", per_second(FILLS, begun)));
    }
    speeds.sort_by(f64::total_cmp);
    row("QuestDB, trading_fills, a VARCHAR in the key, emit to acknowledged", &format!("{:.0} rows/s", speeds[1]));
}

/// The same rows by questdb-rs alone: no ring, no spool, no retry.
fn raw(url: &str, run: i64) -> f64 {
    let address = url.trim_start_matches("http://");
    let mut sender = Sender::from_conf(format!("http::addr={address};protocol_version=2;")).unwrap();
    let mut buffer = sender.new_buffer();
    debug_assert_eq!(buffer.protocol_version(), ProtocolVersion::V2);
    let base = 1_760_000_000_000_000_000_i64;
    let begun = Instant::now();
    for n in 0..ROWS as i64 {
        let (v, ts) = (n as f64, TimestampNanos::new(base + n * 1_000));
        buffer.table("trading_pnl").unwrap();
        for (name, text) in [
            ("env", "dev"), ("mode", "live"), ("producer", "strategy@vm"), ("scope", "instrument"),
            ("trader_id", "-"), ("account_id", "A"), ("strategy_id", "ema"), ("instrument_id", "BTC"),
            ("venue", "V"), ("currency", "USD"),
        ] {
            buffer.symbol(name, text).unwrap();
        }
        buffer.column_ts("ts_init", ts).unwrap();
        for (name, value) in [("run", run), ("seq", n), ("flags", 2)] {
            buffer.column_i64(name, value).unwrap();
        }
        for (name, value) in [("realized_pnl", v), ("unrealized_pnl", -v), ("commission", 0.5), ("funding", 0.25), ("total_pnl", -0.25)] {
            buffer.column_f64(name, value).unwrap();
        }
        buffer.at(ts).unwrap();
        if n % 10_000 == 9_999 {
            sender.flush(&mut buffer).unwrap();
        }
    }
    per_second(ROWS, begun)
}
