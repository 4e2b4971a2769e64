"""Does the interval hold the truth as often as it says, where the plain share of outcomes fails."""

from collections.abc import Iterator

import numpy as np
import pytest

from decay_reports.figures.feature_weeks import measure
from tests.worlds import World, span, spans, world

SEEDS = range(10)
REPORTS = range(12, 20, 2)  # the weeks at whose end a report is made
FLOORS = {0: 0.92, 1: 0.95, 4: 0.96}


def errors(worlds: Iterator[World], lag: int) -> np.ndarray:
    """Return (estimate - truth, SE, plain share - truth, its SE) of feature-weeks at a lag."""
    rows = []
    for one in worlds:
        for report in REPORTS:
            known = one.known(report)
            found = measure(known, spans(report - lag, 4))
            assert found.result is not None
            truth = one.truth(known, found.rows)
            y = known.frame.y[found.rows]
            y = y[~np.isnan(y)]
            plain_se = np.sqrt(y.mean() * (1 - y.mean()) / len(y))
            rows.append((found.result.value - truth, found.result.se, y.mean() - truth, plain_se))
    return np.array(rows)


def enough(covered: np.ndarray, floor: float) -> bool:
    """Tell whether coverage is at its floor, but for what chance does in 1 of 100 such samples."""
    from scipy.stats import binom

    return bool(covered.sum() >= binom.ppf(0.01, len(covered), floor))


@pytest.mark.parametrize("lag", FLOORS)
def test_the_interval_covers_the_truth(lag: int) -> None:
    found = errors((world(seed) for seed in SEEDS), lag)
    assert enough(np.abs(found[:, 0]) <= 1.96 * found[:, 1], FLOORS[lag])
    assert abs(found[:, 0].mean()) < 0.01
    assert 1.96 * found[:, 1].mean() < {0: 0.056, 1: 0.038, 4: 0.037}[lag]


def test_the_plain_share_of_the_newest_weeks_outcomes_does_not() -> None:
    found = errors((world(seed) for seed in SEEDS), 0)
    covered = np.abs(found[:, 2]) <= 1.96 * found[:, 3]
    assert covered.mean() < 0.2
    assert found[:, 2].mean() < -0.08


@pytest.mark.parametrize("lag", [0, 1])
def test_it_follows_a_slide(lag: int) -> None:
    sliding = (
        world(seed, logit=lambda day: -1.0 * np.clip((day - 70) / 60, 0, 1)) for seed in SEEDS
    )
    found = errors(sliding, lag)
    assert enough(np.abs(found[:, 0]) <= 1.96 * found[:, 1], FLOORS[lag])


@pytest.mark.parametrize("lag", FLOORS)
def test_where_only_successes_arrive_silence_counts_as_failure(lag: int) -> None:
    found = errors((world(seed, conversions=True) for seed in SEEDS), lag)
    assert enough(np.abs(found[:, 0]) <= 1.96 * found[:, 1], 0.92)
    assert abs(found[:, 0].mean()) < 0.015


def test_few_labels_give_wide_intervals_that_still_cover() -> None:
    found = errors((world(seed, per_day=40) for seed in SEEDS), 1)
    assert enough(np.abs(found[:, 0]) <= 1.96 * found[:, 1], 0.95)
    assert 0.05 < 1.96 * found[:, 1].mean() < 0.12


def test_a_slower_outcome_feed_is_what_the_newest_week_can_not_see_through() -> None:
    """The reason for the completeness gate: bias without it, gone once outcomes are in."""
    slow = [world(seed, slower=2.2, slower_from_day=7.0 * 14) for seed in range(4)]
    newest: list[float] = []
    final: list[float] = []
    for one in slow:
        for lag, into in ((0, newest), (4, final)):
            known = one.known(15 + lag)
            found = measure(known, [span(15)])
            assert found.result is not None
            into.append(found.result.value - one.truth(known, found.rows))
    assert np.mean(newest) < -0.02
    assert abs(np.mean(final)) < 0.02
