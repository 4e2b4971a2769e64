"""The confirmed alarm's detector: a stated budget of false alarms, and falls found in time."""

from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import pytest

from decay_reports.alarms.detector import (
    Detector,
    Step,
    above_trough,
    fall,
    recovered,
    threshold,
    weekly_variance,
)

FIRST = date(2026, 1, 5)
TOLERANCE, WEEKS = 0.01, 52
LIMIT = threshold(1, 0.2)


def weeks_to_alarm(
    seed: int, se: float, lower: Callable[[int], float] = lambda _: 0.0, ar: float = 0.0
) -> tuple[int | None, Detector]:
    """Watch a year of weekly estimates against a baseline that was itself measured with error."""
    rng = np.random.default_rng(seed)
    base, base_se = 0.7 + rng.normal(0, np.hypot(se, 0.008) / 2), se / 2
    detector, drift = Detector(baseline_version=1), 0.0
    for week in range(WEEKS):
        drift = ar * drift + np.sqrt(1 - ar * ar) * rng.normal(0, 0.008)
        value = 0.7 - lower(week) + drift + rng.normal(0, se)
        step = Step(
            FIRST + timedelta(weeks=week),
            float(fall(base, base_se, TOLERANCE, value)),
            weekly_variance(se),
        )
        detector = detector.update(step, LIMIT)
        if detector.alarms:
            return week + 1, detector
    return None, detector


@pytest.mark.parametrize("se", [0.005, 0.018, 0.05])
@pytest.mark.parametrize("ar", [0.0, 0.4])
def test_a_steady_year_has_a_false_alarm_in_at_most_a_fifth_of_the_streams(
    se: float, ar: float
) -> None:
    alarms = [weeks_to_alarm(seed, se, ar=ar)[0] is not None for seed in range(300)]
    assert np.mean(alarms) <= 0.2


def test_a_step_of_9_points_is_found_within_3_weeks() -> None:
    found = [weeks_to_alarm(seed, 0.018, lambda _: 0.09)[0] for seed in range(60)]
    assert all(found)
    assert np.median([week or WEEKS for week in found]) <= 3


def test_the_slide_from_70_to_50_over_12_weeks_is_found_within_8() -> None:
    found = [
        weeks_to_alarm(seed, 0.018, lambda week: 0.2 * min(1, (week + 1) / 12))[0]
        for seed in range(60)
    ]
    assert all(found)
    assert np.median([week or WEEKS for week in found]) <= 7


def test_a_fall_smaller_than_the_margin_is_not_what_it_looks_for() -> None:
    alarms = [weeks_to_alarm(seed, 0.018, lambda _: 0.008)[0] is not None for seed in range(100)]
    assert np.mean(alarms) <= 0.2


@pytest.mark.parametrize("start", [0, 5, 20])
def test_the_onset_of_a_step_is_dated_within_2_weeks(start: int) -> None:
    errors = []
    for seed in range(30):
        _, detector = weeks_to_alarm(seed, 0.018, lambda week: 0.09 * (week >= start))
        onset = detector.onset()
        assert onset is not None
        errors.append(abs((onset - FIRST).days // 7 - start))
    assert np.median(errors) <= 1
    assert np.mean(np.array(errors) <= 2) > 0.85


def test_the_state_survives_json_bit_for_bit() -> None:
    _, detector = weeks_to_alarm(3, 0.018, lambda week: 0.02 * (week > 5))
    again = Detector.from_json(detector.to_json())
    assert again == detector
    step = Step(FIRST, 0.1 / 3, 0.0004)
    assert again.update(step, LIMIT).m == detector.update(step, LIMIT).m


def test_an_enormous_fall_stays_finite_and_a_rise_leaves_no_credit() -> None:
    detector = Detector(baseline_version=1)
    for week in range(200):
        detector = detector.update(Step(FIRST + timedelta(weeks=week), 0.7, 1e-6), LIMIT)
    assert max(detector.m) <= 1e12
    for week in range(50):
        detector = detector.update(Step(FIRST + timedelta(weeks=week), -0.1, 4e-4), LIMIT)
    assert detector.statistic < 1


def test_the_threshold_grows_with_streams_and_shrinks_with_the_budget() -> None:
    assert [threshold(1, 0.2), threshold(10, 0.2), threshold(1, 1.0)] == [260.0, 2600.0, 52.0]


def test_recovery_takes_four_weeks_whose_mean_is_within_the_margin() -> None:
    assert not recovered([0.70, 0.70, 0.70], 0.70, 0.01, 0.01)
    assert recovered([0.40, 0.69, 0.68, 0.67, 0.69], 0.70, 0.01, 0.01)
    assert not recovered([0.70, 0.70, 0.70, 0.60], 0.70, 0.01, 0.01)


def test_recovering_needs_two_weeks_clearly_above_the_trough() -> None:
    assert above_trough([(0.60, 0.01), (0.50, 0.01), (0.56, 0.01), (0.57, 0.01)])
    assert not above_trough([(0.60, 0.01), (0.50, 0.01), (0.56, 0.01), (0.51, 0.01)])
    assert not above_trough([(0.50, 0.01), (0.56, 0.01)])
    assert not above_trough([(0.50, 0.03), (0.54, 0.03), (0.55, 0.03)])


def test_the_lowest_of_many_noisy_weeks_makes_no_recovery() -> None:
    rng = np.random.default_rng(1)
    steady = [[(0.5 + 0.04 * x, 0.04) for x in rng.normal(size=26)] for _ in range(1_000)]
    assert sum(map(above_trough, steady)) <= 20  # without regard to their number: 144
