//! Nothing grows without bound, and who is sent away is told when to come back.

use std::io::Write as _;
use std::net::TcpStream;
use std::time::Duration;

use flate2::{Compression, write::GzEncoder};
use plimsoll_station::{Station, StationOptions};

use crate::client::{Running, receive, send};

const LINE: &str = "trading_pnl,strategy_id=a total_pnl=1 5\n";

#[test]
fn a_body_that_is_too_long_is_refused_plain_announced_and_inflated() {
    let running = Running::start(|options| options.with_bytes_max(1000, 1 << 20));
    let address = running.station.address();
    let long = LINE.repeat(100);
    running.write(&long).is(413);
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(long.as_bytes()).unwrap();
    let small = encoder.finish().unwrap();
    assert!(small.len() < 1000);
    send(address, "POST", "/write", &[("content-encoding", "gzip")], &small).is(413);
    // In chunks, so that nothing says how long it will be.
    let mut stream = TcpStream::connect(address).unwrap();
    let head = format!(
        "POST /write HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(format!("{:x}\r\n{long}\r\n", long.len()).as_bytes()).unwrap();
    receive(&mut stream).is(413);
    running.write(LINE).is(204);
}

#[test]
fn without_memory_for_a_body_it_is_sent_away_for_a_moment() {
    let running = Running::start(|options| options.with_bytes_max(1 << 20, 64 << 10));
    let reply = running.write(LINE.repeat(1000));
    reply.is(503);
    assert!(reply.head.contains("retry-after: 1"), "{reply:?}");
    running.write(LINE).is(204);
    let metrics = running.get("/metrics").body;
    assert!(metrics.contains("plimsoll_station_writes_busy_total 1\n"), "{metrics}");
    assert!(metrics.contains("plimsoll_station_held_bytes 0\n"), "{metrics}");
}

#[test]
fn connections_beyond_the_bound_are_answered_and_closed() {
    let running = Running::start(|options| options.with_connections_max(2));
    let address = running.station.address();
    let hold = || {
        let mut stream = TcpStream::connect(address).unwrap();
        // A reply shows that the connection is counted.
        stream
            .write_all(format!("GET /ping HTTP/1.1\r\nhost: {address}\r\n\r\n").as_bytes())
            .unwrap();
        let mut first = [0; 12];
        std::io::Read::read_exact(&mut stream, &mut first).unwrap();
        stream
    };
    let held = [hold(), hold()];
    let mut third = TcpStream::connect(address).unwrap();
    let reply = receive(&mut third);
    assert_eq!(reply.status, 503);
    assert!(reply.head.contains("retry-after"), "{reply:?}");
    drop(held);
}

#[test]
fn a_query_that_takes_too_long_is_ended_and_the_station_goes_on() {
    let running = Running::start(|options| options.with_query_timeout(Duration::from_millis(200)));
    running.write(LINE).is(204);
    let endless =
        "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
    let target = format!("/api/query?query={}", crate::client::escape(endless));
    let reply = running.get(&target);
    assert!(reply.is(408).body.contains("longer than 0.2 s"), "{reply:?}");
    assert_eq!(running.cell("SELECT count(*) FROM trading_pnl"), 1);
}

#[test]
fn a_query_can_only_read_and_says_when_there_was_more() {
    let running = Running::start(|options| options);
    running.write(format!("{LINE}{LINE}{LINE}")).is(204);
    let check = |sql: &str, wanted: &str| {
        let reply = running.get(&format!("/api/query?query={}", crate::client::escape(sql)));
        assert!(reply.is(400).body.contains(wanted), "{reply:?}");
    };
    check("DELETE FROM _trading_pnl", "refused");
    check("SELECT 1; DELETE FROM _trading_pnl", "refused");
    check("SELECT no_such", "no such column");
    running.get("/api/query").is(400);
    running.get("/api/query?query=SELECT+1&limit=x").is(400);
    let cut = running.get("/api/query?query=SELECT+seq+FROM+trading_pnl&limit=2").json();
    assert_eq!((cut["count"].as_u64(), cut["is_cut"].as_bool()), (Some(2), Some(true)));
}

#[test]
fn a_station_that_ends_answers_what_was_begun_and_then_takes_nothing() {
    let running = Running::start(|options| options);
    let address = running.station.address();
    let mut begun = TcpStream::connect(address).unwrap();
    let (first, rest) = LINE.split_at(10);
    let head = format!(
        "POST /write HTTP/1.1\r\nhost: {address}\r\ncontent-length: {}\r\nexpect: 100-continue\r\n\r\n",
        LINE.len()
    );
    begun.write_all(head.as_bytes()).unwrap();
    // The station asks for the body: so it is within the request.
    let mut asked = [0; 25];
    std::io::Read::read_exact(&mut begun, &mut asked).unwrap();
    begun.write_all(first.as_bytes()).unwrap();
    let (station, dir) = (running.station, running.dir);
    let ending = std::thread::spawn(move || station.stop(Duration::from_secs(20)));
    begun.write_all(rest.as_bytes()).unwrap();
    receive(&mut begun).is(204);
    let ended = ending.join().unwrap();
    assert_eq!((ended.rows_stored, ended.connections_cut), (1, 0));
    assert!(TcpStream::connect(address).is_err(), "it listens no more");
    let again = Station::start(StationOptions::new(dir.path().join("store.db"))).unwrap();
    let reply =
        send(again.address(), "GET", "/api/query?query=SELECT+count(*)+FROM+trading_pnl", &[], b"");
    assert_eq!(reply.json()["dataset"][0][0], 1);
}
