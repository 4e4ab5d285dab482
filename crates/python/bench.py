"""Times an emit beside what else a strategy in Python could do with a row; `--quick` for a tenth of the rows.

A blocking TCP line and PyPI's `questdb` (if it is installed) get the same row in the same run.
"""

import contextlib
import resource
import socket
import sys
import tempfile
import threading
import time
import warnings

import plimsoll

#: Rows at a time: fewer than a ring holds, so that none is dropped.
BATCH = 8_000


def quantile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def timed(name, call, rows, rest=lambda: None):
    """Mean over whole batches, without the clock; then single calls, less the clock itself."""
    means = []
    for _ in range(max(3, rows // BATCH)):
        start = time.perf_counter_ns()
        for _ in range(BATCH):
            call()
        means.append((time.perf_counter_ns() - start) / BATCH)
        rest()
    clock, singles = [], []
    for times, what in ((clock, lambda: None), (singles, call)):
        for _ in range(BATCH):
            start = time.perf_counter_ns()
            what()
            times.append(time.perf_counter_ns() - start)
        rest()
    less = quantile(clock, 0.5)
    mean, p99 = quantile(means, 0.5), max(0, quantile(singles, 0.99) - less)
    print(f"{name}: mean {mean:,.0f} ns, p99 {p99:,.0f} ns")
    return mean


def drain(server):
    connection, _ = server.accept()
    with contextlib.suppress(OSError):
        while connection.recv(1 << 16):
            pass


def ours(rows):
    with tempfile.TemporaryDirectory() as folder:
        metrics = plimsoll.open("spool", mode="backtest", spool_dir=folder)
        account = metrics.strategy("ema-001").account("HL-main")
        btc = account.instrument("BTC-USD-PERP", "HYPERLIQUID", "USDC")
        btc.prewarm()
        emit_pnl, emit_order, equity = btc.emit_pnl, btc.emit_order, account.emit_equity

        def pnl():
            emit_pnl(realized_pnl=12.5, unrealized_pnl=-3.0, commission=0.4, funding=0.0)

        def order():
            emit_order("ord-000001", "buy", "submitted", qty=0.5, px=64_000.0)

        mean = timed("emit_pnl, four numbers", pnl, rows, metrics.flush)
        timed("emit_order, an id, two labels, two numbers", order, rows, metrics.flush)
        timed("emit_equity", lambda: equity(10_250.0), rows, metrics.flush)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        rates = [f"{count}: {rate_of(count, pnl, metrics.flush):,.0f}" for count in (1, 2, 4)]
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        print(f"threads and rows/s: {'; '.join(rates)}; peak memory {grown:+,} kB")
        print(f"dropped: {metrics.counts().dropped_rows}")
        metrics.close()
        return mean


def rate_of(count, call, rest):
    """Rows per second of that many threads at once, each with a ring of its own; the median of five."""
    rates = []
    for _ in range(5):
        barrier = threading.Barrier(count + 1)

        def work():
            barrier.wait()
            for _ in range(BATCH):
                call()

        threads = [threading.Thread(target=work) for _ in range(count)]
        [thread.start() for thread in threads]
        barrier.wait()
        start = time.perf_counter_ns()
        [thread.join() for thread in threads]
        rates.append(count * BATCH / (time.perf_counter_ns() - start) * 1e9)
        rest()
    return quantile(rates, 0.5)


def line_over_tcp(rows):
    server = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=drain, args=(server,), daemon=True).start()
    client = socket.create_connection(server.getsockname())
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send():
        client.sendall(
            b"trading_pnl,strategy_id=ema-001,instrument_id=BTC-USD-PERP "
            b"realized_pnl=%r,unrealized_pnl=%r,commission=%r,funding=%r %d\n"
            % (12.5, -3.0, 0.4, 0.0, time.time_ns())
        )

    mean = timed("a line over blocking TCP", send, rows)
    client.close()
    return mean


def questdb_row(rows):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # The package is about to give it another name.
            from questdb.ingress import Protocol, Sender, TimestampNanos
    except ImportError:
        print("questdb of PyPI is not installed")
        return None
    server = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=drain, args=(server,), daemon=True).start()
    host, port = server.getsockname()
    symbols = {"strategy_id": "ema-001", "instrument_id": "BTC-USD-PERP"}
    columns = {"realized_pnl": 12.5, "unrealized_pnl": -3.0, "commission": 0.4, "funding": 0.0}
    with Sender(Protocol.Tcp, host, port, auto_flush=False) as sender:

        def row():
            sender.row("trading_pnl", symbols=symbols, columns=columns, at=TimestampNanos.now())

        return timed("row() of PyPI's questdb, not yet sent", row, rows, sender.flush)


def main():
    rows = 80_000 if "--quick" in sys.argv else 800_000
    mean = ours(rows)
    others = {"TCP line": line_over_tcp(rows), "questdb row()": questdb_row(rows)}
    for name, other in others.items():
        if other:
            print(f"{name} / emit_pnl: {other / mean:.1f}")


if __name__ == "__main__":
    main()
