//! One order at Hyperliquid's network for tests, placed and canceled: a smoke test of the way there.
//!
//! Nothing here can sign for the network where money is: what is signed says `b`, and the other
//! network refuses it.

mod sign;
mod wire;

use std::io::Read as _;

use serde::Deserialize;

use super::{Decimal, Side};
use crate::http::{Fetch, Request};
use crate::store::chain;

pub use sign::TestnetKey;
use wire::Node;

/// No reply of the venue is longer.
const REPLY_LEN_MAX: u64 = 1 << 20;
const SAID_MAX: usize = 300;

/// How long an order stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TimeInForce {
    /// Added to the book or refused: it never takes.
    Alo,
    /// Filled at once, the rest is canceled.
    Ioc,
    /// Until it is canceled.
    Gtc,
}

impl TimeInForce {
    fn as_str(self) -> &'static str {
        match self {
            Self::Alo => "Alo",
            Self::Ioc => "Ioc",
            Self::Gtc => "Gtc",
        }
    }
}

/// An order with a limit.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TestnetOrder {
    /// Number of the asset at the venue.
    pub asset: u32,
    /// Which way.
    pub side: Side,
    /// Limit price.
    pub px: Decimal,
    /// How much.
    pub qty: Decimal,
    /// Whether it may only make a position smaller.
    pub reduce_only: bool,
    /// How long it stays. Default [`TimeInForce::Alo`].
    pub time_in_force: TimeInForce,
    /// The client's id, `0x` and 32 hexadecimal digits.
    pub client_order_id: Option<String>,
}

impl TestnetOrder {
    /// An order that only adds to the book.
    #[must_use]
    pub fn new(asset: u32, side: Side, px: Decimal, qty: Decimal) -> Self {
        let (reduce_only, client_order_id) = (false, None);
        let time_in_force = TimeInForce::Alo;
        Self { asset, side, px, qty, reduce_only, time_in_force, client_order_id }
    }

    fn node(&self) -> Node {
        let limit = Node::map([("tif", Node::text(self.time_in_force.as_str()))]);
        let mut order = vec![
            ("a", Node::Int(u64::from(self.asset))),
            ("b", Node::Bool(self.side == Side::Buy)),
            ("p", Node::Text(wire_number(self.px))),
            ("s", Node::Text(wire_number(self.qty))),
            ("r", Node::Bool(self.reduce_only)),
            ("t", Node::map([("limit", limit)])),
        ];
        order.extend(self.client_order_id.as_ref().map(|id| ("c", Node::text(id))));
        Node::map([
            ("type", Node::text("order")),
            ("orders", Node::List(vec![Node::map(order)])),
            ("grouping", Node::text("na")),
        ])
    }
}

/// A number without zeros at its end, as the venue writes it before it checks a signature.
fn wire_number(number: Decimal) -> String {
    let text = number.to_string();
    if text.contains('.') {
        return text.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    text
}

fn cancel(asset: u32, oid: u64) -> Node {
    let one = Node::map([("a", Node::Int(u64::from(asset))), ("o", Node::Int(oid))]);
    Node::map([("type", Node::text("cancel")), ("cancels", Node::List(vec![one]))])
}

/// Why a smoke order did not come and go.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct TestnetError {
    what: String,
}

impl TestnetError {
    fn new(what: impl Into<String>) -> Self {
        Self { what: what.into() }
    }
}

/// Sends signed actions to the network for tests.
pub struct Testnet {
    fetch: Box<dyn Fetch>,
    key: TestnetKey,
}

impl std::fmt::Debug for Testnet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Testnet").field("server", &self.fetch.server()).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Reply {
    status: String,
    response: serde_json::Value,
}

impl Testnet {
    /// The network that `fetch` asks, in the name of that key.
    #[must_use]
    pub fn new(fetch: impl Fetch + 'static, key: TestnetKey) -> Self {
        Self { fetch: Box::new(fetch), key }
    }

    /// Places an order, sees it rest, and cancels it; returns its id. `nonce_ms` is the time,
    /// UTC milliseconds, which the venue takes once; the cancel uses the next one.
    ///
    /// # Errors
    ///
    /// [`TestnetError`]; if it says that the order was not canceled, it rests.
    pub fn place_and_cancel(
        &mut self,
        order: &TestnetOrder,
        nonce_ms: u64,
    ) -> Result<u64, TestnetError> {
        let placed = self.send(&order.node(), nonce_ms)?;
        let first = placed.pointer("/data/statuses/0").cloned().unwrap_or_default();
        let oid = first.pointer("/resting/oid").and_then(serde_json::Value::as_u64);
        let oid =
            oid.ok_or_else(|| TestnetError::new(format!("the order does not rest: {first}")))?;
        let canceled = self.send(&cancel(order.asset, oid), nonce_ms.saturating_add(1));
        let canceled = canceled
            .map_err(|error| TestnetError::new(format!("order {oid} was not canceled: {error}")))?;
        let first = canceled.pointer("/data/statuses/0").cloned().unwrap_or_default();
        if first == "success" {
            return Ok(oid);
        }
        Err(TestnetError::new(format!("order {oid} was not canceled: {first}")))
    }

    fn send(&mut self, action: &Node, nonce_ms: u64) -> Result<serde_json::Value, TestnetError> {
        let body = self.key.signed(action, nonce_ms).map_err(TestnetError::new)?;
        let reply = self
            .fetch
            .fetch(&Request::post("/exchange", &body))
            .map_err(|error| TestnetError::new(chain(&error)))?;
        let status = reply.status;
        let mut answer = Vec::new();
        reply
            .body
            .take(REPLY_LEN_MAX)
            .read_to_end(&mut answer)
            .map_err(|error| TestnetError::new(format!("its answer is not whole: {error}")))?;
        let said: String = String::from_utf8_lossy(&answer).chars().take(SAID_MAX).collect();
        match serde_json::from_slice::<Reply>(&answer) {
            Ok(reply) if status == 200 && reply.status == "ok" => Ok(reply.response),
            _ => Err(TestnetError::new(format!("the venue answers with {status}: {said}"))),
        }
    }
}
