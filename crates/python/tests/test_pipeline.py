"""Open, close, crash, fork: what was emitted is in the store, or it is said how much is not."""

import asyncio
import contextlib
import os
import pathlib
import re
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import textwrap
import threading

import plimsoll
import pytest

PATIENCE_SECS = 60.0


@pytest.fixture
def store(tmp_path):
    return tmp_path / "rows.db"


def equities(store):
    # Closed at once: a connection of another copy of SQLite must not outlive the moment (README, Limits).
    with contextlib.closing(sqlite3.connect(store)) as db:
        return [row[0] for row in db.execute("SELECT equity FROM trading_risk ORDER BY equity")]


def run(code, *args, **options):
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, args)],
        capture_output=True, text=True, timeout=PATIENCE_SECS, check=False, **options,
    )  # fmt: skip


def test_rows_are_in_the_store_when_the_block_has_ended(store):
    with plimsoll.open(store, mode="paper", trader_id="desk-1", env="test") as metrics:
        assert metrics.is_enabled
        account = metrics.account("HL-main")
        for equity in range(1_000):
            account.emit_equity(float(equity))
        assert metrics.flush()
        assert metrics.health().waiting_for is None
    assert not metrics.is_enabled
    assert equities(store) == [float(equity) for equity in range(1_000)]
    counts = metrics.counts()
    assert (counts.dropped_rows, counts.rejected_rows) == (0, 0)
    account.emit_equity(7.0)
    assert account.counts().dropped_rows == 1, "a row after the close is counted"
    assert metrics.close() == metrics.counts(), "closing again does nothing"


def test_a_pipeline_that_is_disabled_has_the_same_handles_and_does_nothing():
    with plimsoll.disabled() as metrics:
        account = metrics.strategy("ema").account("a")
        account.instrument("BTC", "X", "USD").emit_pnl(realized_pnl=1.0)
        account.emit_equity(1.0)
        metrics.series(venue="X").emit_error("E", "no")
        assert not metrics.is_enabled
        assert metrics.counts().emitted_rows == 0


def test_a_second_writer_is_refused_and_told_who_is_first(store):
    with plimsoll.open(store, mode="paper"):
        with pytest.raises(plimsoll.OpenError, match=str(os.getpid())):
            plimsoll.open(store, mode="paper")


def test_a_mode_is_required_and_known(store):
    with pytest.raises(TypeError, match="mode"):
        plimsoll.open(store)
    with pytest.raises(ValueError, match="wanted one of: live, paper, backtest, replay"):
        plimsoll.open(store, mode="test")
    with pytest.raises(TypeError, match="no option is called `trader`"):
        plimsoll.open(store, mode="paper", trader="desk-1")
    assert not store.exists()


def test_a_store_that_is_down_is_no_error_and_its_rows_wait(tmp_path, store):
    spool = tmp_path / "spool"
    metrics = plimsoll.open("http://127.0.0.1:9", mode="paper", spool_dir=spool)
    metrics.account("a").emit_equity(1.0)
    with pytest.raises(plimsoll.CloseError, match="rows wait in"):
        metrics.close(timeout_secs=0.5)
    with plimsoll.open(store, mode="paper", spool_dir=spool) as metrics:
        metrics.account("a").emit_equity(2.0)
    assert equities(store) == [1.0, 2.0], "the next one on the spool delivers"


def test_threads_have_rings_of_their_own(store):
    with plimsoll.open(store, mode="paper") as metrics:
        account = metrics.account("a")

        def work(first):
            for equity in range(first, first + 2_000):
                account.emit_equity(float(equity))

        threads = [threading.Thread(target=work, args=(n * 2_000,)) for n in range(4)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
    assert equities(store) == [float(equity) for equity in range(8_000)]


def loops():
    """The event loop of Python, and uvloop's, which NautilusTrader takes."""
    yield asyncio.new_event_loop()
    with contextlib.suppress(ImportError):
        import uvloop

        yield uvloop.new_event_loop()


@pytest.mark.parametrize("loop", list(loops()), ids=lambda loop: type(loop).__module__)
def test_an_event_loop_goes_on_while_a_pipeline_closes(store, loop):
    async def trade():
        async with plimsoll.open(store, mode="paper") as metrics:
            account = metrics.account("a")
            for equity in range(100):
                account.emit_equity(float(equity))
                await asyncio.sleep(0)
        other = plimsoll.open(store, mode="paper")
        other.account("a").emit_equity(100.0)
        return await other.aclose()

    counts = loop.run_until_complete(trade())
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()
    assert counts.dropped_rows == 0
    assert len(equities(store)) == 101


def test_rows_of_a_program_that_forgot_to_close_are_in_the_store(store):
    code = """
        import sys, plimsoll
        metrics = plimsoll.open(sys.argv[1], mode="paper")
        metrics.account("a").emit_equity(1.0)
    """
    ran = run(code, store)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert equities(store) == [1.0]


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_is_disabled_and_counted_and_its_parent_loses_nothing(store):
    with plimsoll.open(store, mode="paper") as metrics:
        account = metrics.account("a")
        account.emit_equity(0.0)
        child = os.fork()
        if child == 0:
            before = account.counts().dropped_rows
            for _ in range(50):
                account.emit_equity(-1.0)
            os._exit(0 if account.counts().dropped_rows - before == 50 else 1)
        for equity in range(1, 1_000):
            account.emit_equity(float(equity))
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert equities(store) == [float(equity) for equity in range(1_000)]


def test_a_forked_child_that_ends_as_programs_do_hangs_nowhere(store):
    code = """
        import os, sys, plimsoll
        metrics = plimsoll.open(sys.argv[1], mode="paper")
        account = metrics.account("a")
        account.emit_equity(1.0)
        if os.fork() == 0:
            with metrics:
                account.emit_equity(2.0)
            sys.exit(0)
        assert os.wait()[1] == 0
        account.emit_equity(3.0)
        metrics.close()
    """
    ran = run(code, store, env={**os.environ, "PYTHONWARNINGS": "ignore::DeprecationWarning"})
    assert (ran.returncode, ran.stderr) == (0, "")
    assert equities(store) == [1.0, 3.0]


KILLED = """
    import sys, plimsoll
    metrics = plimsoll.open(sys.argv[1], mode="paper")
    account, n = metrics.account("a"), int(sys.argv[2])
    account.emit_equity(float(n))
    while True:
        n += 1
        account.emit_equity(float(n))
        print(n, flush=True)
"""


def test_a_killed_program_loses_no_row_whose_emit_has_returned(store):
    kills, first = int(os.environ.get("PLIMSOLL_KILLS", "5")), 0
    for kill in range(kills):
        child = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(KILLED), store, str(first)],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        for _ in range(50 + 37 * kill % 400):
            child.stdout.readline()
        child.send_signal(signal.SIGKILL)
        said = [int(line) for line in child.stdout.read().split() if line]
        child.wait()
        first = (said[-1] if said else first + 50) + 100_000
        last = said[-1] if said else 0
        with plimsoll.open(store, mode="paper") as metrics:
            assert metrics.flush(PATIENCE_SECS)
        assert last in equities(store)
    rows = [int(equity) for equity in equities(store)]
    gaps = sum(1 for before, after in zip(rows, rows[1:]) if after != before + 1)
    assert gaps == kills - 1, "each run is whole from its first row to its last"
    print(f"{kills} kills, {len(rows)} rows, none of them missing")


def stand_in(port, kept):
    program = [sys.executable, str(pathlib.Path(__file__).with_name("stand_in.py")), str(port), str(kept)]
    server = subprocess.Popen(program, stdout=subprocess.PIPE, text=True)
    assert server.stdout.readline() == "ready\n"
    return server


#: A row of line protocol; its doubles are eight bytes each.
ROW = re.compile(rb"trading_pnl,[^\n ]+ [^\n]*?run=(-?\d+)i,seq=(\d+)i[^\n]*?realized_pnl==\x10(.{8})", re.DOTALL)


def test_rows_emitted_while_their_store_is_killed_three_times_are_all_there(tmp_path):
    count, kept = int(os.environ.get("PLIMSOLL_OUTAGE_ROWS", "20000")), tmp_path / "kept"
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as probe:
        port = probe.getsockname()[1]
    server, kills, step = stand_in(port, kept), 0, count // 40
    metrics = plimsoll.open(f"http://127.0.0.1:{port}", mode="paper", spool_dir=tmp_path / "spool")
    btc = metrics.strategy("ema").account("a").instrument("BTC", "X", "USD")
    try:
        for part in range(40):
            if part in (10, 20, 30):
                server.kill()
                server.wait()
                kills += 1
            if part in (13, 23, 33):
                server = stand_in(port, kept)
            for n in range(part * step, part * step + step):
                btc.emit_pnl(realized_pnl=float(n))
                # As fast as a disk takes them, and no ring runs over.
                if n % 4_000 == 0 or n % step == step - 1:
                    assert metrics.flush(PATIENCE_SECS)
        counts = metrics.close(PATIENCE_SECS)
    finally:
        server.kill()
        server.wait()
    assert (counts.dropped_rows, counts.rejected_rows, kills) == (0, 0, 3)
    rows, sent = {}, 0
    for run, seq, value in ROW.findall(kept.read_bytes()):
        sent += 1
        told = rows.setdefault((run, seq), value)
        assert told == value, "what is sent again is the same row"
    values = sorted(struct.unpack("<d", value)[0] for value in rows.values())
    assert values == [float(n) for n in range(40 * step)], "each row is there, and has one identity"
    print(f"{kills} kills of the store, {len(rows)} rows all there, {sent - len(rows)} sent twice as the same row")
