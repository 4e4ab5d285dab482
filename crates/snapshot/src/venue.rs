//! What an account holds: at a venue, which is the truth, and in a cache, which should agree.

mod compare;
mod decimal;
mod history;
mod hyperliquid;
mod msgpack;
mod nautilus;
mod own;
mod paper;
mod statement;
#[cfg(feature = "testnet-order")]
mod testnet;

use std::error::Error;
use std::fmt;

use serde::{Deserialize, Serialize};

pub use compare::{Disagreement, disagreements};
pub use decimal::{Decimal, DecimalError};
pub use history::{FlowKind, PastFill, PastFlow, PastOrder, ReadHistory, Span};
pub use hyperliquid::{Hyperliquid, HyperliquidNetwork};
pub use nautilus::NautilusCache;
pub use own::OwnProgram;
pub use paper::PaperVenue;
pub use statement::{
    Booked, BookedBalance, BookedFill, BookedFlow, Item, Line, Statement, Unequal, compare,
};
#[cfg(feature = "testnet-order")]
pub use testnet::{Testnet, TestnetError, TestnetKey, TestnetOrder, TimeInForce};

/// Which way an order goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// More.
    Buy,
    /// Less.
    Sell,
}

/// A position that is not flat.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Position {
    /// Which account holds it, where there are several.
    pub account_id: String,
    /// What is held.
    pub instrument_id: String,
    /// How much, above zero for long and below for short.
    pub signed_qty: Decimal,
    /// Average price of entry, where it is known.
    pub avg_px: Option<Decimal>,
}

impl Position {
    /// A position of that size.
    #[must_use]
    pub fn new(account_id: &str, instrument_id: &str, signed_qty: Decimal) -> Self {
        let (account_id, instrument_id) = (account_id.to_owned(), instrument_id.to_owned());
        Self { account_id, instrument_id, signed_qty, avg_px: None }
    }

    /// Sets [`Position::avg_px`].
    #[must_use]
    pub fn with_avg_px(mut self, avg_px: Decimal) -> Self {
        self.avg_px = Some(avg_px);
        self
    }
}

/// An order that can still be filled.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OpenOrder {
    /// The client's id, where it gave one.
    pub client_order_id: Option<String>,
    /// The venue's id, where it is known.
    pub venue_order_id: Option<String>,
    /// Which account it is of.
    pub account_id: String,
    /// What it is for.
    pub instrument_id: String,
    /// Which way.
    pub side: Side,
    /// What sort of order it is, in the words of its source.
    pub order_type: String,
    /// How much was ordered.
    pub qty: Decimal,
    /// How much can still be filled.
    pub leaves_qty: Decimal,
    /// Limit price, if it has one.
    pub px: Option<Decimal>,
    /// Trigger price, if it has one.
    pub trigger_px: Option<Decimal>,
    /// Whether it may only make a position smaller.
    pub reduce_only: bool,
}

impl OpenOrder {
    /// An order with what every order has.
    #[must_use]
    pub fn new(account_id: &str, instrument_id: &str, side: Side, qty: Decimal) -> Self {
        Self {
            client_order_id: None,
            venue_order_id: None,
            account_id: account_id.to_owned(),
            instrument_id: instrument_id.to_owned(),
            side,
            order_type: String::new(),
            qty,
            leaves_qty: qty,
            px: None,
            trigger_px: None,
            reduce_only: false,
        }
    }
}

/// How much of a currency an account has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Balance {
    /// Which account.
    pub account_id: String,
    /// Which currency or token.
    pub currency: String,
    /// How much, also what is locked.
    pub total: Decimal,
}

/// Everything that was held at a moment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Holdings {
    /// Positions that are not flat, in order.
    pub positions: Vec<Position>,
    /// Orders that can still be filled, in order.
    pub open_orders: Vec<OpenOrder>,
    /// Balances, where the source has them.
    pub balances: Vec<Balance>,
    /// Id of the last fill and its time, UTC milliseconds, where the source has them.
    pub last_fill: Option<(String, i64)>,
    /// Orders that were sent and not answered yet, by the client's id.
    pub in_flight: Vec<String>,
}

impl Holdings {
    /// Puts everything in order, so that two readings can be compared.
    pub(crate) fn sorted(mut self) -> Self {
        self.positions.sort();
        self.open_orders.sort();
        self.balances
            .sort_by(|a, b| (&a.account_id, &a.currency).cmp(&(&b.account_id, &b.currency)));
        self.in_flight.sort();
        self
    }

    /// Whether positions and open orders are the same; balances move with every tick.
    pub(crate) fn is_still(&self, other: &Self) -> bool {
        let held = |one: &Self| -> Vec<(String, String, Decimal)> {
            let key = |p: &Position| (p.account_id.clone(), p.instrument_id.clone(), p.signed_qty);
            one.positions.iter().map(key).collect()
        };
        held(self) == held(other)
            && self.open_orders == other.open_orders
            && self.in_flight == other.in_flight
    }
}

/// Reads what is held, somewhere. It never changes anything there.
pub trait ReadHoldings: Send {
    /// Names the place for people, such as `paper venue at http://..`.
    fn name(&self) -> String;

    /// Reads everything.
    ///
    /// # Errors
    ///
    /// When anything could not be read: a part of what is held must never look like all of it.
    fn holdings(&mut self) -> Result<Holdings, HoldingsError>;
}

/// Why it is not known what is held.
#[derive(Debug)]
pub struct HoldingsError {
    what: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl HoldingsError {
    /// Says what could not be read.
    #[must_use]
    pub fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), source: None }
    }

    /// Adds the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}

impl fmt::Display for HoldingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl Error for HoldingsError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|source| source.as_ref() as &(dyn Error + 'static))
    }
}
