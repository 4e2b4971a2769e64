"""The early hint: raised by what f promises, then confirmed, contradicted or taken back."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import numpy as np
import pytest

from decay_reports.alarms import early
from decay_reports.alarms.day_stream import Margin, threshold
from decay_reports.alarms.early import EarlyTurn, Outcomes
from decay_reports.figures.baseline import SuccessBaseline
from decay_reports.figures.day_levels import Day, of_days
from decay_reports.figures.figure import FigureKey, with_se
from decayd.config import StoreSettings
from store.database import Store
from tests.stored_worlds import close, monday

LEVEL, N = 0.7, 300
MARGIN = Margin(0.01, threshold(1, 0.2))
NOTHING = Outcomes()
STAYED = Outcomes(confirmed=with_se("success", LEVEL + 0.01, 0.02, n=2000))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(StoreSettings(path=tmp_path / "s.duckdb", threads=1)) as opened:
        yield opened


def days(week: int, level: float) -> list[Day]:
    noise = np.random.default_rng(week).normal(0, 0.01, 7)
    first = monday(week)
    return [Day(first + timedelta(days=k), N, level + float(noise[k]), N, N // 2) for k in range(7)]


def accepted(version: int = 1) -> SuccessBaseline:
    weeks = [day for week in (1, 2, 3, 4) for day in days(week, LEVEL)]
    daily = msgspec.to_builtins(of_days(weeks, spread=0.05))
    return SuccessBaseline(
        version=version, weeks=tuple(monday(week) for week in (1, 2, 3, 4)), value=LEVEL, se=0.01,
        n=8400, as_of=close(5), accepted_by="decayd", reason="", details={
            "signals": {"daily": daily}
        },
    )  # fmt: skip


def turn(
    store: Store, week: int, level: float, outcomes: Outcomes = NOTHING, version: int = 1
) -> EarlyTurn:
    key = FigureKey("assistant", monday(week), 0, close(week))
    with store.transaction() as tx:
        return early.take_turn(tx, key, days(week, level), accepted(version), MARGIN, outcomes)


def hinted(store: Store) -> EarlyTurn:
    """Let a calm week and a week of fallen promises pass; return what the second one says."""
    assert turn(store, 5, LEVEL).stage == ""
    return turn(store, 6, LEVEL - 0.08)


def test_a_fall_of_what_signals_promise_is_a_hint_within_a_week(store: Store) -> None:
    assert hinted(store) == EarlyTurn("hint", monday(6), "")


def test_an_incident_of_success_confirms_it_and_its_end_starts_anew(store: Store) -> None:
    assert hinted(store).stage == "hint"
    told = turn(store, 7, LEVEL - 0.08, Outcomes(incident="I-7"))
    assert (told.stage, told.closed_because) == ("confirmed", "confirmed as I-7")
    assert turn(store, 8, LEVEL, Outcomes(incident="I-7")).stage == "confirmed"
    assert turn(store, 9, LEVEL).stage == ""


def test_two_weeks_in_a_row_that_hold_the_baseline_make_it_a_signal_shift(store: Store) -> None:
    assert hinted(store).stage == "hint"
    fallen = Outcomes(confirmed=with_se("success", LEVEL - 0.1, 0.02, n=2000))
    for week, outcomes in enumerate((STAYED, fallen, STAYED), start=7):
        assert turn(store, week, LEVEL - 0.08, outcomes).stage == "hint"
    told = turn(store, 10, LEVEL - 0.08, STAYED)
    assert told.stage == "shift"
    assert told.closed_because.startswith("signal shift")
    assert turn(store, 11, LEVEL - 0.08, STAYED).stage == "shift"
    assert turn(store, 12, LEVEL, version=2).stage == ""


def test_a_hint_is_over_when_four_weeks_promise_as_much_as_before(store: Store) -> None:
    assert hinted(store).stage == "hint"
    told = [turn(store, week, LEVEL) for week in range(7, 12)]
    assert [t.stage for t in told[:3]] == ["hint"] * 3
    ended = [t.closed_because for t in told if t.closed_because]
    assert ended == ["signals are back at their baseline"]
    assert told[-1].stage == ""


def test_nothing_is_said_without_a_model(store: Store) -> None:
    bare = msgspec.structs.replace(accepted(), details={"signals": None})
    key = FigureKey("assistant", monday(5), 0, close(5))
    with store.transaction() as tx:
        told = early.take_turn(tx, key, days(5, 0.2), bare, MARGIN, NOTHING)
    assert told == EarlyTurn("")
    assert not store.rows("alarm_state", feature="assistant", stream="promise", as_of=close(6))
