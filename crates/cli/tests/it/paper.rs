use std::path::Path;

use plimsoll_paper::{NewOrder, Side, VenueClient};
use serde_json::Value;

use crate::run::{Running, plimsoll};

/// A venue on a free port, and its address.
#[track_caller]
fn venue(dir: &Path, more: &[&str]) -> (Running, String) {
    let args = [&["paper", "venue", "--listen", "127.0.0.1:0", "--dir", "venue"], more].concat();
    let mut running = Running::start(dir, &args);
    let address = running.line();
    assert!(address.starts_with("http://127.0.0.1:"), "{address}");
    (running, address)
}

#[test]
fn fills_survive_sigkill_of_the_venue() {
    let dir = tempfile::tempdir().unwrap();
    let (running, address) = venue(dir.path(), &[]);
    let client = VenueClient::new(&address).unwrap();
    client.advance(1).unwrap();
    let qty = "1.5".parse().unwrap();
    client.place(&NewOrder::market("mine-1", Side::Buy, qty)).unwrap();
    client.advance(1).unwrap();
    let before = client.fills_since(0).unwrap();
    assert_eq!(before.len(), 1);
    running.kill();
    let (running, address) = venue(dir.path(), &[]);
    let client = VenueClient::new(&address).unwrap();
    assert_eq!(client.fills_since(0).unwrap(), before);
    assert_eq!(client.clock().unwrap().bars_done, 2);
    assert_eq!(running.terminate().0, 0, "SIGTERM is a clean end");
}

#[test]
fn a_trader_trades_at_a_venue_and_tells_its_fills() {
    let dir = tempfile::tempdir().unwrap();
    let (_running, address) = venue(dir.path(), &[]);
    let trade =
        ["paper", "trade", "--venue", &address, "--advance", "130", "--name", "one", "--json"];
    let ran = plimsoll(dir.path(), &trade);
    assert_eq!(ran.code, 0, "{ran:?}");
    let fills: Vec<Value> = ran.out.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert!(!fills.is_empty(), "{}", ran.err);
    assert!(fills.iter().all(|fill| fill["schema"] == "plimsoll.paper.fill/1"), "{fills:?}");
    let known = VenueClient::new(&address).unwrap().fills_since(0).unwrap();
    let told: Vec<&str> = fills.iter().filter_map(|fill| fill["trade_id"].as_str()).collect();
    let booked: Vec<&str> = known.iter().map(|fill| fill.trade_id.as_str()).collect();
    assert_eq!(told, booked);
}

#[test]
fn a_paced_venue_is_traded_to_its_last_bar() {
    let dir = tempfile::tempdir().unwrap();
    let mut bars = "time,open,high,low,close\n".to_owned();
    for n in 0..20_i64 {
        bars.push_str(&format!("{},100,101,99,100\n", 1_700_000_000 + n * 60));
    }
    std::fs::write(dir.path().join("flat.csv"), bars).unwrap();
    let (_running, address) = venue(dir.path(), &["--data", "flat.csv", "--speed", "500"]);
    let ran = plimsoll(dir.path(), &["paper", "trade", "--venue", &address]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.err.contains("bar 20 of 20"), "{}", ran.err);
}

#[test]
fn errors_say_what_to_do_next() {
    let dir = tempfile::tempdir().unwrap();
    let (_running, _) = venue(dir.path(), &[]);
    for (args, code, wanted) in [
        (vec!["trade", "--venue", "127.0.0.1:9"], 2, "hint: such as http://127.0.0.1:8799"),
        (
            vec!["trade", "--venue", "http://127.0.0.1:9", "--patience", "0"],
            2,
            "hint: is the venue running?",
        ),
        (vec!["venue", "--listen", "0.0.0.0:0", "--dir", "v2"], 1, "--allow-remote"),
        (vec!["venue", "--listen", "127.0.0.1:0", "--dir", "venue"], 1, "hint: one venue each"),
        (vec!["venue", "--dir", "v3", "--data", "none.csv"], 2, "cannot read `none.csv`"),
    ] {
        let ran = plimsoll(dir.path(), &[&["paper"], &args[..]].concat());
        assert_eq!(ran.code, code, "{args:?}: {ran:?}");
        assert!(ran.err.contains(wanted), "{args:?} lacks `{wanted}`:\n{}", ran.err);
    }
}
