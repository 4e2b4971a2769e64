"""Ingest: events per CPU-second end to end, from a file and from Kafka, and peak memory.

Measured is the whole process: user and system time of all threads from the first byte read to the
end of the last checkpoint, for request logs of about 1.3 KB. Beside it stands what cannot be
avoided, in the same run: for a file `json.loads` and a plain insert of the same texts without
validation, deduplication, offsets or pseudonyms; for Kafka the client's own `poll`. Kafka is
measured where KAFKA_HOME or KAFKA_BOOTSTRAP is set. DuckDB has one thread everywhere: a second one
makes a batch no faster and costs half as much CPU again.

    python benchmarks/ingest.py [--events 200000]
"""

import argparse
import json
import os
import platform
import random
import resource
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path

FLOOR = 25_000  # events per CPU-second
_WORDS = "the a my your how where when order card refund ticket invoice account reset password"


def main() -> None:
    """Run every part in a process of its own, so that its peak memory is its own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--part", choices=sorted(PARTS))
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    if arguments.part:
        PARTS[arguments.part](arguments.folder, arguments.events)
        return
    packages = ("duckdb", "pyarrow", "msgspec", "kafka-python")
    print(
        f"Python {platform.python_version()}, {os.cpu_count()} CPUs, "
        + ", ".join(f"{name} {version(name)}" for name in packages)
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write(folder / "requests.jsonl", arguments.events)
        rates = {part: _run(part, folder, arguments.events) for part in ("plain", "file")}
        print(f"file: {rates['file'] / rates['plain']:.2f} of plain json.loads and insert")
        _kafka(folder, arguments.events)


def _run(part: str, folder: Path, n_events: int) -> float:
    command = [sys.executable, __file__, "--part", part, "--folder", str(folder)]
    done = subprocess.run(  # noqa: S603
        [*command, "--events", str(n_events)], check=True, capture_output=True, text=True
    )
    rate, memory_mb, wall_s = map(float, done.stdout.split()[-3:])
    floor = f", floor {FLOOR:,}" if part in ("file", "kafka") else ""
    print(
        f"{part:>6}: {rate:,.0f} events per CPU-second{floor}; "
        f"{n_events / wall_s:,.0f} events/s, peak {memory_mb:,.0f} MB"
    )
    return rate


def _kafka(folder: Path, n_events: int) -> None:
    from tests.kafka_broker import Broker, OwnBroker

    home, bootstrap = os.environ.get("KAFKA_HOME"), os.environ.get("KAFKA_BOOTSTRAP")
    if not home and not bootstrap:
        print(" kafka: skipped, set KAFKA_HOME or KAFKA_BOOTSTRAP")
        return
    own = None if bootstrap or not home else OwnBroker(Path(home), folder / "kafka").start()
    broker = own or Broker(str(bootstrap))
    try:
        topic = broker.topic(3)
        with (folder / "requests.jsonl").open("rb") as lines:
            broker.produce(topic, (line.rstrip() for line in lines), 3, compression_type="lz4")
        (folder / "kafka.json").write_text(json.dumps([broker.bootstrap, topic]))
        rates = {part: _run(part, folder, n_events) for part in ("poll", "kafka")}
        print(f"kafka: {rates['kafka'] / rates['poll']:.2f} of the client's poll alone")
    finally:
        if own:
            own.stop()


def _write(path: Path, n_events: int) -> None:
    with path.open("w") as file:
        file.writelines(f"{json.dumps(event)}\n" for event in _events(n_events))


def _events(n_events: int) -> Iterator[dict[str, object]]:
    chance = random.Random(7)  # noqa: S311
    words = _WORDS.split() + [f"{chance.getrandbits(30):x}" for _ in range(3_000)]
    start = datetime(2026, 10, 5, tzinfo=UTC)
    for i in range(n_events):
        yield {
            "request_id": f"r-{i:09}",
            "ts": (start + timedelta(milliseconds=500 * i)).isoformat(),
            "feature": chance.choice(("support", "search", "draft")),
            "query": _text(chance, words, 200),
            "status": "ok",
            "response": _text(chance, words, 500),
            "session_id": f"s-{i // 3}",
            "user_id": f"u-{i // 3 % 5_000}",
            "segments": {"locale": "de", "plan": "pro"},
            "model": "large",
            "model_resolved": "large-2026-09",
            "versions": {"prompt": "v12", "index": "2026-01"},
            "input_tokens": 100 + i % 50,
            "output_tokens": 200,
            "cost_usd": 0.01,
            "latency_ms": 812.5,
            "ttft_ms": 200.1,
            "finish_reason": "stop",
            "format_valid": True,
            "tool_calls": [{"name": "search", "ok": True}],
            "retrieved": [{"doc_id": "d1", "score": 0.5}],
            "region": "eu",
        }


def _text(chance: random.Random, words: list[str], n_letters: int) -> str:
    return " ".join(chance.choices(words, k=n_letters // 5))[:n_letters]


def _measure(work: Callable[[], object], n_events: int) -> None:
    cpu, wall = time.process_time(), time.monotonic()
    work()
    cpu, wall = time.process_time() - cpu, time.monotonic() - wall
    memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(n_events / cpu, memory_mb, wall)


def _first(folder: Path) -> Path:
    """Return a file with one event, to import what is imported at first use before measuring."""
    path = folder / "first-request.jsonl"
    with (folder / "requests.jsonl").open("rb") as lines:
        path.write_bytes(next(lines))
    return path


def _plain(folder: Path, n_events: int) -> None:
    import duckdb
    import pyarrow as pa

    connection = duckdb.connect(str(folder / "plain.duckdb"), config={"threads": 1})
    connection.execute("SET wal_autocheckpoint = '1GB'")
    connection.execute("CREATE TABLE plain (request_id TEXT, query TEXT, response TEXT)")

    def insert(rows: list[dict[str, str]]) -> None:
        names = ("request_id", "query", "response")
        staged = pa.table({name: [row[name] for row in rows] for name in names})
        connection.register("staged", staged)
        connection.execute("INSERT INTO plain SELECT * FROM staged")

    insert([json.loads(_first(folder).read_bytes())])

    def work() -> None:
        rows = []
        with (folder / "requests.jsonl").open("rb") as lines:
            for line in lines:
                rows.append(json.loads(line))
                if len(rows) == 10_000:
                    insert(rows)
                    rows.clear()
        if rows:
            insert(rows)
        connection.execute("CHECKPOINT")

    _measure(work, n_events)


def _file(folder: Path, n_events: int) -> None:
    from collector.files import ingest
    from decayd.clock import SystemClock
    from decayd.config import Settings
    from store.database import Store
    from store.pseudonyms import Pseudonyms

    settings = Settings.model_validate({"store": {"path": folder / "file.duckdb", "threads": 1}})
    files, first = [folder / "requests.jsonl"], [_first(folder)]
    with Store.open(settings.store) as store:
        pseudonyms = Pseudonyms(b"benchmark")
        ingest(store, first, settings, SystemClock(), pseudonyms)
        _measure(lambda: ingest(store, files, settings, SystemClock(), pseudonyms), n_events)


def _poll(folder: Path, n_events: int) -> None:
    from kafka import KafkaConsumer, TopicPartition

    bootstrap, topic = json.loads((folder / "kafka.json").read_text())
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    partitions = [TopicPartition(topic, i) for i in range(3)]
    consumer.assign(partitions)
    consumer.seek_to_beginning()

    def work() -> None:
        n = 0
        while n < n_events:
            n += sum(map(len, consumer.poll(timeout_ms=500, max_records=5_000).values()))

    _measure(work, n_events)
    consumer.close()


def _collect(folder: Path, n_events: int) -> None:
    from collector.consumer import Collector
    from collector.files import ingest
    from collector.kafka_source import KafkaSource
    from decayd.clock import SystemClock
    from decayd.config import Settings
    from decayd.log import configure
    from decayd.metrics import Metrics
    from store.database import Store
    from store.pseudonyms import Pseudonyms

    bootstrap, topic = json.loads((folder / "kafka.json").read_text())
    kafka = {
        "bootstrap_servers": bootstrap,
        "group_id": uuid.uuid4().hex,
        "topics": {topic: {"kind": "request"}},
    }
    path = folder / "kafka.duckdb"
    settings = Settings.model_validate({"store": {"path": path, "threads": 1}, "kafka": kafka})
    configure(settings.log)
    with Store.open(settings.store) as store:
        pseudonyms = Pseudonyms(b"benchmark")
        ingest(store, [_first(folder)], settings, SystemClock(), pseudonyms)
        KafkaSource(settings.kafka, "warm-up", SystemClock()).close(5)
        collector = Collector(store, settings, SystemClock(), pseudonyms, Metrics())
        _measure(collector.drain, n_events)


PARTS = {"plain": _plain, "file": _file, "poll": _poll, "kafka": _collect}

if __name__ == "__main__":
    main()
