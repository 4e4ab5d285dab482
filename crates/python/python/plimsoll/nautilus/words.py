"""NautilusTrader's words in the words of the tables."""

from nautilus_trader.core import nautilus_pyo3
from nautilus_trader.model import enums, events

#: Order events by class; a fill is `filled` or `partially_filled`, and the rest never left the node.
ORDER_EVENTS = {
    events.OrderDenied: "denied",
    events.OrderSubmitted: "submitted",
    events.OrderAccepted: "accepted",
    events.OrderRejected: "rejected",
    events.OrderTriggered: "triggered",
    events.OrderPendingUpdate: "pending_update",
    events.OrderUpdated: "updated",
    events.OrderModifyRejected: "modify_rejected",
    events.OrderPendingCancel: "pending_cancel",
    events.OrderCanceled: "canceled",
    events.OrderCancelRejected: "cancel_rejected",
    events.OrderExpired: "expired",
}

#: Events of an order that the venue never hears of.
INSIDE = (events.OrderInitialized, events.OrderEmulated, events.OrderReleased)

#: Refusals, and what the row of the error is called.
REFUSALS = {
    events.OrderDenied: "ORDER_DENIED",
    events.OrderRejected: "ORDER_REJECTED",
    events.OrderModifyRejected: "MODIFY_REJECTED",
    events.OrderCancelRejected: "CANCEL_REJECTED",
}

SIDES = {enums.OrderSide.BUY: "buy", enums.OrderSide.SELL: "sell"}
LIQUIDITY = {enums.LiquiditySide.MAKER: "maker", enums.LiquiditySide.TAKER: "taker"}
POSITION_SIDES = {
    enums.PositionSide.LONG: "long",
    enums.PositionSide.SHORT: "short",
    enums.PositionSide.FLAT: "flat",
}
POSITION_EVENTS = {
    events.PositionOpened: "opened",
    events.PositionChanged: "changed",
    events.PositionClosed: "closed",
}
STATUSES = {
    enums.OrderStatus.INITIALIZED: "initialized",
    enums.OrderStatus.EMULATED: "initialized",
    enums.OrderStatus.RELEASED: "initialized",
    enums.OrderStatus.DENIED: "rejected",
    enums.OrderStatus.SUBMITTED: "submitted",
    enums.OrderStatus.ACCEPTED: "open",
    enums.OrderStatus.TRIGGERED: "open",
    enums.OrderStatus.PENDING_UPDATE: "open",
    enums.OrderStatus.PENDING_CANCEL: "open",
    enums.OrderStatus.PARTIALLY_FILLED: "partially_filled",
    enums.OrderStatus.FILLED: "filled",
    enums.OrderStatus.CANCELED: "canceled",
    enums.OrderStatus.REJECTED: "rejected",
    enums.OrderStatus.EXPIRED: "expired",
}
ORDER_TYPES = {kind: enums.order_type_to_str(kind).lower() for kind in enums.OrderType}
TIMES_IN_FORCE = {kind: enums.time_in_force_to_str(kind).lower() for kind in enums.TimeInForce}


def reject_class(event):
    """Why an order was refused, or None for an event that refuses nothing."""
    if not isinstance(event, tuple(REFUSALS)):
        return None
    if getattr(event, "due_post_only", False):
        return "expected"
    reason = (event.reason or "").lower()
    if any(word in reason for word in ("margin", "balance", "insufficient")):
        return "margin"
    if "rate" in reason and "limit" in reason:
        return "rate_limit"
    if isinstance(event, events.OrderDenied):
        return "risk_limit"
    if isinstance(event, events.OrderRejected):
        return "venue"
    # A cancel or change that came too late is a part of trading.
    is_late = any(word in reason for word in ("closed", "not found", "already", "unknown"))
    return "expected" if is_late else "venue"


def is_inferred(fill, order):
    """Whether the node made a fill up to agree with the venue, rather than being told of it."""
    if not fill.reconciliation or order is None:
        return False
    if order.tags and "RECONCILIATION" in order.tags:
        return True
    # The node names such a position so when it makes the fill, and maybe otherwise afterwards.
    position_ids = {f"{fill.instrument_id.value}-EXTERNAL", fill.position_id.value}
    return any(fill.trade_id.value == _made_up_id(fill, order, position) for position in position_ids)


def _made_up_id(fill, order, position_id):
    """The id that the node would have given this fill, had it made it up."""
    venue_order_id = fill.venue_order_id
    made = nautilus_pyo3.create_inferred_reconciliation_trade_id(
        nautilus_pyo3.AccountId(fill.account_id.value),
        nautilus_pyo3.InstrumentId.from_str(fill.instrument_id.value),
        nautilus_pyo3.ClientOrderId(fill.client_order_id.value),
        nautilus_pyo3.VenueOrderId(venue_order_id.value) if venue_order_id else None,
        nautilus_pyo3.OrderSide(SIDES[fill.order_side].upper()),
        nautilus_pyo3.OrderType(enums.order_type_to_str(fill.order_type)),
        nautilus_pyo3.Quantity.from_str(str(order.filled_qty)),
        nautilus_pyo3.Quantity.from_str(str(fill.last_qty)),
        nautilus_pyo3.Price.from_str(str(fill.last_px)),
        nautilus_pyo3.PositionId(position_id),
        fill.ts_event,
    )
    return made.value
