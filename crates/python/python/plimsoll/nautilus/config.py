"""Settings of the actor."""

from typing import Any

from nautilus_trader.common.config import ActorConfig, ImportableActorConfig


class PlimsollActorConfig(ActorConfig, frozen=True):
    """Settings of `PlimsollActor`; all but `mode` may be left out.

    - `mode`: `live`, `paper`, `backtest` or `replay`.
    - `store`: path of an SQLite file, `http://...` of a station or QuestDB, or `spool`; without it
      the variables `PLIMSOLL_METRICS__*` decide.
    - `spool_dir`: where rows wait; beside the store, unless said.
    - `env`, `service`, `version`, `git_commit`, `config_hash`: labels of the rows and of the run.
    - `accounts`: other names for the node's accounts, such as an alias for one that is named by a
      wallet's address. A name goes out with every alert.
    - `base_currency`: what equity is told in, if accounts hold several currencies.
    - `snapshot_secs`: how often profit and loss and equity are told between events, seconds of the
      node's clock; 10, and a day in a backtest, whose clock runs faster.
    - `close_timeout_secs`: how long the end of the node waits for the store. What is not stored by
      then waits in the spool for the next start.
    - `is_required`: whether a node may not start when nothing can be recorded. Without it the
      reason is logged once, and the strategies trade unrecorded.
    """

    mode: str
    store: str | None = None
    spool_dir: str | None = None
    env: str | None = None
    service: str | None = None
    version: str | None = None
    git_commit: str | None = None
    config_hash: str | None = None
    accounts: dict[str, str] = {}
    base_currency: str | None = None
    snapshot_secs: float | None = None
    close_timeout_secs: float = 5.0
    is_required: bool = False


def plimsoll_actor(**settings: Any) -> ImportableActorConfig:
    """The line of a node's config: `actors=[plimsoll_actor(store=..., mode=...)]`.

    Takes the settings of `PlimsollActorConfig`.
    """
    PlimsollActorConfig(**settings)
    return ImportableActorConfig(
        actor_path="plimsoll.nautilus:PlimsollActor",
        config_path="plimsoll.nautilus:PlimsollActorConfig",
        config=settings,
    )
