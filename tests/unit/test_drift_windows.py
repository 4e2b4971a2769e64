"""Which weeks a window and its reference hold."""

from datetime import date, timedelta

import numpy as np
import pytest

from drift.state import Baseline
from drift.windows import reference_weeks, window_weeks

FIRST = date(2026, 1, 5)
ACCEPTED = Baseline(
    version=1,
    weeks=tuple(FIRST + timedelta(weeks=n) for n in range(4)),
    model_id="m",
    cut=0.3,
    votes=np.empty(0, np.uint64),
)


def week(number: int) -> date:
    return FIRST + timedelta(weeks=number - 1)


def numbers(weeks: list[date]) -> list[int]:
    return [(each - FIRST).days // 7 + 1 for each in weeks]


@pytest.mark.parametrize(
    ("number", "scale", "expected"),
    [(5, 1, [5]), (5, 4, [5]), (7, 4, [5, 6, 7]), (9, 4, [6, 7, 8, 9])],
)
def test_a_window_holds_no_week_of_the_baseline(
    number: int, scale: int, expected: list[int]
) -> None:
    assert numbers(window_weeks(week(number), scale, since=week(5))) == expected


@pytest.mark.parametrize(
    ("number", "expected"),
    [(5, [1, 2, 3, 4]), (8, [1, 2, 3, 4]), (9, [1, 2, 3, 4, 5]), (11, [1, 2, 3, 4, 5, 6, 7])],
)
def test_the_reference_takes_weeks_that_are_four_weeks_old(
    number: int, expected: list[int]
) -> None:
    assert numbers(reference_weeks(week(number), ACCEPTED, [])) == expected


def test_weeks_around_an_alarm_stay_out_of_the_reference() -> None:
    found = reference_weeks(week(24), ACCEPTED, [week(12)])
    assert numbers(found) == [1, 2, 3, 4, 5, 6, 7, 17, 18, 19, 20]


def test_the_launch_baseline_stays_beside_an_alarm() -> None:
    assert numbers(reference_weeks(week(8), ACCEPTED, [week(5)])) == [1, 2, 3, 4]
