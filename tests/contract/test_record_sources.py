"""One suite for every source of records: Kafka, files, and the fake that other tests use."""

import gzip
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from collector.file_source import FileSource, topic_of
from collector.source import Partition, Record, RecordSource
from decayd.clock import SystemClock
from decayd.config import KafkaSettings, TopicSettings
from tests.memory_source import MemoryLog, MemorySource

Lines = Mapping[str, list[bytes]]
Opened = tuple[RecordSource, dict[str, Partition]]
Make = Callable[[Lines], Opened]

LIMIT = 1000


def _memory(lines: Lines) -> Opened:
    log = MemoryLog()
    for name, values in lines.items():
        log.append((name, 0), values)
    return MemorySource(log), {name: (name, 0) for name in lines}


def _files(folder: Path, *, pack: bool) -> Make:
    def make(lines: Lines) -> Opened:
        paths = {name: folder / f"{name}.jsonl{'.gz' if pack else ''}" for name in lines}
        for name, values in lines.items():
            text = b"".join(value + b"\n" for value in values)
            paths[name].write_bytes(gzip.compress(text) if pack else text)
        source = FileSource(list(paths.values()), LIMIT)
        return source, {name: (topic_of(path), 0) for name, path in paths.items()}

    return make


def _kafka(request: pytest.FixtureRequest, stack: ExitStack) -> Make:
    broker = request.getfixturevalue("kafka")

    def make(lines: Lines) -> Opened:
        from collector.kafka_source import KafkaSource

        topics = {name: broker.topic() for name in lines}
        for name, values in lines.items():
            broker.produce(topics[name], values)
        group = f"g-{uuid.uuid4().hex}"
        settings = KafkaSettings(
            bootstrap_servers=broker.bootstrap,
            group_id=group,
            topics=dict.fromkeys(topics.values(), TopicSettings()),
        )
        source = KafkaSource(settings, "this-store", SystemClock())
        stack.callback(source.close, 5)
        for _ in range(40):
            if len(source.waiting()) == len(lines):
                break
            source.poll(0.5, 10)
        return source, {name: (topic, 0) for name, topic in topics.items()}

    return make


@pytest.fixture(
    params=[
        "memory", "file", "gzip",
        pytest.param("kafka", marks=[pytest.mark.kafka, pytest.mark.timeout(180)]),
    ]
)  # fmt: skip
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    with ExitStack() as stack:
        if request.param == "memory":
            yield _memory
        elif request.param == "kafka":
            yield _kafka(request, stack)
        else:
            yield _files(tmp_path, pack=request.param == "gzip")


def read_all(source: RecordSource, n: int) -> list[Record]:
    """Poll until `n` records came and once more, at most 40 times."""
    found: list[Record] = []
    for _ in range(40):
        found += source.poll(0.5, 100)
        if len(found) >= n:
            break
    return found + source.poll(0.1, 100)


def numbered(n: int, mark: str = "r") -> list[bytes]:
    return [f'"{mark}{i}"'.encode() for i in range(n)]


def test_nothing_comes_before_the_first_seek(make: Make) -> None:
    source, names = make({"a": numbered(3)})
    assert source.waiting() == source.assigned() == frozenset(names.values())
    assert source.poll(0.1, 10) == []


def test_records_come_in_order_once_with_their_offsets(make: Make) -> None:
    source, names = make({"a": numbered(250)})
    source.seek(names["a"], None)
    records = read_all(source, 250)
    assert [r.value for r in records] == numbered(250)
    assert [r.offset for r in records] == list(range(250))
    assert {(r.topic, r.partition) for r in records} == {names["a"]}


def test_a_seek_goes_on_at_that_offset(make: Make) -> None:
    source, names = make({"a": numbered(20)})
    assert source.seek(names["a"], 15) == 15
    assert [r.offset for r in read_all(source, 5)] == [15, 16, 17, 18, 19]
    source.seek(names["a"], 3)
    assert [r.offset for r in read_all(source, 17)] == list(range(3, 20))


def test_the_oldest_record_is_where_a_seek_without_an_offset_goes(make: Make) -> None:
    source, names = make({"a": numbered(5)})
    assert source.seek(names["a"], None) == 0
    assert source.waiting() == frozenset()


def test_one_poll_gives_no_more_than_it_was_asked_for(make: Make) -> None:
    source, names = make({"a": numbered(30)})
    source.seek(names["a"], 0)
    polls = [source.poll(0.2, 7) for _ in range(15)]
    assert max(map(len, polls)) <= 7
    assert [r.value for poll in polls for r in poll] == numbered(30)


def test_a_partition_is_unread_until_its_last_record_was_returned(make: Make) -> None:
    source, names = make({"a": numbered(3), "b": numbered(1, "x")})
    assert source.unread() == frozenset(names.values())
    for partition in names.values():
        source.seek(partition, 0)
    source.pause([names["b"]])
    read_all(source, 3)
    assert source.unread() == {names["b"]}
    source.resume([names["b"]])
    read_all(source, 1)
    assert source.unread() == frozenset()


def test_a_paused_partition_gives_nothing_and_loses_nothing(make: Make) -> None:
    source, names = make({"a": numbered(10), "b": numbered(10, "x")})
    for partition in names.values():
        source.seek(partition, 0)
    source.pause([names["a"]])
    assert {(r.topic, r.partition) for r in read_all(source, 10)} == {names["b"]}
    source.resume([names["a"]])
    assert [r.value for r in read_all(source, 10)] == numbered(10)


def test_a_commit_is_found_again_with_its_metadata(make: Make) -> None:
    source, names = make({"a": numbered(10), "b": numbered(1)})
    assert source.committed(names.values()) == {}
    for partition in names.values():
        source.seek(partition, 0)
    read_all(source, 11)
    source.commit({names["a"]: 10}, "this-store", 5)
    found = source.committed(names.values())
    assert found.keys() == {names["a"]}
    assert (found[names["a"]].offset, found[names["a"]].metadata) == (10, "this-store")


def test_nothing_is_wrong_with_a_source_that_is_well(make: Make) -> None:
    source, names = make({"a": numbered(2)})
    source.seek(names["a"], 0)
    read_all(source, 2)
    assert source.trouble() == ""
    assert source.gaps() == []
    assert source.lag().get(names["a"], 0) == 0
    source.close(5)


def test_an_empty_partition_ends_at_once(make: Make) -> None:
    source, names = make({"a": [], "b": numbered(2)})
    for partition in names.values():
        source.seek(partition, 0)
    assert [r.value for r in read_all(source, 2)] == numbered(2)
    for _ in range(10):  # Kafka tells where the end is with its first answer
        source.poll(0.5, 10)
        if not source.unread():
            break
    assert source.unread() == frozenset()
