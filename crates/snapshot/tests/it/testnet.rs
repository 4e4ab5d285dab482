//! Orders for the network for tests: signatures beside those of the venue's own client.

use std::sync::{Arc, Mutex};

use plimsoll_snapshot::venue::{Side, Testnet, TestnetKey, TestnetOrder, TimeInForce};
use serde_json::Value;

use crate::fakes::{http, serve_http};

/// Made by `sign_l1_action` of the venue's client 0.24.0 with `is_mainnet=False`; keys are small
/// numbers, and hold nothing.
const VECTORS: &str = include_str!("../vectors/hyperliquid_testnet.json");

fn key(number: u64) -> TestnetKey {
    TestnetKey::from_hex(&format!("0x{:064x}", number * 7919 + 1)).unwrap()
}

/// Without zeros at the beginning: the client leaves them out.
fn number(value: &Value) -> String {
    value.as_str().unwrap().trim_start_matches("0x").trim_start_matches('0').to_owned()
}

fn order(row: &Value) -> TestnetOrder {
    let side = if row["is_buy"] == true { Side::Buy } else { Side::Sell };
    let decimal = |name: &str| row[name].as_str().unwrap().parse().unwrap();
    let asset = row["asset"].as_u64().unwrap() as u32;
    let mut order = TestnetOrder::new(asset, side, decimal("px"), decimal("sz"));
    order.reduce_only = row["reduce_only"] == true;
    order.client_order_id = row["cloid"].as_str().map(str::to_owned);
    order.time_in_force = match row["tif"].as_str().unwrap() {
        "Alo" => TimeInForce::Alo,
        "Ioc" => TimeInForce::Ioc,
        _ => TimeInForce::Gtc,
    };
    order
}

/// Answers as the venue does, and keeps what it was sent.
fn venue(oid: u64, cancel: &'static str) -> (std::net::SocketAddr, Arc<Mutex<Vec<Value>>>) {
    let sent = Arc::new(Mutex::new(Vec::new()));
    let shared = sent.clone();
    let address = serve_http(Box::new(move |target, body| {
        assert_eq!(target, "/exchange");
        let body: Value = serde_json::from_str(body).unwrap();
        let is_order = body["action"]["type"] == "order";
        shared.lock().unwrap().push(body);
        let status =
            if is_order { format!("{{\"resting\":{{\"oid\":{oid}}}}}") } else { cancel.to_owned() };
        let sort = if is_order { "order" } else { "cancel" };
        (
            200,
            format!(
                "{{\"status\":\"ok\",\"response\":{{\"type\":\"{sort}\",\"data\":{{\"statuses\":[{status}]}}}}}}"
            ),
        )
    }));
    (address, sent)
}

#[test]
fn every_signature_is_that_of_the_venues_own_client() {
    let vectors: Vec<Value> = serde_json::from_str(VECTORS).unwrap();
    let mut equal = 0;
    for row in &vectors {
        let nonce = row["nonce"].as_u64().unwrap();
        let n = row["n"].as_u64().unwrap();
        assert_eq!(key(n).address(), row["address"].as_str().unwrap());
        // A cancel is what follows an order that rests under that id, with the next nonce.
        let (placed, which, nonce) = match row.get("cancel") {
            Some(cancel) => {
                let asset = cancel["asset"].as_u64().unwrap() as u32;
                let px = "1".parse().unwrap();
                (TestnetOrder::new(asset, Side::Buy, px, px), 1, nonce - 1)
            }
            None => (order(&row["order"]), 0, nonce),
        };
        let oid = row["cancel"]["oid"].as_u64().unwrap_or(77);
        let (address, sent) = venue(oid, "\"success\"");
        assert_eq!(
            Testnet::new(http(address), key(n)).place_and_cancel(&placed, nonce).unwrap(),
            oid
        );
        let sent = sent.lock().unwrap();
        let signed = &sent[which];
        let action: Value = serde_json::from_str(row["action"].as_str().unwrap()).unwrap();
        assert_eq!(signed["action"], action, "{row}");
        assert_eq!(signed["nonce"], row["nonce"]);
        for part in ["r", "s"] {
            assert_eq!(number(&signed["signature"][part]), number(&row[part]), "{row}");
        }
        assert_eq!(signed["signature"]["v"], row["v"], "{row}");
        equal += 1;
    }
    assert!(equal >= 50);
    println!("testnet: {equal} of {} signatures equal those of the venue's client", vectors.len());
}

#[test]
fn an_order_that_is_refused_or_stays_is_said() {
    let placed = || TestnetOrder::new(3, Side::Buy, "1.50".parse().unwrap(), "1".parse().unwrap());
    let (address, sent) = venue(5, "{\"error\":\"Order was never placed\"}");
    let stays = Testnet::new(http(address), key(1)).place_and_cancel(&placed(), 1_700_000_000_000);
    let stays = stays.unwrap_err().to_string();
    assert!(
        stays.contains("order 5 was not canceled") && stays.contains("never placed"),
        "{stays}"
    );
    assert_eq!(sent.lock().unwrap()[0]["action"]["orders"][0]["p"], "1.5");
    let refusing = serve_http(Box::new(|_, _| {
        (200, "{\"status\":\"err\",\"response\":\"User or API Wallet does not exist\"}".to_owned())
    }));
    let refused = Testnet::new(http(refusing), key(1)).place_and_cancel(&placed(), 1);
    assert!(refused.unwrap_err().to_string().contains("does not exist"));
    assert!(
        TestnetKey::from_hex("0x12").is_none() && TestnetKey::from_hex(&"0".repeat(64)).is_none()
    );
    assert_eq!(format!("{:?}", key(1)), "[redacted]");
}
