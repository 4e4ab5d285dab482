//! Which request does what.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::desk::{Desk, DeskError};
use super::request::{Answer, Request, refusal};
use crate::books::FlowKind;
use crate::money::Decimal;
use crate::order::{Change, NewOrder, OrderState};
use crate::venue::PlaceError;

const FILLS_MAX: usize = 1000;

/// What a refused request is answered with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiError {
    /// What is wrong.
    pub error: String,
    /// What to do.
    pub hint: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cash {
    kind: FlowKind,
    currency: String,
    amount: Decimal,
}

pub(super) fn route(desk: &mut Desk, request: &Request) -> Answer {
    if let Err(error) = desk.usable() {
        return refused(&error);
    }
    let parts: Vec<&str> = request.path.split('/').filter(|part| !part.is_empty()).collect();
    match (request.method.as_str(), parts.as_slice()) {
        ("POST", ["orders"]) => place(desk, request),
        ("DELETE", ["orders"]) => cancel_all(desk),
        ("DELETE", ["orders", id]) => cancel(desk, id),
        ("PATCH" | "POST", ["orders", id]) => modify(desk, id, request),
        ("GET", ["orders", "open"]) => {
            let open: Vec<&OrderState> = desk.venue.open_orders().collect();
            done(json!({ "orders": open }))
        }
        ("GET", ["orders", id]) => match desk.venue.order(id) {
            Some(order) => done(json!({ "order": order })),
            None => unknown_order(id),
        },
        ("GET", ["positions"]) => done(positions(desk)),
        ("GET", ["fills"]) => fills(desk, request),
        ("GET", ["events"]) => events(desk, request),
        ("GET", ["balances"]) => done(balances(desk)),
        ("GET", ["cashflows"]) => cash_flows(desk, request),
        ("GET", ["account"]) => done(account(desk)),
        ("GET", ["senders"]) => done(json!({ "orders": desk.venue.orders_by_sender() })),
        ("GET", ["clock"]) => done(clock(desk)),
        ("POST", ["advance"]) => advance(desk, request),
        ("POST", ["cash"]) => cash(desk, request),
        _ => refusal(
            404,
            &format!("no `{} {}`", request.method, request.path),
            "see the README of plimsoll-paper",
        ),
    }
}

fn done(body: Value) -> Answer {
    Answer { status: 200, body }
}

fn unknown_order(id: &str) -> Answer {
    let id: String = id.chars().take(64).collect();
    refusal(404, &format!("no order `{id}`"), "use the client_order_id it was placed with")
}

fn refused(error: &DeskError) -> Answer {
    let (status, hint) = match error {
        DeskError::Place(PlaceError::Disconnected) => (503, "the line is broken by script; wait"),
        DeskError::Place(PlaceError::Conflict { .. }) => (409, "use a new client_order_id"),
        DeskError::Place(PlaceError::Full { .. }) => (507, "begin a new run"),
        DeskError::Place(_) | DeskError::Venue(_) => (422, "correct the request"),
        DeskError::Down(_) => (503, "repair the cause and start the venue again"),
    };
    refusal(status, &error.to_string(), hint)
}

fn body<'a, T: Deserialize<'a>>(request: &'a Request) -> Result<T, Answer> {
    serde_json::from_slice(&request.body)
        .map_err(|error| refusal(400, &format!("the body does not suit: {error}"), "send JSON"))
}

/// A number of the query, or its default.
fn query(request: &Request, name: &str, default: usize) -> Result<usize, Answer> {
    let pairs = request.query.split('&').filter_map(|pair| pair.split_once('='));
    let Some((_, text)) = pairs.into_iter().find(|(key, _)| *key == name) else {
        return Ok(default);
    };
    text.parse().map_err(|_| refusal(400, &format!("`{name}` is no number"), "send an integer"))
}

fn place(desk: &mut Desk, request: &Request) -> Answer {
    let order: NewOrder = match body(request) {
        Ok(order) => order,
        Err(answer) => return answer,
    };
    match desk.place(&order) {
        Ok(placed) => done(json!({ "order": placed.state, "duplicate": placed.duplicate })),
        Err(error) => refused(&error),
    }
}

fn cancel(desk: &mut Desk, id: &str) -> Answer {
    if desk.venue.order(id).is_none() {
        return unknown_order(id);
    }
    match desk.cancel(id) {
        Ok(()) => done(json!({ "order": desk.venue.order(id) })),
        Err(error) => refused(&error),
    }
}

fn cancel_all(desk: &mut Desk) -> Answer {
    let open: Vec<String> =
        desk.venue.open_orders().map(|order| order.order.client_order_id.clone()).collect();
    for id in &open {
        if let Err(error) = desk.cancel(id) {
            return refused(&error);
        }
    }
    done(json!({ "canceled": open }))
}

fn modify(desk: &mut Desk, id: &str, request: &Request) -> Answer {
    if desk.venue.order(id).is_none() {
        return unknown_order(id);
    }
    let change: Change = match body(request) {
        Ok(change) => change,
        Err(answer) => return answer,
    };
    match desk.modify(id, &change) {
        Ok(()) => done(json!({ "order": desk.venue.order(id) })),
        Err(error) => refused(&error),
    }
}

fn positions(desk: &Desk) -> Value {
    let instrument = desk.venue.instrument();
    let quote = instrument.quote();
    let rows: Vec<Value> = desk
        .venue
        .books()
        .positions()
        .map(|position| {
            json!({
                "instrument_id": position.instrument.instrument_id(),
                "position_side": position.side(),
                "qty": instrument.qty(position.qty_minor),
                "cost": quote.decimal(position.cost),
                "realized_pnl": quote.decimal(position.realized),
                "mark_px": desk.venue.mark_px(),
            })
        })
        .collect();
    json!({ "positions": rows })
}

fn fills(desk: &Desk, request: &Request) -> Answer {
    let since = match query(request, "since", 0) {
        Ok(since) => since,
        Err(answer) => return answer,
    };
    let rest = desk.venue.fills().get(since..).unwrap_or(&[]);
    let shown = rest.get(..rest.len().min(FILLS_MAX)).unwrap_or(rest);
    done(json!({ "fills": shown, "next": since + shown.len() }))
}

fn events(desk: &Desk, request: &Request) -> Answer {
    match query(request, "since", 0) {
        Ok(since) => {
            let (events, next, forgotten) = desk.events_since(since);
            done(json!({ "events": events, "next": next, "forgotten": forgotten }))
        }
        Err(answer) => answer,
    }
}

fn cash_flows(desk: &Desk, request: &Request) -> Answer {
    match query(request, "since", 0) {
        Ok(since) => {
            let (flows, next) = desk.cash_flows_since(since);
            done(json!({ "cashflows": flows, "next": next }))
        }
        Err(answer) => answer,
    }
}

/// Whose fills and balances these are, and of what.
fn account(desk: &Desk) -> Value {
    let (venue, account_id) = &desk.names;
    let instrument = desk.venue.instrument();
    json!({
        "venue": venue,
        "account_id": account_id,
        "instrument_id": instrument.instrument_id(),
        "currency": instrument.quote().code(),
    })
}

fn balances(desk: &Desk) -> Value {
    let rows: Vec<Value> = desk
        .venue
        .books()
        .balances()
        .map(|balance| {
            let flows: serde_json::Map<String, Value> = FlowKind::ALL
                .into_iter()
                .map(|kind| {
                    let sum = balance.currency.decimal(balance.flow(kind));
                    (kind.as_str().to_owned(), json!(sum))
                })
                .collect();
            json!({
                "currency": balance.currency.code(),
                "total": balance.currency.decimal(balance.total),
                "flows": flows,
            })
        })
        .collect();
    let check = desk.venue.books().check().err().map(|error| error.to_string());
    json!({ "balances": rows, "books_error": check })
}

fn clock(desk: &Desk) -> Value {
    let done = desk.venue.bars_done();
    let last = usize::try_from(done).ok().and_then(|done| done.checked_sub(1));
    let venue = &desk.venue;
    let held = venue.position().map_or(0, |position| position.qty_minor);
    // An equity that does not fit 128 bits is not made up: the field is then null.
    let equity = venue.quote_equity().ok().map(|sum| venue.instrument().quote().decimal(sum));
    json!({
        "equity": equity,
        "position_qty": venue.instrument().qty(held),
        "ts_ns": desk.venue.now_ns(),
        "bars_done": done,
        "bars_len": desk.bars.len(),
        "date": last.and_then(|last| desk.bars.date(last)),
        "mark_px": desk.venue.mark_px(),
        "connected": desk.venue.is_connected(),
    })
}

fn advance(desk: &mut Desk, request: &Request) -> Answer {
    let bars = match query(request, "bars", 1) {
        Ok(bars) if bars <= 10_000 => bars,
        Ok(_) => return refusal(400, "too many bars at once", "at most 10,000"),
        Err(answer) => return answer,
    };
    match desk.advance(u32::try_from(bars).unwrap_or(u32::MAX)) {
        Ok(passed) => done(json!({ "passed": passed, "clock": clock(desk) })),
        Err(error) => refused(&error),
    }
}

fn cash(desk: &mut Desk, request: &Request) -> Answer {
    let cash: Cash = match body(request) {
        Ok(cash) => cash,
        Err(answer) => return answer,
    };
    if !matches!(cash.kind, FlowKind::Deposit | FlowKind::Withdrawal | FlowKind::Transfer) {
        return refusal(422, "only deposit, withdrawal and transfer move by hand", "change kind");
    }
    match desk.cash(cash.kind, &cash.currency, cash.amount) {
        Ok(()) => done(balances(desk)),
        Err(error) => refused(&error),
    }
}
