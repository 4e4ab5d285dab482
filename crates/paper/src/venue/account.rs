//! The account: money in and out, margin, funding and the script.

use super::{Action, Amount, Decimal, EventKind, FlowKind, RejectReason, Venue, VenueConfig};
use super::{VenueError, Working, books, movement};
use crate::event::CashFlow;
use crate::money::{Currency, MoneyError};
use crate::order::{OrderType, Side};

pub(super) const MILLION: i128 = 1_000_000;

/// Refuses a configuration that has no sense.
pub(super) fn check(config: &VenueConfig) -> Result<(), VenueError> {
    let range = |key, found: String, wanted| Err(VenueError::Range { key, found, wanted });
    if config.leverage_max == 0 {
        return range("leverage_max", "0".to_owned(), "at least 1");
    }
    if config.participation_ppb == 0 || config.participation_ppb > 1_000_000_000 {
        let found = config.participation_ppb.to_string();
        return range("participation_ppb", found, "1 to 1,000,000,000");
    }
    if config.slippage_ppm >= 1_000_000 {
        return range("slippage_ppm", config.slippage_ppm.to_string(), "less than 1,000,000");
    }
    for (key, fee) in
        [("taker_fee_ppm", config.taker_fee_ppm), ("maker_fee_ppm", config.maker_fee_ppm)]
    {
        if !(-100_000..=100_000).contains(&fee) {
            return range(key, fee.to_string(), "-100,000 to 100,000 (10 %)");
        }
    }
    if config.funding.is_some_and(|funding| funding.every_bars == 0) {
        return range("funding.every_bars", "0".to_owned(), "at least 1");
    }
    if config.latency.ack_min_ms > config.latency.ack_max_ms {
        let found = config.latency.ack_min_ms.to_string();
        return range("latency.ack_min_ms", found, "at most latency.ack_max_ms");
    }
    if config.latency.ack_max_ms > 10_000 {
        let found = config.latency.ack_max_ms.to_string();
        return range("latency.ack_max_ms", found, "at most 10,000");
    }
    if config.deposit < Decimal::ZERO {
        return range("deposit", config.deposit.to_string(), "zero or more");
    }
    Ok(())
}

impl Venue {
    /// Makes the currencies known and books what the account begins with.
    pub(super) fn begin(&mut self, quote: &Currency) -> Result<(), VenueError> {
        self.books.add_currency(quote).map_err(books)?;
        if let Some(fee) = self.config.fee_currency.clone() {
            let currency = Currency::new(&fee.code, fee.scale)
                .map_err(|source| VenueError::Money { source })?;
            let px = quote
                .amount(fee.px)
                .map_err(|source| VenueError::Amount { key: "fee_currency.px", source })?;
            if px.minor <= 0 {
                let (found, wanted) = (fee.px.to_string(), "above zero");
                return Err(VenueError::Range { key: "fee_currency.px", found, wanted });
            }
            self.books.add_currency(&currency).map_err(books)?;
            self.fee_currency = Some((currency, px.minor));
            self.cash(FlowKind::Deposit, &fee.code, fee.deposit)?;
        }
        let code = quote.code().to_owned();
        self.cash(FlowKind::Deposit, &code, self.config.deposit)
    }

    /// Moves money in (deposit, transfer; transfer may be negative) or out (withdrawal).
    ///
    /// # Errors
    ///
    /// [`VenueError`] if the currency is unknown or the amount has too many digits; nothing was
    /// changed then.
    pub fn cash(&mut self, kind: FlowKind, code: &str, value: Decimal) -> Result<(), VenueError> {
        let currency = self.books.balance(code).map(|balance| balance.currency.clone());
        let unknown = || books(crate::BooksError::UnknownCurrency { code: code.to_owned() });
        let currency = currency.ok_or_else(unknown)?;
        let amount = currency
            .amount(value)
            .map_err(|source| VenueError::Amount { key: "amount", source })?;
        self.book_cash(kind, &currency, movement(kind, amount), None)
    }

    fn book_cash(
        &mut self,
        kind: FlowKind,
        currency: &Currency,
        amount: Amount,
        funding: Option<(Decimal, Decimal)>,
    ) -> Result<(), VenueError> {
        if amount == Amount::ZERO {
            return Ok(());
        }
        self.books.flow(kind, currency.code(), amount).map_err(books)?;
        let flow = CashFlow {
            ref_id: self.next_id("C"),
            kind,
            currency: currency.code().to_owned(),
            amount: currency.decimal(amount),
            rate: funding.map(|(rate, _)| rate),
            position_qty: funding.map(|(_, qty)| qty),
        };
        let now_ns = self.now_ns;
        self.emit(now_ns, EventKind::CashMoved { flow });
        Ok(())
    }

    /// Returns the price of one unit of a currency in the quote currency; `None` if unknown.
    pub fn quote_px(&self, code: &str) -> Option<Decimal> {
        let quote = self.instrument.quote();
        if code == quote.code() {
            return Some(Decimal::of(1, 0));
        }
        let (currency, px_minor) = self.fee_currency.as_ref()?;
        (currency.code() == code).then(|| quote.decimal(Amount { minor: *px_minor }))
    }

    /// Returns quote balance and open gains at the last close, in the quote currency.
    ///
    /// # Errors
    ///
    /// [`MoneyError::Overflow`].
    pub fn quote_equity(&self) -> Result<Amount, MoneyError> {
        let code = self.instrument.quote().code();
        let total = self.books.balance(code).map_or(Amount::ZERO, |balance| balance.total);
        match (self.position(), self.mark_minor) {
            (Some(position), Some(mark)) => total.plus(position.unrealized(mark)?),
            _ => Ok(total),
        }
    }

    /// Returns the signed position at the instrument's scale.
    pub(super) fn held_minor(&self) -> i128 {
        self.position().map_or(0, |position| position.qty_minor)
    }

    /// Says why an order is not acceptable, or `None`.
    pub(super) fn refusal(
        &mut self,
        working: &Working,
    ) -> Result<Option<RejectReason>, MoneyError> {
        let order = &working.state.order;
        if let Some(text) = self.forced_rejects.pop_front() {
            return Ok(Some(RejectReason::Scripted(text)));
        }
        let Some(mark) = self.mark_minor else { return Ok(Some(RejectReason::NoMarket)) };
        let is_new = !self.open.contains(&order.client_order_id);
        let open_max = usize::try_from(self.config.open_orders_max).unwrap_or(usize::MAX);
        if is_new && self.open.len() >= open_max {
            return Ok(Some(RejectReason::TooManyOpenOrders));
        }
        if let (OrderType::PostOnly, Some(px)) = (order.order_type, working.px_minor) {
            let crosses = match order.side {
                Side::Buy => px >= mark,
                Side::Sell => px <= mark,
            };
            if crosses {
                return Ok(Some(RejectReason::PostOnlyWouldCross));
            }
        }
        let held = self.held_minor();
        if order.reduce_only {
            let reduces = held.signum() == -order.side.sign();
            return Ok((!reduces).then_some(RejectReason::ReduceOnlyWouldIncrease));
        }
        self.margin(working, held, mark)
    }

    /// The worst case is that every open order of the same side fills as well.
    fn margin(
        &self,
        working: &Working,
        held: i128,
        mark: i128,
    ) -> Result<Option<RejectReason>, MoneyError> {
        let overflow = MoneyError::Overflow { what: "the open orders' quantity" };
        let side = working.state.order.side;
        let mut worst = held;
        let own = &working.state.order.client_order_id;
        let others = self.open.iter().filter(|id| *id != own).filter_map(|id| self.orders.get(id));
        for other in others.chain([working]) {
            let counts = other.state.order.side == side && !other.state.order.reduce_only;
            if counts {
                let more = other.leaves_minor().checked_mul(side.sign());
                let next = more.and_then(|more| worst.checked_add(more));
                worst = next.ok_or_else(|| overflow.clone())?;
            }
        }
        if worst.abs() <= held.abs() {
            return Ok(None);
        }
        let notional = self.instrument.notional(worst.abs(), mark)?;
        let carried = self.quote_equity()?.minor.checked_mul(i128::from(self.config.leverage_max));
        let carried = carried.ok_or(overflow)?;
        Ok((notional.minor > carried).then_some(RejectReason::InsufficientMargin))
    }

    /// Long pays short while the rate is positive; the payment is rounded against the account.
    pub(super) fn pay_funding(&mut self) -> Result<(), VenueError> {
        let Some(funding) = self.config.funding else { return Ok(()) };
        let due = self.bars_done.is_multiple_of(u64::from(funding.every_bars));
        let (held, Some(mark)) = (self.held_minor(), self.mark_minor) else { return Ok(()) };
        if !due || held == 0 {
            return Ok(());
        }
        let money = |source| VenueError::Money { source };
        let notional = self.instrument.notional(held, mark).map_err(money)?;
        let overflow = || money(MoneyError::Overflow { what: "funding" });
        let paid = notional.minor.checked_mul(i128::from(funding.rate_ppm)).ok_or_else(overflow)?;
        let amount = Amount { minor: (-paid).div_euclid(MILLION) };
        let rate = Decimal::of(i128::from(funding.rate_ppm), 6);
        let quote = self.instrument.quote().clone();
        let qty = self.instrument.qty(held);
        self.book_cash(FlowKind::Funding, &quote, amount, Some((rate, qty)))
    }

    /// Does what the script wants after the bar of this index.
    pub(super) fn run_script(&mut self, bar: u64) -> Result<(), VenueError> {
        let due = |scripted: &&super::Scripted| scripted.bar == bar;
        let actions: Vec<Action> =
            self.config.script.iter().filter(due).map(|s| s.action.clone()).collect();
        let quote = self.config.quote.clone();
        for action in actions {
            match action {
                Action::Deposit(value) => self.cash(FlowKind::Deposit, &quote, value)?,
                Action::Withdraw(value) => self.cash(FlowKind::Withdrawal, &quote, value)?,
                Action::Transfer(value) => self.cash(FlowKind::Transfer, &quote, value)?,
                Action::WithdrawShare(ppm) => self.withdraw_share(ppm)?,
                Action::Disconnect(bars) => {
                    let reason = "scripted".to_owned();
                    let now_ns = self.now_ns;
                    self.emit(now_ns, EventKind::Disconnected { reason });
                    self.offline_bars = Some(bars);
                }
                Action::Reject(count, text) => {
                    let count = usize::try_from(count).unwrap_or(0).min(10_000);
                    self.forced_rejects.extend(std::iter::repeat_n(text, count));
                }
            }
        }
        Ok(())
    }

    fn withdraw_share(&mut self, ppm: u32) -> Result<(), VenueError> {
        let money = |source| VenueError::Money { source };
        let equity = self.quote_equity().map_err(money)?.minor.max(0);
        let product = equity.checked_mul(i128::from(ppm));
        let overflow = MoneyError::Overflow { what: "a share of the equity" };
        let minor = product.ok_or(money(overflow))? / MILLION;
        let quote = self.instrument.quote().clone();
        self.book_cash(FlowKind::Withdrawal, &quote, Amount { minor: -minor }, None)
    }
}
