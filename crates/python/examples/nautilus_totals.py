"""The engine's own reports beside what the store has: orders, fills, fees, profit and loss, positions, the account."""

import contextlib
import json
import sqlite3
import time
import urllib.parse
import urllib.request
from decimal import Decimal

#: What a server may take to make rows visible.
PATIENCE_SECS = 30.0
#: Half a cent: sums are of doubles.
TOLERANCE = Decimal("0.005")

STORE_SQL = {
    "orders": "SELECT count(DISTINCT client_order_id) FROM {trading_orders}",
    "fills": "SELECT count(*) FROM {trading_fills}",
    "bought and sold": "SELECT sum(last_qty) FROM {trading_fills}",
    "fees": "SELECT sum(commission) FROM {trading_fills}",
    "realized by fills": "SELECT sum(realized_pnl) FROM {trading_fills}",
    "position events": "SELECT count(*) FROM {position_changes}",
    "positions closed": "SELECT count(*) FROM {position_changes} WHERE event = 'closed'",
}
#: The last row of each series: `ts` and `seq` tell which.
LAST_SQL = {
    "profit and loss": "SELECT strategy_id, account_id, instrument_id, ts, seq, realized_pnl, commission, funding"
    " FROM {trading_pnl} WHERE scope = 'instrument'",
    "account": "SELECT account_id, currency, ts, seq, total FROM {account_state}",
}


class Totals:
    """What an engine says of itself after a run."""

    def __init__(self, engine):
        cache, trader = engine.cache, engine.trader
        positions = [*cache.positions(), *cache.position_snapshots()]
        fees = sum((fee.as_decimal() for held in positions for fee in held.commissions()), Decimal(0))
        net = sum((held.realized_pnl.as_decimal() for held in positions), Decimal(0))
        fills = trader.generate_fills_report()
        account = trader.generate_account_report(engine.list_venues()[0])
        self.of_engine = {
            "orders": Decimal(len(cache.orders())),
            "fills": Decimal(len(fills)),
            "bought and sold": sum((Decimal(qty) for qty in fills["last_qty"]), Decimal(0)),
            "fees": fees,
            "realized by fills": net + fees,
            # A fill that turns a position closes one and opens one.
            "position events": Decimal(sum(len(held.events) for held in positions)),
            "positions closed": Decimal(sum(1 for held in positions if held.is_closed)),
            "profit and loss": net,
            "account": Decimal(account["total"].iloc[-1]),
        }

    def of_store(self, query):
        """The same figures from a store that `query` asks."""
        found = {name: Decimal(repr(query(sql)[0][0] or 0)) for name, sql in STORE_SQL.items()}
        series = {}
        for *labels, ts, seq, realized, fee, funding in query(LAST_SQL["profit and loss"]):
            key, row = tuple(labels), (ts, seq, realized - fee + funding)
            series[key] = max(series.get(key, row), row)
        found["profit and loss"] = sum((Decimal(repr(last[2])) for last in series.values()), Decimal(0))
        last = max(query(LAST_SQL["account"]), key=lambda row: (row[2], row[3]), default=None)
        found["account"] = Decimal(repr(last[4])) if last else Decimal(0)
        return found

    def differences(self, query):
        """Names of figures that are not the same."""
        found = self.of_store(query)
        return [name for name, wanted in self.of_engine.items() if abs(found[name] - wanted) >= TOLERANCE]

    def against(self, store):
        """Prints both sides; 1 if they differ."""
        with reading(store) as query:
            wait_until(lambda: not self.differences(query), 0.0 if "://" not in store else PATIENCE_SECS)
            found, different = self.of_store(query), self.differences(query)
        print(f"{'':18}{'engine':>16}{'store':>16}")
        for name, wanted in self.of_engine.items():
            print(f"{name:18}{wanted:16.3f}{found[name]:16.3f}{'  different' if name in different else ''}")
        print("different" if different else "equal")
        return 1 if different else 0


@contextlib.contextmanager
def reading(store):
    """A function that runs SQL on an SQLite file, a station or QuestDB."""
    if "://" not in store:
        with contextlib.closing(sqlite3.connect(store)) as db:
            yield lambda sql: db.execute(named(sql, "")).fetchall()
        return
    yield lambda sql: asked(store, named(sql, "bt_"))


def named(sql, prefix):
    """A server keeps rows of backtests in tables of their own, whose names begin with `bt_`."""
    return sql.replace("{", prefix).replace("}", "")


def asked(server, sql):
    """What QuestDB or a station answers."""
    failure = None
    for path in ("/exec?query=", "/api/query?limit=100000&query="):
        try:
            with urllib.request.urlopen(server + path + urllib.parse.quote(sql), timeout=PATIENCE_SECS) as reply:
                return [tuple(row) for row in json.load(reply)["dataset"]]
        except urllib.error.HTTPError as error:
            failure = error
    raise failure


def wait_until(is_so, patience_secs):
    """Whether it came to be so in time."""
    end = time.monotonic() + patience_secs
    while not is_so():
        if time.monotonic() >= end:
            return False
        time.sleep(0.2)
    return True
