//! `trading_orders`.

use crate::{
    row::row,
    schema::{Key, Ttl},
    tables::labels::{OrderEvent, OrderStatus, OrderType, RefKind, RejectClass, Side, TimeInForce},
    value::{Id, Millis, Text},
};

row! {
    /// One transition of an order; the table is a log of them.
    Order<'a> = 1, "trading_orders", since 1;
    Day, Ttl::Days(365), High, Key::Emission;
    series ["trader_id", "account_id", "strategy_id", "instrument_id", "venue"]
    codes {
        /// Buy or sell.
        side: Side,
        /// Market, limit and so on.
        order_type: OrderType,
        /// How long it stands.
        time_in_force: TimeInForce,
        /// What happened.
        event: OrderEvent,
        /// State after it.
        status: OrderStatus,
        /// Why it was refused.
        reject_class: RejectClass,
        /// What `ref_px` is.
        ref_kind: RefKind,
    }
    values {
        /// Id that the strategy gave (FIX `ClOrdID`).
        client_order_id: Id<'a>;
        /// Id that the venue gave (FIX `OrderID`).
        venue_order_id: Id<'a>;
        /// Position that it belongs to.
        position_id: Id<'a>;
        /// Size of the order, base units.
        qty: f64;
        /// Limit price, quote units.
        px: f64;
        /// Trigger price, quote units.
        trigger_px: f64;
        /// Filled so far, base units.
        cum_qty: f64;
        /// Still open, base units.
        leaves_qty: f64;
        /// Average price of what is filled, quote units.
        avg_px: f64;
        /// Price that slippage is measured against, quote units.
        ref_px: f64;
        /// `side × (avg_px − ref_px) / ref_px × 10⁴`: basis points, positive = cost. Completed by
        /// the worker when `side`, `avg_px` and `ref_px` are known.
        slippage_bps: f64;
        /// Time that this transition took, ms.
        latency_ms: Millis;
        /// May only reduce a position.
        reduce_only: bool;
        /// Known from reconciliation, not from the event itself.
        reconciliation: bool;
        /// The venue's words.
        reason: Text<'a>;
    }
}

impl<'a> Order<'a> {
    /// A transition of any kind.
    #[inline(always)]
    pub fn new(client_order_id: &'a str, side: Side, event: OrderEvent) -> Self {
        Self::empty().client_order_id(client_order_id).side(side).event(event)
    }

    /// Sent to the venue: `qty` in base units at `px` in quote units.
    #[inline(always)]
    pub fn submitted(client_order_id: &'a str, side: Side, qty: f64, px: f64) -> Self {
        Self::new(client_order_id, side, OrderEvent::Submitted).qty(qty).px(px)
    }

    /// All of it was filled, at `avg_px` in quote units.
    #[inline(always)]
    pub fn filled(client_order_id: &'a str, side: Side, cum_qty: f64, avg_px: f64) -> Self {
        Self::new(client_order_id, side, OrderEvent::Filled).cum_qty(cum_qty).avg_px(avg_px)
    }

    /// The mid price when the strategy decided, quote units: what slippage is measured against.
    #[inline(always)]
    pub fn decision_px(self, mid: f64) -> Self {
        self.ref_px(mid).ref_kind(RefKind::Decision)
    }
}
