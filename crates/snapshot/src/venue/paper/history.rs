//! What happened at a paper venue.

use serde::Deserialize;
use serde_json::Value;

use super::super::{
    Balance, Decimal, FlowKind, HoldingsError, PastFill, PastFlow, PastOrder, ReadHistory, Side,
    Span,
};
use super::{Asked, PAGES_MAX, PaperVenue};

/// Its name, unless it was given another one.
const PAPER: &str = "PAPER";

/// What the one account trades.
#[derive(Deserialize)]
struct Account {
    instrument_id: String,
    currency: String,
}

#[derive(Deserialize)]
struct Fills {
    fills: Vec<FillRow>,
    next: usize,
}

#[derive(Deserialize)]
struct FillRow {
    trade_id: String,
    client_order_id: String,
    venue_order_id: String,
    side: Side,
    last_qty: Decimal,
    last_px: Decimal,
    commission: Decimal,
    commission_currency: String,
    realized_pnl: Decimal,
    liquidity: String,
    ts_ns: i64,
}

#[derive(Deserialize)]
struct Flows {
    cashflows: Vec<FlowEvent>,
    next: usize,
}

#[derive(Deserialize)]
struct FlowEvent {
    ts_ns: i64,
    kind: FlowOf,
}

#[derive(Deserialize)]
struct FlowOf {
    flow: FlowRow,
}

#[derive(Deserialize)]
struct FlowRow {
    ref_id: String,
    kind: String,
    currency: String,
    amount: Decimal,
    rate: Option<Decimal>,
    position_qty: Option<Decimal>,
}

#[derive(Deserialize)]
struct Events {
    events: Vec<EventRow>,
    next: usize,
    forgotten: usize,
}

#[derive(Deserialize)]
struct EventRow {
    ts_ns: i64,
    kind: OrderEvent,
}

/// Any event; those of orders carry one.
#[derive(Deserialize)]
struct OrderEvent {
    event: String,
    order: Option<OrderRow>,
}

#[derive(Deserialize)]
struct OrderRow {
    order: Asked,
    venue_order_id: Option<String>,
    cum_qty: Decimal,
    /// A word, or an object with words of a script.
    reason: Option<Value>,
}

impl PaperVenue {
    fn account(&mut self) -> Result<Account, HoldingsError> {
        self.get("/account")
    }
}

impl ReadHistory for PaperVenue {
    fn name(&self) -> String {
        format!("paper venue at {}", self.fetch.server())
    }

    fn venue(&self) -> String {
        PAPER.to_owned()
    }

    fn fills(&mut self, span: Span) -> Result<Vec<PastFill>, HoldingsError> {
        let account = self.account()?;
        let (mut found, mut since) = (Vec::new(), 0);
        for _ in 0..PAGES_MAX {
            let page: Fills = self.get(&format!("/fills?since={since}"))?;
            if page.fills.is_empty() {
                return Ok(found);
            }
            let rows = page.fills.into_iter().filter(|row| span.contains(row.ts_ns));
            found.extend(rows.map(|row| row.fill(&account)));
            since = page.next;
        }
        Err(HoldingsError::new("the paper venue has fills without end"))
    }

    fn flows(&mut self, span: Span) -> Result<Vec<PastFlow>, HoldingsError> {
        let account = self.account()?;
        let (mut found, mut since) = (Vec::new(), 0);
        for _ in 0..PAGES_MAX {
            let page: Flows = self.get(&format!("/cashflows?since={since}"))?;
            if page.cashflows.is_empty() {
                return Ok(found);
            }
            for event in page.cashflows.into_iter().filter(|event| span.contains(event.ts_ns)) {
                found.push(event.kind.flow.flow(event.ts_ns, &account)?);
            }
            since = page.next;
        }
        Err(HoldingsError::new("the paper venue has movements without end"))
    }

    fn orders(&mut self, span: Span) -> Result<Vec<PastOrder>, HoldingsError> {
        let account = self.account()?;
        let (mut found, mut since) = (Vec::new(), 0);
        for _ in 0..PAGES_MAX {
            let page: Events = self.get(&format!("/events?since={since}"))?;
            let first = page.events.first().map(|event| event.ts_ns);
            if since == 0 && page.forgotten > 0 && first.is_none_or(|first| first > span.from_ns) {
                let what = format!(
                    "the paper venue has forgotten its first {} events: begin later",
                    page.forgotten
                );
                return Err(HoldingsError::new(what));
            }
            if page.events.is_empty() {
                return Ok(found);
            }
            let rows = page.events.into_iter().filter(|event| span.contains(event.ts_ns));
            found.extend(rows.filter_map(|event| event.order(&account)));
            since = page.next;
        }
        Err(HoldingsError::new("the paper venue has events without end"))
    }

    fn balances(&mut self) -> Result<Vec<Balance>, HoldingsError> {
        self.read_balances()
    }
}

impl FillRow {
    fn fill(self, account: &Account) -> PastFill {
        PastFill {
            at_ns: self.ts_ns,
            instrument_id: account.instrument_id.clone(),
            currency: account.currency.clone(),
            trade_id: self.trade_id,
            client_order_id: Some(self.client_order_id),
            venue_order_id: Some(self.venue_order_id),
            side: self.side,
            qty: self.last_qty,
            px: self.last_px,
            fee: self.commission,
            fee_currency: self.commission_currency,
            realized_pnl: Some(self.realized_pnl),
            is_maker: Some(self.liquidity == "maker"),
        }
    }
}

impl FlowRow {
    fn flow(self, at_ns: i64, account: &Account) -> Result<PastFlow, HoldingsError> {
        let kind = match self.kind.as_str() {
            "funding" => FlowKind::Funding,
            "deposit" => FlowKind::Deposit,
            "withdrawal" => FlowKind::Withdrawal,
            "transfer" => FlowKind::Transfer,
            other => {
                return Err(HoldingsError::new(format!("the venue has a movement `{other}`")));
            }
        };
        let is_funding = kind == FlowKind::Funding;
        Ok(PastFlow {
            at_ns,
            kind,
            instrument_id: is_funding.then(|| account.instrument_id.clone()),
            currency: self.currency,
            amount: self.amount,
            rate: self.rate,
            position_qty: self.position_qty,
            ref_id: self.ref_id,
        })
    }
}

impl EventRow {
    /// `None` for what is no transition of an order.
    fn order(self, account: &Account) -> Option<PastOrder> {
        let event = match self.kind.event.as_str() {
            "accepted" => "accepted",
            "rejected" => "rejected",
            "triggered" => "triggered",
            "updated" => "updated",
            "canceled" => "canceled",
            "expired" => "expired",
            "partially_filled" => "partially_filled",
            "filled" => "filled",
            "liquidated" => "liquidated",
            _ => return None,
        };
        let OrderRow { order, venue_order_id, cum_qty, reason } = self.kind.order?;
        Some(PastOrder {
            at_ns: self.ts_ns,
            instrument_id: account.instrument_id.clone(),
            currency: account.currency.clone(),
            client_order_id: Some(order.client_order_id),
            venue_order_id,
            side: order.side,
            event,
            order_type: order.order_type,
            qty: order.qty,
            cum_qty: Some(cum_qty),
            px: order.px,
            trigger_px: order.trigger_px,
            reduce_only: order.reduce_only,
            reason: reason.map(words),
        })
    }
}

fn words(reason: Value) -> String {
    match reason {
        Value::String(word) => word,
        other => other.to_string(),
    }
}
