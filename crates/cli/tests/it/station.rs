use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use plimsoll_metrics::{Auth, HttpClient, HttpOptions, Json};

use crate::run::{Running, plimsoll};

/// Rows of one request, and requests that two clients send between two kills.
const ROWS: u64 = 40;
const CLIENTS: u64 = 2;

fn station(dir: &Path, more: &[&str]) -> (Running, String) {
    let args = [&["station", "--listen", "127.0.0.1:0", "--store", "station.db"], more].concat();
    let mut running = Running::start(dir, &args);
    let address = running.line();
    assert!(address.starts_with("http://127.0.0.1:"), "{address}");
    (running, address)
}

fn client(address: &str) -> HttpClient {
    HttpClient::new(address, &Auth::None, HttpOptions::default()).unwrap()
}

fn number(address: &str, sql: &str) -> u64 {
    let target = format!("/api/query?query={}", sql.replace(' ', "+"));
    let reply = client(address).get(&target).unwrap();
    let text = String::from_utf8(reply.body).unwrap();
    let json = Json::parse(&text).unwrap();
    let rows = json.get("dataset").map(Json::items).unwrap_or_default();
    let cell = rows.first().and_then(|row| row.items().first()).and_then(Json::as_i64);
    u64::try_from(cell.unwrap_or_else(|| panic!("{text}"))).unwrap()
}

/// The same rows each time for one number, and no two numbers share a row.
fn body(request: u64) -> String {
    let line = |row: u64| {
        let n = request * ROWS + row;
        let ts = 1_700_000_000_000_000_000_u64 + n;
        let table = if n.is_multiple_of(3) { "trading_orders" } else { "order_latency" };
        format!("{table},strategy_id=s client_order_id=\"c{n}\",latency_ms={n}.0 {ts}\n")
    };
    (0..ROWS).map(line).collect()
}

/// Sends one request after the other until it is told to end; what failed is sent again as it was.
fn send(first: u64, until: &AtomicU64, address: &Mutex<String>, acked: &AtomicU64) -> u64 {
    let mut request = first;
    while acked.load(Ordering::SeqCst) < until.load(Ordering::SeqCst) {
        let to = address.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut client = client(&to);
        while let Ok(reply) = client.post("/write", "text/plain", body(request).as_bytes()) {
            match reply.status {
                204 => {
                    acked.fetch_add(1, Ordering::SeqCst);
                    request += CLIENTS;
                }
                503 => {}
                status => panic!("{status}: {}", String::from_utf8_lossy(&reply.body)),
            }
            if acked.load(Ordering::SeqCst) >= until.load(Ordering::SeqCst) {
                break;
            }
        }
    }
    (request - first) / CLIENTS
}

/// Lets the clients end also when the test fails.
struct EndOnDrop<'a>(&'a AtomicU64);

impl Drop for EndOnDrop<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.store(0, Ordering::SeqCst);
        }
    }
}

#[test]
fn no_acknowledged_row_is_lost_and_none_is_there_twice_when_the_station_is_killed() {
    let kills = std::env::var("PLIMSOLL_KILLS").map_or(3, |kills| kills.parse::<u64>().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let (running, first) = station(dir.path(), &[]);
    let (address, acked, until) = (Mutex::new(first), AtomicU64::new(0), AtomicU64::new(u64::MAX));
    let mut short = 0;
    let (running, sent) = std::thread::scope(|scope| {
        let (address, acked, until) = (&address, &acked, &until);
        let _end = EndOnDrop(until);
        let mut running = running;
        let clients: Vec<_> =
            (0..CLIENTS).map(|n| scope.spawn(move || send(n, until, address, acked))).collect();
        for kill in 1..=kills {
            // A different number of requests each time, so that the kill comes at another moment.
            let wanted = acked.load(Ordering::SeqCst) + 5 + kill * 7 % 23;
            while acked.load(Ordering::SeqCst) < wanted {
                std::thread::yield_now();
            }
            running.kill();
            let before = acked.load(Ordering::SeqCst);
            let (again, at) = station(dir.path(), &[]);
            // Nothing is sent again before the address is known: what is there was there.
            let there = number(&at, "SELECT count(*) FROM trading_orders")
                + number(&at, "SELECT count(*) FROM order_latency");
            short += u64::from(there < before * ROWS);
            *address.lock().unwrap() = at;
            running = again;
        }
        until.store(acked.load(Ordering::SeqCst) + 10, Ordering::SeqCst);
        (running, clients.into_iter().map(|client| client.join().unwrap()).sum::<u64>())
    });
    let at = address.into_inner().unwrap();
    let both = "(SELECT client_order_id FROM trading_orders UNION ALL SELECT client_order_id FROM order_latency)";
    let total = number(&at, &format!("SELECT count(*) FROM {both}"));
    let distinct = number(&at, &format!("SELECT count(DISTINCT client_order_id) FROM {both}"));
    eprintln!(
        "{kills} kills, {} rows acknowledged, {total} stored, {distinct} of them different",
        sent * ROWS
    );
    assert_eq!(short, 0, "acknowledged rows were missing right after a kill");
    assert_eq!(distinct, total, "a row is there twice");
    // A request whose answer the kill swallowed may be stored and is then sent again.
    assert_eq!(total, sent * ROWS, "a row is missing, or one nobody sent");
    let (code, _) = running.terminate();
    assert_eq!(code, 0, "SIGTERM is a clean end");
}

#[test]
fn what_cannot_be_is_refused_with_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("tokens.txt"), "bot write short\n").unwrap();
    for (args, wanted) in [
        (vec!["--listen", "0.0.0.0:0"], "wants TLS and tokens"),
        (vec!["--tls-cert", "c.pem"], "--tls-key"),
        (vec!["--tokens", "tokens.txt"], "shorter than 32"),
        (vec!["--tokens", "none.txt"], "cannot read `none.txt`"),
        (vec!["--store", "nowhere/x.db"], "its folder must exist"),
        (vec!["--tls-cert", "c.pem", "--tls-key", "k.pem"], "cannot read certificate"),
    ] {
        let ran = plimsoll(dir.path(), &[&["station"], &args[..]].concat());
        assert!(ran.code == 1 || ran.code == 2, "{args:?}: {ran:?}");
        assert!(ran.err.contains(wanted), "{args:?}: {ran:?}");
    }
}
