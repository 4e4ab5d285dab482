//! Orders in the venue's words: what a client asks for and what became of it.

use serde::{Deserialize, Serialize};

use crate::money::Decimal;

/// Which way an order trades.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Buys.
    Buy,
    /// Sells.
    Sell,
}

impl Side {
    /// Returns `buy` or `sell`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Buy => "buy",
            Self::Sell => "sell",
        }
    }

    /// Returns `1` for buy and `-1` for sell.
    pub(crate) const fn sign(self) -> i128 {
        match self {
            Self::Buy => 1,
            Self::Sell => -1,
        }
    }
}

/// How an order finds its price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OrderType {
    /// At the next bar's open, with slippage.
    Market,
    /// At its limit or better.
    Limit,
    /// A limit order that is rejected where it would trade at once.
    PostOnly,
    /// Becomes a market order when its trigger price is touched.
    StopMarket,
}

impl OrderType {
    /// Returns the word used in rows: `market`, `limit`, `post_only` or `stop_market`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Market => "market",
            Self::Limit => "limit",
            Self::PostOnly => "post_only",
            Self::StopMarket => "stop_market",
        }
    }
}

/// How long an order works.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TimeInForce {
    /// Until it is filled or canceled.
    #[default]
    Gtc,
    /// What does not trade in the next bar is canceled.
    Ioc,
    /// Expires after that many bars.
    GtdBars(u32),
}

impl TimeInForce {
    /// Returns `gtc`, `ioc` or `gtd`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gtc => "gtc",
            Self::Ioc => "ioc",
            Self::GtdBars(_) => "gtd",
        }
    }
}

/// Where an order is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OrderStatus {
    /// Works at the venue.
    Accepted,
    /// Its trigger was touched and it works as a market order.
    Triggered,
    /// Works, and part of it is filled.
    PartiallyFilled,
    /// Wholly filled.
    Filled,
    /// Canceled by its owner or by the venue.
    Canceled,
    /// Its time was over.
    Expired,
    /// Never accepted.
    Rejected,
}

impl OrderStatus {
    /// Returns the word used in rows.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Triggered => "triggered",
            Self::PartiallyFilled => "partially_filled",
            Self::Filled => "filled",
            Self::Canceled => "canceled",
            Self::Expired => "expired",
            Self::Rejected => "rejected",
        }
    }

    /// Says whether the order still works.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Accepted | Self::Triggered | Self::PartiallyFilled)
    }
}

/// Why the venue said no, or ended an order by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RejectReason {
    /// The account cannot carry the order.
    InsufficientMargin,
    /// A post-only order would have traded at once.
    PostOnlyWouldCross,
    /// A reduce-only order would open or enlarge a position.
    ReduceOnlyWouldIncrease,
    /// An immediate-or-cancel order found nothing more to trade.
    IocUnfilled,
    /// Too many orders work at once.
    TooManyOpenOrders,
    /// No price is known yet.
    NoMarket,
    /// A cancel or change came for an order that is not open.
    NotOpen,
    /// Its owner asked for it.
    Requested,
    /// The account was liquidated.
    Liquidated,
    /// The test script asked for it.
    Scripted(String),
}

impl RejectReason {
    /// Returns the class used in rows: `post_only_would_cross`, …; a script's is `scripted`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::InsufficientMargin => "insufficient_margin",
            Self::PostOnlyWouldCross => "post_only_would_cross",
            Self::ReduceOnlyWouldIncrease => "reduce_only_would_increase",
            Self::IocUnfilled => "ioc_unfilled",
            Self::TooManyOpenOrders => "too_many_open_orders",
            Self::NoMarket => "no_market",
            Self::NotOpen => "not_open",
            Self::Requested => "requested",
            Self::Liquidated => "liquidated",
            Self::Scripted(_) => "scripted",
        }
    }
}

/// What a client asks for. `client_order_id` makes it idempotent: the same order sent twice is
/// placed once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct NewOrder {
    /// The client's own id: 1 to 64 letters, digits, `-`, `_`, `.` or `:`.
    pub client_order_id: String,
    /// Which way.
    pub side: Side,
    /// How it finds its price.
    pub order_type: OrderType,
    /// How much, above zero.
    pub qty: Decimal,
    /// Limit price; required for limit and post-only, absent for the others.
    #[serde(default)]
    pub px: Option<Decimal>,
    /// Trigger price; required for stop orders, absent for the others.
    #[serde(default)]
    pub trigger_px: Option<Decimal>,
    /// How long it works. Default: until canceled.
    #[serde(default)]
    pub time_in_force: TimeInForce,
    /// Whether it may only make a position smaller. Default: it may also open.
    #[serde(default)]
    pub reduce_only: bool,
    /// Who sends it, so that the venue can count orders by sender. Default: nobody is named.
    #[serde(default)]
    pub sender: Option<String>,
}

impl NewOrder {
    fn new(client_order_id: &str, side: Side, order_type: OrderType, qty: Decimal) -> Self {
        Self {
            client_order_id: client_order_id.to_owned(),
            side,
            order_type,
            qty,
            px: None,
            trigger_px: None,
            time_in_force: TimeInForce::Gtc,
            reduce_only: false,
            sender: None,
        }
    }

    /// An order at the next bar's open.
    pub fn market(client_order_id: &str, side: Side, qty: Decimal) -> Self {
        Self::new(client_order_id, side, OrderType::Market, qty)
    }

    /// An order at `px` or better.
    pub fn limit(client_order_id: &str, side: Side, qty: Decimal, px: Decimal) -> Self {
        Self { px: Some(px), ..Self::new(client_order_id, side, OrderType::Limit, qty) }
    }

    /// A limit order that never takes liquidity.
    pub fn post_only(client_order_id: &str, side: Side, qty: Decimal, px: Decimal) -> Self {
        Self { px: Some(px), ..Self::new(client_order_id, side, OrderType::PostOnly, qty) }
    }

    /// A market order that waits for `trigger_px` to be touched.
    pub fn stop_market(id: &str, side: Side, qty: Decimal, trigger_px: Decimal) -> Self {
        Self { trigger_px: Some(trigger_px), ..Self::new(id, side, OrderType::StopMarket, qty) }
    }

    /// Cancels what does not trade in the next bar.
    #[must_use]
    pub fn ioc(self) -> Self {
        Self { time_in_force: TimeInForce::Ioc, ..self }
    }

    /// Lets the order expire after that many bars.
    #[must_use]
    pub fn expiring_after_bars(self, bars: u32) -> Self {
        Self { time_in_force: TimeInForce::GtdBars(bars), ..self }
    }

    /// Lets the order only make a position smaller.
    #[must_use]
    pub fn reduce_only(self) -> Self {
        Self { reduce_only: true, ..self }
    }

    /// Names the sender.
    #[must_use]
    pub fn with_sender(self, sender: &str) -> Self {
        Self { sender: Some(sender.to_owned()), ..self }
    }
}

/// What to change about an open order; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Change {
    /// New total quantity; must be above what is filled already.
    pub qty: Option<Decimal>,
    /// New limit price.
    pub px: Option<Decimal>,
    /// New trigger price.
    pub trigger_px: Option<Decimal>,
}

impl Change {
    /// Changes the total quantity.
    pub fn qty(qty: Decimal) -> Self {
        Self { qty: Some(qty), ..Self::default() }
    }

    /// Changes the limit price.
    pub fn px(px: Decimal) -> Self {
        Self { px: Some(px), ..Self::default() }
    }

    /// Changes the trigger price.
    pub fn trigger_px(trigger_px: Decimal) -> Self {
        Self { trigger_px: Some(trigger_px), ..Self::default() }
    }
}

/// An order as the venue knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OrderState {
    /// What was asked for, with later changes.
    pub order: NewOrder,
    /// The venue's id; `None` if the order was rejected.
    pub venue_order_id: Option<String>,
    /// Where it is in its life.
    pub status: OrderStatus,
    /// Why it ended without being filled.
    pub reason: Option<RejectReason>,
    /// Filled so far.
    pub cum_qty: Decimal,
    /// Still to be filled; zero when it has ended.
    pub leaves_qty: Decimal,
    /// Sum of price times quantity of its fills, in the quote currency.
    pub cum_notional: Decimal,
    /// When the venue took it, UTC nanoseconds.
    pub accepted_ns: i64,
}

impl OrderState {
    /// Returns the average fill price for display; `None` before the first fill.
    pub fn avg_px(&self) -> Option<f64> {
        let filled = self.cum_qty.to_f64();
        (self.cum_qty.mantissa() != 0).then(|| self.cum_notional.to_f64() / filled)
    }
}
