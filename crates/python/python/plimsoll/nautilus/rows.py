"""One function for each row: an event in, an emit out. The table in the docs is this file in words."""

from nautilus_trader.model.enums import PriceType

from . import words

#: Orders that are remembered while they are open.
ORDERS_MAX = 10_000


def _px(price):
    return None if price is None else price.as_double()


def _id(identifier):
    return None if identifier is None else identifier.value


def order(handle, event, order, word, arrival_mid, is_inferred=False):
    """A transition, and the order's state after it."""
    if order is None:
        raise LookupError("the order is not in the cache")
    side = words.SIDES[order.side]
    handle.emit_order(
        event.client_order_id.value,
        side,
        word,
        order_type=words.ORDER_TYPES[order.order_type],
        time_in_force=words.TIMES_IN_FORCE[order.time_in_force],
        status=words.STATUSES[order.status],
        reject_class=words.reject_class(event),
        ref_kind=None if arrival_mid is None else "arrival_mid",
        ref_px=arrival_mid,
        venue_order_id=_id(event.venue_order_id or order.venue_order_id),
        position_id=_id(getattr(event, "position_id", None)),
        qty=order.quantity.as_double(),
        px=_px(order.price) if order.has_price else None,
        trigger_px=_px(order.trigger_price) if order.has_trigger_price else None,
        cum_qty=order.filled_qty.as_double(),
        leaves_qty=order.leaves_qty.as_double(),
        avg_px=order.avg_px or None,
        reduce_only=order.is_reduce_only,
        reconciliation=event.reconciliation,
        reconciled=event.reconciliation,
        inferred=is_inferred,
        reason=getattr(event, "reason", None),
        at=event.ts_event,
    )


def fill(handle, fill, realized, instrument, source, is_inferred, arrival_mid):
    """An execution. A fee that is not known is absent: 0 would be a claim, and the node makes it."""
    fee = None if is_inferred and fill.commission.as_decimal() == 0 else fill.commission
    px = fill.last_px.as_double()
    slippage_bps = None
    if arrival_mid:
        sign = 1.0 if words.SIDES[fill.order_side] == "buy" else -1.0
        slippage_bps = sign * (px - arrival_mid) / arrival_mid * 1e4
    handle.emit_fill(
        fill.trade_id.value,
        words.SIDES[fill.order_side],
        fill.last_qty.as_double(),
        px,
        fill.ts_event,
        liquidity=words.LIQUIDITY.get(fill.liquidity_side),
        source=source,
        commission=None if fee is None else fee.as_double(),
        commission_currency=None if fee is None else fee.currency.code,
        client_order_id=fill.client_order_id.value,
        venue_order_id=_id(fill.venue_order_id),
        position_id=_id(fill.position_id),
        notional=instrument.notional_value(fill.last_qty, fill.last_px).as_double(),
        realized_pnl=float(realized),
        ref_px=arrival_mid,
        slippage_bps=slippage_bps,
        reconciled=fill.reconciliation,
        inferred=is_inferred,
    )


def refusal(handle, event):
    """The error that a refused order, change or cancel is."""
    code = words.REFUSALS.get(type(event))
    if code is None:
        return
    kind = words.reject_class(event)
    handle.emit_error(
        code,
        event.reason or code,
        severity="warning" if kind == "expected" else "error",
        component="execution",
        error_class=kind,
        client_order_id=event.client_order_id.value,
        at=event.ts_event,
    )


def position(handle, event, position):
    """A position after a fill; `realized_pnl` is price only, with the fees beside it."""
    currency = position.settlement_currency
    fees = position.commissions()
    here = sum(fee.as_decimal() for fee in fees if fee.currency == currency)
    handle.emit_position_change(
        words.POSITION_SIDES[event.side],
        event.quantity.as_double(),
        event=words.POSITION_EVENTS[type(event)],
        source="cache",
        position_id=event.position_id.value,
        avg_px=event.avg_px_open,
        mark_px=event.last_px.as_double(),
        notional=position.notional_value(event.last_px).as_double(),
        unrealized_pnl=position.unrealized_pnl(event.last_px).as_double(),
        realized_pnl=float(event.realized_pnl.as_decimal() + here),
        commission=float(here) if all(fee.currency == currency for fee in fees) else None,
        at=event.ts_event,
    )


def funding(handle, event, source):
    """A payment of funding; the event's id is its identity."""
    handle.emit_cashflow(
        "funding",
        event.pnl_change.currency.code,
        event.pnl_change.as_double(),
        event.id.value,
        event.ts_event,
        source=source,
    )


def account(handle, state, base_currency):
    """One row for each currency that the account holds, with its margins over all instruments."""
    for balance in state.balances:
        margins = [margin for margin in state.margins if margin.currency == balance.currency]
        handle.emit_account(
            balance.currency.code,
            source="venue" if state.is_reported else "cache",
            base_currency=base_currency or _id_of(state.base_currency),
            total=balance.total.as_double(),
            free=balance.free.as_double(),
            locked=balance.locked.as_double(),
            margin_initial=sum((m.initial.as_double() for m in margins), 0.0),
            margin_maintenance=sum((m.maintenance.as_double() for m in margins), 0.0),
            at=state.ts_event,
        )


def _id_of(currency):
    return None if currency is None else currency.code


def pnl(handle, book, marks, ts, base_currency, reconciled, inferred):
    """Sums since the first fill; what is open counts only if all of it has a mark."""
    if book.epoch is None:
        return
    unrealized = None
    if all(price is not None for _, price in marks):
        unrealized = float(sum(held.unrealized_pnl(price).as_decimal() for held, price in marks))
    fees = book.fees_here()
    handle.emit_pnl(
        epoch=book.epoch,
        realized_pnl=float(book.realized),
        unrealized_pnl=unrealized,
        commission=None if fees is None else float(fees),
        funding=float(book.funding),
        fx_to_base="base" if book.currency.code == base_currency else None,
        at=ts,
        reconciled=reconciled,
        inferred=inferred,
    )


def mark(cache, held):
    """What a position could be closed at, as far as the cache knows; None if it does not."""
    marked = cache.mark_price(held.instrument_id)
    if marked is not None:
        return marked.value
    closing = PriceType.BID if words.POSITION_SIDES[held.side] == "long" else PriceType.ASK
    for kind in (closing, PriceType.LAST):
        price = cache.price(held.instrument_id, kind)
        if price is not None:
            return price
    bars = [cache.bar(kind) for kind in cache.bar_types(instrument_id=held.instrument_id)]
    bars = [bar for bar in bars if bar is not None]
    return max(bars, key=lambda bar: bar.ts_event).close if bars else None


def equity(cache, account_id, amounts, base_currency):
    """Equity in one currency; None if it is in several and a rate is missing."""
    if not amounts:
        return None
    if base_currency is None:
        return next(iter(amounts.values())).as_double() if len(amounts) == 1 else None
    account, total = cache.account(account_id), 0.0
    for currency, amount in amounts.items():
        rate = 1.0
        if currency.code != base_currency:
            rate = _rate(cache, account, currency, base_currency)
        if rate is None:
            return None
        total += amount.as_double() * rate
    return total


def _rate(cache, account, currency, base_currency):
    from nautilus_trader.model.objects import Currency

    venue = _venue_of(cache, account)
    if venue is None:
        return None
    return cache.get_xrate(venue, currency, Currency.from_str(base_currency)) or None


def _venue_of(cache, account):
    venues = (instrument.venue for instrument in cache.instruments())
    return next((venue for venue in venues if cache.account_id(venue) == account.id), None)
