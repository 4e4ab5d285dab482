"""A live node of NautilusTrader at a simulated venue, run until it has done its part: `nautilus_node.py STORE REDIS_PORT FIRST|AGAIN`.

FIRST: two strategies trade, an order that nobody here sent is filled, and the venue reports it late.
AGAIN: the same node on the same cache, whose strategies send nothing; it reconciles, tells, and ends.
"""

import asyncio
import pathlib
import sys
from decimal import Decimal

from nautilus_trader.adapters.sandbox.config import SandboxExecutionClientConfig
from nautilus_trader.adapters.sandbox.execution import SandboxExecutionClient
from nautilus_trader.adapters.sandbox import factory
from nautilus_trader.cache.config import CacheConfig
from nautilus_trader.common.config import DatabaseConfig
from nautilus_trader.config import LiveExecEngineConfig, LoggingConfig, StrategyConfig, TradingNodeConfig
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.reports import FillReport, OrderStatusReport, PositionStatusReport
from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.enums import OrderSide, OrderStatus, OrderType, TimeInForce
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.identifiers import TraderId, VenueOrderId
from nautilus_trader.model.objects import Price
from nautilus_trader.trading.strategy import Strategy

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "examples"))
from nautilus_backtest import instrument  # noqa: E402

from plimsoll.nautilus import plimsoll_actor  # noqa: E402

SPX = instrument()
STORE, REDIS_PORT, PART = sys.argv[1:4]
QUOTES = 60
WAIT_SECS = 20.0


class Venue(SandboxExecutionClient):
    """Reports what it knows when a node asks, as a real venue does: every order, fill and position."""

    async def generate_order_status_reports(self, command):
        # A sandbox has no memory of its own: it has the node's.
        reports = [self._order(order) for order in self._cache.orders() if order.venue_order_id]
        known = any(report.venue_order_id.value == "FOREIGN-1" for report in reports)
        return reports if known else [*reports, self._foreign()]

    async def generate_fill_reports(self, command):
        return [self._fill(event) for order in self._cache.orders() for event in order.events
                if isinstance(event, OrderFilled) and event.venue_order_id.value != "FOREIGN-1"]  # fmt: skip

    async def generate_position_status_reports(self, command):
        held = sum((p.signed_decimal_qty() for p in self._cache.positions_open()), Decimal(0))
        if not any(order.venue_order_id == VenueOrderId("FOREIGN-1") for order in self._cache.orders()):
            held += 2
        position = self._cache.positions_open()
        return [] if not position else [self._held(held)]

    def _held(self, held):
        from nautilus_trader.model.enums import PositionSide

        side = PositionSide.FLAT if held == 0 else PositionSide.LONG if held > 0 else PositionSide.SHORT
        return PositionStatusReport(
            self.account_id, SPX.id, side, SPX.make_qty(abs(held)), UUID4(), *self._now(2)
        )

    def _now(self, times):
        return [self._clock.timestamp_ns()] * times

    def _order(self, order):
        return OrderStatusReport(
            self.account_id, order.instrument_id, order.venue_order_id, order.side, order.order_type,
            order.time_in_force, order.status, order.quantity, order.filled_qty, UUID4(), order.ts_init,
            order.ts_last, self._clock.timestamp_ns(), client_order_id=order.client_order_id,
            price=order.price if order.has_price else None,
            avg_px=Decimal(repr(order.avg_px)) if order.avg_px else None,
        )  # fmt: skip

    def _fill(self, fill):
        return FillReport(
            self.account_id, fill.instrument_id, fill.venue_order_id, fill.trade_id, fill.order_side,
            fill.last_qty, fill.last_px, fill.commission, fill.liquidity_side, UUID4(), fill.ts_event,
            self._clock.timestamp_ns(), client_order_id=fill.client_order_id,
        )  # fmt: skip

    def _foreign(self):
        """An order that was sent by hand, whose fills the venue does not tell: the node makes one up."""
        return OrderStatusReport(
            self.account_id, SPX.id, VenueOrderId("FOREIGN-1"), OrderSide.BUY, OrderType.MARKET,
            TimeInForce.GTC, OrderStatus.FILLED, SPX.make_qty(2), SPX.make_qty(2), UUID4(),
            *self._now(3), avg_px=Decimal("1000.50"),
        )  # fmt: skip


class SandboxLiveExecClientFactory(factory.SandboxLiveExecClientFactory):
    """Makes `Venue`; a node gives its portfolio to a factory of this name only."""

    @staticmethod
    def create(loop, name, config, portfolio, msgbus, cache, clock):
        if cache.instrument(SPX.id) is None:
            cache.add_instrument(SPX)
        return Venue(loop, portfolio, msgbus, cache, clock, config)


class Turning(Strategy):
    """Turns its position at every few quotes, and ends with one open."""

    def on_start(self):
        self.seen = 0
        self.subscribe_quote_ticks(SPX.id)

    def on_quote_tick(self, _quote):
        self.seen += 1
        if PART != "FIRST" or self.seen % self.config.every:
            return
        held = sum((p.signed_decimal_qty() for p in self.cache.positions_open(strategy_id=self.id)), Decimal(0))
        side = OrderSide.SELL if held > 0 else OrderSide.BUY
        qty = SPX.make_qty(self.config.qty + abs(held))
        self.submit_order(self.order_factory.market(SPX.id, side, qty))


class TurningConfig(StrategyConfig, frozen=True):
    qty: Decimal
    every: int


async def run(node):
    running = asyncio.ensure_future(node.run_async())
    loop = asyncio.get_running_loop()
    end = loop.time() + WAIT_SECS
    while not node.trader.is_running and loop.time() < end:
        await asyncio.sleep(0.05)
    assert node.trader.is_running, "the node did not start"
    for n in range(QUOTES):
        bid = 1_000.0 + 25 * (n * 7 % 11) / 3
        ts = node.kernel.clock.timestamp_ns()
        px = [Price(bid, 2), Price(bid + 0.5, 2)]
        node.kernel.data_engine.process(QuoteTick(SPX.id, *px, *[SPX.make_qty(1_000)] * 2, ts, ts))
        await asyncio.sleep(0.01)
    await node.stop_async()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def main():
    actor = plimsoll_actor(store=STORE, mode="paper", accounts={"SIM-001": "paper-main"}, snapshot_secs=1.0)
    config = TradingNodeConfig(
        trader_id=TraderId("DESK-001"),
        logging=LoggingConfig(log_level="WARNING", log_colors=False),
        cache=CacheConfig(database=DatabaseConfig(host="127.0.0.1", port=int(REDIS_PORT)), buffer_interval_ms=10),
        exec_engine=LiveExecEngineConfig(reconciliation_startup_delay_secs=0.1, inflight_check_interval_ms=0),
        exec_clients={
            "SIM": SandboxExecutionClientConfig(
                venue="SIM", starting_balances=["1000000 USD"], base_currency="USD"
            )
        },
        actors=[actor],
        timeout_post_stop=0.2,
        timeout_reconciliation=5.0,
        timeout_portfolio=5.0,
        timeout_disconnection=2.0,
    )
    node = TradingNode(config=config)
    node.add_exec_client_factory("SIM", SandboxLiveExecClientFactory)
    node.build()
    for tag, qty, every in (("001", "3", 5), ("002", "1.5", 8)):
        strategy = Turning(TurningConfig(order_id_tag=tag, qty=Decimal(qty), every=every))
        node.trader.add_strategy(strategy)
    loop = node.get_event_loop()
    loop.run_until_complete(run(node))
    recorder = node.trader.actors()[0]
    print(f"unrecorded {recorder.unrecorded_events}, loop {type(loop).__module__}")
    node.dispose()


if __name__ == "__main__":
    main()
