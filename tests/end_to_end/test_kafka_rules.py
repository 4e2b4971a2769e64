"""The rules of offsets, gaps and takeovers against a real broker."""

import json
import threading
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from collector.consumer import Collector
from collector.retry import retry
from collector.tally import Totals
from decayd.clock import SystemClock
from decayd.config import Settings, StoreSettings
from decayd.errors import AnotherCollector, BrokerUnreachable, ConfigError
from decayd.metrics import Metrics
from store.database import Store
from store.pseudonyms import Pseudonyms
from tests.event_rows import select
from tests.kafka_broker import Broker, OwnBroker

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]
PSEUDONYMS = Pseudonyms(b"key")


def events(n: int, first: int = 0, **fields: Any) -> list[bytes]:
    return [
        json.dumps(
            {
                "request_id": f"r{i:05}",
                "ts": f"2026-10-01T09:{i // 60 % 60:02}:{i % 60:02}Z",
                "feature": "search", "query": "q", "status": "ok", **fields,
            }
        ).encode()
        for i in range(first, first + n)
    ]  # fmt: skip


def ids(n: int, first: int = 0) -> list[str]:
    return [f"r{i:05}" for i in range(first, first + n)]


class Side:
    """One store and what it needs to collect a topic."""

    def __init__(self, broker: Broker, topics: Iterable[str], path: Path) -> None:
        self.broker = broker
        self.group = f"g-{uuid.uuid4().hex[:12]}"
        self.topics = {topic: {"kind": "request"} for topic in topics}
        self.path = path

    def settings(self, **kafka: Any) -> Settings:
        return Settings.model_validate(
            {
                "store": {"path": self.path, "threads": 1},
                "kafka": {
                    "bootstrap_servers": self.broker.bootstrap,
                    "group_id": self.group,
                    "topics": self.topics,
                    **kafka,
                },
            }
        )

    def collector(self, store: Store, **kafka: Any) -> Collector:
        return Collector(store, self.settings(**kafka), SystemClock(), PSEUDONYMS, Metrics())

    def drain(self, **kafka: Any) -> Totals:
        with Store.open(StoreSettings(path=self.path, threads=1)) as store:
            return self.collector(store, **kafka).drain()

    def select(self, text: str) -> list[tuple[Any, ...]]:
        with Store.open(StoreSettings(path=self.path, threads=1)) as store:
            return select(store, text)

    def ids(self) -> list[str]:
        return [r for (r,) in self.select("SELECT request_id FROM requests ORDER BY 1")]


@pytest.fixture
def topic(kafka: Broker) -> str:
    return kafka.topic()


@pytest.fixture
def side(kafka: Broker, topic: str, tmp_path: Path) -> Side:
    return Side(kafka, [topic], tmp_path / "one.duckdb")


def test_kafka_gets_the_offset_after_the_store(kafka: Broker, topic: str, side: Side) -> None:
    kafka.produce(topic, events(100))
    side.drain()
    assert kafka.committed(side.group, topic) == [100]
    assert side.select("SELECT next_offset FROM offsets") == [(100,)]


def test_a_restored_backup_reads_again_what_it_lacks(kafka: Broker, topic: str, side: Side) -> None:
    kafka.produce(topic, events(50))
    side.drain()
    backup = side.path.read_bytes()
    kafka.produce(topic, events(50, first=50))
    side.drain()
    side.path.write_bytes(backup)
    assert side.drain().n_new == {"request": 50}
    assert side.ids() == ids(100)


def test_a_new_store_meets_the_offsets_of_another(kafka: Broker, topic: str, side: Side) -> None:
    kafka.produce(topic, events(20))
    kafka.commit(side.group, topic, 15, "another-store")
    with pytest.raises(ConfigError, match="another store"):
        side.drain()
    side.drain(on_foreign_offsets="continue")
    assert side.ids() == ids(5, first=15)


def test_poison_among_good_records_is_set_aside(kafka: Broker, topic: str, side: Side) -> None:
    bad = [b"", b"{", b"\xff\xfe", b"[1, 2]", b'{"ts": NaN}', b"[" * 50_000, b"{}", None]
    mixed: list[bytes | None] = []
    for i, value in enumerate(events(80)):
        mixed += [value, bad[i // 10]] if i % 10 == 0 else [value]
    kafka.produce(topic, mixed)
    totals = side.drain()
    assert (totals.n_new, totals.n_dead_letters, totals.n_tombstones) == ({"request": 80}, 7, 1)
    assert side.ids() == ids(80)
    places = side.select('SELECT "offset" FROM dead_letters ORDER BY 1')
    assert places == [(i * 11 + 1,) for i in range(7)]


def test_a_topic_that_was_made_anew_while_nobody_read_is_a_gap(
    kafka: Broker, topic: str, side: Side
) -> None:
    kafka.produce(topic, events(30))
    side.drain()
    kafka.delete_topic(topic)
    _make_again(kafka, topic)
    kafka.produce(topic, events(40, first=100))
    side.drain()
    assert side.ids() == ids(30) + ids(40, first=100)
    assert side.select("SELECT from_offset, to_offset, reason FROM gaps") == [
        (30, 0, "topic made anew")
    ]
    assert side.select("SELECT next_offset FROM offsets") == [(40,)]


def _make_again(broker: Broker, topic: str) -> None:
    """Make a topic again as soon as its deletion has gone through."""
    from kafka.errors import TopicAlreadyExistsError

    for _ in range(100):
        try:
            broker.topic(name=topic)
        except TopicAlreadyExistsError:
            continue
        return


@pytest.fixture
def running(side: Side) -> Iterator[tuple[Collector, threading.Event]]:
    """A collector that runs in a thread until the test ends."""
    stop = threading.Event()
    with Store.open(StoreSettings(path=side.path, threads=1)) as store:
        collector = side.collector(store)
        thread = threading.Thread(target=collector.run, args=(stop,))
        thread.start()
        yield collector, stop
        stop.set()
        thread.join()


def wait_for(collector: Collector, n_records: int) -> None:
    clock, never = SystemClock(), threading.Event()
    for _ in range(300):
        status = collector.status()
        if status["n_records"] >= n_records and status["lag"] == 0:
            return
        clock.wait(never, 0.1)
    raise AssertionError(collector.status())


@pytest.mark.parametrize("n_new", [5, 60])
def test_a_topic_that_is_made_anew_under_the_collector_is_a_gap(
    kafka: Broker,
    topic: str,
    running: tuple[Collector, threading.Event],
    n_new: int,
) -> None:
    collector, stop = running
    kafka.produce(topic, events(30))
    wait_for(collector, 30)
    kafka.delete_topic(topic)
    _make_again(kafka, topic)
    kafka.produce(topic, events(n_new, first=100))
    wait_for(collector, 30 + n_new)
    stop.set()
    store = collector._store  # noqa: SLF001
    rows = select(store, "SELECT request_id FROM requests ORDER BY 1")
    assert [row[0] for row in rows] == ids(30) + ids(n_new, first=100)
    assert select(store, "SELECT from_offset, to_offset FROM gaps") == [(30, 0)]


def test_topics_that_are_not_there_yet_are_found_when_they_are_made(
    kafka: Broker, topic: str, tmp_path: Path
) -> None:
    later = f"later-{uuid.uuid4().hex[:8]}"
    side = Side(kafka, [topic, later], tmp_path / "two.duckdb")
    stop = threading.Event()
    kafka.produce(topic, events(5))
    with Store.open(StoreSettings(path=side.path, threads=1)) as store:
        collector = side.collector(store)
        thread = threading.Thread(target=collector.run, args=(stop,))
        thread.start()
        try:
            wait_for(collector, 5)
            kafka.topic(name=later)
            kafka.produce(later, events(5, first=5))
            wait_for(collector, 10)
        finally:
            stop.set()
            thread.join()
    assert side.ids() == ids(10)


def test_a_second_collector_with_a_copy_of_the_store_takes_over(
    kafka: Broker, topic: str, side: Side, tmp_path: Path
) -> None:
    kafka.produce(topic, events(10))
    side.drain()
    copy = Side(kafka, [topic], tmp_path / "copy.duckdb")
    copy.group = side.group
    copy.path.write_bytes(side.path.read_bytes())
    ended: list[BaseException] = []
    stop = threading.Event()
    with Store.open(StoreSettings(path=side.path, threads=1)) as store:
        first = side.collector(store)

        def run() -> None:
            try:
                first.run(stop)
            except AnotherCollector as error:
                ended.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        try:
            kafka.produce(topic, events(10, first=10))
            wait_for(first, 10)
            copy.drain()
            kafka.produce(topic, events(10, first=20))
            thread.join(40)
            assert not thread.is_alive()
        finally:
            stop.set()
            thread.join()
    assert [error.exit_code for error in ended] == [3]  # type: ignore[attr-defined]


def test_only_what_was_committed_of_transactions_is_read(
    kafka: Broker, topic: str, side: Side
) -> None:
    from kafka import KafkaProducer

    producer = KafkaProducer(bootstrap_servers=kafka.bootstrap, transactional_id=uuid.uuid4().hex)
    producer.init_transactions()
    for first, commit in ((0, True), (100, False), (5, True)):
        producer.begin_transaction()
        for value in events(5, first=first):
            producer.send(topic, value, partition=0)
        (producer.commit_transaction if commit else producer.abort_transaction)()
    producer.close()
    side.drain()
    assert side.ids() == ids(10)


def test_every_codec_is_read(kafka: Broker, topic: str, side: Side) -> None:
    codecs = [None, "gzip", "snappy", "lz4", "zstd"]
    for i, codec in enumerate(codecs):
        kafka.produce(topic, events(20, first=20 * i), compression_type=codec)
    side.drain()
    assert side.ids() == ids(100)


def test_a_long_dead_letter_is_read_again_from_its_topic(
    kafka: Broker, topic: str, side: Side
) -> None:
    kafka.produce(topic, [*events(1), *events(1, first=1, response="x" * 200_000)])
    with Store.open(StoreSettings(path=side.path, threads=1)) as store:
        small = side.settings().model_copy(
            update={"collector": side.settings().collector.model_copy(update={"max_record_kib": 1})}
        )
        Collector(store, small, SystemClock(), PSEUDONYMS, Metrics()).drain()
        assert select(store, "SELECT reason, dead_letter_id FROM dead_letters") == [("oversize", 1)]
        done = retry(store, [1], side.settings(), SystemClock(), PSEUDONYMS)
        assert (done["stored"], done["still_bad"]) == (1, [])
        assert select(store, "SELECT length(response) FROM requests ORDER BY request_id")[1] == (
            200_000,
        )


def test_a_password_from_a_file_opens_the_broker_and_a_wrong_one_is_named(
    kafka: Broker, topic: str, side: Side, tmp_path: Path
) -> None:
    if not isinstance(kafka, OwnBroker):
        pytest.skip("needs a broker of our own with a SASL listener: set KAFKA_HOME")
    kafka.produce(topic, events(10))
    password = tmp_path / "password"
    login = {
        "bootstrap_servers": kafka.sasl_bootstrap,
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_username": "alice",
        "sasl_password_file": password,
    }
    with pytest.raises(ConfigError, match="sasl_password_file"):
        side.drain(**login)
    password.write_text("wrong")
    with pytest.raises(BrokerUnreachable) as caught:
        side.drain(**login)
    assert "password" in caught.value.hint
    password.write_text("alice-secret\n")
    assert side.drain(**login).n_new == {"request": 10}


@pytest.mark.parametrize("address", ["no-such-host.invalid:9092", "127.0.0.1:1"])
def test_an_address_without_a_broker_is_named(side: Side, address: str) -> None:
    with pytest.raises(BrokerUnreachable, match=address):
        side.drain(bootstrap_servers=address)
