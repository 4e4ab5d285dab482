//! Exact books: balances per currency, netted positions, and the proof that they agree.
//!
//! **Rounding.** Price times quantity is exact. The one division is the share of the cost basis
//! that a partial close releases: it is rounded toward zero, and the rest stays with the open
//! part, so that over a whole round trip nothing is lost.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::money::{Amount, Currency, Instrument, MoneyError};
use crate::order::Side;

/// Why money moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FlowKind {
    /// Money that the owner brought in.
    Deposit,
    /// Money that the owner took out.
    Withdrawal,
    /// Money moved between the owner's accounts.
    Transfer,
    /// Periodic payment between long and short.
    Funding,
    /// Trading fee; a rebate is positive.
    Commission,
    /// Price gain or loss of what was closed.
    Realized,
}

impl FlowKind {
    /// Every kind, in the order of the books.
    pub const ALL: [Self; 6] = [
        Self::Deposit,
        Self::Withdrawal,
        Self::Transfer,
        Self::Funding,
        Self::Commission,
        Self::Realized,
    ];

    /// Returns the word used in rows: `deposit`, `funding`, …
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deposit => "deposit",
            Self::Withdrawal => "withdrawal",
            Self::Transfer => "transfer",
            Self::Funding => "funding",
            Self::Commission => "commission",
            Self::Realized => "realized",
        }
    }
}

/// Which way a position points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PositionSide {
    /// Gains when the price rises.
    Long,
    /// Gains when the price falls.
    Short,
    /// Nothing is held.
    Flat,
}

impl PositionSide {
    /// Returns `long`, `short` or `flat`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Long => "long",
            Self::Short => "short",
            Self::Flat => "flat",
        }
    }
}

/// One currency's balance and the sum of every cause that changed it, in minor units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Balance {
    /// The currency.
    pub currency: Currency,
    /// What is there now; open gains are not in it.
    pub total: Amount,
    flows: BTreeMap<FlowKind, Amount>,
}

impl Balance {
    /// Returns the sum of all movements of one kind, signed: a cost is negative.
    pub fn flow(&self, kind: FlowKind) -> Amount {
        self.flows.get(&kind).copied().unwrap_or_default()
    }
}

/// A netted position in one instrument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The instrument.
    pub instrument: Instrument,
    /// Held quantity at the instrument's scale; negative is short.
    pub qty_minor: i128,
    /// What the held quantity cost in the quote currency, signed as the quantity.
    pub cost: Amount,
    /// Price gains of what was closed, in the quote currency, since the books began.
    pub realized: Amount,
    bought: Amount,
    sold: Amount,
    bought_qty_minor: i128,
    sold_qty_minor: i128,
}

impl Position {
    fn new(instrument: &Instrument) -> Self {
        Self {
            instrument: instrument.clone(),
            qty_minor: 0,
            cost: Amount::ZERO,
            realized: Amount::ZERO,
            bought: Amount::ZERO,
            sold: Amount::ZERO,
            bought_qty_minor: 0,
            sold_qty_minor: 0,
        }
    }

    /// Returns which way the position points.
    pub fn side(&self) -> PositionSide {
        match self.qty_minor {
            0 => PositionSide::Flat,
            1.. => PositionSide::Long,
            _ => PositionSide::Short,
        }
    }

    /// Returns the open gain at a price, in the quote currency.
    ///
    /// # Errors
    ///
    /// [`MoneyError::Overflow`].
    pub fn unrealized(&self, mark_px_minor: i128) -> Result<Amount, MoneyError> {
        self.instrument.notional(self.qty_minor, mark_px_minor)?.minus(self.cost)
    }

    /// Returns the average entry price for display; `None` when flat.
    #[allow(clippy::cast_precision_loss, reason = "the edge to doubles is lossy by design")]
    pub fn avg_px(&self) -> Option<f64> {
        let quantity = self.instrument.qty(self.qty_minor).to_f64();
        let cost = self.instrument.quote().decimal(self.cost).to_f64();
        (self.qty_minor != 0).then(|| cost / quantity)
    }
}

/// One fill as the books take it.
#[derive(Clone, Debug)]
pub struct Trade<'a> {
    /// What was traded.
    pub instrument: &'a Instrument,
    /// Which way.
    pub side: Side,
    /// How much, above zero, at the instrument's scale.
    pub qty_minor: i128,
    /// At which price, above zero, at the instrument's scale.
    pub px_minor: i128,
    /// Fee in `fee_currency`; positive is a cost, negative a rebate.
    pub fee: Amount,
    /// Code of the currency the fee is paid in.
    pub fee_currency: &'a str,
}

/// What a fill did to the position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PositionChange {
    /// Signed quantity before.
    pub qty_before_minor: i128,
    /// Signed quantity after.
    pub qty_after_minor: i128,
    /// Price gain of what was closed, in the quote currency.
    pub realized: Amount,
}

/// Why the books refused a movement; they are then unchanged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BooksError {
    /// The books hold no such currency.
    #[error("the books hold no currency `{code}`")]
    UnknownCurrency {
        /// The code.
        code: String,
    },
    /// A quantity or price is zero or negative.
    #[error("{what} is {found}, wanted above zero")]
    NotPositive {
        /// Which number.
        what: &'static str,
        /// What was found, in minor units.
        found: i128,
    },
    /// The same currency code was given with two scales.
    #[error("currency `{code}` has scale {found} here and {known} in the books")]
    Scale {
        /// The code.
        code: String,
        /// Scale given.
        found: u8,
        /// Scale known.
        known: u8,
    },
    /// A sum does not fit.
    #[error("the books cannot hold the result")]
    Money {
        /// Which computation.
        source: MoneyError,
    },
}

/// Which sum of the books does not agree.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} of {of} is {found}, but its movements sum to {wanted} (minor units)")]
pub struct CheckError {
    /// Which sum.
    pub what: &'static str,
    /// Currency or instrument.
    pub of: String,
    /// What the books hold.
    pub found: i128,
    /// What the movements give.
    pub wanted: i128,
}

fn money(source: MoneyError) -> BooksError {
    BooksError::Money { source }
}

/// Balances and positions of one account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Books {
    balances: BTreeMap<String, Balance>,
    positions: BTreeMap<String, Position>,
}

impl Books {
    /// Begins books without money.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes a currency known; knowing it already is fine.
    ///
    /// # Errors
    ///
    /// [`BooksError::Scale`] if it is known with another scale.
    pub fn add_currency(&mut self, currency: &Currency) -> Result<(), BooksError> {
        let code = currency.code().to_owned();
        let balance = self.balances.entry(code.clone()).or_insert_with(|| Balance {
            currency: currency.clone(),
            total: Amount::ZERO,
            flows: BTreeMap::new(),
        });
        let (found, known) = (currency.scale(), balance.currency.scale());
        if found != known { Err(BooksError::Scale { code, found, known }) } else { Ok(()) }
    }

    /// Books a movement of money; out of the account is negative.
    ///
    /// # Errors
    ///
    /// [`BooksError`]; the books are then unchanged.
    pub fn flow(&mut self, kind: FlowKind, code: &str, amount: Amount) -> Result<(), BooksError> {
        let balance = self
            .balances
            .get_mut(code)
            .ok_or_else(|| BooksError::UnknownCurrency { code: code.to_owned() })?;
        let total = balance.total.plus(amount).map_err(money)?;
        let sum = balance.flow(kind).plus(amount).map_err(money)?;
        balance.total = total;
        balance.flows.insert(kind, sum);
        Ok(())
    }

    /// Books a fill: position, realized gain into the quote currency, fee.
    ///
    /// # Errors
    ///
    /// [`BooksError`]; the books are then unchanged.
    pub fn trade(&mut self, trade: &Trade<'_>) -> Result<PositionChange, BooksError> {
        for (what, found) in [("quantity", trade.qty_minor), ("price", trade.px_minor)] {
            if found <= 0 {
                return Err(BooksError::NotPositive { what, found });
            }
        }
        let id = trade.instrument.instrument_id();
        let before =
            self.positions.get(id).cloned().unwrap_or_else(|| Position::new(trade.instrument));
        let (after, realized) = net(&before, trade).map_err(money)?;
        let quote = trade.instrument.quote().code();
        let fee = Amount::ZERO.minus(trade.fee).map_err(money)?;
        // Both movements are tried on a copy first: a half-booked fill must not exist.
        let mut next = Self { balances: self.balances.clone(), positions: BTreeMap::new() };
        next.flow(FlowKind::Realized, quote, realized)?;
        next.flow(FlowKind::Commission, trade.fee_currency, fee)?;
        self.balances = next.balances;
        let change = PositionChange {
            qty_before_minor: before.qty_minor,
            qty_after_minor: after.qty_minor,
            realized,
        };
        self.positions.insert(id.to_owned(), after);
        Ok(change)
    }

    /// Returns a currency's balance.
    pub fn balance(&self, code: &str) -> Option<&Balance> {
        self.balances.get(code)
    }

    /// Returns all balances in order of their codes.
    pub fn balances(&self) -> impl Iterator<Item = &Balance> {
        self.balances.values()
    }

    /// Returns a position; `None` if the instrument was never traded.
    pub fn position(&self, instrument_id: &str) -> Option<&Position> {
        self.positions.get(instrument_id)
    }

    /// Returns all positions ever held, flat ones included.
    pub fn positions(&self) -> impl Iterator<Item = &Position> {
        self.positions.values()
    }

    /// Proves that the books agree: every balance is the sum of its movements, every position the
    /// sum of its trades, and realized gains are sales minus purchases plus what is still held.
    ///
    /// # Errors
    ///
    /// [`CheckError`] with the first sum that does not agree.
    pub fn check(&self) -> Result<(), CheckError> {
        let mut realized: BTreeMap<&str, i128> = BTreeMap::new();
        for position in self.positions.values() {
            let of = position.instrument.instrument_id();
            let held = position.bought_qty_minor.saturating_sub(position.sold_qty_minor);
            agree("quantity", of, position.qty_minor, held)?;
            let traded = position.sold.minor.saturating_sub(position.bought.minor);
            let gained = traded.saturating_add(position.cost.minor);
            agree("realized gain", of, position.realized.minor, gained)?;
            let sum = realized.entry(position.instrument.quote().code()).or_default();
            *sum = sum.saturating_add(gained);
        }
        for (code, balance) in &self.balances {
            let movements = balance.flows.values().map(|amount| amount.minor);
            let sum = movements.fold(0i128, i128::saturating_add);
            agree("balance", code, balance.total.minor, sum)?;
            let gained = realized.get(code.as_str()).copied().unwrap_or(0);
            agree("realized gain", code, balance.flow(FlowKind::Realized).minor, gained)?;
        }
        Ok(())
    }
}

fn agree(what: &'static str, of: &str, found: i128, wanted: i128) -> Result<(), CheckError> {
    if found == wanted {
        return Ok(());
    }
    Err(CheckError { what, of: of.to_owned(), found, wanted })
}

/// Nets a trade into a position; returns the new position and the realized gain.
fn net(before: &Position, trade: &Trade<'_>) -> Result<(Position, Amount), MoneyError> {
    let overflow = || MoneyError::Overflow { what: "a position" };
    let mut after = before.clone();
    let notional = trade.instrument.notional(trade.qty_minor, trade.px_minor)?;
    let signed = match trade.side {
        Side::Buy => {
            after.bought = after.bought.plus(notional)?;
            after.bought_qty_minor =
                after.bought_qty_minor.checked_add(trade.qty_minor).ok_or_else(overflow)?;
            trade.qty_minor
        }
        Side::Sell => {
            after.sold = after.sold.plus(notional)?;
            after.sold_qty_minor =
                after.sold_qty_minor.checked_add(trade.qty_minor).ok_or_else(overflow)?;
            -trade.qty_minor
        }
    };
    let opening = before.qty_minor == 0 || before.qty_minor.signum() == signed.signum();
    let closed = if opening { 0 } else { signed.abs().min(before.qty_minor.abs()) };
    let released = if closed == 0 {
        Amount::ZERO
    } else {
        let product = before.cost.minor.checked_mul(closed).ok_or_else(overflow)?;
        Amount { minor: product / before.qty_minor.abs() }
    };
    let proceeds = trade.instrument.notional(closed * before.qty_minor.signum(), trade.px_minor)?;
    let realized = proceeds.minus(released)?;
    let opened = signed.signum() * (signed.abs() - closed);
    let opened_cost = trade.instrument.notional(opened, trade.px_minor)?;
    after.qty_minor = before.qty_minor.checked_add(signed).ok_or_else(overflow)?;
    after.cost = before.cost.minus(released)?.plus(opened_cost)?;
    after.realized = before.realized.plus(realized)?;
    Ok((after, realized))
}
