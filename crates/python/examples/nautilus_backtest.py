"""A NautilusTrader backtest over twenty years of the S&P 500, recorded, and compared with the engine's own reports.

    python nautilus_backtest.py --store runs/nautilus.db

The strategies know nothing of plimsoll: the node's config has one line for it. Exit code 1 if orders,
fills, fees, profit and loss, positions or the account differ by a cent.
"""

import argparse
import pathlib
import sys
from decimal import Decimal

from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig, StrategyConfig
from nautilus_trader.model.currencies import USD
from nautilus_trader.model.data import Bar, BarType
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide
from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue
from nautilus_trader.model.instruments import CryptoPerpetual
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.trading.strategy import Strategy
from nautilus_totals import Totals

from plimsoll.nautilus import plimsoll_actor

DATA = pathlib.Path(__file__).parents[2] / "paper" / "data" / "sp500-daily.csv"
VENUE = Venue("SIM")


def instrument():
    """A perpetual contract on the index, in dollars and cents, with a fee for makers and takers."""
    return CryptoPerpetual(
        instrument_id=InstrumentId(Symbol("SPX-USD-PERP"), VENUE),
        raw_symbol=Symbol("SPX"),
        base_currency=USD,
        quote_currency=USD,
        settlement_currency=USD,
        is_inverse=False,
        price_precision=2,
        size_precision=3,
        price_increment=Price.from_str("0.01"),
        size_increment=Quantity.from_str("0.001"),
        margin_init=Decimal("0.1"),
        margin_maint=Decimal("0.05"),
        maker_fee=Decimal("0.0001"),
        taker_fee=Decimal("0.00045"),
        ts_event=0,
        ts_init=0,
    )


def bars(kind, path=DATA):
    """The recorded days as bars that end with their day."""
    import datetime

    with open(path) as lines:
        next(lines)
        for line in lines:
            date, *prices, volume = line.strip().split(",")
            day = datetime.datetime.fromisoformat(date).replace(tzinfo=datetime.timezone.utc)
            ts = int((day.timestamp() + 86_400) * 1e9)
            yield Bar(kind, *map(Price.from_str, prices), Quantity(int(volume) / 1_000, 3), ts, ts)


class CrossingConfig(StrategyConfig, frozen=True):
    """`fast` and `slow` in bars; `discount` puts a limit order that far under or over the close."""

    bar_type: BarType
    fast: int
    slow: int
    qty: str
    discount: float = 0.0


class Crossing(Strategy):
    """Long while the short mean is over the long one, short otherwise; turns by one order."""

    def __init__(self, config):
        super().__init__(config)
        self.closes = []

    def on_start(self):
        self.instrument = self.cache.instrument(self.config.bar_type.instrument_id)
        self.subscribe_bars(self.config.bar_type)

    def on_bar(self, bar):
        self.closes = [*self.closes[-self.config.slow + 1 :], bar.close.as_double()]
        if len(self.closes) < self.config.slow:
            return
        fast = sum(self.closes[-self.config.fast :]) / self.config.fast
        sign = 1 if fast > sum(self.closes) / self.config.slow else -1
        self.cancel_all_orders(self.instrument.id)
        missing = sign * Decimal(self.config.qty) - self._held()
        if missing != 0:
            self._send(OrderSide.BUY if missing > 0 else OrderSide.SELL, abs(missing), bar)

    def _held(self):
        held = self.cache.positions_open(strategy_id=self.id)
        return sum((position.signed_decimal_qty() for position in held), Decimal(0))

    def _send(self, side, qty, bar):
        qty = self.instrument.make_qty(qty)
        if not self.config.discount:
            self.submit_order(self.order_factory.market(self.instrument.id, side, qty))
            return
        sign = -1 if side == OrderSide.BUY else 1
        px = self.instrument.make_price(bar.close.as_double() * (1 + sign * self.config.discount))
        self.submit_order(self.order_factory.limit(self.instrument.id, side, qty, px, post_only=True))


def build(actor, path=DATA, days=None):
    """An engine with two strategies, and the actor in its config."""
    engine = BacktestEngine(
        BacktestEngineConfig(
            trader_id="DESK-001", logging=LoggingConfig(log_level="ERROR"), actors=[actor]
        )
    )
    engine.add_venue(
        VENUE, OmsType.NETTING, AccountType.MARGIN, [Money(1_000_000, USD)], base_currency=USD
    )
    traded = instrument()
    engine.add_instrument(traded)
    kind = BarType.from_str(f"{traded.id}-1-DAY-LAST-EXTERNAL")
    engine.add_data(list(bars(kind, path))[:days])
    for tag, more in (("001", {"fast": 3, "slow": 9, "qty": "33.333"}), ("002", {"fast": 10, "slow": 30, "qty": "7.5", "discount": 0.002})):  # fmt: skip
        engine.add_strategy(Crossing(CrossingConfig(bar_type=kind, order_id_tag=tag, **more)))
    return engine


def main():
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--store", default="runs/nautilus.db", help="SQLite file, or http:// of a station or QuestDB")
    asked.add_argument("--data", default=DATA, help="daily bars: Date,Open,High,Low,Close,Volume")
    args = asked.parse_args()
    if "://" not in args.store:
        pathlib.Path(args.store).parent.mkdir(parents=True, exist_ok=True)
        pathlib.Path(args.store).unlink(missing_ok=True)
    engine = build(plimsoll_actor(store=args.store, mode="backtest"), args.data)
    engine.run()
    totals = Totals(engine)
    engine.dispose()
    return totals.against(args.store)


if __name__ == "__main__":
    sys.exit(main())
