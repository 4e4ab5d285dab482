"""The actor for NautilusTrader: rows that equal the engine's own reports, also after restarts."""

import contextlib
import os
import pathlib
import shutil
import socket
import sqlite3
import subprocess
import sys
import time

import pytest

pytest.importorskip("nautilus_trader", reason="NautilusTrader is not installed")

from nautilus_trader.core.uuid import UUID4  # noqa: E402
from nautilus_trader.model.enums import OrderSide, PositionAdjustmentType  # noqa: E402
from nautilus_trader.model.events import PositionAdjusted  # noqa: E402
from nautilus_trader.model.objects import Money, Price  # noqa: E402

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "examples"))

import nautilus_backtest as example  # noqa: E402
from nautilus_totals import Totals, reading  # noqa: E402

import plimsoll  # noqa: E402
from plimsoll.nautilus import PlimsollActorConfig, plimsoll_actor  # noqa: E402

DAYS = int(os.environ.get("PLIMSOLL_NAUTILUS_DAYS", "600"))
NODE_SECS = 120.0


@pytest.fixture
def store(tmp_path):
    return str(tmp_path / "rows.db")


def rows(store, sql):
    with contextlib.closing(sqlite3.connect(store)) as db:
        return db.execute(sql).fetchall()


def run(store, days=60, before_dispose=None, **settings):
    """A backtest, and its actor."""
    engine = example.build(plimsoll_actor(store=store, mode="backtest", **settings), days=days)
    engine.run()
    actor = engine.trader.actors()[0]
    if before_dispose is not None:
        before_dispose(engine)
    engine.dispose()
    return actor


def test_a_backtest_gives_rows_whose_totals_equal_the_engines_reports_to_the_cent(store):
    totals = []
    actor = run(store, DAYS, lambda engine: totals.append(Totals(engine)))
    with reading(store) as query:
        found = totals[0].of_store(query)
        assert totals[0].differences(query) == [], (totals[0].of_engine, found)
    assert found["fills"] > 50 and found["fees"] > 0 and found["profit and loss"] != 0
    assert actor.unrecorded_events == 0
    counts = actor.metrics.counts()
    assert (counts.dropped_rows, counts.rejected_rows) == (0, 0)
    print(f"{DAYS} days, {found['fills']} fills, fees {found['fees']:.2f}, P&L {found['profit and loss']:.2f}: equal to the cent")


def test_orders_have_their_transitions_latency_and_what_was_paid(store):
    run(store)
    events = dict(rows(store, "SELECT event, count(*) FROM trading_orders GROUP BY event"))
    assert set(events) >= {"submitted", "accepted", "filled", "canceled"}
    order = rows(store, "SELECT order_type, status, qty, cum_qty, leaves_qty, reconciliation FROM trading_orders"
                        " WHERE event = 'filled' AND strategy_id = 'Crossing-002' LIMIT 1")[0]  # fmt: skip
    assert order[:2] == ("limit", "filled") and order[2] == order[3] and order[4:] == (0, 0)
    stages = {stage for (stage,) in rows(store, "SELECT DISTINCT stage FROM order_latency")}
    assert stages >= {"first_fill", "ack"}
    fill = rows(store, "SELECT source, liquidity, commission_currency FROM trading_fills WHERE strategy_id = 'Crossing-001' LIMIT 1")  # fmt: skip
    assert fill == [("paper", "taker", "USD")]
    equity, drawdown = rows(store, "SELECT min(equity), max(drawdown_ratio) FROM trading_risk")[0]
    assert 0 < equity < 1_000_000 and 0 < drawdown < 1


def test_an_account_goes_by_its_alias(store):
    run(store, accounts={"SIM-001": "paper-main"})
    for table in ("trading_fills", "account_state", "trading_pnl", "trading_risk", "position_changes"):
        assert rows(store, f"SELECT DISTINCT account_id FROM {table}") == [("paper-main",)], table


def test_funding_becomes_a_cashflow_and_part_of_profit_and_loss(store):
    def pay(engine):
        held = next(p for p in engine.cache.positions_open() if p.strategy_id.value == "Crossing-001")
        event = PositionAdjusted(
            held.trader_id, held.strategy_id, held.instrument_id, held.id, held.account_id,
            PositionAdjustmentType.FUNDING, None, Money(-12.34, held.settlement_currency), "funding",
            UUID4(), held.ts_last, held.ts_last,
        )  # fmt: skip
        engine.kernel.msgbus.publish("events.funding.Crossing-001", event)

    run(store, before_dispose=pay)
    paid = rows(store, "SELECT kind, currency, amount, source FROM trading_cashflows")
    assert paid == [("funding", "USD", -12.34, "paper")]
    last = rows(store, "SELECT funding, realized_pnl - commission + funding + unrealized_pnl - total_pnl FROM trading_pnl"
                       " WHERE strategy_id = 'Crossing-001' ORDER BY ts DESC, seq DESC LIMIT 1")[0]  # fmt: skip
    assert last[0] == -12.34 and abs(last[1]) < 1e-6


def test_a_refusal_is_an_error_and_one_that_belongs_to_trading_is_expected(store):
    class Refused(example.Crossing):
        def on_bar(self, bar):
            if not self.closes:
                self.closes = [bar.close.as_double()]
                px = self.instrument.make_price(bar.close.as_double() * 2)
                qty = self.instrument.make_qty(1)
                make, traded = self.order_factory, self.instrument
                self.submit_order(make.limit(traded.id, OrderSide.BUY, qty, px, post_only=True))
                # A price between two ticks is denied before it leaves the node.
                self.submit_order(make.limit(traded.id, OrderSide.BUY, qty, Price.from_str("1000.12345")))

    engine = example.build(plimsoll_actor(store=store, mode="backtest"), days=5)
    kind = engine.trader.strategies()[0].config.bar_type
    engine.add_strategy(Refused(example.CrossingConfig(bar_type=kind, fast=1, slow=2, qty="1", order_id_tag="003")))
    engine.run()
    engine.dispose()
    errors = dict(rows(store, "SELECT error_class, severity FROM trading_errors WHERE strategy_id = 'Refused-003'"))
    assert errors == {"expected": "warning", "risk_limit": "error"}
    classes = rows(store, "SELECT event, reject_class, reason IS NOT NULL FROM trading_orders WHERE reject_class IS NOT NULL ORDER BY 2")  # fmt: skip
    assert [row[1:] for row in classes] == [("expected", 1), ("risk_limit", 1)]


def test_a_node_trades_on_when_nothing_can_be_recorded_unless_it_must_not(store):
    with plimsoll.open(store, mode="paper"):
        actor = run(store)
        assert not actor.metrics.is_enabled
        with pytest.raises(plimsoll.OpenError):
            run(store, is_required=True)


def test_an_event_that_cannot_be_a_row_is_counted_and_hurts_nobody(store):
    def confuse(engine):
        for event in ("no event at all", object()):
            engine.kernel.msgbus.publish("events.funding.X", event)

    assert run(store, before_dispose=confuse).unrecorded_events == 2


def test_a_wrong_setting_is_found_where_the_line_is_written():
    with pytest.raises(TypeError, match="mode"):
        plimsoll_actor(store="x.db")
    with pytest.raises(TypeError, match="stroe"):
        plimsoll_actor(stroe="x.db", mode="paper")
    assert PlimsollActorConfig(mode="paper").is_required is False


@pytest.fixture
def redis(tmp_path):
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("no redis-server")
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as probe:
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
        cwd=tmp_path, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    end = time.monotonic() + 20
    while time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            break
        time.sleep(0.05)
    yield port
    server.terminate()
    server.wait()


COUNTS = {
    "orders": "SELECT strategy_id, event, count(*) FROM trading_orders GROUP BY 1, 2 ORDER BY 1, 2",
    "fills": "SELECT strategy_id, source, count(*), sum(last_qty), sum(commission), sum(realized_pnl)"
    " FROM trading_fills GROUP BY 1, 2 ORDER BY 1",
    "positions": "SELECT strategy_id, event, count(*) FROM position_changes GROUP BY 1, 2 ORDER BY 1, 2",
    "P&L": "SELECT strategy_id, realized_pnl, commission, funding, epoch FROM trading_pnl p WHERE scope = 'instrument'"
    " AND ts = (SELECT max(ts) FROM trading_pnl q WHERE q.strategy_id = p.strategy_id AND q.scope = p.scope)"
    " ORDER BY seq DESC",
}


def node(store, port, part):
    """Runs the node, and what the store has after it."""
    program = [sys.executable, "-W", "ignore", str(HERE / "nautilus_node.py"), store, str(port), part]
    ran = subprocess.run(program, capture_output=True, text=True, timeout=NODE_SECS, check=False)
    assert ran.returncode == 0 and "unrecorded 0" in ran.stdout, ran.stdout + ran.stderr
    found = {name: rows(store, sql) for name, sql in COUNTS.items()}
    found["P&L"] = sorted(set(found["P&L"]))
    return found, rows(store, "SELECT count(DISTINCT run) FROM trading_pnl")[0][0]


def test_a_node_restarted_three_times_on_its_cache_changes_no_count_and_no_sum(store, redis):
    first, runs = node(store, redis, "FIRST")
    assert sum(count for _, _, count, *_ in first["fills"]) == 20
    assert ("EXTERNAL", "inferred") in [row[:2] for row in first["fills"]], "what the node made up is told apart"
    assert [row[0] for row in first["P&L"]] == ["EXTERNAL", "Turning-001", "Turning-002"]
    flagged = rows(store, "SELECT event, reconciliation, flags & 12 FROM trading_orders WHERE strategy_id = 'EXTERNAL'")
    assert sorted(flagged) == [("accepted", 1, 4), ("filled", 1, 12)]
    assert rows(store, "SELECT count(*) FROM order_latency WHERE strategy_id = 'EXTERNAL'") == [(0,)]
    for _ in range(3):
        again, more_runs = node(store, redis, "AGAIN")
        assert again == first
        assert more_runs > runs, "each start tells its sums again"
        runs = more_runs
    print(f"3 restarts, {sum(row[2] for row in first['orders'])} order rows, 20 fills: nothing changed")
