"""The actor: events of the node's message bus in, rows out."""

from datetime import timedelta

from nautilus_trader.common.actor import Actor
from nautilus_trader.common.component import TestClock
from nautilus_trader.model import events
from nautilus_trader.model.enums import PositionAdjustmentType

import plimsoll

from . import rows, words
from .books import Book, cached_fills
from .config import PlimsollActorConfig
from .latency import Latencies

#: What order, position and account events are published under. The node itself tells of no payment of
#: funding (1.231); whoever knows of one publishes a `PositionAdjusted` under the last topic.
_TOPICS = ("events.order.*", "events.position.*", "events.account.*", "events.funding.*")
_SNAPSHOT_TIMER = "plimsoll-snapshot"
_BACKTEST_SNAPSHOT_SECS = 86_400.0
_LIVE_SNAPSHOT_SECS = 10.0


class PlimsollActor(Actor):
    """Records what every strategy of its node does: orders, fills, positions, accounts, funding.

    It listens from the moment when the node takes it in, because a live node reconciles before it
    starts its actors, and until the node is disposed of, because strategies go on for a while
    after the actors have stopped. It never lets an event fail: what could not be recorded is
    logged, and counted in `unrecorded_events`.
    """

    def __init__(self, config):
        super().__init__(config)
        #: Events that should have become a row and did not.
        self.unrecorded_events = 0
        self._metrics = plimsoll.disabled()
        self._is_open = False
        self._handles = {}
        self._accounts = {}
        self._books = {}
        self._latencies = Latencies()
        self._arrival_mids = {}

    @property
    def metrics(self):
        """The pipeline, for rows of a strategy's own; disabled where it could not be opened."""
        return self._metrics

    # The node's life.

    def register_base(self, portfolio, msgbus, cache, clock):
        super().register_base(portfolio, msgbus, cache, clock)
        self._open()
        handlers = (self._order, self._position, self._account, self._funding)
        for topic, handler in zip(_TOPICS, handlers):
            msgbus.subscribe(topic=topic, handler=self._guarded(handler))

    def on_start(self):
        self._open()
        secs = self.config.snapshot_secs
        if secs is None:
            is_backtest = isinstance(self.clock, TestClock)
            secs = _BACKTEST_SNAPSHOT_SECS if is_backtest else _LIVE_SNAPSHOT_SECS
        self._guarded(self._seed)(None)
        snapshot = self._guarded(self._snapshot)
        snapshot(None)
        self.clock.set_timer(_SNAPSHOT_TIMER, timedelta(seconds=secs), callback=snapshot)

    def on_stop(self):
        if _SNAPSHOT_TIMER in self.clock.timer_names:
            self.clock.cancel_timer(_SNAPSHOT_TIMER)
        self._guarded(self._snapshot)(None)
        self._metrics.flush(self.config.close_timeout_secs)

    def on_reset(self):
        self._books.clear()
        self._latencies.clear()
        self._arrival_mids.clear()

    def on_dispose(self):
        if not self._is_open:
            return
        self._guarded(self._snapshot)(None)
        self._is_open = False
        try:
            counts = self._metrics.close(self.config.close_timeout_secs)
        except plimsoll.CloseError as error:
            self.log.warning(f"plimsoll: {error}")
        else:
            self.log.info(f"plimsoll: {counts}")

    def _open(self):
        if self._is_open:
            return
        config = self.config
        try:
            self._metrics = plimsoll.open(
                config.store,
                mode=config.mode,
                spool_dir=config.spool_dir,
                trader_id=self.trader_id.value,
                env=config.env,
                service=config.service,
                version=config.version,
                git_commit=config.git_commit,
                config_hash=config.config_hash,
            )
        except plimsoll.OpenError as error:
            if config.is_required:
                raise
            self.log.error(f"plimsoll: nothing is recorded: {error}")
        self._is_open = True
        self._handles.clear()
        self._accounts.clear()

    def _guarded(self, handler):
        """A failure in here must not become the strategy's."""

        def guarded(event):
            try:
                handler(event)
            except Exception as error:
                self.unrecorded_events += 1
                self.log.exception(f"plimsoll: no row for {event}", error)

        return guarded

    # Events.

    def _order(self, event):
        if isinstance(event, words.INSIDE):
            return
        order = self.cache.order(event.client_order_id)
        handle = self._handle(event)
        if handle is None:
            raise LookupError("no account is known for it")
        if isinstance(event, events.OrderFilled):
            self._fill(event, order, handle)
        else:
            if isinstance(event, events.OrderSubmitted):
                self._remember_mid(event)
            rows.order(handle, event, order, words.ORDER_EVENTS[type(event)], self._mid_of(event))
        if not event.reconciliation:
            self._latencies.emit(handle, event, order)
            rows.refusal(handle, event)
        if order is not None and order.is_closed:
            self._arrival_mids.pop(event.client_order_id, None)

    def _fill(self, fill, order, handle):
        book = self._book(fill, leave_out=fill.id)
        realized = book.apply(fill)
        is_inferred = words.is_inferred(fill, order)
        mid = self._mid_of(fill)
        rows.fill(handle, fill, realized, book.instrument, self._source(is_inferred), is_inferred, mid)
        if order is not None:
            word = "filled" if order.leaves_qty == 0 else "partially_filled"
            rows.order(handle, fill, order, word, mid, is_inferred)
        self._pnl(handle, book, fill.ts_event, reconciled=fill.reconciliation, inferred=is_inferred)

    def _position(self, event):
        rows.position(self._handle(event), event, self.cache.position(event.position_id))

    def _funding(self, event):
        if event.adjustment_type != PositionAdjustmentType.FUNDING or event.pnl_change is None:
            raise ValueError("wanted a PositionAdjusted with the type FUNDING and an amount")
        handle, book = self._handle(event), self._book(event)
        book.add_funding(event.pnl_change.as_decimal())
        rows.funding(handle, event, self._source(False))
        self._pnl(handle, book, event.ts_event)

    def _account(self, event):
        rows.account(self._account_handle(event.account_id), event, self.config.base_currency)
        self._equity(event.account_id, event.ts_event)

    def _snapshot(self, _event):
        now = self.clock.timestamp_ns()
        for (strategy_id, account_id, instrument_id), book in self._books.items():
            handle = self._instrument_handle(strategy_id, account_id, instrument_id)
            self._pnl(handle, book, now)
        for account in self.cache.accounts():
            self._equity(account.id, now)

    def _seed(self, _event):
        """Books of strategies that traded before this process began."""
        for order in self.cache.orders():
            # An order that the node was told of has no account of its own after a restart.
            fill = next((e for e in order.events if isinstance(e, events.OrderFilled)), None)
            if fill is not None:
                self._book(fill)

    # What rows are made of.

    def _pnl(self, handle, book, ts, reconciled=False, inferred=False):
        marks = [(held, rows.mark(self.cache, held)) for held in book.open_positions()]
        rows.pnl(handle, book, marks, ts, self.config.base_currency, reconciled, inferred)

    def _equity(self, account_id, ts):
        amounts = self.portfolio.equity(account_id=account_id)
        equity = rows.equity(self.cache, account_id, amounts, self.config.base_currency)
        if equity is not None:
            self._account_handle(account_id).emit_equity(equity, at=ts)

    def _source(self, is_inferred):
        if is_inferred:
            return "inferred"
        return "venue" if self.config.mode == "live" else "paper"

    def _remember_mid(self, event):
        quote = self.cache.quote_tick(event.instrument_id)
        if quote is not None and len(self._arrival_mids) < rows.ORDERS_MAX:
            mid = (quote.bid_price.as_double() + quote.ask_price.as_double()) / 2.0
            self._arrival_mids[event.client_order_id] = mid

    def _mid_of(self, event):
        return self._arrival_mids.get(event.client_order_id)

    def _book(self, event, leave_out=None):
        key = (event.strategy_id, event.account_id, event.instrument_id)
        return self._book_of(*key, leave_out=leave_out)

    def _book_of(self, strategy_id, account_id, instrument_id, leave_out=None):
        key = (strategy_id, account_id, instrument_id)
        book = self._books.get(key)
        if book is None:
            book = Book(self.cache.instrument(instrument_id))
            for fill in cached_fills(self.cache, *key, leave_out=leave_out):
                book.apply(fill)
            self._books[key] = book
        return book

    def _handle(self, event):
        # A denied order never had an account: it belongs to the venue's.
        account_id = event.account_id or self.cache.account_id(event.instrument_id.venue)
        if account_id is None:
            return None
        return self._instrument_handle(event.strategy_id, account_id, event.instrument_id)

    def _instrument_handle(self, strategy_id, account_id, instrument_id):
        key = (strategy_id, account_id, instrument_id)
        handle = self._handles.get(key)
        if handle is None:
            instrument = self.cache.instrument(instrument_id)
            account = self._metrics.strategy(strategy_id.value).account(self._alias(account_id))
            currency = instrument.get_settlement_currency().code
            handle = account.instrument(instrument_id.value, instrument_id.venue.value, currency)
            self._handles[key] = handle
        return handle

    def _account_handle(self, account_id):
        handle = self._accounts.get(account_id)
        if handle is None:
            handle = self._accounts[account_id] = self._metrics.account(self._alias(account_id))
        return handle

    def _alias(self, account_id):
        return self.config.accounts.get(account_id.value, account_id.value)
