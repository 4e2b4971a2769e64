"""A collector through broken brokers, full disks, takeovers and bad records."""

import logging
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from collector.kafka_log import ClientLog
from decayd.config import Settings
from decayd.errors import AnotherCollector, BrokerUnreachable, StoreError
from decayd.metrics import Metrics
from store.writer import write_batch
from tests.collector_world import A, B, World, expected, values, world
from tests.memory_source import MemorySource

__all__ = ["world"]  # a fixture of another file


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


def test_gauges_of_what_is_not_known_are_not_zero(world: World) -> None:
    metrics = Metrics()
    world.collector(metrics)
    lines = metrics.text().decode().splitlines()
    for name in ("lag_seconds", "watermark_seconds", "kafka_connected", "assigned_partitions"):
        assert f"decayd_{name} NaN" in lines
    assert not any(line.startswith("decayd_lag_records{") for line in lines)


def test_after_a_restart_the_gauges_say_what_the_store_knows(world: World) -> None:
    world.settings = Settings.model_validate({"collector": {"grace_minutes": 0}})
    world.drain()
    metrics = Metrics()
    restarted = world.collector(metrics)
    newest = datetime(2026, 10, 1, 0, 4, tzinfo=UTC)
    found = metrics.registry.get_sample_value
    assert found("decayd_watermark_seconds") == newest.timestamp()
    assert found("decayd_lag_seconds") == (world.clock.now() - newest).total_seconds()
    assert restarted.status()["n_records"] == 0


def test_the_lag_of_a_partition_that_moved_away_is_no_longer_told(world: World) -> None:
    world.log.append(B, values(3, start=5))
    stop, metrics = threading.Event(), Metrics()
    seen: list[int] = []

    def arm(source: MemorySource) -> None:
        poll = source.poll

        def polled(timeout_s: float, max_records: int) -> Any:
            seen.append(metrics.text().decode().count("decayd_lag_records{"))
            if len(seen) == 4:
                source.take([A])
            if len(seen) == 8:
                stop.set()
            return poll(timeout_s, max_records)

        source.poll = polled  # type: ignore[method-assign]

    world.on_connect = arm
    world.collector(metrics).run(stop)
    assert (seen[3], seen[7]) == (2, 1)


def test_a_drain_without_a_broker_says_so(world: World) -> None:
    world.refusals = 1
    with pytest.raises(BrokerUnreachable):
        world.drain()


def test_a_broker_that_hangs_up_does_not_hide_why(world: World) -> None:
    kept = ClientLog.attach(world.clock)
    client = logging.getLogger("kafka.net")
    client.error("Connection lost: Authentication failed")
    client.error("Abort (KafkaConnectionError: socket disconnected)")
    assert kept.last == "Connection lost: Authentication failed"
    world.clock.advance(60)
    client.error("Abort (KafkaConnectionError: socket disconnected)")
    assert kept.last == "Abort (KafkaConnectionError: socket disconnected)"
