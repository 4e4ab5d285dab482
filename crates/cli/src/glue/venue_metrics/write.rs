//! Rows from what a venue tells.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::time::Duration;

use anyhow::ensure;
use plimsoll_metrics::{
    Cashflow, CashflowKind, Fill, Health, HealthStatus, Instrument, Liquidity, Metrics, Mode,
    Options, Order, OrderEvent, OrderType, Side, Source, Timestamp,
};
use plimsoll_snapshot::venue::{self, PastFill, PastFlow, PastOrder};

use super::NOBODY;
use crate::store::own_rows;

/// Longest wait for the store; what it does not take waits in the spool.
const CLOSE_TIME_MAX: Duration = Duration::from_secs(30);
/// Rows between two waits for the spool, so that no ring runs over.
const ROWS_AT_ONCE: usize = 1_000;

/// One thing of the past, with the strategy that did it as far as the store knows.
#[derive(Debug, Clone)]
pub(crate) enum Past {
    Fill(Option<String>, PastFill),
    Flow(PastFlow),
    Order(Option<String>, PastOrder),
}

/// Where rows go, and whose they are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Told<'a> {
    pub(crate) store: &'a str,
    pub(crate) env: &'a str,
    pub(crate) mode: Mode,
    pub(crate) account: &'a str,
    pub(crate) venue: &'a str,
    /// What says so: its spool is its own.
    pub(crate) service: &'a str,
}

/// Delivers what an earlier run left in its spool, so that the store has it before it is read.
pub(crate) fn deliver(to: Told<'_>) -> anyhow::Result<()> {
    if options(to).spool_dir.exists() {
        open(to)?.close(CLOSE_TIME_MAX)?;
    }
    Ok(())
}

/// Writes rows into a store, and returns how many it took.
pub(crate) fn write(to: Told<'_>, past: &[Past]) -> anyhow::Result<u64> {
    let metrics = open(to)?;
    let mut handles = Handles { metrics: &metrics, to, instruments: HashMap::new() };
    for some in past.chunks(ROWS_AT_ONCE) {
        for one in some {
            handles.emit(one)?;
        }
        ensure!(metrics.flush(CLOSE_TIME_MAX), "the spool takes no more rows");
    }
    let before = metrics.health().counts;
    ensure!(before.dropped_rows == 0, "{} rows were dropped", before.dropped_rows);
    let after = metrics.close(CLOSE_TIME_MAX)?;
    ensure!(after.rejected_rows == 0, "the store refused {} rows", after.rejected_rows);
    // Nothing waits in it, and the next run need not look.
    std::fs::remove_dir_all(options(to).spool_dir)?;
    Ok(u64::try_from(past.len())?)
}

/// What a comparison found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Equal,
    Different,
    Unknown,
}

/// Writes the row of `system_health` that the rule `reconciliation_mismatch` watches.
pub(crate) fn tell(to: Told<'_>, verdict: Verdict, detail: &str) -> anyhow::Result<()> {
    let metrics = open(to)?;
    let labels = [("account_id", to.account), ("venue", to.venue)];
    let status = match verdict {
        Verdict::Equal => HealthStatus::Up,
        Verdict::Different => HealthStatus::Degraded,
        Verdict::Unknown => HealthStatus::Unknown,
    };
    metrics.series(&labels)?.emit_health(Health::new("reconciliation", status).detail(detail));
    metrics.close(CLOSE_TIME_MAX)?;
    Ok(())
}

fn open(to: Told<'_>) -> anyhow::Result<Metrics> {
    Ok(Metrics::open(&options(to))?)
}

fn options(to: Told<'_>) -> Options {
    own_rows(to.store, to.env, to.service, to.mode)
}

struct Handles<'a> {
    metrics: &'a Metrics,
    to: Told<'a>,
    instruments: HashMap<(String, String), Instrument>,
}

impl Handles<'_> {
    fn emit(&mut self, past: &Past) -> anyhow::Result<()> {
        match past {
            Past::Fill(strategy, from) => {
                let row = fill(from);
                self.instrument(strategy.as_deref(), &from.instrument_id, &from.currency)?
                    .emit_fill(row);
            }
            Past::Order(strategy, from) => {
                if let Some(row) = order(from) {
                    self.instrument(strategy.as_deref(), &from.instrument_id, &from.currency)?
                        .emit_order(row);
                }
            }
            Past::Flow(from) => {
                let Some(kind) = CashflowKind::from_text(from.kind.as_str()) else {
                    anyhow::bail!("no kind of cash flow is called `{}`", from.kind.as_str());
                };
                let ts = Timestamp::from_nanos(from.at_ns);
                let amount = from.amount.to_f64();
                let mut row = Cashflow::new(kind, &from.currency, amount, &from.ref_id, ts)
                    .source(Source::Backfill);
                if let Some(rate) = from.rate {
                    row = row.rate(rate.to_f64());
                }
                if let Some(qty) = from.position_qty {
                    row = row.position_qty(qty.to_f64());
                }
                match &from.instrument_id {
                    Some(id) => self.instrument(None, id, &from.currency)?.emit_cashflow(row),
                    None => self.metrics.account(self.to.account)?.emit_cashflow(row),
                }
            }
        }
        Ok(())
    }

    fn instrument(
        &mut self,
        strategy: Option<&str>,
        instrument_id: &str,
        currency: &str,
    ) -> anyhow::Result<&Instrument> {
        let strategy = strategy.unwrap_or(NOBODY);
        let key = (strategy.to_owned(), instrument_id.to_owned());
        Ok(match self.instruments.entry(key) {
            Entry::Occupied(held) => held.into_mut(),
            Entry::Vacant(free) => {
                let account = self.metrics.strategy(strategy)?.account(self.to.account)?;
                free.insert(account.instrument(instrument_id, self.to.venue, currency)?)
            }
        })
    }
}

fn side_of(side: venue::Side) -> Side {
    match side {
        venue::Side::Buy => Side::Buy,
        venue::Side::Sell => Side::Sell,
    }
}

fn fill(from: &PastFill) -> Fill<'_> {
    let (qty, px) = (from.qty.to_f64(), from.px.to_f64());
    let ts = Timestamp::from_nanos(from.at_ns);
    let mut row = Fill::new(&from.trade_id, side_of(from.side), qty, px, ts)
        .source(Source::Backfill)
        .notional(qty * px)
        .commission(from.fee.to_f64())
        .commission_currency(from.fee_currency.as_str());
    if let Some(id) = &from.client_order_id {
        row = row.client_order_id(id.as_str());
    }
    if let Some(id) = &from.venue_order_id {
        row = row.venue_order_id(id.as_str());
    }
    if let Some(realized) = from.realized_pnl {
        row = row.realized_pnl(realized.to_f64());
    }
    match from.is_maker {
        Some(true) => row.liquidity(Liquidity::Maker),
        Some(false) => row.liquidity(Liquidity::Taker),
        None => row,
    }
}

/// `None` for an order without any id, which no row could be told from.
fn order(from: &PastOrder) -> Option<Order<'_>> {
    let id = from.client_order_id.as_deref().or(from.venue_order_id.as_deref())?;
    let event = OrderEvent::from_text(from.event)?;
    let mut row = Order::new(id, side_of(from.side), event)
        .at(Timestamp::from_nanos(from.at_ns))
        .qty(from.qty.to_f64())
        .reduce_only(from.reduce_only)
        .reconciliation(true)
        .reconciled();
    let kind = from.order_type.to_ascii_lowercase().replace(' ', "_");
    if let Some(kind) = OrderType::from_text(&kind) {
        row = row.order_type(kind);
    }
    if let Some(id) = &from.venue_order_id {
        row = row.venue_order_id(id.as_str());
    }
    if let Some(cum) = from.cum_qty {
        row = row.cum_qty(cum.to_f64());
    }
    if let Some(px) = from.px {
        row = row.px(px.to_f64());
    }
    if let Some(px) = from.trigger_px {
        row = row.trigger_px(px.to_f64());
    }
    Some(match &from.reason {
        Some(reason) => row.reason(reason.as_str()),
        None => row,
    })
}
