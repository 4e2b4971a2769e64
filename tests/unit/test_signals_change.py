"""The watch after a change: rare false hints, real moves found by the hour, one finding each."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from decay_reports import change_run
from decay_reports.alarms.change_watch import Move, Readings, first_move
from decay_reports.figures.frame import DAY_US
from decay_reports.run import run
from decayd.config import StoreSettings
from decayd.events import Change, Event
from store.database import Store
from tests.event_rows import select, write
from tests.stored_worlds import close, fill, settings
from tests.worlds import MONDAY_US, world

REFERENCE, WATCHED = 28, 7
SETTINGS = settings()


def after_change(seed: int, per_day: int, moved: float = 0.0, day_sd: float = 0.025) -> Move | None:
    """Draw readings of f around a change at 11:00 on a day, with days that wobble and users."""
    rng = np.random.default_rng(seed)
    n_days = REFERENCE + WATCHED + 1
    n = rng.poisson(per_day * n_days)
    ts = np.sort(rng.integers(0, n_days * DAY_US, n)) + MONDAY_US
    day, hour = (ts - MONDAY_US) // DAY_US, ts // (DAY_US // 24) % 24
    change_us = MONDAY_US + REFERENCE * DAY_US + 11 * DAY_US // 24
    user = rng.integers(0, 3 * per_day, n)
    level = 0.7 + rng.normal(0, day_sd, n_days)[day] + 0.03 * np.cos(hour / 24 * 2 * np.pi)
    level += rng.normal(0, 0.05, 3 * per_day)[user] + rng.normal(0, 0.2, n)
    level -= moved * (ts >= change_us)
    return first_move(Readings(ts, level, user), change_us, change_us + WATCHED * DAY_US)


@pytest.mark.parametrize("per_day", [60, 340, 3000])
def test_a_harmless_change_is_hardly_ever_hinted_at(per_day: int) -> None:
    n = 300 if per_day < 1000 else 100
    found = [after_change(seed, per_day) is not None for seed in range(n)]
    assert np.mean(found) <= 0.02


def test_a_fall_of_10_points_is_found_within_two_days_and_one_of_20_in_one() -> None:
    for moved, hours in ((0.10, 48), (0.20, 24)):
        found = [after_change(seed, 340, moved) for seed in range(60)]
        assert np.mean([move is not None for move in found]) > 0.95
        assert np.median([move.hours if move else 999 for move in found]) <= hours
        assert all(move.now < move.before for move in found if move)


def test_a_rise_is_told_as_well_and_little_traffic_or_history_says_nothing() -> None:
    rise = after_change(1, 340, -0.2)
    assert rise is not None
    assert rise.now > rise.before
    nobody = Readings(np.empty(0, np.int64), np.empty(0), np.empty(0, np.int64))
    assert first_move(nobody, MONDAY_US, MONDAY_US + DAY_US) is None
    young = Readings(np.arange(200) * DAY_US // 20, np.full(200, 0.5), np.arange(200))
    assert first_move(young, 9 * DAY_US, 10 * DAY_US) is None


def change(day: float, event_id: str, feature: str | None = "assistant") -> Event:
    ts = int(MONDAY_US + day * DAY_US) // 1000
    return Change(ts=ts, event_id=event_id, artifact="prompt", name="v2", feature=feature)


@pytest.fixture(scope="module", params=[0.0, 0.5], ids=["by_friction", "by_f"])
def hinted(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Store a feature, with and without outcomes, that gets worse with a change on day 45."""
    path = tmp_path_factory.mktemp("change") / "s.duckdb"
    with Store.open(StoreSettings(path=path, threads=1)) as store:
        worse = world(
            41, weeks=9, per_day=200, outcome_share=request.param,
            logit=lambda day: np.where(day >= 45.5, -2.5, 0.0),
        )  # fmt: skip
        fill(store, worse)
        write(store, change(38.2, "harmless"), change(45.5, "harmful", feature=None))
        for day in range(7, 62):
            as_of = close(0) + timedelta(days=day)
            if day % 7 == 0:
                run(store, as_of, SETTINGS)
            for _ in range(2):  # a second run finds nothing to do
                change_run.run(store, as_of, SETTINGS)
        yield store


def test_the_harmful_change_gets_one_hint_that_closes_after_the_watch(hinted: Store) -> None:
    found = select(hinted, "SELECT finding_id, severity, state, as_of, body, incident_id"
                   " FROM findings WHERE kind = 'moved_after_change' ORDER BY as_of")  # fmt: skip
    assert [row[2] for row in found] == ["open", "closed"]
    assert len({row[0] for row in found}) == 1
    assert {(row[1], row[5]) for row in found} == {("info", None)}
    assert all('"change":"harmful"' in row[4] for row in found)
    assert (found[0][3] - close(0)).days <= 49


def test_every_watch_ends_and_its_state_is_kept_once_a_day(hinted: Store) -> None:
    states = select(hinted, "SELECT stream, as_of, state FROM alarm_states"
                    " WHERE stream LIKE 'change:%' ORDER BY stream, as_of")  # fmt: skip
    assert len({row[:2] for row in states}) == len(states)
    last = {stream: state for stream, _, state in states}
    assert set(last) == {"change:harmful", "change:harmless"}
    assert all('"over"' in state for state in last.values())
