"""Signals that change their meaning are told from a success that falls."""

from typing import Any

import numpy as np
import pytest

from decay_reports.figures import signal_shift
from decay_reports.figures.feature_weeks import measure_rows
from decay_reports.figures.figure import Figure
from decay_reports.figures.periods import Period
from tests.worlds import World, span, spans, world

SEEDS = range(5)
CHANGE_DAY = 56.0  # the start of week 9


def baseline(one: World) -> tuple[Any, dict[str, Any]]:
    """Return the level of weeks 1 to 4 as known at the end of week 5, and what was frozen there."""
    known = one.known(5)
    rows = np.arange(known.frame.between(span(1)[0], span(4)[1]).stop)
    result = measure_rows(known, rows)
    frozen = signal_shift.freeze(Period((), known, rows, result))
    assert frozen is not None
    return result, frozen


def shift(one: World, week: int) -> Figure:
    """Return the signal shift of a week at lag 1, with the month that ends with it."""
    level, frozen = baseline(one)
    known = one.known(week + 1)
    scales = {
        n: measure_rows(known, known.frame.between(spans(week, n)[0][0], span(week)[1]))
        for n in (1, 4)
    }
    return signal_shift.figure(known, scales, frozen, level)


@pytest.mark.parametrize("seed", SEEDS)
def test_removed_buttons_are_found_within_four_weeks(seed: int) -> None:
    removed = world(seed, weeks=13, buttons_until_day=CHANGE_DAY)
    found = shift(removed, 12)
    assert found.details["fired"]
    assert (found.value or 0) > 0.02
    assert found.details["promise"] < -0.02


@pytest.mark.parametrize("depth", [-0.3, -0.6, -1.2])
def test_a_real_fall_is_not_said_to_be_one_of_signals(depth: float) -> None:
    for seed in SEEDS:
        falling = world(
            seed, weeks=13, logit=lambda d: depth * np.clip((d - CHANGE_DAY) / 28, 0, 1)
        )
        assert not any(shift(falling, week).details["fired"] for week in (9, 10, 11, 12))


def test_a_steady_feature_has_no_shift() -> None:
    steady = [world(seed, weeks=13) for seed in SEEDS]
    assert not any(shift(one, week).details["fired"] for one in steady for week in (8, 10, 12))


def test_too_few_labels_freeze_nothing() -> None:
    known = world(1, weeks=5, per_day=20, outcome_share=0.2).known(5)
    rows = np.arange(known.frame.between(span(1)[0], span(4)[1]).stop)
    assert signal_shift.freeze(Period((), known, rows, measure_rows(known, rows))) is None
