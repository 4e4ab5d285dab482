from os import PathLike
from typing import Self

from ._native import (
    Account as Account,
    Captured as Captured,
    CloseError as CloseError,
    Counts as Counts,
    Error as Error,
    Health as Health,
    Instrument as Instrument,
    Mode,
    OpenError as OpenError,
    Series as Series,
    Strategy as Strategy,
    __version__ as __version__,
    tables as tables,
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

class Metrics:
    """A running pipeline from handles to a store; made by `open`, `disabled` or `capture`."""

    def strategy(self, strategy_id: str) -> Strategy:
        """A handle of a strategy. Slow: keep it."""

    def account(self, account_id: str) -> Account:
        """A handle of an account as a whole, over all its strategies. Slow: keep it."""

    def series(self, **labels: str) -> Series:
        """A handle with labels such as `venue`, for tables that are not about one strategy."""

    @property
    def is_enabled(self) -> bool:
        """Whether rows are recorded: neither disabled nor closed."""

    def counts(self) -> Counts:
        """Rows by what became of them so far."""

    def health(self) -> Health:
        """State of the pipeline: its spool, and what it waits for."""

    def flush(self, timeout_secs: float = 5.0) -> bool:
        """Waits until every row emitted so far is in the spool; false if the time was over first."""

    def close(self, timeout_secs: float = 5.0) -> Counts:
        """Delivers what it can, and raises `CloseError` for what it could not. Nothing is lost then."""

    async def aclose(self, timeout_secs: float = 5.0) -> Counts:
        """`close` for a program with an event loop, which goes on meanwhile."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *raised: object) -> None: ...
    async def __aenter__(self) -> Self: ...
    async def __aexit__(self, *raised: object) -> None: ...

def open(
    store: str | PathLike[str] | None = None,
    *,
    mode: Mode,
    spool_dir: str | PathLike[str] | None = None,
    env: str | None = None,
    trader_id: str | None = None,
    service: str | None = None,
    version: str | None = None,
    git_commit: str | None = None,
    config_hash: str | None = None,
) -> Metrics:
    """Opens a pipeline; touches no network, so a server that is down is not an error."""

def disabled() -> Metrics:
    """A pipeline with the same handles that does nothing."""

def capture(mode: Mode = "live") -> tuple[Metrics, Captured]:
    """A pipeline for a test and what it was given; in pytest, the fixture `plimsoll_capture`."""
