//! What happened in an account, and a statement beside a store.

use std::time::{Duration, SystemTime};

use plimsoll_snapshot::venue::{
    Booked, BookedBalance, BookedFill, BookedFlow, Decimal, FlowKind, Hyperliquid, Item,
    PaperVenue, ReadHistory, Side, Span, Statement, compare,
};
use serde_json::{Value, json};

use crate::fakes::{http, serve_http};

const ADDRESS: &str = "0x0000000000000000000000000000000000000001";
const OTHER: &str = "0x0000000000000000000000000000000000000002";
const HOUR_MS: i64 = 3_600_000;
const FROM_MS: i64 = 1_790_000_000_000;

fn span(hours: i64) -> Span {
    Span::new(FROM_MS * 1_000_000, (FROM_MS + hours * HOUR_MS) * 1_000_000)
}

fn fill(n: i64) -> Value {
    json!({"coin": "BTC", "px": "82511.5", "sz": "0.01", "side": if n % 2 == 0 { "B" } else { "A" },
        "time": FROM_MS + n / 3, "startPosition": "0.0", "dir": "Open Long", "closedPnl": "1.25", "hash": "0x2a",
        "oid": 5, "crossed": true, "fee": "0.37", "tid": 1_000 + n, "feeToken": "USDC", "twapId": null})
}

/// The venue: more fills than one reply holds, and each way in which money moves.
fn info(body: &str) -> (u16, String) {
    let asked: Value = serde_json::from_str(body).unwrap();
    let since = asked["startTime"].as_i64().unwrap_or(0);
    let ledger = |n: i64, delta: Value| json!({"time": FROM_MS + n, "hash": format!("0x{n}"), "delta": delta});
    let answer = match asked["type"].as_str().unwrap() {
        "userRole" => json!({"role": "user"}),
        "perpDexs" => json!([null]),
        "spotMeta" => json!({"tokens": [], "universe": []}),
        "userFillsByTime" => {
            let page: Vec<Value> = (0..1_200)
                .map(fill)
                .filter(|f| f["time"].as_i64().unwrap() >= since)
                .take(500)
                .collect();
            json!(page)
        }
        "userFunding" => {
            json!([{"time": FROM_MS + HOUR_MS, "hash": "0x0", "delta": {"type": "funding",
            "coin": "BTC", "usdc": "-3.625312", "szi": "49.1477", "fundingRate": "0.0000417", "nSamples": null}}])
        }
        "userNonFundingLedgerUpdates" => json!([
            ledger(1, json!({"type": "deposit", "usdc": "1000.0"})),
            ledger(2, json!({"type": "withdraw", "usdc": "90.0", "nonce": 1, "fee": "1.0"})),
            ledger(3, json!({"type": "accountClassTransfer", "usdc": "5.0", "toPerp": true})),
            ledger(
                4,
                json!({"type": "internalTransfer", "usdc": "7.0", "user": ADDRESS, "destination": OTHER, "fee": "0.0"})
            ),
            ledger(
                5,
                json!({"type": "subAccountTransfer", "usdc": "3.0", "user": OTHER, "destination": ADDRESS})
            ),
        ]),
        "historicalOrders" => {
            json!([{"order": {"coin": "BTC", "side": "A", "limitPx": "79335.0", "sz": "0.5", "oid": 7,
            "timestamp": FROM_MS, "triggerCondition": "N/A", "isTrigger": false, "triggerPx": "0.0", "children": [],
            "isPositionTpsl": false, "reduceOnly": false, "orderType": "Limit", "origSz": "0.75", "tif": "Gtc",
            "cloid": null}, "status": "marginCanceled", "statusTimestamp": FROM_MS + 10}])
        }
        "clearinghouseState" => {
            json!({"marginSummary": {"accountValue": "463.9"}, "assetPositions": [{"type": "oneWay",
            "position": {"coin": "BTC", "szi": "0.1", "entryPx": "1.0", "unrealizedPnl": "-1.3"}}]})
        }
        "spotClearinghouseState" => json!({"balances": [{"coin": "USDC", "total": "10.0"}]}),
        other => return (422, format!("no {other}")),
    };
    (200, answer.to_string())
}

fn hyperliquid(answer: fn(&str) -> (u16, String)) -> Hyperliquid {
    let server = serve_http(Box::new(move |_, body| answer(body)));
    let clock = || SystemTime::UNIX_EPOCH + Duration::from_secs(1_790_100_000);
    // Each request has the whole minute to itself.
    Hyperliquid::new(http(server), ADDRESS, clock, |_| ()).unwrap()
}

#[test]
fn fills_of_hyperliquid_are_read_over_the_pages_and_none_twice() {
    let fills = hyperliquid(info).fills(span(1)).unwrap();
    assert_eq!(fills.len(), 1_200);
    let first = &fills[0];
    assert_eq!(
        (first.instrument_id.as_str(), first.trade_id.as_str(), first.side, first.at_ns),
        ("BTC-USD-PERP.HYPERLIQUID", "1000", Side::Buy, FROM_MS * 1_000_000)
    );
    assert_eq!((first.fee.to_string(), first.is_maker), ("0.37".to_owned(), Some(false)));
    let short = Span::new(FROM_MS * 1_000_000, (FROM_MS + 10) * 1_000_000);
    assert_eq!(hyperliquid(info).fills(short).unwrap().len(), 30);
}

#[test]
fn money_of_hyperliquid_is_signed_and_what_stays_in_the_account_is_none() {
    let flows = hyperliquid(info).flows(span(2)).unwrap();
    let told: Vec<String> =
        flows.iter().map(|f| format!("{} {} {}", f.kind.as_str(), f.amount, f.currency)).collect();
    let wanted = [
        "deposit 1000 USDC",
        "withdrawal -90 USDC",
        "adjustment -1 USDC",
        "transfer -7 USDC",
        "transfer 3 USDC",
        "funding -3.625312 USDC",
    ];
    assert_eq!(told, wanted);
    assert_eq!(flows[5].instrument_id.as_deref(), Some("BTC-USD-PERP.HYPERLIQUID"));
    let orders = hyperliquid(info).orders(span(1)).unwrap();
    assert_eq!(
        (orders[0].event, orders[0].reason.as_deref()),
        ("canceled", Some("marginCanceled"))
    );
    assert_eq!(orders[0].cum_qty.unwrap().to_string(), "0.25");
    let balances = hyperliquid(info).balances().unwrap();
    assert_eq!((balances[0].currency.as_str(), balances[0].total.to_f64()), ("USDC", 475.2));
}

#[test]
fn a_history_that_is_not_whole_is_an_error() {
    fn agent(body: &str) -> (u16, String) {
        match body.contains("userRole") {
            true => (200, json!({"role": "agent", "data": {"user": OTHER}}).to_string()),
            false => (200, "[]".to_owned()),
        }
    }
    assert!(hyperliquid(agent).fills(span(1)).unwrap_err().to_string().contains("agent"));
    fn unknown(body: &str) -> (u16, String) {
        match body.contains("userNonFundingLedgerUpdates") {
            true => (
                200,
                json!([{"time": FROM_MS, "hash": "0xnew", "delta": {"type": "minted"}}])
                    .to_string(),
            ),
            false => info(body),
        }
    }
    assert!(hyperliquid(unknown).flows(span(1)).unwrap_err().to_string().contains("0xnew"));
    fn endless(body: &str) -> (u16, String) {
        match body.contains("userFillsByTime") {
            true => (200, json!((0..500).map(|_| fill(0)).collect::<Vec<_>>()).to_string()),
            false => info(body),
        }
    }
    assert!(hyperliquid(endless).fills(span(1)).is_err());
    let forgot = serve_http(Box::new(|target, _| match target {
        "/account" => {
            (200, json!({"venue": "PAPER", "instrument_id": "X", "currency": "USD"}).to_string())
        }
        _ => (200, json!({"events": [], "next": 7, "forgotten": 7}).to_string()),
    }));
    let error = PaperVenue::new(http(forgot)).orders(span(1)).unwrap_err();
    assert!(error.to_string().contains("forgotten its first 7 events"), "{error}");
}

/// A day of the venue, and a store that agrees with it.
fn day() -> (Statement, Booked) {
    let mut venue = hyperliquid(info);
    let statement = Statement {
        fills: venue.fills(span(24)).unwrap(),
        flows: venue.flows(span(24)).unwrap(),
        balances: venue.balances().unwrap(),
    };
    let fills = statement
        .fills
        .iter()
        .map(|f| BookedFill {
            at_ns: f.at_ns,
            instrument_id: f.instrument_id.clone(),
            side: f.side,
            trade_id: f.trade_id.clone(),
            qty: f.qty.to_f64(),
            px: f.px.to_f64(),
            fee: Some(f.fee.to_f64()),
            fee_currency: Some(f.fee_currency.clone()),
            realized_pnl: f.realized_pnl.map(Decimal::to_f64),
        })
        .collect();
    let flows = statement
        .flows
        .iter()
        .map(|f| BookedFlow {
            at_ns: f.at_ns,
            kind: f.kind.as_str().to_owned(),
            instrument_id: f.instrument_id.clone().unwrap_or_else(|| "-".to_owned()),
            currency: f.currency.clone(),
            ref_id: f.ref_id.clone(),
            amount: f.amount.to_f64(),
        })
        .collect();
    let at_ns = FROM_MS * 1_000_000 + 2 * HOUR_MS * 1_000_000;
    let balances = vec![BookedBalance { at_ns, currency: "USDC".to_owned(), total: 475.2 }];
    (statement, Booked { fills, flows, balances })
}

#[test]
fn a_clean_day_is_equal_in_every_line() {
    let (statement, booked) = day();
    let (lines, unequal) = compare(&statement, &booked, span(24));
    assert_eq!(unequal, []);
    assert_eq!(lines.len(), 6, "{lines:?}");
    assert!(lines.iter().all(|line| line.is_equal() == Some(true)), "{lines:?}");
}

#[test]
fn what_is_planted_is_found_where_it_is() {
    let check = |plant: fn(&mut Statement, &mut Booked), item: Item, row: &str| {
        let (mut statement, mut booked) = day();
        plant(&mut statement, &mut booked);
        let (lines, unequal) = compare(&statement, &booked, span(24));
        let different: Vec<Item> =
            lines.iter().filter(|l| l.is_equal() == Some(false)).map(|l| l.item).collect();
        assert!(different.contains(&item), "{item:?}: {different:?}");
        assert!(
            unequal.iter().any(|u| format!("{} {}", u.row, u.value).starts_with(row)),
            "{unequal:?}"
        );
        unequal.len()
    };
    // The fee of one tick on one fill: 0.1 USD × 0.01 BTC × 4.5 bp.
    let fee = |_: &mut Statement, store: &mut Booked| {
        store.fills[7].fee = store.fills[7].fee.map(|fee| fee + 4.5e-7);
    };
    assert_eq!(check(fee, Item::Fees, "fill 1007 of BTC-USD-PERP.HYPERLIQUID fee"), 1);
    let hole = |_: &mut Statement, store: &mut Booked| drop(store.fills.remove(3));
    assert_eq!(check(hole, Item::Fills, "fill 1003"), 1);
    let foreign = |venue: &mut Statement, _: &mut Booked| drop(venue.fills.remove(3));
    assert_eq!(check(foreign, Item::Traded, "fill 1003"), 1);
    let funding = |_: &mut Statement, store: &mut Booked| {
        let paid = store.flows.iter_mut().find(|f| f.kind == FlowKind::Funding.as_str()).unwrap();
        paid.amount += 1e-6;
    };
    assert_eq!(check(funding, Item::Funding, "funding BTC"), 1);
}

#[test]
fn mistakes_that_cancel_in_the_sum_are_found_row_by_row() {
    let (statement, mut booked) = day();
    booked.fills[0].fee = booked.fills[0].fee.map(|fee| fee + 0.01);
    booked.fills[1].fee = booked.fills[1].fee.map(|fee| fee - 0.01);
    let (lines, unequal) = compare(&statement, &booked, span(24));
    assert!(lines.iter().all(|line| line.is_equal() == Some(true)));
    assert_eq!(unequal.len(), 2);
}

#[test]
fn a_balance_that_one_side_cannot_tell_is_not_equal() {
    let (statement, mut booked) = day();
    booked.balances.clear();
    let (lines, _) = compare(&statement, &booked, span(24));
    let balance = lines.iter().find(|line| line.item == Item::Balance).unwrap();
    assert_eq!(balance.is_equal(), None);
    booked.balances =
        vec![BookedBalance { at_ns: FROM_MS * 1_000_000, currency: "USDC".to_owned(), total: 0.0 }];
    booked.fills[5].realized_pnl = None;
    let (lines, _) = compare(&statement, &booked, span(24));
    let balance = lines.iter().find(|line| line.item == Item::Balance).unwrap();
    assert_eq!(balance.is_equal(), None, "a gain that nobody knows makes the sum unknown");
}
