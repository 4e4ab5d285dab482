//! What the venue says happened.

use serde::{Deserialize, Serialize};

use crate::books::FlowKind;
use crate::money::Decimal;
use crate::order::{OrderState, RejectReason, Side};

/// Whether a fill took or made liquidity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Liquidity {
    /// Traded at once against what was there.
    Taker,
    /// Had been resting.
    Maker,
}

impl Liquidity {
    /// Returns `taker` or `maker`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Taker => "taker",
            Self::Maker => "maker",
        }
    }
}

/// One fill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Fill {
    /// The venue's id of the fill; the same for the same seed.
    pub trade_id: String,
    /// The client's id of the order.
    pub client_order_id: String,
    /// The venue's id of the order.
    pub venue_order_id: String,
    /// Which way.
    pub side: Side,
    /// Quantity of this fill.
    pub last_qty: Decimal,
    /// Price of this fill.
    pub last_px: Decimal,
    /// Price times quantity in the quote currency.
    pub notional: Decimal,
    /// Fee; positive is a cost, negative a rebate.
    pub commission: Decimal,
    /// Currency the fee was paid in.
    pub commission_currency: String,
    /// Price gain of what this fill closed, in the quote currency.
    pub realized_pnl: Decimal,
    /// Taker or maker.
    pub liquidity: Liquidity,
    /// Signed position before the fill.
    pub position_before: Decimal,
    /// Signed position after the fill.
    pub position_after: Decimal,
    /// When, UTC nanoseconds in whole milliseconds.
    pub ts_ns: i64,
}

/// One movement of money that is no fill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CashFlow {
    /// The venue's id of the movement.
    pub ref_id: String,
    /// Deposit, withdrawal, transfer or funding.
    pub kind: FlowKind,
    /// Currency code.
    pub currency: String,
    /// Signed: into the account is positive.
    pub amount: Decimal,
    /// Funding rate as a ratio; `None` for the others.
    pub rate: Option<Decimal>,
    /// Signed position the funding was for; `None` for the others.
    pub position_qty: Option<Decimal>,
}

/// One thing that happened at the venue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When, UTC nanoseconds in whole milliseconds.
    pub ts_ns: i64,
    /// What.
    pub kind: EventKind,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
#[non_exhaustive]
pub enum EventKind {
    /// The order works.
    Accepted {
        /// The order.
        order: OrderState,
    },
    /// The order was refused.
    Rejected {
        /// The order, with the reason.
        order: OrderState,
    },
    /// A stop order's trigger was touched.
    Triggered {
        /// The order.
        order: OrderState,
    },
    /// The order was changed.
    Updated {
        /// The order after the change.
        order: OrderState,
    },
    /// A change was refused.
    ModifyRejected {
        /// The client's id of the order.
        client_order_id: String,
        /// Why.
        reason: RejectReason,
    },
    /// The order was canceled.
    Canceled {
        /// The order, with the reason.
        order: OrderState,
    },
    /// A cancel was refused.
    CancelRejected {
        /// The client's id of the order.
        client_order_id: String,
        /// Why.
        reason: RejectReason,
    },
    /// The order's time was over.
    Expired {
        /// The order.
        order: OrderState,
    },
    /// Part of the order was filled and the rest works on.
    PartiallyFilled {
        /// The order after the fill.
        order: OrderState,
        /// The fill.
        fill: Fill,
    },
    /// The order was filled to the end.
    Filled {
        /// The order after the fill.
        order: OrderState,
        /// The fill.
        fill: Fill,
    },
    /// The venue closed the position.
    Liquidated {
        /// The venue's own order.
        order: OrderState,
        /// The fill.
        fill: Fill,
    },
    /// Money moved without a trade.
    CashMoved {
        /// The movement.
        flow: CashFlow,
    },
    /// The line to the venue broke. What happens meanwhile is told after the reconnect.
    Disconnected {
        /// Why.
        reason: String,
    },
    /// The line is back.
    Reconnected,
}
