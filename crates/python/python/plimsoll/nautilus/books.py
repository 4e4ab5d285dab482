"""Profit and loss of one strategy in one instrument, counted again from the fills of the cache.

The node forgets what a closed position earned when it starts again: its cache keeps fills, not the
positions that were opened anew. So the sum is made from fills, by the node's own arithmetic, and
the same fills give the same sum in every process.
"""

from decimal import Decimal

from nautilus_trader.core.uuid import UUID4
from nautilus_trader.model.enums import PositionSide
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.objects import Money, Quantity
from nautilus_trader.model.position import Position

_ZERO = Decimal(0)


class Book:
    """Sums over all fills of one strategy, account and instrument."""

    def __init__(self, instrument):
        self.instrument = instrument
        self.currency = instrument.get_settlement_currency()
        #: Price only, in `currency`.
        self.realized = _ZERO
        #: Fees by currency, above zero = cost.
        self.fees = {}
        #: Above zero = received, in `currency`.
        self.funding = _ZERO
        #: Time of the first fill, ns; None before it.
        self.epoch = None
        self._positions = {}

    def apply(self, fill):
        """Takes a fill in, and returns what it realized: price only, in `currency`."""
        if self.epoch is None:
            self.epoch = fill.ts_event
        fee = fill.commission
        if fee is not None:
            self.fees[fee.currency.code] = self.fees.get(fee.currency.code, _ZERO) + fee.as_decimal()
        realized = sum((self._part(part) for part in self._parts(fill)), _ZERO)
        self.realized += realized
        return realized

    def add_funding(self, payment):
        """Takes a payment of funding in; above zero = received."""
        self.funding += payment

    def fees_here(self):
        """Fees, if all of them are in `currency`; None if a sum would need a rate."""
        if any(code != self.currency.code for code in self.fees):
            return None
        return self.fees.get(self.currency.code, _ZERO)

    def open_positions(self):
        """What is held now."""
        return [held for held in self._positions.values() if not held.is_closed]

    def _part(self, fill):
        held = self._positions.get(fill.position_id)
        # A position that is opened anew is a new one, as the node has it.
        if held is None or held.is_closed:
            held = self._positions[fill.position_id] = Position(self.instrument, fill)
            return self._price_only(held)
        before = self._price_only(held)
        held.apply(fill)
        return self._price_only(held) - before

    def _price_only(self, held):
        """The node takes fees in the settlement currency off what is realized: they are put back."""
        fees = sum((f.as_decimal() for f in held.commissions() if f.currency == self.currency), _ZERO)
        return (held.realized_pnl.as_decimal() if held.realized_pnl is not None else _ZERO) + fees

    def _parts(self, fill):
        """The fill, or the two that it is where it closes a position and opens the opposite one."""
        held = self._positions.get(fill.position_id)
        if held is None or held.side == PositionSide.FLAT:
            return [fill]
        if not held.is_opposite_side(fill.order_side) or fill.last_qty <= held.quantity:
            return [fill]
        rest = Quantity(fill.last_qty - held.quantity, fill.last_qty.precision)
        fee = fill.commission
        closing_fee = Money(fee * (held.quantity / fill.last_qty), fee.currency)
        opening_fee = Money(fee - closing_fee, fee.currency)
        return [_part_of(fill, held.quantity, closing_fee), _part_of(fill, rest, opening_fee)]


def _part_of(fill, qty, fee):
    return OrderFilled(
        trader_id=fill.trader_id,
        strategy_id=fill.strategy_id,
        instrument_id=fill.instrument_id,
        client_order_id=fill.client_order_id,
        venue_order_id=fill.venue_order_id,
        account_id=fill.account_id,
        trade_id=fill.trade_id,
        position_id=fill.position_id,
        order_side=fill.order_side,
        order_type=fill.order_type,
        last_qty=qty,
        last_px=fill.last_px,
        currency=fill.currency,
        commission=fee,
        liquidity_side=fill.liquidity_side,
        event_id=UUID4(),
        ts_event=fill.ts_event,
        ts_init=fill.ts_init,
    )


def cached_fills(cache, strategy_id, account_id, instrument_id, leave_out=None):
    """Fills that the cache has of one strategy, in the order in which the node took them.

    `leave_out` is the id of an event that the cache has already and the caller will apply itself.
    """
    orders = cache.orders(instrument_id=instrument_id, strategy_id=strategy_id)
    fills = [
        event
        for order in orders
        for event in order.events
        if isinstance(event, OrderFilled) and event.account_id == account_id and event.id != leave_out
    ]
    return sorted(fills, key=lambda fill: (fill.ts_init, fill.ts_event))
