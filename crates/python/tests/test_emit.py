"""What a strategy gives is what the store has."""

import datetime
import inspect
import math

import plimsoll
import pytest

#: The moment of the recording clock.
AT = 1_767_225_600_000_000_000

#: Emit functions by table.
EMITS = {
    "trading_pnl": plimsoll.Instrument.emit_pnl,
    "trading_orders": plimsoll.Instrument.emit_order,
    "trading_fills": plimsoll.Instrument.emit_fill,
    "trading_cashflows": plimsoll.Instrument.emit_cashflow,
    "account_state": plimsoll.Account.emit_account,
    "order_latency": plimsoll.Instrument.emit_order_latency,
    "position_changes": plimsoll.Instrument.emit_position_change,
    "trading_errors": plimsoll.Instrument.emit_error,
    "trading_risk": plimsoll.Account.emit_risk,
    "system_health": plimsoll.Series.emit_health,
    "alert_history": plimsoll.Series.emit_alert,
    "ops_events": plimsoll.Series.emit_ops,
}

#: Written by the pipeline, by hooks and by the station, never by a strategy.
OTHERS = {
    "producer_runs",
    "ralph_iterations",
    "agent_spawns",
    "claude_sessions",
    "claude_tool_calls",
    "claude_tdd",
    "trading_pnl_1m",
    "trading_risk_1m",
    "order_latency_1m",
}


def handles(metrics):
    account = metrics.strategy("ema-001").account("HL-main")
    return account, account.instrument("BTC-USD-PERP", "HYPERLIQUID", "USDC")


def test_every_table_of_a_strategy_has_an_emit_with_all_of_its_columns():
    tables = dict(plimsoll.tables())
    assert set(tables) == set(EMITS) | OTHERS
    for table, emit in EMITS.items():
        parameters = set(inspect.signature(emit).parameters)
        assert set(tables[table]) <= parameters, table
        assert {"at", "reconciled", "inferred"} <= parameters, table


def test_an_order_is_a_row_with_what_was_given_and_what_follows(plimsoll_capture):
    _, btc = handles(plimsoll_capture.metrics)
    btc.emit_order(
        "ord-1", "buy", "filled", order_type="limit", qty=0.5, cum_qty=0.5, avg_px=64_010.0,
        ref_px=64_000.0, ref_kind="decision", latency_ms=12.5, reduce_only=False,
    )  # fmt: skip
    (row,) = plimsoll_capture.rows("trading_orders")
    given = {
        "strategy_id": "ema-001", "account_id": "HL-main", "instrument_id": "BTC-USD-PERP",
        "client_order_id": "ord-1", "side": "buy", "event": "filled", "order_type": "limit",
        "qty": 0.5, "cum_qty": 0.5, "latency_ms": 12.5, "reduce_only": False,
    }  # fmt: skip
    assert {name: row.get(name) for name in given} == given
    assert row["slippage_bps"] == pytest.approx(1.5625)
    assert "venue_order_id" not in row, "what is not known is absent"


def test_each_emit_makes_a_row_of_its_table(plimsoll_capture):
    metrics = plimsoll_capture.metrics
    strategy = metrics.strategy("ema-001")
    account, btc = handles(metrics)
    venue = metrics.series(venue="HYPERLIQUID")
    btc.emit_pnl(realized_pnl=12.5, unrealized_pnl=-3.0, commission=0.4, funding=0.0, fx_to_base="base")
    btc.emit_fill("t-1", "buy", 0.5, 64_000.0, AT, liquidity="taker", commission=0.4)
    btc.emit_order_latency("ord-1", "ack", 3.25)
    btc.emit_position_change("long", 0.5, mark_px=64_100.0)
    account.emit_cashflow("deposit", "USDC", 1_000.0, "dep-1", AT, fx_to_base=(1.0, 5_000))
    account.emit_account("USDC", total=10_250.0, free=9_000.0)
    account.emit_equity(10_250.0)
    strategy.emit_risk(5_000.0, open_orders=2)
    btc.emit_error("E42", "venue said no", transient=True, count=3)
    venue.emit_health("adapter", "reconnecting", reconnects=2)
    venue.emit_ops("deploy", "strategy", "done", duration_ms=1_500.0)
    venue.emit_alert("transition", "drawdown", state="firing", value=0.12)
    (pnl,) = plimsoll_capture.rows("trading_pnl")
    assert pnl["total_pnl"] == pytest.approx(9.1)
    assert pnl["total_pnl_base"] == pytest.approx(9.1)
    (fill,) = plimsoll_capture.rows("trading_fills")
    assert (fill["trade_id"], fill["ts"], fill["liquidity"]) == ("t-1", AT, "taker")
    (flow,) = plimsoll_capture.rows("trading_cashflows")
    assert flow["amount_base"] == 1_000.0
    (state,) = plimsoll_capture.rows("account_state")
    assert (state["currency"], state["total"]) == ("USDC", 10_250.0)
    assert [row["equity"] for row in plimsoll_capture.rows("trading_risk")] == [10_250.0, 5_000.0]
    (error,) = plimsoll_capture.rows("trading_errors")
    assert (error["count"], error["transient"], error["severity"]) == (3, True, "error")
    (latency,) = plimsoll_capture.rows("order_latency")
    assert (latency["stage"], latency["latency_ms"], latency["clock"]) == ("ack", 3.25, "mono")
    (position,) = plimsoll_capture.rows("position_changes")
    assert (position["position_side"], position["qty"]) == ("long", 0.5)
    (health,) = plimsoll_capture.rows("system_health")
    assert (health["venue"], health["status"], health["reconnects"]) == ("HYPERLIQUID", "reconnecting", 2)
    (done,) = plimsoll_capture.rows("ops_events")
    assert (done["kind"], done["duration_ms"]) == ("deploy", 1_500.0)
    (alert,) = plimsoll_capture.rows("alert_history")
    assert (alert["rule"], alert["state"], alert["value"]) == ("drawdown", "firing", 0.12)
    assert plimsoll_capture.captured.refused_rows() == 0


def test_what_is_no_number_is_left_out_and_never_zero(plimsoll_capture):
    account, btc = handles(plimsoll_capture.metrics)
    btc.emit_pnl(realized_pnl=math.nan, commission=1.0)
    account.emit_equity(math.inf)
    (row,) = plimsoll_capture.rows("trading_pnl")
    assert "realized_pnl" not in row
    assert row["commission"] == 1.0
    assert all("equity" not in row for row in plimsoll_capture.rows("trading_risk"))


def test_a_moment_is_nanoseconds_or_a_datetime_with_a_zone(plimsoll_capture):
    account, _ = handles(plimsoll_capture.metrics)
    moment = datetime.datetime(2026, 1, 1, 0, 0, 0, 123_456, tzinfo=datetime.timezone.utc)
    account.emit_equity(1.0, at=moment)
    account.emit_equity(2.0, at=AT + 7)
    rows = plimsoll_capture.rows("trading_risk")
    assert [row["ts"] for row in rows] == [AT + 123_456_000, AT + 7]
    with pytest.raises(TypeError, match="datetime with a zone"):
        account.emit_equity(3.0, at=datetime.datetime(2026, 1, 1))
    with pytest.raises(TypeError, match="datetime with a zone"):
        account.emit_equity(3.0, at="2026-01-01")


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda b: b.emit_order("o", "bought", "filled"), ValueError, "Side is `bought`, wanted one of: buy, sell"),
        (lambda b: b.emit_order("o", "buy"), TypeError, "event"),
        (lambda b: b.emit_pnl(realised_pnl=1.0), TypeError, "realised_pnl"),
        (lambda b: b.emit_pnl(realized_pnl="12"), TypeError, "must be real number, not str"),
        (lambda b: b.emit_pnl(fx_to_base=1.1), TypeError, "age in milliseconds"),
        (lambda b: b.emit_order_latency("o", "ack", -1.0), ValueError, "not negative"),
    ],
)
def test_a_mistake_of_the_program_is_an_exception_that_says_what_is_wanted(plimsoll_capture, call, error, said):
    _, btc = handles(plimsoll_capture.metrics)
    with pytest.raises(error, match=said):
        call(btc)


def test_a_row_that_is_reconciled_or_inferred_says_so(plimsoll_capture):
    _, btc = handles(plimsoll_capture.metrics)
    btc.emit_position_change("long", 1.0)
    btc.emit_position_change("long", 1.0, reconciled=True)
    btc.emit_position_change("long", 1.0, inferred=True)
    flags = [row.get("flags") or 0 for row in plimsoll_capture.rows("position_changes")]
    assert len(set(flags)) == 3
