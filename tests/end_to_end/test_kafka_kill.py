"""Kill −9 at random moments, broker and daemon: every event is stored once, offsets are right."""

import json
import random
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.kafka_broker import Broker, OwnBroker
from tests.kafka_daemon import DaemonProcess

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]
START = datetime(2026, 10, 1, tzinfo=UTC)


def events(n: int, first: int = 0) -> Iterator[bytes]:
    for i in range(first, first + n):
        ts = START + timedelta(milliseconds=100 * i)
        yield json.dumps(
            {
                "request_id": f"r{i:06}", "ts": ts.isoformat(), "feature": "search",
                "query": f"question {i}", "status": "ok", "session_id": f"s{i // 3}",
                "user_id": f"u{i // 7}",
            }
        ).encode()  # fmt: skip


def kafka_settings(broker: Broker, topic: str, **more: Any) -> dict[str, Any]:
    return {
        "bootstrap_servers": broker.bootstrap,
        "group_id": f"g-{uuid.uuid4().hex[:12]}",
        "topics": {topic: {"kind": "request"}},
        **more,
    }


@pytest.fixture
def daemons() -> Iterator[list[DaemonProcess]]:
    started: list[DaemonProcess] = []
    yield started
    for daemon in started:
        daemon.end()


def test_fifty_thousand_events_survive_three_kills(
    kafka: Broker, tmp_path: Path, daemons: list[DaemonProcess]
) -> None:
    n, chance = 50_000, random.Random(20261005)  # noqa: S311
    topic = kafka.topic(3)
    kafka.produce(topic, events(n), 3)
    # Small batches, so that a kill falls between, into and beside many transactions.
    daemon = DaemonProcess(tmp_path, kafka_settings(kafka, topic, max_poll_records=250))
    daemons.append(daemon)
    for _ in range(3):
        daemon.start()
        daemon.wait(lambda status: status["n_records"] > 0)
        daemon.wait_for_end(chance.uniform(0, 0.8))
        daemon.kill()
        ((n_rows, n_distinct),) = daemon.select(
            "SELECT count(*), count(DISTINCT request_id) FROM requests"
        )
        ((n_read,),) = daemon.select("SELECT sum(next_offset) FROM offsets")
        assert n_rows == n_distinct == n_read
    daemon.start()
    daemon.wait(lambda status: status["assigned"] and status["lag"] == 0)
    assert daemon.stop() == 0
    rows = daemon.select("SELECT request_id FROM requests ORDER BY 1")
    assert [row[0] for row in rows] == [f"r{i:06}" for i in range(n)]
    offsets = daemon.select("SELECT partition, next_offset FROM offsets ORDER BY 1")
    assert offsets == [(0, 16_667), (1, 16_667), (2, 16_666)]
    assert daemon.select("SELECT count(*) FROM dead_letters") == [(0,)]


@pytest.mark.slow
def test_a_broker_that_comes_late_dies_and_comes_back(
    mortal_kafka: OwnBroker, tmp_path: Path, daemons: list[DaemonProcess]
) -> None:
    daemon = DaemonProcess(tmp_path, kafka_settings(mortal_kafka, "decayd.requests"))
    daemons.append(daemon)
    daemon.start()
    daemon.wait(lambda status: status["state"].startswith("disconnected since 20"))
    mortal_kafka.start()
    mortal_kafka.topic(3, "decayd.requests")
    mortal_kafka.produce("decayd.requests", events(3_000), 3)
    daemon.wait(lambda status: status["n_records"] == 3_000)
    mortal_kafka.kill()
    daemon.wait(lambda status: status["state"].startswith("disconnected since 20"))
    mortal_kafka.start()
    mortal_kafka.produce("decayd.requests", events(3_000, first=3_000), 3)
    daemon.wait(lambda status: status["connected"] and status["n_records"] == 6_000)
    assert daemon.stop() == 0
    rows = daemon.select("SELECT request_id FROM requests ORDER BY 1")
    assert [row[0] for row in rows] == [f"r{i:06}" for i in range(6_000)]


def test_a_daemon_without_a_broker_stops_when_asked(
    mortal_kafka: OwnBroker, tmp_path: Path, daemons: list[DaemonProcess]
) -> None:
    daemon = DaemonProcess(
        tmp_path, kafka_settings(mortal_kafka, "t"), collector={"stop_deadline_s": 10}
    )
    daemons.append(daemon)
    daemon.start()
    daemon.wait(lambda status: status["state"].startswith("disconnected"))
    assert daemon.stop(12) == 0
