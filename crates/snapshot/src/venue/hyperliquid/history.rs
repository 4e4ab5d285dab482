//! What happened in an account at Hyperliquid.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::super::{
    Balance, Decimal, FlowKind, HoldingsError, PastFill, PastFlow, PastOrder, ReadHistory, Span,
};
use super::rows::{Delta, FundingRow, LedgerRow, PastFillRow, PastOrderRow, side_of};
use super::{FILL_PAGES_MAX, FILLS_PAGE_LEN, Hyperliquid, Names};

/// What perpetuals are settled in.
const COLLATERAL: &str = "USDC";
/// The venue keeps the last so many orders.
const ORDERS_KEPT: usize = 2_000;
const NS_PER_MS: i64 = 1_000_000;

/// An entry of a reply about a span of time.
trait Entry: for<'de> Deserialize<'de> {
    /// When, and what tells it from others of that moment.
    fn key(&self) -> (i64, String);
}

impl Entry for PastFillRow {
    fn key(&self) -> (i64, String) {
        (self.time, self.tid.to_string())
    }
}

impl Entry for FundingRow {
    fn key(&self) -> (i64, String) {
        (self.time, self.delta.coin.clone())
    }
}

impl Entry for LedgerRow {
    fn key(&self) -> (i64, String) {
        (self.time, format!("{} {}", self.hash, self.delta.name()))
    }
}

impl Hyperliquid {
    /// All entries of a span, page by page: the next page begins at the time of the last entry, so
    /// that entries of one millisecond come twice and none is left out.
    fn pages<T: Entry>(&mut self, span: Span, sort: &str) -> Result<Vec<T>, HoldingsError> {
        self.check_role()?;
        let address = self.address.clone();
        let mut found: BTreeMap<(i64, String), T> = BTreeMap::new();
        let mut from = span.begin_ms();
        for _ in 0..FILL_PAGES_MAX {
            let page = self.ask().since::<T>(sort, &address, from)?;
            let is_last = page.len() < FILLS_PAGE_LEN;
            let newest = page.iter().map(|entry| entry.key().0).max().unwrap_or(from);
            let known = found.len();
            found.extend(page.into_iter().map(|entry| (entry.key(), entry)));
            if is_last || newest.saturating_mul(NS_PER_MS) >= span.until_ns {
                let of_span = |(at, _): &(i64, String)| span.contains(at.saturating_mul(NS_PER_MS));
                found.retain(|key, _| of_span(key));
                return Ok(found.into_values().collect());
            }
            // A whole page of one millisecond: there is no way to ask for the rest of it.
            if found.len() == known || newest == from {
                break;
            }
            from = newest;
        }
        Err(HoldingsError::new(format!(
            "`{address}` has more entries than can be read, {} so far: ask for a shorter time",
            found.len()
        )))
    }

    fn names(&mut self) -> Result<Names, HoldingsError> {
        Ok(Names { spot: self.ask().spot_meta()?.names()? })
    }
}

impl ReadHistory for Hyperliquid {
    fn name(&self) -> String {
        format!("Hyperliquid account {} at {}", self.address, self.fetch.server())
    }

    fn venue(&self) -> String {
        "HYPERLIQUID".to_owned()
    }

    fn fills(&mut self, span: Span) -> Result<Vec<PastFill>, HoldingsError> {
        let rows = self.pages::<PastFillRow>(span, "userFillsByTime")?;
        let names = self.names()?;
        rows.into_iter().map(|row| row.fill(&names)).collect()
    }

    fn flows(&mut self, span: Span) -> Result<Vec<PastFlow>, HoldingsError> {
        let address = self.address.clone();
        let funding = self.pages::<FundingRow>(span, "userFunding")?;
        let ledger = self.pages::<LedgerRow>(span, "userNonFundingLedgerUpdates")?;
        let mut flows: Vec<PastFlow> = funding.into_iter().map(FundingRow::flow).collect();
        for row in ledger {
            flows.extend(row.flow(&address)?);
        }
        flows.sort_by(|a, b| (a.at_ns, &a.ref_id).cmp(&(b.at_ns, &b.ref_id)));
        Ok(flows)
    }

    fn orders(&mut self, span: Span) -> Result<Vec<PastOrder>, HoldingsError> {
        self.check_role()?;
        let address = self.address.clone();
        let rows = self.ask().past_orders(&address)?;
        let oldest = rows.iter().map(|row| row.status_timestamp).min();
        if rows.len() >= ORDERS_KEPT && oldest.is_some_and(|oldest| oldest > span.begin_ms()) {
            let what = format!("the venue keeps the last {ORDERS_KEPT} orders: begin later");
            return Err(HoldingsError::new(what));
        }
        let names = self.names()?;
        let of_span = |row: &PastOrderRow| {
            span.contains(row.status_timestamp.saturating_mul(NS_PER_MS)) && row.event().is_some()
        };
        let mut orders = rows
            .into_iter()
            .filter(of_span)
            .map(|row| row.order(&names))
            .collect::<Result<Vec<_>, _>>()?;
        orders.sort_by_key(|order| order.at_ns);
        Ok(orders)
    }

    fn balances(&mut self) -> Result<Vec<Balance>, HoldingsError> {
        self.check_role()?;
        let address = self.address.clone();
        let mut totals: BTreeMap<String, Decimal> = BTreeMap::new();
        let mut add = |currency: &str, amount: Decimal| {
            let sum = totals.get(currency).copied().unwrap_or(Decimal::ZERO).checked_add(amount);
            let sum = sum.ok_or_else(|| HoldingsError::new("a balance has too many digits"))?;
            totals.insert(currency.to_owned(), sum);
            Ok::<(), HoldingsError>(())
        };
        for dex in self.ask().dexes()? {
            let state = self.ask().clearinghouse(&address, &dex.name)?;
            add(COLLATERAL, state.margin_summary.account_value)?;
            for held in state.asset_positions {
                add(COLLATERAL, -held.position.unrealized_pnl)?;
            }
        }
        for row in self.ask().spot(&address)?.balances {
            add(&row.coin, row.total)?;
        }
        let balance = |(currency, total)| Balance { account_id: address.clone(), currency, total };
        Ok(totals.into_iter().map(balance).collect())
    }
}

impl PastFillRow {
    fn fill(self, names: &Names) -> Result<PastFill, HoldingsError> {
        let instrument_id = names.instrument_id(&self.coin)?;
        // A fill of spot moves two currencies, and its gain is in neither balance.
        let is_spot = names.spot.contains_key(&self.coin);
        Ok(PastFill {
            at_ns: self.time.saturating_mul(NS_PER_MS),
            instrument_id,
            currency: COLLATERAL.to_owned(),
            trade_id: self.tid.to_string(),
            client_order_id: self.cloid,
            venue_order_id: Some(self.oid.to_string()),
            side: side_of(&self.side)?,
            qty: self.sz,
            px: self.px,
            fee: self.fee,
            fee_currency: self.fee_token,
            realized_pnl: (!is_spot).then_some(self.closed_pnl),
            is_maker: Some(!self.crossed),
        })
    }
}

impl FundingRow {
    fn flow(self) -> PastFlow {
        PastFlow {
            at_ns: self.time.saturating_mul(NS_PER_MS),
            kind: FlowKind::Funding,
            // Payments of one hour have one hash, or none.
            ref_id: format!("{}-{}", self.delta.coin, self.time),
            instrument_id: Some(super::perpetual(&self.delta.coin)),
            currency: COLLATERAL.to_owned(),
            amount: self.delta.usdc,
            rate: Some(self.delta.funding_rate),
            position_qty: Some(self.delta.szi),
        }
    }
}

impl LedgerRow {
    /// Money that came or went; nothing for what stays in the account.
    fn flow(self, address: &str) -> Result<Vec<PastFlow>, HoldingsError> {
        let is_out = |user: &str| user.eq_ignore_ascii_case(address);
        let signed = |amount: Decimal, is_out: bool| if is_out { -amount } else { amount };
        let usdc = COLLATERAL.to_owned();
        let moved = match self.delta {
            // Between perpetuals and spot of the same account.
            Delta::AccountClassTransfer => vec![],
            Delta::Deposit { usdc: amount } => vec![(FlowKind::Deposit, usdc, amount)],
            Delta::Withdraw { usdc: amount, fee } => vec![
                (FlowKind::Withdrawal, usdc.clone(), -amount),
                (FlowKind::Adjustment, usdc, -fee),
            ],
            Delta::InternalTransfer { usdc: amount, user, fee } => {
                let out = is_out(&user);
                let fee = if out { -fee } else { Decimal::ZERO };
                vec![
                    (FlowKind::Transfer, usdc.clone(), signed(amount, out)),
                    (FlowKind::Adjustment, usdc, fee),
                ]
            }
            Delta::SubAccountTransfer { usdc: amount, user } => {
                vec![(FlowKind::Transfer, usdc, signed(amount, is_out(&user)))]
            }
            Delta::SpotTransfer { token, amount, user, fee } => {
                let out = is_out(&user);
                let fee = if out { -fee } else { Decimal::ZERO };
                vec![
                    (FlowKind::Transfer, token, signed(amount, out)),
                    (FlowKind::Adjustment, usdc, fee),
                ]
            }
            Delta::RewardsClaim { amount, token } => {
                vec![(FlowKind::Adjustment, token.unwrap_or(usdc), amount)]
            }
            Delta::VaultDeposit { usdc: amount } => vec![(FlowKind::Transfer, usdc, -amount)],
            Delta::VaultWithdraw { net_withdrawn_usd } => {
                vec![(FlowKind::Transfer, usdc, net_withdrawn_usd)]
            }
            // Its losses are in fills.
            Delta::Liquidation => vec![],
            Delta::Other => {
                return Err(HoldingsError::new(format!(
                    "the venue moved money in a way not known here, in {}",
                    self.hash
                )));
            }
        };
        let flow = |(kind, currency, amount)| PastFlow {
            at_ns: self.time.saturating_mul(NS_PER_MS),
            kind,
            instrument_id: None,
            currency,
            amount,
            rate: None,
            position_qty: None,
            ref_id: self.hash.clone(),
        };
        let moved = moved.into_iter().filter(|(_, _, amount)| *amount != Decimal::ZERO);
        Ok(moved.map(flow).collect())
    }
}

impl PastOrderRow {
    /// What happened, in the words of the table; `None` for what is no transition of its own.
    fn event(&self) -> Option<&'static str> {
        let status = self.status.as_str();
        Some(match status {
            "open" => "accepted",
            "filled" => "filled",
            "triggered" => "triggered",
            "liquidatedCanceled" => "canceled",
            _ if status.ends_with("Rejected") || status == "rejected" => "rejected",
            _ if status.ends_with("Canceled") || status == "canceled" => "canceled",
            "scheduledCancel" => "canceled",
            "expired" => "expired",
            _ => return None,
        })
    }

    fn order(self, names: &Names) -> Result<PastOrder, HoldingsError> {
        let event = self.event().unwrap_or("accepted");
        let is_plain = matches!(self.status.as_str(), "open" | "filled" | "canceled" | "triggered");
        let row = self.order;
        Ok(PastOrder {
            at_ns: self.status_timestamp.saturating_mul(NS_PER_MS),
            instrument_id: names.instrument_id(&row.coin)?,
            currency: COLLATERAL.to_owned(),
            side: row.side()?,
            client_order_id: row.cloid,
            venue_order_id: Some(row.oid.to_string()),
            event,
            order_type: row.order_type,
            qty: row.orig_sz,
            cum_qty: row.orig_sz.checked_sub(row.sz),
            px: Some(row.limit_px),
            trigger_px: row.is_trigger.then_some(row.trigger_px),
            reduce_only: row.reduce_only,
            reason: (!is_plain).then_some(self.status),
        })
    }
}
