//! What happened in an account, as its venue tells it: fills, money that moved, orders.

use super::{Balance, Decimal, HoldingsError, Side};

/// From when to when, UTC nanoseconds; the end is not in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// First moment.
    pub from_ns: i64,
    /// First moment after it.
    pub until_ns: i64,
}

impl Span {
    /// Everything between two moments.
    #[must_use]
    pub fn new(from_ns: i64, until_ns: i64) -> Self {
        Self { from_ns, until_ns }
    }

    /// Whether a moment is in it.
    #[must_use]
    pub fn contains(self, at_ns: i64) -> bool {
        (self.from_ns..self.until_ns).contains(&at_ns)
    }

    /// First moment in whole milliseconds, rounded down.
    pub(super) fn begin_ms(self) -> i64 {
        self.from_ns.div_euclid(1_000_000)
    }
}

/// One fill.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PastFill {
    /// When, UTC nanoseconds at the venue's own precision.
    pub at_ns: i64,
    /// What was traded.
    pub instrument_id: String,
    /// Currency of price gains.
    pub currency: String,
    /// The venue's id of the fill.
    pub trade_id: String,
    /// The client's id of the order, where it gave one.
    pub client_order_id: Option<String>,
    /// The venue's id of the order.
    pub venue_order_id: Option<String>,
    /// Which way.
    pub side: Side,
    /// How much.
    pub qty: Decimal,
    /// At which price.
    pub px: Decimal,
    /// Fee: above zero = cost.
    pub fee: Decimal,
    /// Currency of the fee.
    pub fee_currency: String,
    /// Price gain of what was closed, in `currency`.
    pub realized_pnl: Option<Decimal>,
    /// Whether the order had been resting.
    pub is_maker: Option<bool>,
}

/// Why money moved, other than by a fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum FlowKind {
    /// Paid between longs and shorts.
    Funding,
    /// Brought in.
    Deposit,
    /// Taken out.
    Withdrawal,
    /// Moved between accounts of one owner, or between users.
    Transfer,
    /// Anything else, such as a reward or the fee of a withdrawal.
    Adjustment,
}

impl FlowKind {
    /// Returns the word of the table `trading_cashflows`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Funding => "funding",
            Self::Deposit => "deposit",
            Self::Withdrawal => "withdrawal",
            Self::Transfer => "transfer",
            Self::Adjustment => "adjustment",
        }
    }
}

/// Money that moved without a fill.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PastFlow {
    /// When, UTC nanoseconds at the venue's own precision.
    pub at_ns: i64,
    /// Why.
    pub kind: FlowKind,
    /// What it was paid on, for funding.
    pub instrument_id: Option<String>,
    /// Currency.
    pub currency: String,
    /// Above zero = into the account.
    pub amount: Decimal,
    /// Funding rate of the interval as a ratio.
    pub rate: Option<Decimal>,
    /// Signed position that funding was paid on.
    pub position_qty: Option<Decimal>,
    /// The venue's id of it.
    pub ref_id: String,
}

/// One transition of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PastOrder {
    /// When, UTC nanoseconds.
    pub at_ns: i64,
    /// What it was for.
    pub instrument_id: String,
    /// Currency of the instrument.
    pub currency: String,
    /// The client's id, where it gave one.
    pub client_order_id: Option<String>,
    /// The venue's id.
    pub venue_order_id: Option<String>,
    /// Which way.
    pub side: Side,
    /// What happened, in the words of the table `trading_orders`.
    pub event: &'static str,
    /// What sort of order it is, in the words of its source.
    pub order_type: String,
    /// How much was ordered.
    pub qty: Decimal,
    /// Filled so far, where the venue tells it.
    pub cum_qty: Option<Decimal>,
    /// Limit price.
    pub px: Option<Decimal>,
    /// Trigger price.
    pub trigger_px: Option<Decimal>,
    /// Whether it could only make a position smaller.
    pub reduce_only: bool,
    /// The venue's words.
    pub reason: Option<String>,
}

/// Reads what happened in one account. It never changes anything there.
pub trait ReadHistory: Send {
    /// Names the place for people.
    fn name(&self) -> String;

    /// Name of the venue, as labels of rows have it.
    fn venue(&self) -> String;

    /// Fills, oldest first.
    ///
    /// # Errors
    ///
    /// When not all of them could be read.
    fn fills(&mut self, span: Span) -> Result<Vec<PastFill>, HoldingsError>;

    /// Money that moved without a fill, oldest first.
    ///
    /// # Errors
    ///
    /// When not all of it could be read.
    fn flows(&mut self, span: Span) -> Result<Vec<PastFlow>, HoldingsError>;

    /// Transitions of orders, oldest first. A venue that keeps only the last state of an order has
    /// one for each order.
    ///
    /// # Errors
    ///
    /// When not all of them could be read.
    fn orders(&mut self, span: Span) -> Result<Vec<PastOrder>, HoldingsError>;

    /// Balances now, without open profit and loss.
    ///
    /// # Errors
    ///
    /// When not all of them could be read.
    fn balances(&mut self) -> Result<Vec<Balance>, HoldingsError>;
}
