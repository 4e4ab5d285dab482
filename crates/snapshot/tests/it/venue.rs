//! What an account holds: venues by stand-ins that answer in the recorded shapes.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use plimsoll_snapshot::capture::Positions;
use plimsoll_snapshot::http::{Http, HttpOptions};
use plimsoll_snapshot::trading::Program;
use plimsoll_snapshot::venue::{
    Decimal, Holdings, HoldingsError, Hyperliquid, OwnProgram, PaperVenue, Position, ReadHoldings,
};
use plimsoll_snapshot::{CreateOptions, Manifest, Outcome, Part, create};
use serde_json::{Value, json};

use crate::fakes::{http, serve_http};
use crate::home::{Home, now, packed};

const MASTER: &str = "0x0000000000000000000000000000000000000001";
const SUB: &str = "0x0000000000000000000000000000000000000002";
const AGENT: &str = "0x0000000000000000000000000000000000000003";
const NOBODY: &str = "0x0000000000000000000000000000000000000004";

fn position(coin: &str, szi: &str) -> Value {
    json!({"type": "oneWay", "position": {"coin": coin, "szi": szi, "leverage": {"type": "cross", "value": 20},
        "entryPx": "82511.5", "positionValue": "1.0", "unrealizedPnl": "-1.3", "returnOnEquity": "-0.4",
        "liquidationPx": null, "marginUsed": "3031.7", "maxLeverage": 50,
        "cumFunding": {"allTime": "-1.0", "sinceOpen": "0.1", "sinceChange": "0.0"}}})
}

fn state(positions: &[Value]) -> Value {
    let summary = json!({"accountValue": "463.9", "totalNtlPos": "0.0", "totalRawUsd": "463.9", "totalMarginUsed": "0.0"});
    json!({"marginSummary": summary, "crossMarginSummary": summary, "crossMaintenanceMarginUsed": "0.0",
        "withdrawable": "463.9", "assetPositions": positions, "time": 1_791_480_970_877_u64})
}

fn order(coin: &str, oid: u64, is_trigger: bool) -> Value {
    json!({"coin": coin, "side": "A", "limitPx": "79335.0", "sz": "0.5", "oid": oid, "timestamp": 1_791_475_605_688_u64,
        "triggerCondition": "N/A", "isTrigger": is_trigger, "triggerPx": "6.04", "children": [], "isPositionTpsl": false,
        "reduceOnly": is_trigger, "orderType": "Limit", "origSz": "0.75", "tif": "Gtc",
        "cloid": "0xba5ed11067f2cc01ba5ed10000ba5ed1"})
}

/// The venue, as far as it is asked.
fn info(body: &str) -> (u16, String) {
    let asked: Value = serde_json::from_str(body).unwrap();
    let (user, dex) = (asked["user"].as_str().unwrap_or(""), asked["dex"].as_str().unwrap_or(""));
    let answer = match (asked["type"].as_str().unwrap(), user, dex) {
        ("userRole", MASTER, _) => json!({"role": "user"}),
        ("userRole", SUB, _) => json!({"role": "subAccount", "data": {"master": MASTER}}),
        ("userRole", AGENT, _) => json!({"role": "agent", "data": {"user": MASTER}}),
        ("userRole", ..) => json!({"role": "missing"}),
        ("perpDexs", ..) => {
            json!([null, {"name": "xyz", "fullName": "XYZ", "deployer": MASTER, "oracleUpdater": null}])
        }
        ("spotMeta", ..) => json!({
            "tokens": [{"name": "USDC", "index": 0, "szDecimals": 8}, {"name": "PURR", "index": 1}, {"name": "UBTC", "index": 197}],
            "universe": [{"name": "PURR/USDC", "index": 0, "tokens": [1, 0], "isCanonical": true},
                {"name": "@142", "index": 142, "tokens": [197, 0], "isCanonical": false}]}),
        ("subAccounts", MASTER, _) => json!([{"name": "S", "subAccountUser": SUB, "master": MASTER,
            "clearinghouseState": state(&[]), "spotState": {"balances": []}}]),
        ("subAccounts", ..) => Value::Null,
        ("clearinghouseState", MASTER, "") => {
            state(&[position("BTC", "0.75"), position("ETH", "0.0")])
        }
        ("clearinghouseState", MASTER, "xyz") => state(&[position("xyz:GOLD", "-2.5")]),
        ("clearinghouseState", SUB, "") => state(&[position("BTC", "-0.25")]),
        ("clearinghouseState", ..) => state(&[]),
        ("frontendOpenOrders", MASTER, "") => {
            json!([order("BTC", 7, true), order("@142", 8, false)])
        }
        ("frontendOpenOrders", MASTER, "xyz") => json!([order("xyz:GOLD", 9, false)]),
        ("frontendOpenOrders", ..) => json!([]),
        ("spotClearinghouseState", ..) => {
            json!({"balances": [{"coin": "USDC", "token": 0, "total": "246.64", "hold": "0.0", "entryNtl": "0.0"}]})
        }
        ("userFillsByTime", ..) => {
            json!([{"coin": "BTC", "px": "1.0", "sz": "1.0", "side": "A", "time": 1_791_456_123_833_i64,
            "startPosition": "1.0", "dir": "Close Long", "closedPnl": "-6.9", "hash": "0x2a", "oid": 5, "crossed": true,
            "fee": "26.6", "tid": 1_039_122_026_362_337_u64, "feeToken": "USDC", "twapId": null}])
        }
        (other, ..) => return (422, format!("no {other}")),
    };
    (200, answer.to_string())
}

fn clock() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_791_480_000 + SLEPT.load(Ordering::SeqCst))
}

static SLEPT: AtomicU64 = AtomicU64::new(0);

/// The clock goes on when somebody waits.
fn pause(span: Duration) {
    SLEPT.fetch_add(span.as_secs() + 1, Ordering::SeqCst);
}

fn hyperliquid(
    answer: impl Fn(&str) -> (u16, String) + Send + Sync + 'static,
    address: &str,
) -> Hyperliquid {
    let server = serve_http(Box::new(move |target, body| {
        assert_eq!(target, "/info");
        answer(body)
    }));
    Hyperliquid::new(http(server), address, clock, pause).unwrap()
}

fn error(result: Result<Holdings, HoldingsError>) -> String {
    let error = result.unwrap_err();
    let causes = std::iter::successors(Some(&error as &dyn std::error::Error), |e| e.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[test]
fn every_exchange_spot_and_sub_account_of_hyperliquid_counts() {
    let holdings = hyperliquid(info, MASTER).holdings().unwrap();
    let positions: Vec<String> = holdings
        .positions
        .iter()
        .map(|p| format!("{} {} {}", &p.account_id[41..], p.instrument_id, p.signed_qty))
        .collect();
    let wanted = [
        "1 BTC-USD-PERP.HYPERLIQUID 0.75",
        "1 xyz:GOLD-USD-PERP.HYPERLIQUID -2.5",
        "2 BTC-USD-PERP.HYPERLIQUID -0.25",
    ];
    assert_eq!(positions, wanted);
    let orders: Vec<String> = holdings
        .open_orders
        .iter()
        .map(|o| {
            format!(
                "{} {} {:?}",
                o.venue_order_id.as_ref().unwrap(),
                o.instrument_id,
                o.trigger_px.map(|p| p.to_string())
            )
        })
        .collect();
    for wanted in [
        "7 BTC-USD-PERP.HYPERLIQUID Some(\"6.04\")",
        "8 UBTC-USDC-SPOT.HYPERLIQUID None",
        "9 xyz:GOLD-USD-PERP.HYPERLIQUID None",
    ] {
        assert!(orders.iter().any(|order| order == wanted), "{orders:?}");
    }
    assert_eq!(holdings.balances.len(), 2);
    assert_eq!(holdings.last_fill, Some(("1039122026362337".to_owned(), 1_791_456_123_833)));
}

#[test]
fn an_address_whose_emptiness_says_nothing_is_refused() {
    let agent = error(hyperliquid(info, AGENT).holdings());
    assert!(agent.contains("is an agent") && agent.contains(MASTER), "{agent}");
    let nobody = error(hyperliquid(info, NOBODY).holdings());
    assert!(nobody.contains("does not know"), "{nobody}");
    assert!(hyperliquid(info, SUB).holdings().is_ok());
    let http = || Http::new("http://127.0.0.1:1", HttpOptions::default()).unwrap();
    for wrong in
        ["", "0x12", "1000000000000000000000000000000000000000ab", &format!("0x{}", "g".repeat(40))]
    {
        assert!(Hyperliquid::new(http(), wrong, clock, pause).is_err(), "{wrong}");
    }
}

#[test]
fn what_cannot_be_read_of_hyperliquid_is_never_nothing() {
    let check = |which: &'static str, answer: (u16, &'static str), wanted: &str| {
        let venue = move |body: &str| {
            let is_asked = serde_json::from_str::<Value>(body).unwrap()["type"] == which;
            if is_asked { (answer.0, answer.1.to_owned()) } else { info(body) }
        };
        let said = error(hyperliquid(venue, MASTER).holdings());
        assert!(said.contains(wanted), "{which}: {said}");
    };
    check("userRole", (200, "{}"), "cannot ask the venue for userRole");
    check("clearinghouseState", (200, "{}"), "assetPositions");
    check("clearinghouseState", (200, "null"), "cannot ask the venue for clearinghouseState");
    check("frontendOpenOrders", (200, r#"[{"coin":"BTC"}]"#), "missing field");
    check("frontendOpenOrders", (500, "down"), "status 500: down");
    check("subAccounts", (200, r#"[{"name":"S"}]"#), "subAccountUser");
    check("perpDexs", (200, "<html>"), "cannot ask the venue for perpDexs");
    check("spotMeta", (200, r#"{"tokens":[],"universe":[]}"#), "names no pair `@142`");
    check("userFillsByTime", (429, ""), "refuses requests for their number");
}

#[test]
fn fills_are_read_page_by_page_and_no_page_is_the_last_by_its_length() {
    // 1,203 fills, many at one millisecond, 500 at a time from a given time on.
    let fills: Vec<(i64, u64)> =
        (0..1203).map(|n| (1_791_000_000_000 + n / 150, n as u64)).collect();
    let pages = Arc::new(AtomicU32::new(0));
    let (served, counted) = (fills.clone(), pages.clone());
    let venue = move |body: &str| {
        let asked: Value = serde_json::from_str(body).unwrap();
        if asked["type"] != "userFillsByTime" || asked["user"] != MASTER {
            return info(body);
        }
        counted.fetch_add(1, Ordering::SeqCst);
        let from = asked["startTime"].as_i64().unwrap();
        let page: Vec<Value> = served
            .iter()
            .filter(|(time, _)| *time >= from)
            .take(500)
            .map(|(time, tid)| json!({"tid": tid, "time": time}))
            .collect();
        (200, Value::from(page).to_string())
    };
    let holdings = hyperliquid(venue, MASTER).holdings().unwrap();
    assert_eq!(holdings.last_fill.unwrap().1, 1_791_456_123_833, "the sub-account's is newer");
    assert!(pages.load(Ordering::SeqCst) >= 3);

    // More at one millisecond than a page holds: the rest cannot be asked for.
    let stuck = |body: &str| {
        let asked: Value = serde_json::from_str(body).unwrap();
        if asked["type"] != "userFillsByTime" {
            return info(body);
        }
        let page: Vec<Value> = (0..500).map(|tid| json!({"tid": tid, "time": 5})).collect();
        (200, Value::from(page).to_string())
    };
    let said = error(hyperliquid(stuck, MASTER).holdings());
    assert!(said.contains("more than can be read"), "{said}");
}

#[test]
fn the_weight_that_the_venue_allows_is_not_exceeded() {
    let asked: Arc<Mutex<Vec<(u64, u32)>>> = Arc::default();
    let seen = asked.clone();
    let venue = move |body: &str| {
        let which = serde_json::from_str::<Value>(body).unwrap()["type"].clone();
        let weight = match which.as_str().unwrap() {
            "userRole" => 60,
            "clearinghouseState" | "spotClearinghouseState" => 2,
            _ => 20,
        };
        let second = clock().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        seen.lock().unwrap().push((second, weight));
        info(body)
    };
    let mut venue = hyperliquid(venue, MASTER);
    for _ in 0..20 {
        venue.holdings().unwrap();
    }
    let asked = asked.lock().unwrap();
    for (at, _) in asked.iter() {
        let minute = asked.iter().filter(|(other, _)| (*at..at + 60).contains(other));
        let weight: u32 = minute.map(|(_, weight)| weight).sum();
        assert!(weight <= 1200, "{weight} in the minute from {at}");
    }
}

fn paper(position_side: &str, qty: &str, books_error: &Value) -> PaperVenue {
    let positions = json!({"positions": [{"instrument_id": "SPX.PAPER", "position_side": position_side, "qty": qty,
        "cost": "1", "realized_pnl": "0", "mark_px": "1"}]});
    let books = json!({"balances": [{"currency": "USD", "total": "100.5", "flows": {}}], "books_error": books_error});
    let server = serve_http(Box::new(move |target, _| {
        match target {
        "/positions" => (200, positions.to_string()),
        "/orders/open" => (200, json!({"orders": [{"order": {"client_order_id": "c1", "side": "sell", "order_type": "limit",
            "qty": "2", "px": "9", "trigger_px": null, "time_in_force": "gtc", "reduce_only": true, "sender": null},
            "venue_order_id": "v1", "status": "accepted", "reason": null, "cum_qty": "0", "leaves_qty": "2",
            "cum_notional": "0", "accepted_ns": 1}]}).to_string()),
        "/balances" => (200, books.to_string()),
        "/fills?since=0" => (200, json!({"fills": [{"trade_id": "t1", "ts_ns": 5_000_000}], "next": 1}).to_string()),
        _ => (200, json!({"fills": [], "next": 1}).to_string()),
    }
    }));
    PaperVenue::new(http(server))
}

#[test]
fn the_paper_venue_is_read_and_its_books_must_add_up() {
    let holdings = paper("short", "-3", &Value::Null).holdings().unwrap();
    assert_eq!(holdings.positions[0].signed_qty.to_string(), "-3");
    assert_eq!(holdings.open_orders[0].client_order_id.as_deref(), Some("c1"));
    assert_eq!(holdings.last_fill, Some(("t1".to_owned(), 5)));
    assert!(paper("flat", "0", &Value::Null).holdings().unwrap().positions.is_empty());
    let said = error(paper("long", "3", &json!("off by one")).holdings());
    assert!(said.contains("do not add up: off by one"), "{said}");
    let said = error(paper("sideways", "3", &Value::Null).holdings());
    assert!(said.contains("sideways"), "{said}");
}

/// Answers with one after the other, and then with the last.
struct Scripted(Vec<Result<Holdings, &'static str>>);

impl ReadHoldings for Scripted {
    fn name(&self) -> String {
        "script".to_owned()
    }

    fn holdings(&mut self) -> Result<Holdings, HoldingsError> {
        let next = if self.0.len() > 1 { self.0.remove(0) } else { self.0[0].clone() };
        next.map_err(HoldingsError::new)
    }
}

fn held(qty: &str) -> Result<Holdings, &'static str> {
    let mut holdings = Holdings::default();
    let qty: Decimal = qty.parse().unwrap();
    holdings.positions.push(Position::new("A", "BTC", qty));
    Ok(holdings)
}

fn captured(home: &Home, positions: Positions) -> Manifest {
    let mut parts = [Part::required("positions", positions)];
    create(&home.store(), &mut parts, &CreateOptions::new(now(), "test 1")).unwrap()
}

#[test]
fn cache_and_venue_are_captured_with_their_difference() {
    let home = Home::new();
    let positions =
        Positions::new(Scripted(vec![held("1.5")])).with_cache(Scripted(vec![held("2")]));
    let manifest = captured(&home, positions);
    assert!(manifest.is_good());
    assert_eq!(manifest.parts[0].notes, ["cache and venue disagree: BTC: cache 2, venue 1.5"]);
    assert!(packed(&home).contains("disagreements"));
    let agreeing =
        Positions::new(Scripted(vec![held("1.5")])).with_cache(Scripted(vec![held("1.50")]));
    assert!(captured(&home, agreeing.must_agree()).is_good());
}

#[test]
fn a_venue_that_moves_fails_or_disagrees_fails_the_part() {
    let home = Home::new();
    let check = |positions: Positions, wanted: &str| {
        let manifest = captured(&home, positions);
        let Outcome::Failed { why } = &manifest.parts[0].outcome else { panic!("{manifest:?}") };
        assert!(why.contains(wanted), "{why}");
    };
    let moving = (1..20).map(|n| held(&n.to_string())).collect();
    check(Positions::new(Scripted(moving)), "change while they are read: fence");
    check(Positions::new(Scripted(vec![Err("no answer")])), "cannot read script: no answer");
    let cache =
        Positions::new(Scripted(vec![held("1")])).with_cache(Scripted(vec![Err("no cache")]));
    check(cache, "no cache");
    let disagreeing =
        Positions::new(Scripted(vec![held("1")])).with_cache(Scripted(vec![held("2")]));
    check(disagreeing.must_agree(), "BTC: cache 2, venue 1");
    // One that settles is fine.
    let settling = vec![held("1"), held("2"), held("2")];
    assert!(captured(&home, Positions::new(Scripted(settling))).is_good());
}

#[test]
fn a_program_of_ones_own_says_what_is_held_and_what_it_leaves_out_is_not_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let says = |text: &str| {
        std::fs::write(dir.path().join("held.json"), text).unwrap();
        OwnProgram::new(Program::new(["cat", "held.json"]), dir.path()).holdings()
    };
    let order = r#"{"account_id":"main","instrument_id":"BTC-PERP","side":"buy","order_type":"limit","qty":"1","leaves_qty":"0.4","px":"100","reduce_only":true,"client_order_id":"c-1"}"#;
    let position = r#"{"account_id":"main","instrument_id":"BTC-PERP","signed_qty":"-0.5"}"#;
    let flat = r#"{"account_id":"main","instrument_id":"ETH-PERP","signed_qty":"0"}"#;
    let held = says(&format!(
        r#"{{"positions":[{flat},{position}],"open_orders":[{order}],"last_fill":["f-17",1795509000000]}}"#
    ));
    let held = held.unwrap();
    assert_eq!(held.positions.len(), 1, "what is flat is no position");
    assert_eq!(held.positions[0].signed_qty, "-0.5".parse().unwrap());
    assert!(held.open_orders[0].reduce_only && held.last_fill.is_some());
    for (text, wanted) in [
        ("", "what it said is not understood"),
        ("{}", "missing field `positions`"),
        (r#"{"positions":[]}"#, "missing field `open_orders`"),
        (r#"{"positions":[],"open_orders":[],"orders":[1]}"#, "unknown field `orders`"),
    ] {
        let text_of = error(says(text));
        assert!(text_of.contains(wanted), "{text}: {text_of}");
    }
    let gone = OwnProgram::new(Program::new(["false"]), dir.path()).holdings();
    assert!(error(gone).contains("it did not say what is held"));
}
