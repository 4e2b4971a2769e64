"""How long outcomes take, learned while many are still under way."""

import numpy as np
import pytest

from decay_reports.figures.delay import arrival_curve

AGES = np.array([0.5, 1.0, 2.0, 4.0, 7.0, 14.0])


def cohorts(seed: int, n: int = 20_000, mean: float = 4.0) -> tuple[np.ndarray, np.ndarray]:
    """Return delays and ages of the outcomes that were seen, requests being 0 to 42 days old."""
    rng = np.random.default_rng(seed)
    delay, age = np.minimum(rng.exponential(mean, n), 27.9), rng.uniform(0, 42, n)
    seen = delay <= age
    return delay[seen], age[seen]


@pytest.mark.parametrize("seed", range(5))
def test_it_finds_the_true_delays_where_the_plain_share_finds_shorter_ones(seed: int) -> None:
    delay, age = cohorts(seed)
    truth = 1 - np.exp(-AGES / 4.0)
    plain = np.array([(delay <= t).mean() for t in AGES])
    assert np.abs(arrival_curve(delay, age, 28.0).at(AGES) - truth).max() < 0.025
    assert (plain - truth).max() > 0.035


def test_everything_has_arrived_at_the_window_and_nothing_before_the_first_delay() -> None:
    curve = arrival_curve(np.array([2.0, 3.0]), np.array([20.0, 20.0]), 28.0)
    assert curve.at(np.array([1.9, 28.0, 99.0])).tolist() == [0.0, 1.0, 1.0]


def test_without_outcomes_nothing_is_known_to_arrive_before_the_window() -> None:
    curve = arrival_curve(np.empty(0), np.empty(0), 7.0)
    assert curve.at(np.array([0.0, 6.9, 7.0])).tolist() == [0.0, 0.0, 1.0]


def test_a_delay_past_the_window_counts_at_the_window() -> None:
    curve = arrival_curve(np.array([1.0, 40.0]), np.array([50.0, 50.0]), 28.0)
    assert curve.at(np.array([1.0, 27.9, 28.0])).tolist() == [0.5, 0.5, 1.0]


def test_one_late_outcome_of_the_oldest_request_does_not_pull_the_curve_down() -> None:
    delay, age = cohorts(3, n=2_000)
    delay, age = np.append(delay, 27.5), np.append(age, 27.6)
    keep = (age < 20) | (delay == 27.5)
    truth = 1 - np.exp(-AGES / 4.0)
    assert np.abs(arrival_curve(delay[keep], age[keep], 28.0).at(AGES) - truth).max() < 0.12


def test_the_curve_never_falls() -> None:
    delay, age = cohorts(9, n=300)
    shares = arrival_curve(delay, age, 28.0).at(np.linspace(0, 30, 400))
    assert (np.diff(shares) >= 0).all()
    assert shares[-1] == 1.0
