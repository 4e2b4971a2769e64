"""Records become rows, dead letters, offsets and a watermark in one transaction."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from collector.pipeline import Pipeline
from collector.source import Partition, Record
from decayd.clock import ManualClock
from decayd.config import Settings, StoreSettings, TopicSettings
from decayd.events import KINDS
from store.database import Store
from store.pseudonyms import Pseudonyms
from tests.event_rows import select
from tests.samples import RECORDS, SAMPLES

TOPICS = {f"{kind}s": TopicSettings.model_validate({"kind": kind}) for kind in KINDS}
A: Partition = ("requests", 0)
B: Partition = ("requests", 1)


def pipeline(store: Store, clock: ManualClock, *, live: bool = True) -> Pipeline:
    made = Pipeline(store, Settings(), clock, Pseudonyms(b"key"), TOPICS, live=live)
    for partition in (A, B, *((f"{kind}s", 0) for kind in KINDS)):
        made.watermark.assign(partition, None)
    return made


def record(
    value: bytes | dict[str, Any] | None, offset: int = 0, partition: Partition = A
) -> Record:
    raw = json.dumps(value).encode() if isinstance(value, dict) else value
    return Record(*partition, offset, None, None, raw)


def request(name: str, ts: str = "2026-10-01T09:00:00Z", **fields: Any) -> dict[str, Any]:
    return {
        "request_id": name, "ts": ts, "feature": "search", "query": "q", "status": "ok", **fields,
    }  # fmt: skip


def naive(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=None)


def test_every_kind_is_stored_in_its_table(store: Store, clock: ManualClock) -> None:
    records = [record(value, i, ("requests", 0)) for i, value in enumerate(SAMPLES)]
    built, written = pipeline(store, clock).process(records, frozenset())
    assert built.n_bad == 0
    assert written.n_new == {
        "request": 1, "signal": 2, "outcome": 1, "change": 1, "eval": 1, "label": 1, "consent": 1,
    }  # fmt: skip
    assert select(store, "SELECT count(*) FROM eval_items") == [(1,)]


def test_offsets_and_watermark_are_stored_with_the_rows(store: Store, clock: ManualClock) -> None:
    records = [
        record(request("a", "2026-10-01T09:00:00Z"), 4, A),
        record(request("b", "2026-10-01T11:00:00Z"), 7, B),
        record(request("c", "2026-10-01T10:00:00Z"), 8, B),
    ]
    pipeline(store, clock).process(records, frozenset())
    assert store.rows("offset_positions") == [
        {"topic": "requests", "partition": 0, "next_offset": 5, "max_ts_us": 1790845200000000},
        {"topic": "requests", "partition": 1, "next_offset": 9, "max_ts_us": 1790852400000000},
    ]
    assert store.info("watermark") == "2026-10-01T09:00:00"  # B alone within the hour, minus 2 h


def test_a_late_record_is_available_at_the_watermark_before_it(
    store: Store, clock: ManualClock
) -> None:
    records = [
        record(request("a", "2026-10-01T09:00:00Z"), 0),
        record(request("late", "2026-09-01T00:00:00Z"), 1),
        record(request("b", "2026-10-01T08:00:00Z"), 2),
    ]
    pipeline(store, clock).process(records, frozenset())
    assert select(store, "SELECT request_id, available_at FROM requests ORDER BY 1") == [
        ("a", naive("2026-10-01T09:00:00")),
        ("b", naive("2026-10-01T08:00:00")),
        ("late", naive("2026-10-01T07:00:00")),
    ]


def test_a_bad_record_becomes_a_dead_letter_and_the_rest_goes_on(
    store: Store, clock: ManualClock
) -> None:
    records = [record(request("a"), 0), record(b'{"request_id"', 1), record(request("b"), 2)]
    built, written = pipeline(store, clock).process(records, frozenset())
    assert (built.n_bad, written.n_dead_letters, written.n_new) == (1, 1, {"request": 2})
    rows = store.rows("dead_letters_list", state="new", limit=10)
    letter = store.rows("dead_letter_show", dead_letter_id=rows[0]["dead_letter_id"])[0]
    place = [letter[key] for key in ("topic", "partition", "offset", "kind", "reason", "field")]
    assert place == ["requests", 0, 1, "request", "malformed", "$"]
    assert bytes(letter["value"]) == b'{"request_id"'


def test_a_future_event_closes_nothing(store: Store, clock: ManualClock) -> None:
    records = [record(request("a"), 0), record(request("b", "2027-01-01T00:00:00Z"), 1)]
    built, _ = pipeline(store, clock).process(records, frozenset())
    assert [d.reason for d in built.batch.dead_letters] == ["future"]
    assert store.info("watermark") == "2026-10-01T07:00:00"


def test_a_tombstone_is_passed_over_and_counted(store: Store, clock: ManualClock) -> None:
    built, written = pipeline(store, clock).process([record(None, 3)], frozenset())
    assert (built.n_tombstones, built.n_bad, written.n_new) == (1, 0, {})
    assert store.rows("offset_positions")[0]["next_offset"] == 4


def test_the_same_records_twice_are_duplicates(store: Store, clock: ManualClock) -> None:
    records = [record(value, i) for i, value in enumerate(SAMPLES)]
    pipeline(store, clock).process(records, frozenset())
    _, written = pipeline(store, clock).process(records, frozenset())
    assert written.n_duplicates == len(SAMPLES)
    assert sum(written.n_new.values()) == 0


def test_the_same_event_in_another_form_is_a_duplicate(store: Store, clock: ManualClock) -> None:
    for i, sent in enumerate(RECORDS):
        without_kind = {k: v for k, v in reversed(sent.items()) if k != "kind"}
        padded = json.dumps(without_kind, indent=1).encode()
        first = record(SAMPLES[i], 0)
        second = record(padded, 0, (f"{sent['kind']}s", 0))
        pipeline(store, clock).process([first], frozenset())
        _, written = pipeline(store, clock).process([second], frozenset())
        assert (written.n_duplicates, written.n_conflicts) == (1, 0), sent["kind"]


def test_usual_and_unusual_records_share_a_batch(store: Store, clock: ManualClock) -> None:
    route = {"policy": "p", "pool": "b"}
    records = [
        record(request("a", segments={"x": 1}, regenerates="z"), 0),
        record(request("b", segments={"x": 2}, ticket=7, source_kind=None), 1),
        record(request("c", route=route, tool_calls=[{"name": "t"}], kind="request"), 2),
    ]
    pipeline(store, clock).process(records, frozenset())
    rows = select(
        store,
        "SELECT segments, extra, route ->> 'policy', tool_calls, source_kind, regenerates, query"
        " FROM requests ORDER BY request_id",
    )
    assert rows == [
        ('{"x":1}', None, None, None, "production", "z", "q"),
        ('{"x":2}', '{"ticket":7}', None, None, "production", None, "q"),
        (None, '{"route":{"pool":"b"}}', "p", '[{"name":"t","ok":null}]', "production", None, "q"),
    ]


def test_the_same_id_with_other_content_is_a_conflict(store: Store, clock: ManualClock) -> None:
    records = [record(request("a"), 0), record(request("a", query="other"), 1)]
    _, written = pipeline(store, clock).process(records, frozenset())
    assert (written.n_new, written.n_conflicts) == ({"request": 1}, 1)


def test_only_live_records_set_where_live_traffic_began(store: Store, clock: ManualClock) -> None:
    pipeline(store, clock, live=False).process([record(request("a"))], frozenset())
    assert store.info("first_live_at") is None
    live = pipeline(store, clock)
    live.process([record(request("b", "2026-10-01T10:00:00Z"), 1)], frozenset())
    live.process([record(request("c", "2026-10-01T08:00:00Z"), 2)], frozenset())
    assert store.info("first_live_at") == "2026-10-01T10:00:00"


def first_of(records: Sequence[Record], store: Store, clock: ManualClock, cut: int) -> str | None:
    """Deliver records in two batches that are cut at `cut`; return where live traffic began."""
    made = pipeline(store, clock)
    made.watermark.revoke(made.watermark.partitions())
    for partition in (A, B, ("signals", 0)):
        made.watermark.assign(partition, None)
    for batch, rest in ((records[:cut], records[cut:]), (records[cut:], [])):
        made.process(batch, frozenset((r.topic, r.partition) for r in rest))
    return store.info("first_live_at")


def live_records() -> dict[Partition, list[Record]]:
    """Three partitions; the second begins first, and the third has its oldest event later."""
    signals = ("2026-10-01T09:50:00Z", "2026-10-01T09:00:00Z", "2026-10-01T13:00:00Z")
    return {
        A: [record(request(f"a{i}", f"2026-10-01T1{i}:00:00Z"), i, A) for i in range(3)],
        B: [record(request(f"b{i}", f"2026-10-01T1{i}:30:00Z"), i + 1, B) for i in range(3)],
        ("signals", 0): [
            record({"ts": ts, "signal": "copy", "request_id": "a0"}, i, ("signals", 0))
            for i, ts in enumerate(signals)
        ],
    }


@given(order=st.permutations([A] * 3 + [B] * 3 + [("signals", 0)] * 3), cut=st.integers(1, 8))
@hypothesis_settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_live_traffic_begins_at_the_first_event_of_all_partitions_in_any_order(
    order: list[Partition], cut: int, tmp_path_factory: pytest.TempPathFactory, clock: ManualClock
) -> None:
    waiting = {partition: iter(records) for partition, records in live_records().items()}
    records = [next(waiting[partition]) for partition in order]
    path = tmp_path_factory.mktemp("live") / "s.duckdb"
    with Store.open(StoreSettings(path=path, threads=1)) as store:
        assert first_of(records, store, clock, cut) == "2026-10-01T09:50:00"


def test_a_partition_that_comes_later_does_not_move_where_live_traffic_began(
    store: Store, clock: ManualClock
) -> None:
    made = pipeline(store, clock)
    made.process([record(request(f"a{i}", f"2026-10-01T1{i}:00:00Z"), i) for i in range(5)], set())
    late: Partition = ("requests", 9)
    made.watermark.assign(late, None)
    made.process([record(request("old", "2026-09-01T09:00:00Z"), 0, late)], set())
    assert store.info("first_live_at") == "2026-10-01T10:00:00"
    again = pipeline(store, clock)
    again.process([record(request("older", "2026-08-01T09:00:00Z"), 0, B)], set())
    assert store.info("first_live_at") == "2026-10-01T10:00:00"


def test_a_restart_before_every_partition_came_still_finds_the_first_event(
    store: Store, clock: ManualClock
) -> None:
    made = pipeline(store, clock)
    made.process([record(request("a", "2026-10-01T12:00:00Z"))], frozenset({A, B}))
    again = pipeline(store, clock)
    again.watermark.assign(A, 0)
    again.process([record(request("b", "2026-10-01T11:00:00Z"), 0, B)], frozenset())
    assert store.info("first_live_at") == "2026-10-01T11:00:00"


def test_two_sources_of_one_store_share_the_watermark(store: Store, clock: ManualClock) -> None:
    live, filling = pipeline(store, clock), pipeline(store, clock, live=False)
    live.process([record(request("a", "2026-10-04T00:00:00Z"))], frozenset())
    filling.process([record(request("b", "2026-10-01T00:00:00Z"), 1)], frozenset())
    assert store.info("watermark") == "2026-10-03T22:00:00"
    ((available_at,),) = select(store, "SELECT available_at FROM requests WHERE request_id = 'b'")
    assert available_at == naive("2026-10-03T22:00:00")


def test_the_watermark_is_written_when_it_moves_without_a_record(
    store: Store, clock: ManualClock
) -> None:
    made = pipeline(store, clock)
    made.process([record(request("a"))], frozenset({B}))
    assert store.info("watermark") is None
    made.settle(frozenset())
    assert store.info("watermark") == "2026-10-01T07:00:00"


hostile = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from("\x00\u202e\ufeff'\"\\$"),
    max_size=20,
)


@hypothesis_settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(hostile, min_size=1, max_size=4, unique=True))
def test_hostile_text_comes_back_as_it_was(tmp_path: Path, texts: Sequence[str]) -> None:
    path = tmp_path / "hostile.duckdb"
    path.unlink(missing_ok=True)
    clock = ManualClock(datetime.fromisoformat("2026-10-05T12:00:00+00:00"))
    records = [
        record(
            request(
                f"r{i}", query=text, response=text, session_id=text or None, more={text: [text]},
                segments={text: text}, user_id=text or None, messages=[{"content": text}],
            ),
            i,
        )
        for i, text in enumerate(texts)
    ]  # fmt: skip
    with Store.open(StoreSettings(path=path, threads=1)) as store:
        built, written = pipeline(store, clock).process(records, frozenset())
        assert (built.n_bad, written.n_new) == (0, {"request": len(texts)})
        stored = select(
            store, "SELECT query, response, extra, messages FROM requests ORDER BY request_id"
        )
        assert [(query, response) for query, response, _, _ in stored] == [(t, t) for t in texts]
        assert [json.loads(extra) for _, _, extra, _ in stored] == [
            {"more": {t: [t]}} for t in texts
        ]
        assert [json.loads(m) for *_, m in stored] == [[{"content": t}] for t in texts]


@hypothesis_settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.sampled_from(SAMPLES), st.integers(0, 4000), st.integers(0, 255)), max_size=12
    )
)
def test_damaged_records_never_stop_a_batch(
    tmp_path: Path, damage: list[tuple[bytes, int, int]]
) -> None:
    path = tmp_path / "damaged.duckdb"
    path.unlink(missing_ok=True)
    clock = ManualClock(datetime.fromisoformat("2026-10-05T12:00:00+00:00"))
    values = []
    for value, at, byte in damage:
        changed = bytearray(value)
        changed[at % len(changed)] = byte
        values.append(bytes(changed))
    with Store.open(StoreSettings(path=path, threads=1)) as store:
        records = [record(value, i) for i, value in enumerate(values)]
        built, written = pipeline(store, clock).process(records, frozenset())
        n_stored = sum(written.n_new.values()) + written.n_duplicates + written.n_conflicts
        assert n_stored + built.n_bad == len(values)


@pytest.mark.parametrize("n_batches", [1, 3, 10])
def test_batches_of_any_size_give_the_same_rows(
    store: Store, clock: ManualClock, n_batches: int
) -> None:
    start = naive("2026-10-01T00:00:00")
    records = [
        record(
            request(f"r{i}", f"{(start + timedelta(minutes=(i * 37) % 600)).isoformat()}Z"),
            i // 2,
            (A, B)[i % 2],
        )
        for i in range(60)
    ]
    made = pipeline(store, clock)
    size = len(records) // n_batches
    for first in range(0, len(records), size):
        rest = records[first + size :]
        made.process(records[first : first + size], frozenset((r.topic, r.partition) for r in rest))
    rows = select(store, "SELECT request_id, available_at FROM requests ORDER BY 1")
    largest: dict[int, datetime] = {}
    mark, expected = naive("0001-01-01T00:00:00"), {}
    for i, sent in enumerate(records):
        ts = start + timedelta(minutes=(i * 37) % 600)
        expected[f"r{i}"] = max(ts, mark)
        key = sent.partition
        largest[key] = max(ts, largest.get(key, ts))
        if len(largest) == 2 and i < 58:
            mark = max(mark, min(largest.values()) - timedelta(hours=2))
    assert rows == sorted(expected.items())
