"""The completeness gate: fires on a late feed, stays quiet through a real fall."""

from dataclasses import replace

import numpy as np
import pytest

from decay_reports.figures.gates import Gate, completeness
from decay_reports.figures.success_figures import late_text
from tests.worlds import MONDAY_US, WEEK_US, World, spans, world

SEEDS = range(6)


def gate(one: World, week: int) -> Gate:
    known = one.known(week)
    return completeness(known.frame, known.expected, known.maturity, spans(week, 6))


def fall(day: np.ndarray) -> np.ndarray:
    """Return a step from 72 % to about 50 % at the start of week 13."""
    return np.where(day >= 84, -0.95, 0.0)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_feed_twice_as_slow_fires_by_its_arrived_share(seed: int) -> None:
    found = gate(world(seed, slower=2.2, slower_from_day=77.0), 13)
    assert (found.fired, found.test) == (True, "share")
    assert found.z < -4
    assert found.n_arrived < 0.9 * found.n * (found.expected or 0)
    assert late_text(found).startswith("outcomes are late: ")


@pytest.mark.parametrize("seed", SEEDS)
def test_a_real_fall_is_no_late_feed(seed: int) -> None:
    falling = world(seed, logit=fall)
    assert not [week for week in range(12, 17) if gate(falling, week).fired]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_real_fall_is_no_late_feed_where_failures_take_longer(seed: int) -> None:
    falling = world(seed, logit=fall, failures_come_late=True)
    found = [gate(falling, week) for week in range(12, 17)]
    assert not [each for each in found if each.fired]
    assert {each.test for each in found} == {"delay"}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_slow_feed_is_found_by_its_delays_where_failures_take_longer(seed: int) -> None:
    slow = world(seed, failures_come_late=True, slower=2.2, slower_from_day=77.0)
    found = gate(slow, 13)
    assert (found.fired, found.test) == (True, "delay")


def test_a_steady_feed_stays_quiet() -> None:
    steady = [world(seed) for seed in SEEDS]
    assert not [1 for one in steady for week in range(6, 21) if gate(one, week).fired]


def test_conversions_that_take_longer_fire_and_a_fall_of_conversions_does_not() -> None:
    """With 50 to 80 arrivals aged 2 to 7 days the delays alone find it in every second week."""
    half = {"conversions": True, "outcome_share": 0.5}
    slow = [world(s, slower=2.2, slower_from_day=77.0, **half) for s in SEEDS]
    falling = [world(s, logit=fall, **half) for s in SEEDS]
    assert all(gate(one, 12).fired or gate(one, 13).fired for one in slow)
    assert not [1 for one in falling for week in range(12, 17) if gate(one, week).fired]


def test_conversions_that_stop_fire_by_their_gap() -> None:
    one = world(1, conversions=True)
    known = one.known(13)
    frame = known.frame
    came_us = frame.ts_us + np.nan_to_num(frame.delay_days) * 86_400e6
    stopped = came_us > MONDAY_US + 12.2 * WEEK_US
    gone = np.where(stopped, np.nan, frame.y)
    silent = replace(
        frame, y=gone, first_delay_days=np.where(stopped, np.nan, frame.first_delay_days)
    )
    found = completeness(silent, known.expected, known.maturity, spans(13, 6))
    assert (found.fired, found.test) == (True, "gap")


def test_without_outcomes_or_earlier_weeks_there_is_nothing_to_hold_against() -> None:
    first = gate(world(2, weeks=1), 1)
    assert (first.fired, first.expected) == (False, None)
    none = gate(world(2, weeks=8, outcome_share=0.0), 8)
    assert (none.fired, none.n_arrived, none.expected) == (False, 0, 0.0)
