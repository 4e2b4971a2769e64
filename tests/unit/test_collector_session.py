"""The collecting loop over a fake source: where it starts, what survives, what ends it."""

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from collector.consumer import Collector
from collector.source import Committed, Partition
from decayd.clock import ManualClock
from decayd.config import Settings
from decayd.errors import AnotherCollector, BrokerUnreachable, ConfigError, StoreError
from decayd.metrics import Metrics
from store.database import Store
from store.pseudonyms import Pseudonyms
from store.writer import write_batch
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
        self.sources: list[MemorySource] = []
        self.refusals = 0
        self.on_connect: Callable[[MemorySource], None] = lambda _: None

    def collector(self, metrics: Metrics | None = None, **kafka: Any) -> Collector:
        settings = self.settings.model_copy(
            update={"kafka": self.settings.kafka.model_copy(update=kafka)}
        )
        return Collector(
            self.store, settings, self.clock, Pseudonyms(b"key"), metrics or Metrics(), self.connect
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


def test_everything_there_is_drained_and_committed_with_the_store_id(world: World) -> None:
    world.log.append(B, values(3, start=5))
    world.drain()
    assert world.ids() == expected(8)
    assert world.offsets() == {A: 5, B: 3}
    assert world.log.committed == {A: Committed(5, world.store.id), B: Committed(3, world.store.id)}
    assert world.sources[-1].closed


def test_the_next_run_goes_on_where_the_store_is(world: World) -> None:
    world.drain()
    world.log.append(A, values(4, start=5))
    assert world.drain().status()["n_records"] == 4
    assert world.ids() == expected(9)


def test_a_store_that_fell_behind_its_commit_reads_again_what_it_lacks(
    world: World, tmp_path: Path, settings: Settings
) -> None:
    world.drain()
    world.store.checkpoint()
    backup = tmp_path / "backup.duckdb"
    backup.write_bytes(settings.store.path.read_bytes())
    world.log.append(A, values(4, start=5))
    world.drain()
    with Store.open(settings.store.model_copy(update={"path": backup})) as restored:
        world.store = restored
        assert world.log.committed[A].offset == 9
        world.drain()
        assert world.ids() == expected(9)


def test_a_new_store_does_not_guess_when_its_group_has_read_on_with_another(world: World) -> None:
    world.log.committed[A] = Committed(3, "another-store")
    with pytest.raises(ConfigError) as caught:
        world.drain()
    assert "on_foreign_offsets" in caught.value.hint
    assert world.ids() == []


@pytest.mark.parametrize(("policy", "n"), [("continue", 2), ("replay", 5)])
def test_a_new_store_does_as_it_is_told_with_offsets_of_another(
    world: World, policy: str, n: int
) -> None:
    world.log.committed[A] = Committed(3, "another-store")
    world.drain(on_foreign_offsets=policy)
    assert world.ids() == expected(n, start=5 - n)


def test_after_another_store_read_on_the_later_offset_is_right(world: World) -> None:
    world.drain()
    world.log.append(A, values(4, start=5))
    world.log.committed[A] = Committed(8, "another-store")
    world.drain()
    assert world.ids() == [*expected(5), "r0008"]


def test_a_commit_of_our_own_that_the_store_does_not_know_means_reading_from_the_start(
    world: World,
) -> None:
    world.log.committed[A] = Committed(4, world.store.id)
    world.drain()
    assert world.ids() == expected(5)


def test_records_that_are_no_longer_kept_are_a_recorded_gap(world: World) -> None:
    world.drain()
    world.log.append(A, values(10, start=5))
    world.log.drop(A, before=9)
    world.drain()
    assert world.ids() == expected(5) + expected(6, start=9)
    rows = select(world.store, "SELECT topic, partition, from_offset, to_offset FROM gaps")
    assert rows == [(*A, 5, 9)]
    assert world.offsets() == {A: 15}


@pytest.mark.parametrize("n_new", [2, 5, 12])
def test_a_topic_that_was_made_anew_is_a_gap_and_is_read_from_its_start(
    world: World, n_new: int
) -> None:
    world.drain()
    world.log.make_anew(A[0], "second")
    world.log.append(A, values(n_new, start=100))
    world.drain()
    assert world.ids() == expected(5) + expected(n_new, start=100)
    rows = select(world.store, "SELECT from_offset, to_offset, reason FROM gaps")
    assert rows == [(5, 0, "topic made anew")]
    assert world.offsets() == {A: n_new}
    world.drain()
    assert select(world.store, "SELECT count(*) FROM gaps") == [(1,)]


def stop_after(world: World, n_polls: int, stop: threading.Event) -> None:
    """Make the world's next source set `stop` at its n-th poll."""

    def arm(source: MemorySource) -> None:
        poll = source.poll

        def counted(timeout_s: float, max_records: int) -> Any:
            if len(source.waited) >= n_polls:
                stop.set()
            return poll(timeout_s, max_records)

        source.poll = counted  # type: ignore[method-assign]

    world.on_connect = arm


def test_a_broker_that_is_down_at_the_start_is_waited_for(world: World) -> None:
    stop = threading.Event()
    world.refusals = 4
    stop_after(world, 3, stop)
    collector = world.collector()
    collector.run(stop)
    assert world.ids() == expected(5)
    assert world.clock.monotonic() >= 1 + 2 + 4 + 5


def test_the_status_says_since_when_the_broker_does_not_answer(world: World) -> None:
    stop = threading.Event()
    collector = world.collector()
    seen: list[dict[str, Any]] = []

    def watch(source: MemorySource) -> None:
        poll = source.poll

        def watched(timeout_s: float, max_records: int) -> Any:
            source.unreachable = "Connection refused" if 2 <= len(seen) < 4 else ""
            seen.append(collector.status())
            world.clock.advance(60)
            if len(seen) == 7:
                stop.set()
            return poll(timeout_s, max_records)

        source.poll = watched  # type: ignore[method-assign]

    world.on_connect = watch
    collector.run(stop)
    states = [status["state"] for status in seen]
    assert states[0] == "starting"
    assert states[2] == "connected"
    assert states[3] == states[4] == "disconnected since 2026-10-05T12:03:00Z"
    assert seen[4]["reason"] == "Connection refused"
    assert states[5] == "connected"
    assert collector.status()["state"] == "stopped"


def test_another_collector_ends_it(world: World) -> None:
    def fence(source: MemorySource) -> None:
        source.fenced = True

    world.on_connect = fence
    collector = world.collector()
    with pytest.raises(AnotherCollector):
        collector.run(threading.Event())
    assert collector.status()["state"] == "stopped"
    assert world.sources[-1].closed


def test_a_fault_of_the_client_connects_again(world: World) -> None:
    stop = threading.Event()

    def break_once(source: MemorySource) -> None:
        if len(world.sources) == 1:
            source.poll = lambda *_: 1 / 0  # type: ignore[method-assign, assignment]
        else:
            stop.set()
            world.log.append(A, [])

    world.on_connect = break_once
    world.collector().run(stop)
    assert len(world.sources) == 2
    assert world.sources[0].closed


def test_an_idle_collector_commits_again_to_learn_of_a_takeover(world: World) -> None:
    stop = threading.Event()
    commits: list[int] = []

    def watch(source: MemorySource) -> None:
        poll, commit = source.poll, source.commit

        def polled(timeout_s: float, max_records: int) -> Any:
            world.clock.advance(8)
            if len(source.waited) > 8:
                stop.set()
            return poll(timeout_s, max_records)

        def committed(offsets: Any, metadata: str, timeout_s: float | None = None) -> None:
            commits.append(len(source.waited))
            commit(offsets, metadata, timeout_s)

        source.poll = polled  # type: ignore[method-assign]
        source.commit = committed  # type: ignore[method-assign]

    world.on_connect = watch
    world.collector().run(stop)
    assert len(commits) >= 4


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bool]]:
    """A store that can't be written while the list is not empty."""
    full = [True]

    def write_if_it_can(*args: Any) -> Any:
        if full:
            raise StoreError("no space left on device")
        return write_batch(*args)

    monkeypatch.setattr("collector.pipeline.write_batch", write_if_it_can)
    yield full
    full.clear()


def test_a_store_that_cannot_be_written_stops_the_reading_and_loses_nothing(
    world: World, full_disk: list[bool]
) -> None:
    stop = threading.Event()
    collector = world.collector()
    reasons: list[str] = []

    def watch(source: MemorySource) -> None:
        poll = source.poll

        def watched(timeout_s: float, max_records: int) -> Any:
            world.clock.advance(3)
            reasons.append(collector.status()["reason"])
            if len(reasons) == 5:
                full_disk.clear()
            if len(reasons) == 12:
                stop.set()
            return poll(timeout_s, max_records)

        source.poll = watched  # type: ignore[method-assign]

    world.on_connect = watch
    collector.run(stop)
    assert "no space left on device" in reasons
    assert reasons[-1] == ""
    assert world.ids() == expected(5)
    assert world.log.committed[A].offset == 5


def test_partitions_that_moved_away_no_longer_hold_the_watermark(world: World) -> None:
    stop = threading.Event()
    world.log.append(B, values(5, start=300))

    def watch(source: MemorySource) -> None:
        poll = source.poll

        def watched(timeout_s: float, max_records: int) -> Any:
            if len(source.waited) == 3:
                source.take([A])
            if len(source.waited) == 6:
                stop.set()
            return poll(timeout_s, max_records)

        source.poll = watched  # type: ignore[method-assign]

    world.on_connect = watch
    world.settings = Settings.model_validate({"collector": {"grace_minutes": 0}})
    world.collector().run(stop)
    assert world.store.info("watermark") == "2026-10-01T05:04:00"


def test_too_many_bad_records_show_as_a_change_of_schema(world: World) -> None:
    world.log.append(A, [b"nonsense"] * 30)
    status = world.drain().status()
    assert status["bad_share"] == pytest.approx(30 / 35)
    assert status["schema_change"]


def test_a_few_bad_records_are_no_change_of_schema(world: World) -> None:
    world.log.append(A, [*values(900, start=5), b"nonsense"])
    assert not world.drain().status()["schema_change"]


def test_the_metrics_count_what_was_stored(world: World) -> None:
    world.log.append(A, [values(1)[0], b"nonsense", None])
    metrics = Metrics()
    world.collector(metrics).drain()
    text = metrics.text().decode()
    for line in (
        'decayd_events_total{kind="request"} 5.0',
        "decayd_duplicate_events_total 1.0",
        'decayd_dead_letters_total{reason="malformed"} 1.0',
        'decayd_lag_records{partition="0",topic="decayd.requests"} 0.0',
        "decayd_assigned_partitions 1.0",
        "decayd_kafka_connected 1.0",
    ):
        assert line in text.splitlines()


def test_a_drain_without_a_broker_says_so(world: World) -> None:
    world.refusals = 1
    with pytest.raises(BrokerUnreachable):
        world.drain()
