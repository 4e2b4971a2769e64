"""A collector over an in-memory log, and what tests do with it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from collector.consumer import Collector
from collector.source import Partition
from decayd.clock import ManualClock
from decayd.config import Settings
from decayd.errors import BrokerUnreachable
from decayd.metrics import Metrics
from store.database import Store
from store.pseudonyms import Pseudonyms
from tests.event_rows import select
from tests.memory_source import MemoryLog, MemorySource

A: Partition = ("decayd.requests", 0)
B: Partition = ("decayd.requests", 1)


def values(n: int, start: int = 0) -> list[bytes | None]:
    return [
        json.dumps(
            {
                "request_id": f"r{i:04}",
                "ts": f"2026-10-0{1 + i // 600}T{i // 60 % 10:02}:{i % 60:02}:00Z",
                "feature": "search", "query": "q", "status": "ok",
            }
        ).encode()
        for i in range(start, start + n)
    ]  # fmt: skip


class World:
    """A log, the source that was connected last, and a store with its collector."""

    def __init__(self, store: Store, clock: ManualClock) -> None:
        self.log = MemoryLog()
        self.store = store
        self.clock = clock
        self.settings = Settings()
        self.metrics = Metrics()
        self.sources: list[MemorySource] = []
        self.refusals = 0
        self.on_connect: Callable[[MemorySource], None] = lambda _: None

    def collector(self, metrics: Metrics | None = None, **kafka: Any) -> Collector:
        settings = self.settings.model_copy(
            update={"kafka": self.settings.kafka.model_copy(update=kafka)}
        )
        return Collector(
            self.store,
            settings,
            self.clock,
            Pseudonyms(b"key"),
            metrics or self.metrics,
            self.connect,
        )

    def connect(self) -> MemorySource:
        if self.refusals:
            self.refusals -= 1
            raise BrokerUnreachable("no broker answers")
        source = MemorySource(self.log)
        self.sources.append(source)
        self.on_connect(source)
        return source

    def drain(self, **kafka: Any) -> Collector:
        collector = self.collector(**kafka)
        collector.drain()
        return collector

    def ids(self) -> list[str]:
        return [r for (r,) in select(self.store, "SELECT request_id FROM requests ORDER BY 1")]

    def offsets(self) -> dict[Partition, int]:
        return {
            (row["topic"], row["partition"]): row["next_offset"]
            for row in self.store.rows("offset_positions")
        }


@pytest.fixture
def world(store: Store, clock: ManualClock) -> World:
    made = World(store, clock)
    made.log.append(A, values(5))
    return made


def expected(n: int, start: int = 0) -> list[str]:
    return [f"r{i:04}" for i in range(start, start + n)]
