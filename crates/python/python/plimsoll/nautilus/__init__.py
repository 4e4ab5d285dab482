"""An actor for NautilusTrader: what a node's strategies do becomes rows, without a change to any of them.

    from plimsoll.nautilus import plimsoll_actor

    config = TradingNodeConfig(actors=[plimsoll_actor(store="plimsoll.db", mode="paper")], ...)

Needs the package `nautilus_trader`, 1.231 or newer.
"""

from .actor import PlimsollActor
from .config import PlimsollActorConfig, plimsoll_actor

__all__ = ["PlimsollActor", "PlimsollActorConfig", "plimsoll_actor"]
