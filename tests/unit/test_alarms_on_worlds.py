"""The confirmed alarm end to end: weekly estimates at lag 1 of whole simulated features."""

from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import pytest

from decay_reports.alarms.detector import Detector, Step, fall, threshold, weekly_variance
from decay_reports.figures.feature_weeks import measure, measure_rows
from tests.worlds import World, span, spans, world

pytestmark = pytest.mark.slow
FEATURES = 16
LIMIT = threshold(FEATURES, 0.2)
START = 70.0  # the day on which falls begin: the start of week 11


def days_to_page(one: World) -> float | None:
    """Return days from `START` to the report that pages; None when none does."""
    known = one.known(5)
    base = measure_rows(known, known.frame.between(span(1)[0], span(4)[1]))
    detector = Detector(baseline_version=1)
    for week in range(5, one.plan.weeks):
        found = measure(one.known(week + 1), spans(week, 4)).result
        assert found is not None
        d = fall(base.value, base.se, 0.01, found.value)
        day = date(2026, 1, 5) + timedelta(weeks=week - 1)
        detector = detector.update(Step(day, d, weekly_variance(found.se)), LIMIT)
        if detector.alarms:
            return 7.0 * (week + 1) - START
    return None


def paged(
    seeds: range, weeks: int, logit: Callable[[np.ndarray], np.ndarray] = np.zeros_like
) -> list[float | None]:
    return [days_to_page(world(seed, weeks=weeks, base=0.7, logit=logit)) for seed in seeds]


def test_16_steady_features_keep_to_the_budget_of_one_page_in_five_years() -> None:
    """40 features over 40 weeks are 31 feature-years: .4 false pages at the stated budget."""
    assert sum(day is not None for day in paged(range(40), 45)) <= 2


def test_a_step_of_9_points_is_confirmed_within_28_days() -> None:
    found = paged(range(12), 20, lambda day: np.where(day >= START, -0.44, 0.0))
    assert all(found)
    assert np.median([day or 999 for day in found]) <= 28


def test_a_slide_from_70_to_50_is_confirmed_within_56_days() -> None:
    found = paged(range(12), 24, lambda day: -0.93 * np.clip((day - START) / 84, 0, 1))
    assert all(found)
    assert np.median([day or 999 for day in found]) <= 56
