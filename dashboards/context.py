"""What operations work on, and how one is entered in the table."""

from collections.abc import Callable
from typing import Any

import msgspec

from decayd.clock import Clock
from decayd.config import Settings
from store.database import Store


class Context(msgspec.Struct, frozen=True):
    """What an operation works on; `collector` tells the state of the Kafka side, if any."""

    store: Store
    settings: Settings
    clock: Clock
    collector: Callable[[], dict[str, Any]] | None = None


class Operation(msgspec.Struct, frozen=True):
    """One entry of the API; `writes` says that it needs the store's lock."""

    work: Callable[..., Any]
    writes: bool = False
