"""Where success goes: said only while it falls, and with the chance that a simulation bears out."""

from datetime import date, timedelta

import numpy as np
import pytest

from decay_reports.causes.forecast import forecast
from decayd.results import Estimate
from tests.stored_worlds import monday


def weeks(levels: list[float], se: float = 0.012) -> list[tuple[date, Estimate]]:
    return [
        (monday(k + 1), Estimate(level, level - 1.96 * se, level + 1.96 * se, n=2400))
        for k, level in enumerate(levels)
    ]


def drawn(rng: np.random.Generator, levels: list[float]) -> list[float]:
    return [float(level + rng.normal(0, 0.012)) for level in levels]


SLIDE = [0.70 - 0.015 * k for k in range(8)]


def test_a_slide_has_a_slope_and_a_chance() -> None:
    found = forecast(weeks(SLIDE), monday(12), 0.55, "f")
    assert found is not None
    assert found.slope.value == pytest.approx(-0.015, abs=0.002)
    assert found.slope.high is not None
    assert found.slope.high < 0.0
    assert found.p_below is not None
    assert found.p_below > 0.9
    assert (found.horizon, len(found.weeks)) == (8, 8)


def test_it_is_silent_without_six_final_weeks_in_a_row() -> None:
    assert forecast(weeks(SLIDE[:5]), monday(9), 0.5, "f") is None
    holed = weeks(SLIDE)
    del holed[4]
    assert forecast(holed, monday(12), 0.5, "f") is None
    assert forecast([], monday(12), 0.5, "f") is None


def test_it_is_silent_while_success_rises_or_stands_still() -> None:
    assert forecast(weeks(SLIDE[::-1]), monday(12), 0.5, "f") is None
    rng = np.random.default_rng(4)
    said = [
        forecast(weeks(drawn(rng, [0.7] * 8)), monday(12), 0.5, "f") is not None for _ in range(200)
    ]
    assert np.mean(said) <= 0.10


def test_a_slide_is_seldom_missed() -> None:
    rng = np.random.default_rng(5)
    said = [
        forecast(weeks(drawn(rng, SLIDE)), monday(12), 0.5, "f") is not None for _ in range(100)
    ]
    assert np.mean(said) >= 0.9


def test_the_chance_falls_with_the_floor_and_needs_one() -> None:
    chances = []
    for floor in (0.65, 0.5, 0.4, 0.2):
        found = forecast(weeks(SLIDE), monday(12), floor, "f")
        assert found is not None
        chances.append(found.p_below)
    assert chances == sorted(chances, key=lambda p: -(p or 0.0))
    assert chances[0] == 1.0
    bare = forecast(weeks(SLIDE), monday(12), None, "f")
    assert bare is not None
    assert bare.p_below is None


def test_the_slopes_interval_covers_a_straight_slide() -> None:
    rng = np.random.default_rng(6)
    truth, covered = -0.010, []
    for _ in range(200):
        levels = [0.5 + truth * (k - 7) for k in range(8)]
        found = forecast(weeks(drawn(rng, levels)), monday(12), None, "f")
        if found is not None:
            low, high = found.slope.low, found.slope.high
            covered.append(low is not None and high is not None and low <= truth <= high)
    assert np.mean(covered) >= 0.9


def test_levels_at_the_edges_and_floors_of_0_and_1_give_numbers() -> None:
    levels = [1.02, 1.0, 0.99, 0.97, 0.94, 0.9, 0.85, 0.8]
    for floor in (0.0, 1.0):
        found = forecast(weeks(levels), monday(8) + timedelta(weeks=1), floor, "f")
        assert found is not None
        assert found.p_below is not None
        assert 0.0 <= found.p_below <= 1.0


def test_the_same_weeks_give_the_same_chance() -> None:
    assert forecast(weeks(SLIDE), monday(12), 0.5, "f") == forecast(
        weeks(SLIDE), monday(12), 0.5, "f"
    )
