"""Bad records against a real broker: what is kept, retrying, and the topic they are sent to."""

import json
import uuid
from contextlib import closing
from typing import Any

import pytest

from collector.consumer import Collector
from collector.dead_letter_topic import DeadLetterTopic
from collector.retry import retry
from decayd.clock import SystemClock
from decayd.config import Settings
from decayd.metrics import Metrics
from store.batch import Batch
from store.database import Store
from store.pseudonyms import Pseudonyms
from tests.event_rows import select
from tests.kafka_broker import Broker

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]
CLOCK, PSEUDONYMS = SystemClock(), Pseudonyms(b"key")
GOOD = {
    "request_id": "r1", "ts": "2026-10-01T09:00:00Z", "feature": "search", "status": "ok",
    "query": "write to ann@example.org", "user_id": "anna-4711",
}  # fmt: skip
FUTURE = GOOD | {"request_id": "r2", "ts": "2036-10-01T09:00:00Z"}


def sent(*records: dict[str, Any]) -> list[bytes]:
    return [json.dumps(record).encode() for record in records]


class World:
    """A topic, a store that collects it, and the metrics of that."""

    def __init__(self, broker: Broker, store: Store) -> None:
        self.broker, self.store = broker, store
        self.topic = broker.topic()
        self.metrics = Metrics()

    def settings(self, **collector: Any) -> Settings:
        kafka = {
            "bootstrap_servers": self.broker.bootstrap,
            "group_id": f"g-{uuid.uuid4().hex}",
            "topics": {self.topic: {"kind": "request"}},
        }
        return Settings.model_validate({"kafka": kafka, "collector": collector})

    def drain(self, **collector: Any) -> None:
        settings = self.settings(**collector)
        Collector(self.store, settings, CLOCK, PSEUDONYMS, self.metrics).drain()

    def forwarded(self) -> list[tuple[bytes, bytes, dict[str, str]]]:
        from kafka import KafkaConsumer

        consumer = KafkaConsumer(
            f"{self.topic}.dlq", bootstrap_servers=self.broker.bootstrap,
            auto_offset_reset="earliest", consumer_timeout_ms=5000,
        )  # fmt: skip
        with closing(consumer):
            return [(r.key, r.value, {k: v.decode() for k, v in r.headers}) for r in consumer]

    def failures(self) -> float:
        return self.metrics.registry.get_sample_value("decayd_dlq_failures_total") or 0.0

    def letters(self) -> list[tuple[Any, ...]]:
        return select(
            self.store,
            'SELECT reason, topic, partition, "offset", altered FROM dead_letters ORDER BY 1',
        )


@pytest.fixture
def world(kafka: Broker, store: Store) -> World:
    return World(kafka, store)


def test_a_conflict_names_the_record_that_came_second(world: World) -> None:
    world.broker.produce(world.topic, sent(GOOD, GOOD | {"query": "another"}))
    world.drain()
    assert world.letters() == [("conflict", world.topic, 0, 1, False)]


def test_a_masked_record_is_read_again_from_its_topic(world: World) -> None:
    world.broker.produce(world.topic, sent(GOOD, FUTURE))
    world.drain()
    assert world.letters() == [("future", world.topic, 0, 1, True)]
    settings = world.settings(future_minutes=60 * 24 * 366 * 20)
    assert retry(world.store, [1], settings, CLOCK, PSEUDONYMS)["stored"] == 1
    stored = select(world.store, "SELECT query, user_id FROM requests WHERE request_id = 'r2'")
    assert stored == [(GOOD["query"], PSEUDONYMS.of("anna-4711"))]


def test_a_masked_record_whose_topic_is_gone_is_not_stored(world: World) -> None:
    world.broker.produce(world.topic, sent(GOOD, FUTURE))
    world.drain()
    world.broker.delete_topic(world.topic)
    result = retry(world.store, [1], world.settings(), CLOCK, PSEUDONYMS)
    assert result["stored"] == 0
    assert select(world.store, "SELECT count(*) FROM requests") == [(1,)]


def test_bad_records_go_on_as_they_came_with_what_is_wrong(world: World) -> None:
    world.broker.topic(name=f"{world.topic}.dlq")
    bad = sent(GOOD | {"query": 5}, GOOD, GOOD | {"query": "another"})
    world.broker.produce(world.topic, [*bad, b"{cut o"])
    world.drain(dlq=True)
    place = {"decayd.topic": world.topic, "decayd.partition": "0"}
    wrong = [("invalid", "$.query", 0), ("malformed", "$", 3), ("conflict", "$.event_id", 2)]
    assert world.forwarded() == [
        (
            b"k",
            value,
            place | {"decayd.reason": why, "decayd.field": field, "decayd.offset": str(o)},
        )
        for value, (why, field, o) in zip([bad[0], b"{cut o", bad[2]], wrong, strict=True)
    ]
    assert world.failures() == 0


def test_a_topic_that_does_not_take_them_stops_nothing(world: World) -> None:
    world.broker.produce(world.topic, [b"nonsense", *sent(GOOD)])
    world.drain(dlq=True)
    assert world.failures() == 1
    assert world.letters() == [("malformed", world.topic, 0, 0, False)]
    assert select(world.store, "SELECT count(*) FROM requests") == [(1,)]


def test_what_a_crash_left_unsent_is_sent_at_the_next_start(world: World) -> None:
    world.broker.topic(name=f"{world.topic}.dlq")
    world.broker.produce(world.topic, sent(FUTURE))
    world.store.set_info(dead_letter_topic_until="0")
    world.drain()  # as one that ends between the commit and the sending
    topic = DeadLetterTopic(world.store, world.settings().kafka, CLOCK, world.metrics)
    with closing(topic):
        topic.forward(Batch())
        topic.forward(Batch())
    assert [value for _, value, _ in world.forwarded()] == sent(FUTURE)


def test_what_was_there_before_it_was_switched_on_is_not_sent(world: World) -> None:
    world.broker.topic(name=f"{world.topic}.dlq")
    world.broker.produce(world.topic, [b"nonsense"])
    world.drain()
    world.broker.produce(world.topic, [b"more"])
    world.drain(dlq=True)
    assert [value for _, value, _ in world.forwarded()] == [b"more"]
