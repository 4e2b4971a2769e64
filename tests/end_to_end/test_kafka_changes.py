"""What may change under a daemon: brokers restart, topics grow or are made anew, disks fill up."""

import json
import random
import threading
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.kafka_broker import Broker, OwnBroker
from tests.kafka_daemon import DaemonProcess
from tests.small_disk import SmallDisk, small_disk

__all__ = ["small_disk"]  # a fixture of another file

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]
START = datetime(2026, 10, 1, tzinfo=UTC)


def event(i: int, query: str = "where is it") -> bytes:
    ts = START + timedelta(milliseconds=100 * i)
    return json.dumps(
        {"request_id": f"r{i:06}", "ts": ts.isoformat(), "feature": "search", "query": query,
         "status": "ok"}
    ).encode()  # fmt: skip


def names(n: int, first: int = 0) -> list[str]:
    return [f"r{i:06}" for i in range(first, first + n)]


def stored(daemon: DaemonProcess) -> list[str]:
    return [row[0] for row in daemon.select("SELECT request_id FROM requests ORDER BY 1")]


@pytest.fixture
def daemons() -> Iterator[list[DaemonProcess]]:
    started: list[DaemonProcess] = []
    yield started
    for daemon in started:
        daemon.end()


def start(
    broker: Broker, topic: str, folder: Path, daemons: list[DaemonProcess], **sections: Any
) -> DaemonProcess:
    kafka: dict[str, Any] = {
        "bootstrap_servers": broker.bootstrap,
        "group_id": f"g-{uuid.uuid4().hex[:12]}",
        "topics": {topic: {"kind": "request"}},
    }
    daemon = DaemonProcess(folder, kafka, **sections)
    daemons.append(daemon)
    return daemon.start()


def test_partitions_that_are_added_are_read_from_their_start(
    kafka: Broker, tmp_path: Path, daemons: list[DaemonProcess]
) -> None:
    topic = kafka.topic(1)
    kafka.produce(topic, map(event, range(300)))
    daemon = start(kafka, topic, tmp_path, daemons)
    daemon.wait(lambda status: status["n_records"] == 300)
    kafka.add_partitions(topic, 3)
    kafka.produce(topic, map(event, range(300, 900)), 3)
    daemon.wait(lambda status: status["assigned"] == 3 and status["n_records"] == 900)
    assert daemon.stop() == 0
    assert stored(daemon) == names(900)
    offsets = daemon.select("SELECT partition, next_offset FROM offsets ORDER BY 1")
    assert offsets == [(0, 500), (1, 200), (2, 200)]


@pytest.mark.slow
def test_brokers_that_restart_under_load_lose_and_double_nothing(
    mortal_kafka: OwnBroker, tmp_path: Path, daemons: list[DaemonProcess]
) -> None:
    mortal_kafka.start()
    topic = mortal_kafka.topic(3)
    load = _Load(mortal_kafka.bootstrap, topic)
    daemon = start(mortal_kafka, topic, tmp_path, daemons)
    with load:
        for end in (mortal_kafka.kill, mortal_kafka.stop, mortal_kafka.kill):
            seen = daemon.status().get("n_records", 0)
            daemon.wait(lambda status, seen=seen: status["n_records"] > seen)  # type: ignore[misc]
            end()
            daemon.wait(lambda status: not status["connected"])
            mortal_kafka.start()
            daemon.wait(lambda status: status["connected"])
    acknowledged = load.acknowledged
    daemon.wait(lambda status: status["lag"] == 0 and status["n_records"] >= len(acknowledged))
    assert daemon.stop() == 0
    found = stored(daemon)
    assert len(found) == len(set(found))
    assert acknowledged <= set(found)
    assert daemon.select("SELECT count(*) FROM gaps") == [(0,)]


class _Load:
    """Sends events from a thread, a hundred every tenth of a second, and notes which arrived."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        from kafka import KafkaProducer

        self.acknowledged: set[str] = set()
        self._topic = topic
        self._producer = KafkaProducer(
            bootstrap_servers=bootstrap, acks="all", linger_ms=20, delivery_timeout_ms=120_000,
            retries=1_000, request_timeout_ms=5_000,
        )  # fmt: skip
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._send)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._producer.flush()
        self._producer.close()

    def _send(self) -> None:
        first = 0
        while not self._stop.wait(0.1):
            for i in range(first, first + 100):
                sent = self._producer.send(self._topic, event(i), partition=i % 3)
                sent.add_callback(lambda _, name=f"r{i:06}": self.acknowledged.add(name))
            first += 100


@pytest.mark.slow
def test_a_topic_made_anew_while_its_broker_is_down_is_a_gap_for_a_running_daemon(
    mortal_kafka: OwnBroker, tmp_path: Path, daemons: list[DaemonProcess]
) -> None:
    mortal_kafka.start()
    topic = mortal_kafka.topic(2)
    mortal_kafka.produce(topic, map(event, range(200)), 2)
    daemon = start(mortal_kafka, topic, tmp_path, daemons)
    daemon.wait(lambda status: status["n_records"] == 200)
    mortal_kafka.delete_topic(topic)
    mortal_kafka.kill()
    daemon.wait(lambda status: not status["connected"])
    mortal_kafka.start()
    mortal_kafka.topic(2, topic)
    mortal_kafka.produce(topic, map(event, range(1_000, 1_100)), 2)
    daemon.wait(lambda status: status["connected"] and status["n_records"] == 300)
    assert daemon.stop() == 0
    assert stored(daemon) == names(200) + names(100, 1_000)
    # The broker may first say that the log is shorter now, and only then that it is another one.
    gaps = (
        "SELECT partition, max(from_offset), min(to_offset), count_if(reason = 'topic made anew')"
    )
    assert daemon.select(f"{gaps} FROM gaps GROUP BY 1 ORDER BY 1") == [
        (0, 100, 0, 1),
        (1, 100, 0, 1),
    ]


def test_a_disk_that_fills_up_under_a_daemon_loses_nothing(
    kafka: Broker, small_disk: SmallDisk, tmp_path: Path, daemons: list[DaemonProcess]
) -> None:
    topic, noise = kafka.topic(2), random.Random(5)  # noqa: S311
    kafka.produce(topic, map(event, range(200)), 2)
    store = {"path": str(small_disk.folder / "s.duckdb"), "threads": 1, "min_free_mb": 0,
             "checkpoint_mb": 1}  # fmt: skip
    daemon = start(kafka, topic, tmp_path, daemons, store=store)
    daemon.wait(lambda status: status["n_records"] == 200)
    small_disk.fill(leave=2_500_000)
    kafka.produce(topic, (event(i, noise.randbytes(1_000).hex()) for i in range(200, 2_200)), 2)
    daemon.wait(lambda status: "No space left" in status["reason"])
    assert daemon.wait_for_end(0) is None
    small_disk.empty()
    daemon.wait(lambda status: not status["reason"] and status["n_records"] == 2_200)
    assert daemon.stop() == 0
    assert stored(daemon) == names(2_200)
    assert daemon.select("SELECT sum(next_offset) FROM offsets") == [(2_200,)]
