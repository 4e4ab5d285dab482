//! Lines over TCP, from clients that hear nothing back.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use plimsoll_station::{StartError, Station, StationOptions, Tokens};

use crate::client::Running;

const WAIT: Duration = Duration::from_secs(20);

fn start() -> (Running, TcpStream) {
    let running = Running::start(|options| options.with_tcp(SocketAddr::from(([127, 0, 0, 1], 0))));
    let stream = TcpStream::connect(running.station.tcp_address().unwrap()).unwrap();
    stream.set_read_timeout(Some(WAIT)).unwrap();
    (running, stream)
}

/// Until the table has so many rows.
#[track_caller]
fn wait(running: &Running, rows: u64) {
    let begun = Instant::now();
    loop {
        let reply = running.get("/api/query?query=SELECT+count(*)+FROM+trading_pnl");
        let found = (reply.status == 200).then(|| reply.json()["dataset"][0][0].as_u64()).flatten();
        if found == Some(rows) {
            return;
        }
        assert!(begun.elapsed() < WAIT, "{found:?} rows, wanted {rows}");
        std::thread::yield_now();
    }
}

#[test]
fn lines_over_tcp_are_stored_however_they_are_cut() {
    let (running, mut stream) = start();
    for n in 0..500 {
        let line = format!(
            "trading_pnl,strategy_id=a total_pnl={n} {}\n",
            1_700_000_000_000_000_000_i64 + n
        );
        let (first, second) = line.split_at(n as usize % line.len());
        stream.write_all(first.as_bytes()).unwrap();
        stream.write_all(second.as_bytes()).unwrap();
    }
    // A line without its end is not a line.
    stream.write_all(b"trading_pnl,strategy_id=a total_pnl=1 5").unwrap();
    wait(&running, 500);
    drop(stream);
    wait(&running, 500);
    assert_eq!(running.cell("SELECT sum(total_pnl) FROM trading_pnl"), 499.0 * 250.0);
}

#[test]
fn a_line_that_cannot_be_taken_closes_the_connection_and_is_counted() {
    let (running, mut stream) = start();
    stream.write_all(b"trading_pnl total_pnl=1 5\n").unwrap();
    wait(&running, 1);
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    assert_eq!(stream.read(&mut [0; 9]).unwrap_or(0), 0, "closed, and nothing was answered");
    let metrics = running.get("/metrics").body;
    assert!(metrics.contains("plimsoll_station_tcp_refused_total 1\n"), "{metrics}");
    wait(&running, 1);
}

#[test]
fn lines_over_tcp_want_loopback_and_no_tokens() {
    let dir = tempfile::tempdir().unwrap();
    let options = || StationOptions::new(dir.path().join("s.db"));
    let open = options().with_tcp(SocketAddr::from(([0, 0, 0, 0], 0)));
    assert!(matches!(Station::start(open), Err(StartError::Lines { .. })));
    let tokens = Tokens::parse("bot write 0123456789abcdef0123456789abcdef").unwrap();
    let guarded = options().with_tokens(tokens).with_tcp(SocketAddr::from(([127, 0, 0, 1], 0)));
    assert!(matches!(Station::start(guarded), Err(StartError::Lines { .. })));
}
