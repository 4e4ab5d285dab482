//! The cache that a `NautilusTrader` node keeps in Redis.

use serde_json::Value;

use super::{
    Balance, Decimal, Holdings, HoldingsError, OpenOrder, Position, ReadHoldings, Side, msgpack,
};
use crate::capture::nautilus_prefix;
use crate::redis::{Redis, RedisServer};

/// Reads positions and open orders from the cache of a `NautilusTrader` node, whichever way it
/// is encoded.
///
/// An order is a list of events, a position a list of fills. What is open is said by the sets
/// `index:orders_open` and `index:positions_open`.
#[derive(Debug, Clone)]
pub struct NautilusCache {
    server: RedisServer,
    prefix: String,
    trader_id: String,
}

impl NautilusCache {
    /// The cache of a trader; with an instance id only if the node is set up to use it.
    #[must_use]
    pub fn new(server: RedisServer, trader_id: &str, instance_id: Option<&str>) -> Self {
        let prefix = nautilus_prefix(trader_id, instance_id);
        Self { server, prefix, trader_id: trader_id.to_owned() }
    }
}

/// Events of one order or position, oldest first.
type Events = Vec<Value>;

struct Cache<'a> {
    redis: Redis,
    prefix: &'a str,
}

fn failed(what: impl Into<String>) -> HoldingsError {
    HoldingsError::new(what)
}

impl Cache<'_> {
    fn ask(&mut self, words: &[&[u8]]) -> Result<Vec<Vec<u8>>, HoldingsError> {
        let reply = self
            .redis
            .ask(words)
            .map_err(|error| failed("cannot read the cache").with_source(error))?;
        let list = reply.list().ok_or_else(|| failed("Redis gave something else than a list"))?;
        Ok(list.into_iter().filter_map(crate::redis::Value::bytes).collect())
    }

    fn set(&mut self, name: &str) -> Result<Vec<String>, HoldingsError> {
        let key = format!("{}index:{name}", self.prefix);
        let members = self.ask(&[b"SMEMBERS", key.as_bytes()])?;
        let mut members: Vec<String> =
            members.iter().map(|member| String::from_utf8_lossy(member).into_owned()).collect();
        members.sort();
        Ok(members)
    }

    fn events(&mut self, sort: &str, id: &str) -> Result<Events, HoldingsError> {
        let key = format!("{}{sort}:{id}", self.prefix);
        let found = self.ask(&[b"LRANGE", key.as_bytes(), b"0", b"-1"])?;
        if found.is_empty() {
            return Err(failed(format!("the index names `{key}`, and the cache has no such key")));
        }
        let event = |bytes: &Vec<u8>| decode(bytes);
        let events: Option<Events> = found.iter().map(event).collect();
        events.ok_or_else(|| failed(format!("`{key}` is neither JSON nor MessagePack")))
    }
}

fn decode(bytes: &[u8]) -> Option<Value> {
    let value = serde_json::from_slice(bytes).ok().or_else(|| msgpack::read(bytes))?;
    value.is_object().then_some(value)
}

fn text<'a>(event: &'a Value, name: &str) -> Result<&'a str, HoldingsError> {
    event.get(name).and_then(Value::as_str).ok_or_else(|| failed(format!("an event has no {name}")))
}

fn number(event: &Value, name: &str) -> Result<Decimal, HoldingsError> {
    text(event, name)?
        .parse()
        .map_err(|error| failed(format!("an event has a wrong {name}")).with_source(error))
}

fn optional(event: &Value, name: &str) -> Result<Option<Decimal>, HoldingsError> {
    match event.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(_) => number(event, name).map(Some),
    }
}

fn side(event: &Value) -> Result<Side, HoldingsError> {
    match text(event, "order_side")? {
        "BUY" => Ok(Side::Buy),
        "SELL" => Ok(Side::Sell),
        other => Err(failed(format!("an event has the side {other}"))),
    }
}

fn too_long() -> HoldingsError {
    failed("a quantity is too long")
}

/// The position that fills add up to; `None` if that is flat.
fn position(events: &Events) -> Result<Option<Position>, HoldingsError> {
    let mut sum = Decimal::ZERO;
    for event in events {
        if text(event, "type")? != "OrderFilled" {
            let what =
                format!("a position has an event that is not known here: {}", text(event, "type")?);
            return Err(failed(what));
        }
        let qty = number(event, "last_qty")?;
        let signed = if side(event)? == Side::Buy { qty } else { -qty };
        sum = sum.checked_add(signed).ok_or_else(too_long)?;
    }
    let last = events.last().ok_or_else(|| failed("a position has no event"))?;
    let position = Position::new(text(last, "account_id")?, text(last, "instrument_id")?, sum);
    Ok((!sum.is_zero()).then_some(position))
}

/// An order as its events leave it.
fn order(events: &Events) -> Result<OpenOrder, HoldingsError> {
    let first = events.first().ok_or_else(|| failed("an order has no event"))?;
    if text(first, "type")? != "OrderInitialized" {
        return Err(failed("an order does not begin with its first event"));
    }
    let qty = number(first, "quantity")?;
    let mut order = OpenOrder::new("", text(first, "instrument_id")?, side(first)?, qty);
    order.client_order_id = Some(text(first, "client_order_id")?.to_owned());
    text(first, "order_type")?.clone_into(&mut order.order_type);
    order.reduce_only = first.get("reduce_only").and_then(Value::as_bool).unwrap_or_default();
    let options = first.get("options").unwrap_or(&Value::Null);
    order.px = optional(options, "price")?;
    order.trigger_px = optional(options, "trigger_price")?;
    let mut filled = Decimal::ZERO;
    for event in events.iter().skip(1) {
        if let Some(id) = event.get("venue_order_id").and_then(Value::as_str) {
            order.venue_order_id = Some(id.to_owned());
        }
        if let Some(id) = event.get("account_id").and_then(Value::as_str) {
            id.clone_into(&mut order.account_id);
        }
        match text(event, "type")? {
            "OrderFilled" => {
                filled = filled.checked_add(number(event, "last_qty")?).ok_or_else(too_long)?;
            }
            "OrderUpdated" => {
                order.qty = number(event, "quantity")?;
                order.px = optional(event, "price")?.or(order.px);
                order.trigger_px = optional(event, "trigger_price")?.or(order.trigger_px);
            }
            _ => {}
        }
    }
    order.leaves_qty = order.qty.checked_sub(filled).ok_or_else(too_long)?;
    Ok(order)
}

/// The balances of an account's last state.
fn balances(events: &Events) -> Result<Vec<Balance>, HoldingsError> {
    let last = events.last().ok_or_else(|| failed("an account has no event"))?;
    let account_id = text(last, "account_id")?;
    let listed = last.get("balances").and_then(Value::as_array);
    let listed = listed.ok_or_else(|| failed("an account has no balances"))?;
    let balance = |balance: &Value| {
        Ok(Balance {
            account_id: account_id.to_owned(),
            currency: text(balance, "currency")?.to_owned(),
            total: number(balance, "total")?,
        })
    };
    listed.iter().map(balance).collect()
}

impl ReadHoldings for NautilusCache {
    fn name(&self) -> String {
        format!("cache of {} in Redis at {}", self.trader_id, self.server.address)
    }

    fn holdings(&mut self) -> Result<Holdings, HoldingsError> {
        let redis = Redis::connect(&self.server)
            .map_err(|error| failed("cannot read the cache").with_source(error))?;
        let mut cache = Cache { redis, prefix: &self.prefix };
        let keys = cache
            .redis
            .keys(&self.prefix, 100_000)
            .map_err(|error| failed("cannot read the cache").with_source(error))?;
        // No key at all is a wrong trader id or a cache that was wiped, and no flat book.
        if keys.is_empty() {
            return Err(failed(format!("the cache has no key that begins with `{}`", self.prefix)));
        }
        let mut holdings = Holdings::default();
        for id in cache.set("positions_open")? {
            holdings.positions.extend(position(&cache.events("positions", &id)?)?);
        }
        for id in cache.set("orders_open")? {
            holdings.open_orders.push(order(&cache.events("orders", &id)?)?);
        }
        holdings.in_flight = cache.set("orders_inflight")?;
        let accounts = format!("{}accounts:", self.prefix);
        for key in keys.iter().filter_map(|key| std::str::from_utf8(key).ok()) {
            if let Some(id) = key.strip_prefix(&accounts) {
                holdings.balances.extend(balances(&cache.events("accounts", id)?)?);
            }
        }
        Ok(holdings.sorted())
    }
}
