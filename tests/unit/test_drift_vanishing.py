"""The scan for what vanished: its formula, its false alarms and its power."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom

from drift.base import Votes
from drift.detectors.vanishing import ALARM_BELOW, scan
from tests.topic_streams import Clouds

GROUPS = 12


def drawn(clouds: Clouds, n: int, weights: list[float]) -> Votes:
    share = np.array(weights) / sum(weights)
    return clouds.of(clouds.rng.choice(GROUPS, n, p=share))


def without(group: int, left: float = 0.0) -> list[float]:
    return [left if g == group else 1.0 for g in range(GROUPS)]


def test_the_p_value_is_the_smallest_tail_times_all_looks() -> None:
    clouds = Clouds(1)
    reference, window = drawn(clouds, 700, without(99)), drawn(clouds, 300, without(3))
    q = 300 / 999
    dense = 0.8 * q / (1 - q + 0.8 * q)
    tails = []
    for centre in range(700):
        alike = np.sort(np.delete(reference.vectors @ reference.vectors[centre], centre))[::-1]
        for k in (20, 40, 60, 80, 120):
            b = int((window.vectors @ reference.vectors[centre] >= alike[k - 1] - 1e-3).sum())
            if b / 300 < 0.35 * k / 699:
                tails.append(binom.cdf(b, b + k, dense))
    assert scan(window, reference)[0].p_value == pytest.approx(min(tails) * 700 * 5, rel=1e-6)


def test_a_group_that_is_gone_is_found_where_it_was() -> None:
    for seed in range(10):
        clouds = Clouds(seed)
        reference = drawn(clouds, 2000, without(99))
        found = scan(drawn(clouds, 2000, without(5)), reference)
        assert found[0].p_value < ALARM_BELOW
        assert found[0].topics == (5,)
        assert set(reference.topics[found[0].members]) == {5}
        assert len(found[0].left) == 0


def test_two_groups_that_are_gone_are_two_and_do_not_overlap() -> None:
    clouds = Clouds(1)
    reference = drawn(clouds, 2000, without(99))
    weights = [0.0 if g in (2, 9) else 1.0 for g in range(GROUPS)]
    found = [gone for gone in scan(drawn(clouds, 2000, weights), reference) if gone.p_value < 1e-6]
    assert {gone.topics[0] for gone in found} == {2, 9}
    assert not set(found[0].members) & set(found[1].members)


def test_a_group_that_lost_half_is_not_gone() -> None:
    for seed in range(20):
        clouds = Clouds(seed)
        window, reference = drawn(clouds, 2000, without(5, 0.5)), drawn(clouds, 2000, without(99))
        assert not any(gone.p_value < ALARM_BELOW for gone in scan(window, reference))


@pytest.mark.parametrize(("n", "n_reference"), [(300, 700), (2000, 2000)])
def test_harmless_wobble_is_no_alarm(n: int, n_reference: int) -> None:
    for seed in range(25):
        clouds = Clouds(seed)
        wobble = np.exp(0.15 * clouds.rng.normal(size=GROUPS)).tolist()
        window, reference = drawn(clouds, n, wobble), drawn(clouds, n_reference, without(99))
        assert not any(gone.p_value < ALARM_BELOW for gone in scan(window, reference))


def test_no_votes_on_either_side_give_no_answer() -> None:
    clouds = Clouds(2)
    some, nothing = clouds.draw(200), clouds.draw(0)
    assert scan(nothing, some) == []
    assert scan(some, nothing) == []
    assert scan(some, clouds.draw(15)) == []


def test_equal_texts_do_not_look_rarer_through_rounding() -> None:
    clouds = Clouds(3, texts=2)
    window = drawn(clouds, 600, without(99))
    assert scan(replace(window), drawn(clouds, 900, without(99))) == []
