"""The random-effect test of topic shares: its formula, its false alarms and its power."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import chi2, nbinom, norm

from drift.base import Votes
from drift.detectors import shares
from drift.detectors.shares import compare, squared_wobble, wobble_of

K = 20
Shares = npt.NDArray[np.float64]


def votes(counts: Sequence[int] | npt.NDArray[np.int64]) -> Votes:
    topics = np.repeat(np.arange(len(counts)), np.asarray(counts, int))
    keys = np.arange(len(topics), dtype=np.uint64)
    return Votes(np.empty((len(topics), 0), np.float32), keys, keys, topics, topics)


def usual(rng: np.random.Generator) -> Shares:
    weights = np.exp(0.5 * rng.normal(size=K))
    return np.asarray(weights / weights.sum())


def week(rng: np.random.Generator, share: Shares, n: int, jitter: float = 0.0) -> Votes:
    weights = share * np.exp(jitter * rng.normal(size=len(share)))
    return votes(rng.multinomial(n, weights / weights.sum()))


def alarms(seeds: int, n: int, jitter: float, wobble: float) -> int:
    found = 0
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        share = usual(rng)
        reference = week(rng, share, 4 * n)
        found += compare(week(rng, share, n, jitter), reference, wobble).drift_detected
    return found


def test_z_and_p_are_what_the_formula_says() -> None:
    now, before = np.array([60, 100, 340, 2]), np.array([500, 400, 1100, 1])
    n, n_reference, wobble = now.sum(), before.sum(), 0.15
    share = (before + 0.5) / (n_reference + 0.5 * 4)
    mean = n * share
    variance = mean * (1 - share) + mean**2 * (1 / (before + 0.5) + wobble**2)
    expected = nbinom(mean**2 / (variance - mean), mean / variance)
    z = norm.ppf((expected.cdf(now) + expected.cdf(now - 1)) / 2)[:3]
    largest = 3 * 2 * norm.sf(np.abs(z).max())
    together = chi2.sf((z**2).sum(), 3)
    found = compare(votes(now), votes(before), wobble)
    assert found.z == pytest.approx([*z, 0])  # the last topic has too few votes to be tested
    assert found.p_value == pytest.approx(min(1, 3 * min(1, 2 * min(largest, together))))


def test_still_weeks_are_no_alarm() -> None:
    assert alarms(300, 500, jitter=0.0, wobble=0.1) == 0


def test_p_values_of_many_small_topics_are_what_they_say() -> None:
    """A normal z gives three times as many below .001 here: small counts lean to the right."""
    rng = np.random.default_rng(1)
    share = rng.dirichlet(np.full(40, 1.5))
    p_values = []
    for _ in range(2_000):
        before, now = week(rng, share, 2_000), week(rng, share, 500, jitter=0.15)
        p_values.append(compare(now, before, 0.15).p_value / 3)  # of one comparison in place of 3
    assert np.mean(np.array(p_values) <= 0.01) <= 0.015
    assert np.mean(np.array(p_values) <= 0.001) <= 0.003


@pytest.mark.parametrize("n", [200, 500, 2000])
def test_weekly_wobble_of_fifteen_percent_is_rarely_an_alarm(n: int) -> None:
    """Half an alarm in 52 weeks is the bound of all channels together; in 312 weeks three."""
    assert alarms(312, n, jitter=0.15, wobble=0.2) <= 1


def test_large_traffic_does_not_make_its_wobble_an_alarm() -> None:
    assert alarms(60, 50_000, jitter=0.15, wobble=0.2) == 0


def test_a_topic_that_is_gone_is_found_and_leads() -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        share = np.full(K, 0.05)
        reference = week(rng, share, 2000)
        share[7] = 0
        found = compare(week(rng, share / share.sum(), 2000), reference, 0.15)
        assert found.drift_detected
        assert found.lead == 7
        assert found.z[7] < 0
        assert found.moved() == [7]


def test_many_topics_that_moved_a_little_are_found_together() -> None:
    found = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        share = usual(rng)
        reference = week(rng, share, 2000)
        found += compare(week(rng, share, 2000, jitter=0.6), reference, 0.15).drift_detected
    assert found >= 18


def test_topics_left_out_are_not_tested() -> None:
    reference = votes([500, 500, 500])
    assert compare(votes([250, 250, 0]), reference).drift_detected
    found = compare(votes([250, 250, 0]), reference, without=[2, 0, 1])
    assert found.p_value == 1
    assert found.tested == 0


def test_topics_of_the_window_alone_are_tested_too() -> None:
    found = compare(votes([300, 200, 100]), votes([1200, 800]))
    assert found.lead == 2


def test_the_wobble_is_bounded_below_and_forgets_old_weeks() -> None:
    assert wobble_of([-0.01] * 12) == pytest.approx(0.1)
    assert wobble_of([9.0] + [0.0] * 12) == wobble_of([0.0] * 12)
    assert wobble_of([0.09] * 12) == pytest.approx(((4 * 0.04 + 12 * 0.09) / 16) ** 0.5)


def test_the_wobble_of_simulated_weeks_is_about_the_truth() -> None:
    squares = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        share = np.full(K, 1 / K)
        squares.append(squared_wobble(week(rng, share, 2000, 0.15), week(rng, share, 4000)))
    assert np.mean(squares) == pytest.approx(0.15**2, rel=0.2)


def test_small_topics_say_nothing_about_the_wobble() -> None:
    assert squared_wobble(votes([1, 1] * 30), votes([10, 10] * 60)) == 0


def test_the_detector_is_one_comparison() -> None:
    window, reference = votes([100, 100, 0]), votes([300, 300, 300])
    assert shares.detect(window, reference).p_value == compare(window, reference).p_value
