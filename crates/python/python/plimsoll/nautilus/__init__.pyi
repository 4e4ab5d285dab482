from typing import Any

from nautilus_trader.common.actor import Actor
from nautilus_trader.common.config import ActorConfig, ImportableActorConfig
from plimsoll import Metrics

class PlimsollActorConfig(ActorConfig, frozen=True):
    """Settings of `PlimsollActor`; all but `mode` may be left out."""

    mode: str
    store: str | None
    spool_dir: str | None
    env: str | None
    service: str | None
    version: str | None
    git_commit: str | None
    config_hash: str | None
    accounts: dict[str, str]
    base_currency: str | None
    snapshot_secs: float | None
    close_timeout_secs: float
    is_required: bool

class PlimsollActor(Actor):
    """Records what every strategy of its node does: orders, fills, positions, accounts, funding."""

    unrecorded_events: int
    """Events that should have become a row and did not."""

    def __init__(self, config: PlimsollActorConfig) -> None: ...
    @property
    def metrics(self) -> Metrics:
        """The pipeline, for rows of a strategy's own; disabled where it could not be opened."""

    def register_base(self, portfolio: Any, msgbus: Any, cache: Any, clock: Any) -> None: ...
    def on_start(self) -> None: ...
    def on_stop(self) -> None: ...
    def on_reset(self) -> None: ...
    def on_dispose(self) -> None: ...

def plimsoll_actor(
    *,
    mode: str,
    store: str | None = None,
    spool_dir: str | None = None,
    env: str | None = None,
    service: str | None = None,
    version: str | None = None,
    git_commit: str | None = None,
    config_hash: str | None = None,
    accounts: dict[str, str] = ...,
    base_currency: str | None = None,
    snapshot_secs: float | None = None,
    close_timeout_secs: float = 5.0,
    is_required: bool = False,
    component_id: str | None = None,
) -> ImportableActorConfig:
    """The line of a node's config: `actors=[plimsoll_actor(store=..., mode=...)]`."""
