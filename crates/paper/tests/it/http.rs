use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::thread;

use plimsoll_paper::{
    Bars, Change, ClientError, Decimal, Fill, NewOrder, OrderStatus, RemoteTrader, ServeConfig,
    ServeError, Server, Side, Trend, TrendConfig, VenueClient, VenueConfig, serve,
};

const END_NS: i64 = 1_790_000_000_000_000_000;
const CHILD_DIR: &str = "PLIMSOLL_PAPER_TEST_CHILD_DIR";

fn d(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn config() -> ServeConfig {
    ServeConfig::new(VenueConfig::default(), Bars::sample().unwrap(), END_NS)
}

fn loopback() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

fn served(dir: &Path) -> (Server, VenueClient) {
    let server = serve(loopback(), dir, config()).unwrap();
    let client = VenueClient::new(&format!("http://{}", server.address())).unwrap();
    (server, client)
}

#[test]
fn orders_are_placed_changed_canceled_and_filled_over_http() {
    let dir = tempfile::tempdir().unwrap();
    let (server, client) = served(dir.path());
    let clock = client.advance(1).unwrap();
    assert_eq!((clock.bars_done, clock.date.as_deref()), (1, Some("1999-01-04")));
    let placed = client.place(&NewOrder::market("a", Side::Buy, d("10"))).unwrap();
    assert_eq!((placed.order.status, placed.duplicate), (OrderStatus::Accepted, false));
    client.place(&NewOrder::limit("b", Side::Buy, d("10"), d("900"))).unwrap();
    let changed = client.modify("b", &Change::px(d("901"))).unwrap();
    assert_eq!(changed.order.order.px, Some(d("901")));
    assert_eq!(client.open_orders().unwrap().len(), 2);
    assert_eq!(client.cancel("b").unwrap().order.status, OrderStatus::Canceled);
    client.advance(1).unwrap();
    let fills = client.fills_since(0).unwrap();
    assert_eq!((fills.len(), fills[0].last_qty), (1, d("10")));
    assert_eq!(client.fills_since(1).unwrap(), []);
    assert_eq!(client.order("a").unwrap().status, OrderStatus::Filled);
    assert!(client.positions_json().unwrap().contains("\"position_side\":\"long\""));
    assert!(client.balances_json().unwrap().contains("\"books_error\":null"));
    assert!(client.events_since(0).unwrap().0.len() >= 6);
    client.place(&NewOrder::limit("c", Side::Buy, d("1"), d("900"))).unwrap();
    assert_eq!(client.cancel_all().unwrap(), ["c"]);
    server.close();
}

#[test]
fn a_retry_after_a_lost_answer_does_not_place_twice() {
    let dir = tempfile::tempdir().unwrap();
    let (server, client) = served(dir.path());
    client.advance(1).unwrap();
    let order = NewOrder::market("once", Side::Buy, d("10")).with_sender("node-1");
    // The answer is lost: the connection is closed without reading it.
    let body = serde_json::to_string(&order).unwrap();
    let mut connection = TcpStream::connect(server.address()).unwrap();
    write!(connection, "POST /orders HTTP/1.1\r\ncontent-length: {}\r\n\r\n{body}", body.len())
        .unwrap();
    let mut first = [0; 1];
    connection.read_exact(&mut first).unwrap();
    drop(connection);
    assert!(client.place(&order).unwrap().duplicate);
    client.advance(1).unwrap();
    assert_eq!(client.fills_since(0).unwrap().len(), 1);
    let other = NewOrder::market("once", Side::Sell, d("10"));
    match client.place(&other) {
        Err(ClientError::Refused { status: 409, .. }) => {}
        other => panic!("{other:?}"),
    }
    server.close();
}

#[test]
fn the_strategy_trades_at_a_served_venue() {
    let dir = tempfile::tempdir().unwrap();
    let (server, client) = served(dir.path());
    let trend = Trend::new("run-1", TrendConfig::default());
    let mut trader = RemoteTrader::new(client.clone(), trend, "node-1");
    let mut sent = 0;
    for _ in 0..150 {
        client.advance(1).unwrap();
        let step = trader.step().unwrap();
        assert_eq!(step.refused, Vec::<String>::new());
        sent += step.sent;
        assert_eq!(trader.step().unwrap().sent, 0, "one bar is traded once");
    }
    assert!(sent > 5 && !client.fills_since(0).unwrap().is_empty(), "{sent} commands");
    let senders = answer(server.address(), "GET /senders HTTP/1.1\r\n\r\n");
    assert!(senders.contains("\"node-1\":"), "{senders}");
    server.close();
}

#[track_caller]
fn answer(address: SocketAddr, request: &str) -> String {
    let mut connection = TcpStream::connect(address).unwrap();
    connection.write_all(request.as_bytes()).unwrap();
    let mut text = String::new();
    connection.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn garbage_is_answered_with_an_error_and_a_hint() {
    let dir = tempfile::tempdir().unwrap();
    let (server, client) = served(dir.path());
    let float = r#"{"client_order_id":"a","side":"buy","order_type":"market","qty":1.5}"#;
    let float = format!("POST /orders HTTP/1.1\r\ncontent-length: {}\r\n\r\n{float}", float.len());
    let cases = [
        ("no such path", "GET /x HTTP/1.1\r\n\r\n", 404),
        ("no HTTP", "hello\r\n\r\n", 400),
        ("no JSON", "POST /orders HTTP/1.1\r\ncontent-length: 3\r\n\r\nabc", 400),
        ("a float", &float, 400),
        ("too large", "POST /orders HTTP/1.1\r\ncontent-length: 9999999\r\n\r\n", 413),
        ("chunked", "POST /orders HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n", 501),
        ("no number", "GET /fills?since=x HTTP/1.1\r\n\r\n", 400),
        ("unknown order", "DELETE /orders/nobody HTTP/1.1\r\n\r\n", 404),
    ];
    for (name, request, status) in cases {
        let text = answer(server.address(), request);
        assert!(text.starts_with(&format!("HTTP/1.1 {status} ")), "{name}: {text}");
        assert!(text.contains("\"error\":") && text.contains("\"hint\":"), "{name}: {text}");
    }
    let rejected = client.place(&NewOrder::market("early", Side::Buy, d("1"))).unwrap();
    assert_eq!(rejected.order.status, OrderStatus::Rejected);
    server.close();
}

#[test]
fn an_address_that_others_can_reach_is_refused_unless_allowed() {
    let dir = tempfile::tempdir().unwrap();
    let listen: SocketAddr = "0.0.0.0:0".parse().unwrap();
    let refused = serve(listen, dir.path(), config());
    assert!(matches!(refused, Err(ServeError::NotLoopback { .. })));
    serve(listen, dir.path(), config().allow_remote()).unwrap().close();
}

#[test]
fn a_second_venue_on_one_directory_is_told_who_holds_it() {
    let dir = tempfile::tempdir().unwrap();
    let (server, _) = served(dir.path());
    let error = serve(loopback(), dir.path(), config()).unwrap_err();
    assert!(error.to_string().contains(&format!("process {}", std::process::id())), "{error}");
    server.close();
}

/// A directory with a journal of some commands; returns the venue's balances.
fn traded(dir: &Path) -> String {
    let (server, client) = served(dir);
    client.advance(1).unwrap();
    client.place(&NewOrder::market("a", Side::Buy, d("10"))).unwrap();
    client.advance(5).unwrap();
    let balances = client.balances_json().unwrap();
    server.close();
    balances
}

#[test]
fn a_torn_tail_is_cut_and_reported_and_damage_before_it_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let balances = traded(dir.path());
    let path = dir.path().join("venue.journal");
    let whole = fs::read(&path).unwrap();
    for tail in [&[9][..], &[5, 0, 0, 0, 1, 2, 3, 4, b'{'], &[0; 64]] {
        fs::write(&path, [&whole[..], tail].concat()).unwrap();
        let (server, client) = served(dir.path());
        assert_eq!(server.report().torn_bytes, tail.len() as u64);
        assert_eq!(server.report().commands_replayed, 3);
        assert_eq!(client.balances_json().unwrap(), balances);
        server.close();
        assert_eq!(fs::read(&path).unwrap(), whole);
    }
    // A bit of the first entry's body, checksum and length: an enlarged length is no torn tail.
    for (byte, bit) in [(20, 1), (5, 1), (2, 0x40), (0, 1)] {
        let mut damaged = whole.clone();
        damaged[byte] ^= bit;
        fs::write(&path, &damaged).unwrap();
        let refused = serve(loopback(), dir.path(), config());
        assert!(matches!(refused, Err(ServeError::Corrupt { offset: 0, .. })), "{refused:?}");
        assert_eq!(fs::read(&path).unwrap(), damaged, "a damaged journal is left as it is");
    }
}

#[test]
fn a_journal_of_another_venue_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    traded(dir.path());
    let mut other = config();
    other.venue.seed = 7;
    let refused = serve(loopback(), dir.path(), other);
    assert!(matches!(refused, Err(ServeError::Other { what: "configuration", .. })));
    let mut other = config();
    other.bars = other.bars.between("2008-01-01", "2009-01-01").unwrap();
    let refused = serve(loopback(), dir.path(), other);
    assert!(matches!(refused, Err(ServeError::Other { what: "market data", .. })));
}

#[test]
fn a_full_journal_refuses_commands_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let mut small = config();
    small.journal_bytes_max = 2000;
    let server = serve(loopback(), dir.path(), small).unwrap();
    let client = VenueClient::new(&format!("http://{}", server.address())).unwrap();
    let refused = (0..1000).find_map(|_| client.advance(1).err()).unwrap();
    assert!(refused.to_string().contains("the journal would pass 2000 bytes"), "{refused}");
    assert!(client.clock().is_err(), "memory is ahead of the disk, so nothing is answered");
    server.close();
}

/// Serves until it is killed, when the kill test below starts this binary again; otherwise does
/// nothing.
#[test]
fn child_serves_until_it_is_killed() {
    let Some(dir) = std::env::var_os(CHILD_DIR) else { return };
    let server = serve(loopback(), Path::new(&dir), config()).unwrap();
    let mut out = std::io::stdout();
    writeln!(out, "\naddress={}", server.address()).unwrap();
    out.flush().unwrap();
    // The parent holds the other end of stdin until it has killed this process or died itself.
    let mut rest = Vec::new();
    std::io::stdin().read_to_end(&mut rest).unwrap();
}

fn start_child(dir: &Path) -> (Child, VenueClient) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "http::child_serves_until_it_is_killed", "--nocapture"])
        .env(CHILD_DIR, dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let address = lines
        .find_map(|line| line.unwrap().strip_prefix("address=").map(str::to_owned))
        .expect("the child says where it listens");
    (child, VenueClient::new(&format!("http://{address}")).unwrap())
}

enum Acknowledged {
    Order(NewOrder),
    Fills(Vec<Fill>),
}

/// Sends commands until the venue is gone; returns the order whose answer was lost.
fn trade(client: &VenueClient, round: u32, told: &Sender<Acknowledged>) -> Option<NewOrder> {
    for number in 0..100_000 {
        let side = if number % 2 == 0 { Side::Buy } else { Side::Sell };
        let order = NewOrder::market(&format!("r{round}-{number}"), side, d("1.5"));
        if client.place(&order).is_err() {
            return Some(order);
        }
        told.send(Acknowledged::Order(order)).unwrap();
        if number % 3 == 2 {
            if client.advance(1).is_err() {
                return None;
            }
            let Ok(fills) = client.fills_since(0) else { return None };
            told.send(Acknowledged::Fills(fills)).unwrap();
        }
    }
    None
}

#[test]
fn what_was_acknowledged_survives_twenty_kills() {
    let dir = tempfile::tempdir().unwrap();
    let mut orders: Vec<NewOrder> = Vec::new();
    let mut fills: Vec<Fill> = Vec::new();
    let mut random: u64 = 0x5eed;
    for round in 0..20 {
        let (mut child, client) = start_child(dir.path());
        if round == 0 {
            client.advance(1).unwrap();
        }
        let (told, heard) = channel();
        let trader = thread::spawn(move || trade(&client, round, &told));
        random =
            random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let moment = 3 + (random >> 33) % 25;
        let mut keep = |acknowledged| match acknowledged {
            Acknowledged::Order(order) => orders.push(order),
            Acknowledged::Fills(seen) => fills = seen,
        };
        for _ in 0..moment {
            keep(heard.recv().unwrap());
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let lost = trader.join().unwrap();
        heard.try_iter().for_each(keep);

        let (mut child, client) = start_child(dir.path());
        for order in &orders {
            let known = client.order(&order.client_order_id);
            assert!(known.is_ok(), "round {round}: {order:?}: {known:?}");
        }
        let after = client.fills_since(0).unwrap();
        assert_eq!(&after[..fills.len()], &fills[..], "round {round}");
        assert!(client.balances_json().unwrap().contains("\"books_error\":null"));
        let unique: BTreeSet<_> = after.iter().map(|fill| &fill.trade_id).collect();
        assert_eq!(unique.len(), after.len());
        if let Some(order) = lost {
            client.place(&order).unwrap();
            assert!(client.place(&order).unwrap().duplicate);
            orders.push(order);
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert!(orders.len() > 60 && !fills.is_empty(), "{} orders", orders.len());
}
