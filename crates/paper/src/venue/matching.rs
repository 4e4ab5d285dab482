//! A bar passes: who trades, at which price, how much, and what it costs.

use super::account::MILLION;
use super::{Amount, EventKind, Fill, MoneyError, NewOrder, OrderStatus, OrderType, RejectReason};
use super::{TimeInForce, Venue, VenueError, Working, books};
use crate::books::Trade;
use crate::data::Bar;
use crate::event::Liquidity;
use crate::money::pow10;
use crate::order::Side;
use crate::replay::MS_NS;

const BILLION: i128 = 1_000_000_000;

/// At which price and how an order may trade.
#[derive(Clone, Copy)]
struct Chance {
    px_minor: i128,
    liquidity: Liquidity,
}

impl Venue {
    /// Lets a bar pass that ends at `now_ns` (UTC nanoseconds).
    ///
    /// Orders trade in the order they came, against a share of the bar's volume; then the close
    /// becomes the mark, funding is paid, a hopeless account is liquidated and the script runs.
    ///
    /// # Errors
    ///
    /// [`VenueError`] if an amount does not fit; the venue must then not be used further.
    pub fn advance(&mut self, bar: &Bar, now_ns: i64) -> Result<(), VenueError> {
        let began_ns = self.now_ns;
        self.tell_time(now_ns);
        let mut pool = self.pool(bar)?;
        for id in self.open.clone() {
            self.work(&id, bar, began_ns, &mut pool)?;
        }
        self.mark_minor = Some(bar.close_minor);
        let index = self.bars_done;
        self.bars_done += 1;
        self.pay_funding()?;
        self.liquidate(bar)?;
        self.offline_bars = match self.offline_bars {
            Some(0 | 1) => {
                let now_ns = self.now_ns;
                self.emit(now_ns, EventKind::Reconnected);
                None
            }
            Some(left) => Some(left - 1),
            None => None,
        };
        self.run_script(index)
    }

    /// How much may be traded in the bar; `None` = any amount.
    fn pool(&self, bar: &Bar) -> Result<Option<i128>, VenueError> {
        let Some(volume) = bar.volume_minor else { return Ok(None) };
        let overflow = || VenueError::Money { source: MoneyError::Overflow { what: "volume" } };
        let (from, to) = (self.volume_scale, self.instrument.qty_scale());
        let qty = if from > to {
            volume / pow10(from - to).ok_or_else(overflow)?
        } else {
            let up = pow10(to - from).ok_or_else(overflow)?;
            volume.checked_mul(up).ok_or_else(overflow)?
        };
        let share = qty.checked_mul(i128::from(self.config.participation_ppb));
        Ok(Some(share.ok_or_else(overflow)? / BILLION))
    }

    fn work(
        &mut self,
        id: &str,
        bar: &Bar,
        began_ns: i64,
        pool: &mut Option<i128>,
    ) -> Result<(), VenueError> {
        let Some(mut working) = self.orders.get(id).cloned() else { return Ok(()) };
        let first = working.bars_seen == 0;
        working.bars_seen = working.bars_seen.saturating_add(1);
        let triggered = working.triggers(bar);
        if triggered {
            working.state.status = OrderStatus::Triggered;
        }
        let at = self.moment(&working, began_ns);
        if triggered {
            self.emit(at, EventKind::Triggered { order: working.state.clone() });
        }
        let chance = working.chance(bar, first, triggered, self.config.slippage_ppm);
        let (time_in_force, reduce_only) =
            (working.state.order.time_in_force, working.state.order.reduce_only);
        let seen = working.bars_seen;
        self.orders.insert(id.to_owned(), working);
        if let Some(chance) = chance {
            self.trade(id, chance, at, pool)?;
        }
        if !self.open.iter().any(|open| open == id) {
            return Ok(());
        }
        let idle = reduce_only && self.held_minor() == 0;
        let end = match time_in_force {
            TimeInForce::Ioc => Some((OrderStatus::Canceled, RejectReason::IocUnfilled)),
            _ if idle => Some((OrderStatus::Canceled, RejectReason::ReduceOnlyWouldIncrease)),
            TimeInForce::GtdBars(bars) if seen >= bars => {
                Some((OrderStatus::Expired, RejectReason::Requested))
            }
            _ => None,
        };
        let Some((status, reason)) = end else { return Ok(()) };
        let Some(order) = self.finish(id, status, reason) else { return Ok(()) };
        let (at, kind) = match status {
            OrderStatus::Expired => (self.now_ns, EventKind::Expired { order }),
            _ => (at, EventKind::Canceled { order }),
        };
        self.emit(at, kind);
        Ok(())
    }

    /// A moment inside the bar: takers early, after the order's own answer; resting orders anywhere.
    fn moment(&mut self, working: &Working, began_ns: i64) -> i64 {
        let span_ms = u64::try_from((self.now_ns - began_ns) / MS_NS).unwrap_or(0);
        let resting = working.bars_seen > 1 || working.state.order.order_type != OrderType::Market;
        let last_ms = span_ms.saturating_sub(1);
        // No fill is earlier than the latest moment its order's acceptance can have.
        let least = u64::from(self.config.latency.ack_max_ms) * 5 + 1;
        let within_ms = if resting { last_ms } else { last_ms.min(least + 200) };
        let offset =
            if least < within_ms { least + self.rng.below(within_ms - least) } else { within_ms };
        began_ns + i64::try_from(offset).unwrap_or(0) * MS_NS
    }

    fn trade(
        &mut self,
        id: &str,
        chance: Chance,
        at: i64,
        pool: &mut Option<i128>,
    ) -> Result<(), VenueError> {
        let held = self.held_minor();
        let Some(working) = self.orders.get(id) else { return Ok(()) };
        let order = &working.state.order;
        let mut qty = working.leaves_minor();
        if order.reduce_only {
            let closable = if held.signum() == -order.side.sign() { held.abs() } else { 0 };
            qty = qty.min(closable);
        }
        if let Some(left) = pool {
            qty = qty.min(*left);
        }
        if qty <= 0 {
            return Ok(());
        }
        let fill = self.book_fill(id, chance, qty, at)?;
        if let Some(left) = pool {
            *left -= qty;
        }
        let Some(order) = self.order(id).cloned() else { return Ok(()) };
        let kind = if order.status == OrderStatus::Filled {
            EventKind::Filled { order, fill }
        } else {
            EventKind::PartiallyFilled { order, fill }
        };
        self.emit(at, kind);
        Ok(())
    }

    /// Books a fill and brings the order up to date.
    fn book_fill(
        &mut self,
        id: &str,
        chance: Chance,
        qty_minor: i128,
        ts_ns: i64,
    ) -> Result<Fill, VenueError> {
        let money = |source| VenueError::Money { source };
        let notional = self.instrument.notional(qty_minor, chance.px_minor).map_err(money)?;
        let (fee, fee_code, fee_scale) = self.fee(notional, chance.liquidity).map_err(money)?;
        let trade_id = self.next_id("T");
        let quote = self.instrument.quote().clone();
        let side = self.orders.get(id).map_or(Side::Buy, |working| working.state.order.side);
        let change = self
            .books
            .trade(&Trade {
                instrument: &self.instrument,
                side,
                qty_minor,
                px_minor: chance.px_minor,
                fee,
                fee_currency: &fee_code,
            })
            .map_err(books)?;
        let mut venue_order_id = String::new();
        let mut done = false;
        if let Some(working) = self.orders.get_mut(id) {
            working.cum_minor += qty_minor;
            working.cum_notional = working.cum_notional.plus(notional).map_err(money)?;
            working.state.cum_qty = self.instrument.qty(working.cum_minor);
            working.state.leaves_qty = self.instrument.qty(working.leaves_minor());
            working.state.cum_notional = quote.decimal(working.cum_notional);
            done = working.leaves_minor() == 0;
            working.state.status =
                if done { OrderStatus::Filled } else { OrderStatus::PartiallyFilled };
            venue_order_id = working.state.venue_order_id.clone().unwrap_or_default();
        }
        if done {
            self.open.retain(|open| open != id);
        }
        let fill = Fill {
            trade_id,
            client_order_id: id.to_owned(),
            venue_order_id,
            side,
            last_qty: self.instrument.qty(qty_minor),
            last_px: self.instrument.px(chance.px_minor),
            notional: quote.decimal(notional),
            commission: crate::Decimal::of(fee.minor, fee_scale),
            commission_currency: fee_code,
            realized_pnl: quote.decimal(change.realized),
            liquidity: chance.liquidity,
            position_before: self.instrument.qty(change.qty_before_minor),
            position_after: self.instrument.qty(change.qty_after_minor),
            ts_ns,
        };
        self.fills.push(fill.clone());
        Ok(fill)
    }

    /// The fee, its currency and scale: the second currency while it lasts, else the quote
    /// currency; rounded half away from zero.
    fn fee(
        &self,
        notional: Amount,
        liquidity: Liquidity,
    ) -> Result<(Amount, String, u8), MoneyError> {
        let ppm = match liquidity {
            Liquidity::Taker => self.config.taker_fee_ppm,
            Liquidity::Maker => self.config.maker_fee_ppm,
        };
        let overflow = || MoneyError::Overflow { what: "a fee" };
        let product = notional.minor.checked_mul(i128::from(ppm)).ok_or_else(overflow)?;
        if let Some((currency, px_minor)) = &self.fee_currency {
            let up = pow10(currency.scale()).ok_or_else(overflow)?;
            let top = product.checked_mul(up).ok_or_else(overflow)?;
            let bottom = px_minor.checked_mul(MILLION).ok_or_else(overflow)?;
            let minor = divide_half_away(top, bottom);
            let left = self.books.balance(currency.code()).map_or(0, |b| b.total.minor);
            if minor <= left {
                return Ok((Amount { minor }, currency.code().to_owned(), currency.scale()));
            }
        }
        let quote = self.instrument.quote();
        let minor = divide_half_away(product, MILLION);
        Ok((Amount { minor }, quote.code().to_owned(), quote.scale()))
    }

    /// Closes the position when the equity no longer carries it.
    fn liquidate(&mut self, bar: &Bar) -> Result<(), VenueError> {
        let money = |source| VenueError::Money { source };
        let held = self.held_minor();
        if held == 0 {
            return Ok(());
        }
        let notional = self.instrument.notional(held.abs(), bar.close_minor).map_err(money)?;
        let overflow = || money(MoneyError::Overflow { what: "maintenance margin" });
        let needed = notional.minor.checked_mul(i128::from(self.config.maintenance_ppm));
        let needed = needed.ok_or_else(overflow)? / MILLION;
        if self.quote_equity().map_err(money)?.minor >= needed {
            return Ok(());
        }
        let now_ns = self.now_ns;
        for id in self.open.clone() {
            if let Some(order) = self.finish(&id, OrderStatus::Canceled, RejectReason::Liquidated) {
                self.emit(now_ns, EventKind::Canceled { order });
            }
        }
        let side = if held > 0 { Side::Sell } else { Side::Buy };
        let id = self.next_id("liquidation");
        let order = NewOrder::market(&id, side, self.instrument.qty(held.abs())).reduce_only();
        let invalid = |_| money(MoneyError::Overflow { what: "a liquidation" });
        let mut working = self.checked(&order).map_err(invalid)?;
        working.state.venue_order_id = Some(self.next_id("V"));
        working.state.accepted_ns = now_ns;
        self.orders.insert(id.clone(), working);
        let px_minor = slipped(bar.close_minor, side, self.config.slippage_ppm);
        let chance = Chance { px_minor, liquidity: Liquidity::Taker };
        let fill = self.book_fill(&id, chance, held.abs(), now_ns)?;
        if let Some(order) = self.order(&id).cloned() {
            self.emit(now_ns, EventKind::Liquidated { order, fill });
        }
        Ok(())
    }
}

impl Working {
    /// Says whether a stop order's trigger is touched in this bar for the first time.
    fn triggers(&self, bar: &Bar) -> bool {
        let waiting = self.state.status == OrderStatus::Accepted;
        match (self.trigger_minor, self.state.order.side) {
            (Some(trigger), Side::Buy) => waiting && bar.high_minor >= trigger,
            (Some(trigger), Side::Sell) => waiting && bar.low_minor <= trigger,
            (None, _) => false,
        }
    }

    fn chance(&self, bar: &Bar, first: bool, triggered: bool, ppm: u32) -> Option<Chance> {
        let side = self.state.order.side;
        let open = bar.open_minor;
        let taker = |px_minor| Some(Chance { px_minor, liquidity: Liquidity::Taker });
        match (self.state.order.order_type, self.px_minor, self.trigger_minor) {
            (OrderType::Market, ..) => taker(slipped(open, side, ppm)),
            (OrderType::StopMarket, _, Some(trigger)) if triggered => {
                // A gap opens beyond the trigger: the stop trades at the worse of the two.
                let from = if side == Side::Buy { open.max(trigger) } else { open.min(trigger) };
                taker(slipped(from, side, ppm))
            }
            (OrderType::StopMarket, ..) => {
                let works = self.state.status != OrderStatus::Accepted;
                works.then(|| slipped(open, side, ppm)).and_then(taker)
            }
            (OrderType::Limit, Some(limit), _) if first && better(open, limit, side) => {
                let px = slipped(open, side, ppm);
                taker(if side == Side::Buy { px.min(limit) } else { px.max(limit) })
            }
            (_, Some(limit), _) if self.state.order.time_in_force != TimeInForce::Ioc => {
                let through = match side {
                    Side::Buy => bar.low_minor < limit,
                    Side::Sell => bar.high_minor > limit,
                };
                through.then_some(Chance { px_minor: limit, liquidity: Liquidity::Maker })
            }
            _ => None,
        }
    }
}

/// Says whether a price is at the limit or on its good side.
fn better(px: i128, limit: i128, side: Side) -> bool {
    match side {
        Side::Buy => px <= limit,
        Side::Sell => px >= limit,
    }
}

/// A price worsened by millionths, rounded against the taker, at least one unit.
fn slipped(px: i128, side: Side, ppm: u32) -> i128 {
    let slip = i128::from(ppm).saturating_mul(px);
    let slip = slip.saturating_add(MILLION - 1) / MILLION;
    match side {
        Side::Buy => px.saturating_add(slip),
        Side::Sell => px.saturating_sub(slip).max(1),
    }
}

/// Divides by a positive number; halves go away from zero.
fn divide_half_away(top: i128, bottom: i128) -> i128 {
    let quotient = top / bottom;
    let rest = (top % bottom).unsigned_abs();
    let away = rest >= bottom.unsigned_abs().div_ceil(2) && rest != 0;
    if away { quotient + top.signum() } else { quotient }
}
