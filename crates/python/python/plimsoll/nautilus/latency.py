"""How long the stages of an order took, by the node's own clock."""

from nautilus_trader.model import events
from nautilus_trader.model.enums import OrderType

from .words import ORDER_TYPES

#: Orders whose stages are waited for; one more is not timed.
_ORDERS_MAX = 10_000

#: The event that ends a stage: the stage, and the event that began it.
_ENDS = {
    events.OrderAccepted: ("ack", events.OrderSubmitted),
    events.OrderRejected: ("reject", events.OrderSubmitted),
    events.OrderCanceled: ("cancel_ack", events.OrderPendingCancel),
    events.OrderUpdated: ("modify_ack", events.OrderPendingUpdate),
}
_BEGINNINGS = (events.OrderSubmitted, events.OrderPendingCancel, events.OrderPendingUpdate)

#: Orders that trade at once, whose first fill says something about the venue.
_MARKETABLE = (OrderType.MARKET, OrderType.MARKET_TO_LIMIT)


class Latencies:
    """When each stage of each open order began."""

    def __init__(self):
        self._begun = {}

    def clear(self):
        """Forgets all orders."""
        self._begun.clear()

    def emit(self, handle, event, order):
        """Emits a row if the event ends a stage. Both ends are the node's own receipt (`ts_init`)."""
        order_id = event.client_order_id
        if isinstance(event, _BEGINNINGS):
            if order_id in self._begun or len(self._begun) < _ORDERS_MAX:
                self._begun.setdefault(order_id, {})[type(event)] = event.ts_init
        stages = self._begun.get(order_id)
        if stages is not None:
            stage, beginning = _ENDS.get(type(event), (None, None))
            if isinstance(event, events.OrderFilled) and event.order_type in _MARKETABLE:
                stage, beginning = "first_fill", events.OrderSubmitted
            begun = stages.pop(beginning, None) if stage == "first_fill" else stages.get(beginning)
            if stage is not None and begun is not None:
                self._emit(handle, event, order, stage, begun)
        if order is not None and order.is_closed:
            self._begun.pop(order_id, None)

    @staticmethod
    def _emit(handle, event, order, stage, begun):
        handle.emit_order_latency(
            event.client_order_id.value,
            stage,
            max(0, event.ts_init - begun) / 1e6,
            order_type=ORDER_TYPES[order.order_type] if order is not None else None,
            clock="mono",
            at=event.ts_event,
        )
