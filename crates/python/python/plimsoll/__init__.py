"""What a trading strategy does, as typed rows in a store.

An emit writes into a ring of its thread and returns: it waits for no lock, no disk and no network.
Threads of their own, which never take the interpreter's lock, carry rows into the store.

    import plimsoll

    with plimsoll.open("plimsoll.db", mode="paper") as metrics:
        account = metrics.strategy("ema-001").account("HL-main")
        btc = account.instrument("BTC-USD-PERP", "HYPERLIQUID", "USDC")
        btc.emit_order("ord-1", "buy", "submitted", qty=0.5, px=64_000.0)
        account.emit_equity(10_250.0)
"""

import asyncio as _asyncio
import atexit as _atexit
import os as _os
import warnings as _warnings
import weakref as _weakref

from . import _native
from ._native import (
    Account,
    Captured,
    CloseError,
    Counts,
    Error,
    Health,
    Instrument,
    OpenError,
    Series,
    Strategy,
    __version__,
    tables,
)

__all__ = [
    "Account",
    "Captured",
    "CloseError",
    "Counts",
    "Error",
    "Health",
    "Instrument",
    "Metrics",
    "OpenError",
    "Series",
    "Strategy",
    "__version__",
    "capture",
    "disabled",
    "open",
    "tables",
]

#: Seconds that a pipeline which nobody closed gets at the interpreter's end.
_EXIT_SECS = 1.0

_open_pipelines = _weakref.WeakSet()


class Metrics:
    """A running pipeline from handles to a store; made by `open`, `disabled` or `capture`.

    As a context manager, also an asynchronous one, it closes at the end of the block. Rows that are
    not in the store by then are not lost: a warning says how many wait for the next start.
    """

    __slots__ = ("__weakref__", "_native", "_pid")

    def __init__(self, native):
        self._native = native
        self._pid = _os.getpid()

    def strategy(self, strategy_id):
        """A handle of a strategy. Slow: keep it."""
        return self._native.strategy(strategy_id)

    def account(self, account_id):
        """A handle of an account as a whole, over all its strategies. Slow: keep it."""
        return self._native.account(account_id)

    def series(self, **labels):
        """A handle with labels such as `venue`, for tables that are not about one strategy."""
        return self._native._series(list(labels.items()))

    @property
    def is_enabled(self):
        """Whether rows are recorded: neither disabled nor closed."""
        return self._native.is_enabled

    def counts(self):
        """Rows by what became of them so far."""
        return self._native.counts()

    def health(self):
        """State of the pipeline: its spool, and what it waits for."""
        return self._native.health()

    def flush(self, timeout_secs=5.0):
        """Waits until every row emitted so far is in the spool; false if the time was over first."""
        return self._native.flush(timeout_secs)

    def close(self, timeout_secs=5.0):
        """Delivers what it can, and raises `CloseError` for what it could not. Nothing is lost then."""
        _open_pipelines.discard(self)
        return self._native.close(timeout_secs)

    async def aclose(self, timeout_secs=5.0):
        """`close` for a program with an event loop, which goes on meanwhile."""
        return await _asyncio.to_thread(self.close, timeout_secs)

    def _close_quietly(self, timeout_secs=5.0):
        # A forked child has only the handles; the pipeline is its parent's.
        if self._pid != _os.getpid():
            return
        try:
            self.close(timeout_secs)
        except CloseError as error:
            _warnings.warn(str(error), RuntimeWarning, stacklevel=3)

    def __enter__(self):
        return self

    def __exit__(self, *_raised):
        self._close_quietly()

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_raised):
        await _asyncio.to_thread(self._close_quietly)

    def __repr__(self):
        return f"<plimsoll.Metrics {'enabled' if self.is_enabled else 'disabled'}>"


def open(store=None, *, mode, spool_dir=None, **texts):
    """Opens a pipeline; touches no network, so a server that is down is not an error.

    - `store`: path of an SQLite file, `http://...` of a station or QuestDB, or `spool` for a spool
      that another process drains. Without it the variables `PLIMSOLL_METRICS__*` decide.
    - `mode`: `live`, `paper`, `backtest` or `replay`. It has no default: rows of a replay among
      live ones would fire alerts that mean nothing.
    - `spool_dir`: where rows wait; beside the store, unless said. One process at a time.
    - `env`, `trader_id`, `service`: labels of every row.
    - `version`, `git_commit`, `config_hash`: what runs, for the table `producer_runs`.

    Raises `OpenError` if the spool cannot be used or another process holds it.
    """
    store = None if store is None else _os.fspath(store)
    given = {name: text for name, text in texts.items() if text is not None}
    native = _native.Metrics._open(store, mode, spool_dir, given)
    metrics = Metrics(native)
    _open_pipelines.add(metrics)
    return metrics


def disabled():
    """A pipeline with the same handles that does nothing."""
    return Metrics(_native.Metrics.disabled())


def capture(mode="live"):
    """A pipeline for a test and what it was given; in pytest, the fixture `plimsoll_capture`."""
    native, captured = _native.Metrics.capture(mode)
    return Metrics(native), captured


@_atexit.register
def _close_all():
    for metrics in list(_open_pipelines):
        metrics._close_quietly(_EXIT_SECS)
