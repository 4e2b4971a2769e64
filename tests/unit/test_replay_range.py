"""Replay of a range of days: what is stored of it, and what the rest of the file still tells."""

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from collector.files import Totals, replay_batches
from decayd.batch import days_us
from decayd.clock import ManualClock
from decayd.config import Settings
from store.database import Store
from store.pseudonyms import Pseudonyms
from tests.event_rows import select

START = datetime(2026, 10, 1, tzinfo=UTC)
Replay = Callable[..., Totals]


def line(hour: float) -> bytes:
    ts = (START + timedelta(hours=hour)).isoformat()
    event = {"request_id": f"r{hour}", "ts": ts, "feature": "f", "query": "q", "status": "ok"}
    return json.dumps(event).encode()


def hours_us(first: float, end: float) -> range:
    """Return microseconds of hours after START."""
    start = round(START.timestamp() * 1_000_000)
    return range(start + round(first * 3_600_000_000), start + round(end * 3_600_000_000))


@pytest.fixture
def replay(
    tmp_path: Path, settings: Settings, clock: ManualClock, pseudonyms: Pseudonyms
) -> Replay:
    """Replay events of some hours into a store."""

    def run(store: Store, hours: Iterable[float], within_us: range | None) -> Totals:
        path = tmp_path / "requests.jsonl"
        path.write_bytes(b"\n".join([*map(line, hours), b"broken"]))
        parts = (store, [path], settings, clock, pseudonyms)
        return list(replay_batches(*parts, within_us=within_us))[-1]

    return run


def ids(store: Store) -> list[str]:
    return [r for (r,) in select(store, "SELECT request_id FROM requests ORDER BY ts")]


def test_a_range_leaves_out_what_is_before_and_after_it(store: Store, replay: Replay) -> None:
    totals = replay(store, (0, 0.99, 1, 1.5, 1.99, 2, 3), hours_us(1, 2))
    assert ids(store) == ["r1", "r1.5", "r1.99"]
    assert (totals.n_new, totals.n_outside, totals.n_dead_letters) == ({"request": 3}, 4, 1)
    assert store.info("first_live_at") == "2026-10-01T01:00:00"


@pytest.mark.parametrize(
    ("last", "mark"),
    [
        (24, "2026-10-01T22:00:00"),  # the grace is not over when the file ends
        (26, "2026-10-02T00:00:00"),
        (27, "2026-10-02T00:00:00.000001"),  # far enough that the day closes
        (90, "2026-10-02T00:00:00.000001"),  # and no further
    ],
)
def test_what_comes_after_the_range_closes_its_last_day_and_no_other(
    store: Store, replay: Replay, last: float, mark: str
) -> None:
    replay(store, (1, 20, last), hours_us(0, 24))
    assert ids(store) == ["r1", "r20"]
    assert store.info("watermark") == mark


def test_two_ranges_that_meet_give_the_rows_of_the_whole(
    store: Store, replay: Replay, tmp_path: Path, settings: Settings
) -> None:
    hours = [i * 0.61 for i in range(100)]
    replay(store, hours, hours_us(0, 24))
    replay(store, hours, hours_us(24, 10_000))
    text = "SELECT request_id, ts, available_at FROM requests ORDER BY 1"
    whole = settings.store.model_copy(update={"path": tmp_path / "whole.duckdb"})
    with Store.open(whole) as at_once:
        replay(at_once, hours, None)
        assert select(store, text) == select(at_once, text)
        assert store.info("watermark") == at_once.info("watermark")


def test_days_begin_at_midnight_of_the_time_zone() -> None:
    found = days_us("2026-10-05", "2026-10-06", "Europe/Berlin")
    assert found is not None
    assert datetime.fromtimestamp(found.start / 1e6, UTC).isoformat() == "2026-10-04T22:00:00+00:00"
    assert len(found) == 24 * 3_600_000_000


def test_a_range_may_be_open_on_either_side() -> None:
    from_on, up_to = days_us("2026-10-05", None, "UTC"), days_us(None, "2026-10-05", "UTC")
    assert from_on is not None
    assert up_to is not None
    assert from_on.start == up_to.stop
    assert 0 in up_to
    assert 2**60 in from_on
    assert days_us(None, None, "UTC") is None
