//! The paper venue, over HTTP.

mod history;

use std::io::Read as _;

use serde::Deserialize;

use super::{Balance, Decimal, Holdings, HoldingsError, OpenOrder, Position, ReadHoldings, Side};
use crate::http::{Fetch, Request};

/// No reply of the venue is longer.
const REPLY_LEN_MAX: u64 = 64 << 20;
/// The venue sends so many entries at once; more pages than that are not asked for.
const PAGES_MAX: usize = 10_000;

/// Reads positions, open orders, balances and the last fill of a paper venue.
pub struct PaperVenue {
    fetch: Box<dyn Fetch>,
}

impl std::fmt::Debug for PaperVenue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PaperVenue({})", self.fetch.server())
    }
}

#[derive(Deserialize)]
struct Positions {
    positions: Vec<PositionRow>,
}

#[derive(Deserialize)]
struct PositionRow {
    instrument_id: String,
    position_side: String,
    qty: Decimal,
}

#[derive(Deserialize)]
struct Orders {
    orders: Vec<OrderRow>,
}

#[derive(Deserialize)]
struct OrderRow {
    order: Asked,
    venue_order_id: Option<String>,
    leaves_qty: Decimal,
}

#[derive(Deserialize)]
struct Asked {
    client_order_id: String,
    side: Side,
    order_type: String,
    qty: Decimal,
    px: Option<Decimal>,
    trigger_px: Option<Decimal>,
    reduce_only: bool,
}

#[derive(Deserialize)]
struct Balances {
    balances: Vec<BalanceRow>,
    books_error: Option<String>,
}

#[derive(Deserialize)]
struct BalanceRow {
    currency: String,
    total: Decimal,
}

#[derive(Deserialize)]
struct Fills {
    fills: Vec<FillRow>,
    next: usize,
}

#[derive(Deserialize)]
struct FillRow {
    trade_id: String,
    ts_ns: i64,
}

/// The venue has one account.
const ACCOUNT: &str = "PAPER";

impl PaperVenue {
    /// The venue that `fetch` asks.
    #[must_use]
    pub fn new(fetch: impl Fetch + 'static) -> Self {
        Self { fetch: Box::new(fetch) }
    }

    fn get<T: for<'de> Deserialize<'de>>(&mut self, path: &str) -> Result<T, HoldingsError> {
        let failed = || HoldingsError::new(format!("cannot read `{path}` of the paper venue"));
        let reply =
            self.fetch.fetch(&Request::get(path)).map_err(|error| failed().with_source(error))?;
        let status = reply.status;
        let mut text = Vec::new();
        reply
            .body
            .take(REPLY_LEN_MAX)
            .read_to_end(&mut text)
            .map_err(|error| failed().with_source(error))?;
        if status != 200 {
            return Err(failed().with_source(format!("it answered with status {status}")));
        }
        serde_json::from_slice(&text).map_err(|error| failed().with_source(error))
    }

    fn read_balances(&mut self) -> Result<Vec<Balance>, HoldingsError> {
        let balances: Balances = self.get("/balances")?;
        if let Some(error) = balances.books_error {
            return Err(
                HoldingsError::new("the books of the venue do not add up").with_source(error)
            );
        }
        let balance = |row: BalanceRow| Balance {
            account_id: ACCOUNT.to_owned(),
            currency: row.currency,
            total: row.total,
        };
        Ok(balances.balances.into_iter().map(balance).collect())
    }

    fn last_fill(&mut self) -> Result<Option<(String, i64)>, HoldingsError> {
        let mut last = None;
        let mut since = 0;
        for _ in 0..PAGES_MAX {
            let page: Fills = self.get(&format!("/fills?since={since}"))?;
            let Some(fill) = page.fills.into_iter().next_back() else { return Ok(last) };
            last = Some((fill.trade_id, fill.ts_ns / 1_000_000));
            since = page.next;
        }
        Err(HoldingsError::new("the paper venue has fills without end"))
    }
}

impl ReadHoldings for PaperVenue {
    fn name(&self) -> String {
        format!("paper venue at {}", self.fetch.server())
    }

    fn holdings(&mut self) -> Result<Holdings, HoldingsError> {
        let mut holdings = Holdings::default();
        let positions: Positions = self.get("/positions")?;
        let instrument = positions.positions.first().map(|row| row.instrument_id.clone());
        for row in positions.positions {
            let signed = match row.position_side.as_str() {
                "long" => row.qty.abs(),
                "short" => -row.qty.abs(),
                "flat" => continue,
                other => {
                    return Err(HoldingsError::new(format!("the venue has the side `{other}`")));
                }
            };
            holdings.positions.push(Position::new(ACCOUNT, &row.instrument_id, signed));
        }
        let orders: Orders = self.get("/orders/open")?;
        for row in orders.orders {
            let Asked { client_order_id, side, order_type, qty, px, trigger_px, reduce_only } =
                row.order;
            // The venue trades one instrument, and its orders do not name it.
            let instrument = instrument.as_deref().unwrap_or("-");
            let mut order = OpenOrder::new(ACCOUNT, instrument, side, qty);
            order.client_order_id = Some(client_order_id);
            order.venue_order_id = row.venue_order_id;
            order.order_type = order_type;
            order.leaves_qty = row.leaves_qty;
            (order.px, order.trigger_px, order.reduce_only) = (px, trigger_px, reduce_only);
            holdings.open_orders.push(order);
        }
        holdings.balances = self.read_balances()?;
        holdings.last_fill = self.last_fill()?;
        Ok(holdings.sorted())
    }
}
