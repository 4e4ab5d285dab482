//! What a store has of an account.

use std::collections::{HashMap, HashSet};

use plimsoll_snapshot::venue::{
    Booked, BookedBalance, BookedFill, BookedFlow, PastFill, PastFlow, PastOrder, Side, Span,
};
use serde_json::Value;

use super::{NOBODY, Past};
use crate::failure::Failure;
use crate::moment;
use crate::store::{Reading, Rows};

/// Rows of a table that are held in memory at once.
const ROWS_MAX: usize = 2_000_000;

/// What a store has, as far as it decides what is missing.
#[derive(Debug, Default)]
pub(crate) struct Known {
    fills: HashSet<(i64, String, String, String)>,
    flows: HashSet<(i64, String, String, String, String)>,
    orders: HashSet<(String, String, String)>,
    /// Strategies by the client's and by the venue's id of an order.
    strategies: HashMap<String, String>,
}

/// A store that may lack tables, or not be there yet.
struct Asked<'a> {
    store: Option<&'a mut Reading>,
    tables: HashSet<String>,
    account: &'a str,
    is_server: bool,
}

impl<'a> Asked<'a> {
    fn new(mut store: Option<&'a mut Reading>, account: &'a str) -> Result<Self, Failure> {
        let is_server = matches!(store, Some(Reading::Server(_)));
        let names = if is_server {
            "SELECT table_name FROM tables()"
        } else {
            "SELECT name FROM sqlite_master WHERE type = 'view'"
        };
        let tables = match store.as_deref_mut() {
            Some(store) => store.query(names, ROWS_MAX)?.rows.iter().map(|r| text(r, 0)).collect(),
            None => HashSet::new(),
        };
        Ok(Self { store, tables, account, is_server })
    }

    /// Rows of the account in a span; none of a table that is not there.
    fn rows(
        &mut self,
        table: &str,
        columns: &str,
        span: Span,
        more: &str,
    ) -> Result<Rows, Failure> {
        let Some(store) = self.store.as_deref_mut().filter(|_| self.tables.contains(table)) else {
            return Ok(Rows::default());
        };
        let moment = |ns: i64| {
            if self.is_server { format!("'{}'", moment::rfc(ns)) } else { ns.to_string() }
        };
        let sql = format!(
            "SELECT {columns} FROM {table} WHERE account_id = '{}' AND ts >= {} AND ts < {}{more}",
            self.account.replace('\'', "''"),
            moment(span.from_ns),
            moment(span.until_ns),
        );
        let rows = store.query(&sql, ROWS_MAX)?;
        if rows.is_cut {
            let what = anyhow::anyhow!("`{table}` has more than {ROWS_MAX} rows of that time");
            return Err(Failure::new(what).with_hint("ask for a shorter time"));
        }
        Ok(rows)
    }
}

/// What a store has of an account in a span.
pub(crate) fn known(
    store: Option<&mut Reading>,
    account: &str,
    span: Span,
) -> Result<Known, Failure> {
    let mut asked = Asked::new(store, account)?;
    let mut known = Known::default();
    let fills = "ts, instrument_id, side, trade_id";
    for row in asked.rows("trading_fills", fills, span, "")?.rows {
        known.fills.insert((at(&row), text(&row, 1), text(&row, 2), text(&row, 3)));
    }
    let flows = "ts, kind, instrument_id, currency, ref_id";
    for row in asked.rows("trading_cashflows", flows, span, "")?.rows {
        let key = (at(&row), text(&row, 1), text(&row, 2), text(&row, 3), text(&row, 4));
        known.flows.insert(key);
    }
    let orders = "ts, client_order_id, venue_order_id, event, cum_qty, strategy_id";
    // An order may be older than its fill.
    let ever = Span::new(0, span.until_ns);
    for row in asked.rows("trading_orders", orders, ever, "")?.rows {
        let cum = number(&row, 4).unwrap_or(0.0);
        for id in [text(&row, 1), text(&row, 2)].into_iter().filter(|id| !id.is_empty()) {
            known.orders.insert((id.clone(), text(&row, 3), told_apart(&text(&row, 3), cum)));
            let strategy = text(&row, 5);
            if !strategy.is_empty() && strategy != NOBODY {
                known.strategies.insert(id, strategy);
            }
        }
    }
    Ok(known)
}

/// What tells two transitions of one sort of one order apart: how much was filled by then.
fn told_apart(event: &str, cum_qty: f64) -> String {
    if event == "partially_filled" { format!("{cum_qty:.12e}") } else { String::new() }
}

impl Known {
    fn strategy(&self, client: Option<&String>, venue: Option<&String>) -> Option<String> {
        [client, venue].into_iter().flatten().find_map(|id| self.strategies.get(id)).cloned()
    }

    /// Fills that the store does not have.
    pub(crate) fn missing_fills(&self, told: Vec<PastFill>) -> Vec<Past> {
        let is_missing = |fill: &PastFill| {
            let side = side_word(fill.side).to_owned();
            let (instrument, trade) = (fill.instrument_id.clone(), fill.trade_id.clone());
            !self.fills.contains(&(fill.at_ns, instrument, side, trade))
        };
        let past = |fill: PastFill| {
            let strategy =
                self.strategy(fill.client_order_id.as_ref(), fill.venue_order_id.as_ref());
            Past::Fill(strategy, fill)
        };
        told.into_iter().filter(is_missing).map(past).collect()
    }

    /// Money that moved and that the store does not have.
    pub(crate) fn missing_flows(&self, told: Vec<PastFlow>) -> Vec<Past> {
        let is_missing = |flow: &PastFlow| {
            let instrument = flow.instrument_id.clone().unwrap_or_else(|| NOBODY.to_owned());
            let (currency, id) = (flow.currency.clone(), flow.ref_id.clone());
            let kind = flow.kind.as_str().to_owned();
            !self.flows.contains(&(flow.at_ns, kind, instrument, currency, id))
        };
        told.into_iter().filter(is_missing).map(Past::Flow).collect()
    }

    /// Transitions that the store does not have; one that two ids name is known by either.
    pub(crate) fn missing_orders(&self, told: Vec<PastOrder>) -> Vec<Past> {
        let is_missing = |order: &PastOrder| {
            let cum = order.cum_qty.map_or(0.0, plimsoll_snapshot::venue::Decimal::to_f64);
            let mut ids =
                [&order.client_order_id, &order.venue_order_id].into_iter().flatten().peekable();
            let has_id = ids.peek().is_some();
            let key =
                |id: &String| (id.clone(), order.event.to_owned(), told_apart(order.event, cum));
            has_id && !ids.any(|id| self.orders.contains(&key(id)))
        };
        let past = |order: PastOrder| {
            let strategy =
                self.strategy(order.client_order_id.as_ref(), order.venue_order_id.as_ref());
            Past::Order(strategy, order)
        };
        told.into_iter().filter(is_missing).map(past).collect()
    }
}

/// What a store has of an account in a span, with the amounts. Fills that a node made up are left
/// out, as they are of every sum.
pub(crate) fn booked(store: &mut Reading, account: &str, span: Span) -> Result<Booked, Failure> {
    let mut asked = Asked::new(Some(store), account)?;
    let mut booked = Booked::default();
    let fills = "ts, instrument_id, side, trade_id, last_qty, last_px, commission, \
                 commission_currency, realized_pnl";
    let told = " AND (source IS NULL OR source <> 'inferred')";
    for row in asked.rows("trading_fills", fills, span, told)?.rows {
        let currency = text(&row, 7);
        booked.fills.push(BookedFill {
            at_ns: at(&row),
            instrument_id: text(&row, 1),
            side: if text(&row, 2) == "sell" { Side::Sell } else { Side::Buy },
            trade_id: text(&row, 3),
            qty: number(&row, 4).unwrap_or(f64::NAN),
            px: number(&row, 5).unwrap_or(f64::NAN),
            fee: number(&row, 6),
            fee_currency: (!currency.is_empty()).then_some(currency),
            realized_pnl: number(&row, 8),
        });
    }
    let flows = "ts, kind, instrument_id, currency, ref_id, amount";
    for row in asked.rows("trading_cashflows", flows, span, "")?.rows {
        booked.flows.push(BookedFlow {
            at_ns: at(&row),
            kind: text(&row, 1),
            instrument_id: text(&row, 2),
            currency: text(&row, 3),
            ref_id: text(&row, 4),
            amount: number(&row, 5).unwrap_or(f64::NAN),
        });
    }
    let mut last: HashMap<String, BookedBalance> = HashMap::new();
    let total = " AND total IS NOT NULL ORDER BY ts";
    for row in asked.rows("account_state", "ts, currency, total", span, total)?.rows {
        let currency = text(&row, 1);
        let total = number(&row, 2).unwrap_or(f64::NAN);
        let balance = BookedBalance { at_ns: at(&row), currency: currency.clone(), total };
        last.insert(currency, balance);
    }
    booked.balances = last.into_values().collect();
    Ok(booked)
}

fn side_word(side: Side) -> &'static str {
    match side {
        Side::Buy => "buy",
        Side::Sell => "sell",
    }
}

/// A text; empty when it is absent.
fn text(row: &[Value], column: usize) -> String {
    row.get(column).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn number(row: &[Value], column: usize) -> Option<f64> {
    row.get(column).and_then(Value::as_f64)
}

/// The moment in the first column: nanoseconds in a file, text from a server.
fn at(row: &[Value]) -> i64 {
    match row.first() {
        Some(Value::String(text)) => moment::parse_rfc_ns(text).unwrap_or_default(),
        Some(value) => value.as_i64().unwrap_or_default(),
        None => 0,
    }
}
