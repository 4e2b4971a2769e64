"""The test of unfamiliar queries: its formula, its false alarms and its power."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import binom

from drift.base import Votes
from drift.detectors.unfamiliar import count, detect
from tests.topic_streams import DIMENSION, Clouds, votes


def familiar(below: int, n: int) -> npt.NDArray[np.float32]:
    return np.concatenate([np.zeros(below, np.float32), np.ones(n - below, np.float32)])


def scattered(clouds: Clouds, n: int) -> Votes:
    """Return votes of queries that are alike neither each other nor anything else."""
    vectors = clouds.rng.normal(size=(n, DIMENSION))
    return votes((vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32))


def beside(window: Votes, more: Votes) -> Votes:
    return replace(votes(np.concatenate([window.vectors, more.vectors])))


@pytest.mark.parametrize(("below", "n"), [(0, 200), (10, 200), (40, 200), (300, 2000)])
def test_p_is_twice_the_binomial_tail_at_one_and_a_half_times_the_share(below: int, n: int) -> None:
    expected = min(1.0, 2 * float(binom.sf(below - 1, n, 0.075)))
    assert count(familiar(below, n), 0.5).p_value == pytest.approx(expected)


def test_the_most_unlike_queries_come_first() -> None:
    found = count(np.array([0.9, 0.3, 0.8, 0.1, 0.2], np.float32), 0.5)
    assert found.positions.tolist() == [3, 4, 1]


def test_still_traffic_is_no_alarm() -> None:
    for seed in range(30):
        clouds = Clouds(seed)
        assert not detect(clouds.draw(500), clouds.draw(1000)).drift_detected


def test_a_smaller_share_of_some_groups_is_no_alarm() -> None:
    for seed in range(10):
        clouds = Clouds(seed)
        assert not detect(clouds.draw(500, groups=6), clouds.draw(1000)).drift_detected


def test_scattered_strange_queries_are_found() -> None:
    for seed in range(10):
        clouds = Clouds(seed)
        window = beside(clouds.draw(450), scattered(clouds, 75))
        assert detect(window, clouds.draw(1000)).drift_detected


def test_a_few_strange_queries_are_no_alarm() -> None:
    for seed in range(10):
        clouds = Clouds(seed)
        window = beside(clouds.draw(490), scattered(clouds, 10))
        assert not detect(window, clouds.draw(1000)).drift_detected
