"""Delivery does not matter: shuffled, doubled, cut up and late events give the same tables."""

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.formats import native
from collector.source import Defaults
from decayd.config import StoreSettings
from decayd.events import KINDS, Event, epoch_us
from store.batch import Batch, Rows
from store.database import Store
from store.digest import event_digest
from store.pseudonyms import Pseudonyms
from store.writer import write_batch

SEEN = datetime(2026, 10, 5, tzinfo=UTC)
DAY_MS = 86_400_000
FIRST_MS = 1_790_000_000_000
PSEUDONYMS = Pseudonyms(b"key of the tests")

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
ids = texts.filter(bool)
few = st.sampled_from(["r1", "r2", "r3", "r\0"])
people = st.sampled_from(["alice", "bob", "Zoë"])
numbers = st.floats(allow_nan=False, allow_infinity=False, width=32)
maps = st.dictionaries(ids, texts | st.integers() | st.booleans() | st.none(), max_size=3)
times = st.integers(FIRST_MS, FIRST_MS + 3 * DAY_MS)

OPTIONAL: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "request": {
        "response": texts, "session_id": few, "user_id": people,
        "segments": st.just({"b": 1, "a": ""}), "latency_ms": st.floats(0, 1e9),
        "input_tokens": st.integers(0, 2**53), "probe": st.booleans(),
        "messages": st.lists(maps, max_size=2), "versions": st.just({"prompt": "7"}),
        "retrieved": st.just([{"doc_id": "d", "score": 0.5}]), "regenerates": few,
    },
    "signal": {"value": numbers, "text": texts, "actor_id": people, "session_id": few},
    "outcome": {
        "success": st.booleans(), "value": numbers, "final_text": texts, "actor_id": people,
    },
    "change": {"feature": ids, "from": texts, "to": texts, "details": maps},
    "eval": {
        "score": numbers, "slices": maps,
        "items": st.lists(st.fixed_dictionaries({"item_id": few, "input": texts}), max_size=3),
    },
    "label": {"corrected_text": texts, "gold": st.booleans(), "confidence": st.floats(0, 1)},
    "consent": {
        "policy": texts, "scope": st.sampled_from(["all", "future"]), "erase": st.booleans(),
    },
}  # fmt: skip
REQUIRED: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "request": {
        "request_id": ids, "feature": ids.filter(lambda t: len(t) < 200), "query": texts,
        "status": st.sampled_from(["ok", "error", "refused"]),
    },
    "signal": {"signal": st.sampled_from(["copy", "undo", "made up"]), "request_id": few},
    "outcome": {"outcome": st.sampled_from(["resolved", "ticket"]), "request_id": few},
    "change": {"artifact": st.sampled_from(["prompt", "model"]), "name": ids},
    "eval": {"suite": ids, "suite_version": st.integers(0, 9), "feature": ids},
    "label": {"request_id": few, "annotator": people, "label": ids, "guideline": st.just("1")},
    "consent": {
        "user_id": people, "purpose": st.just("training"),
        "state": st.sampled_from(["granted", "revoked"]),
    },
}  # fmt: skip


def record(kind: str) -> st.SearchStrategy[dict[str, Any]]:
    optional = {"event_id": ids, "made_up": maps} | OPTIONAL[kind]
    required = {"kind": st.just(kind), "ts": times} | REQUIRED[kind]
    return st.fixed_dictionaries(required, optional=optional)


def identity(sent: dict[str, Any]) -> tuple[Any, ...]:
    """Return what no two different events of a day may share."""
    event_id = sent.get("event_id") or sent.get("request_id" if sent["kind"] == "request" else "")
    return sent["kind"], sent["ts"] // DAY_MS, event_id or msgspec.json.encode(sent, order="sorted")


records = st.lists(st.sampled_from(sorted(KINDS)).flatmap(record), max_size=25, unique_by=identity)


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[Store, Store]]:
    one, other = (StoreSettings(path=tmp_path / f"{n}.duckdb", threads=1) for n in "ab")
    with Store.open(one) as first, Store.open(other) as second:
        yield first, second


def empty(store: Store) -> None:
    with store.transaction() as tx:
        for kind in KINDS:
            tx.query(f'DELETE FROM "{kind}s"')  # noqa: S608


def deliver(store: Store, records: Sequence[bytes], late_us: int = 0) -> None:
    batch = Batch(rows={})
    for value in records:
        event: Event = native.decode(value, Defaults())[0]
        us = epoch_us(event.ts)
        batch.rows.setdefault(event.kind, Rows([], [], [])).add(event, us, us + late_us)
    write_batch(store, batch, PSEUDONYMS, SEEN)


@settings(
    max_examples=30, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(sent=records, seed=st.integers(0, 2**32))
def test_the_order_and_number_of_deliveries_change_nothing(
    pair: tuple[Store, Store], sent: list[dict[str, Any]], seed: int
) -> None:
    ordered, shuffled = pair
    for store in pair:
        empty(store)
    values = [msgspec.json.encode(one) for one in sorted(sent, key=lambda one: int(one["ts"]))]
    deliver(ordered, values)
    chance = random.Random(seed)  # noqa: S311
    waiting = values + chance.sample(values, chance.randint(0, len(values)))
    chance.shuffle(waiting)
    while waiting:
        size = chance.randint(1, len(waiting))
        deliver(shuffled, waiting[:size], late_us=chance.randint(0, 10**12))
        del waiting[:size]
    assert event_digest(ordered) == event_digest(shuffled)
    assert sum(row["n"] for row in ordered.rows("event_digest")) == len(values)


def test_the_digest_sees_every_field(store: Store) -> None:
    base = {"kind": "request", "request_id": "r", "ts": FIRST_MS, "feature": "f", "query": "q"}
    seen = {event_digest(store)}
    for change in (
        {},
        {"response": ""},
        {"latency_ms": 1},
        {"made_up": None},
        {"ts": FIRST_MS + 1},
    ):
        empty(store)
        deliver(store, [msgspec.json.encode(base | {"status": "ok"} | change)])
        seen.add(event_digest(store))
    assert len(seen) == 6


def test_what_jobs_add_is_not_in_the_digest(store: Store) -> None:
    before = event_digest(store)
    store.append("signals", [{"event_id": "x", "source": "derived", "source_id": "decayd"}])
    assert event_digest(store) == before
    store.append("signals", [{"event_id": "y", "source": "derived", "source_id": "theirs"}])
    assert event_digest(store) != before
