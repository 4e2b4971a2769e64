"""The split of a change over topics: exact for any counts, and true where the truth is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decay_reports.causes.attribution import Attribution, attribute
from decay_reports.causes.bootstrap import Cells
from decay_reports.causes.decomposition import PARTS, new_topics, split
from decay_reports.causes.two_periods import Period
from decayd.results import Estimate
from tests.stored_worlds import monday

counts = st.lists(st.integers(0, 3000), min_size=2, max_size=12)


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_parts_and_contributions_sum_to_the_change(data: st.DataObject) -> None:
    n_before = np.array(data.draw(counts), float)
    n_now = np.array(data.draw(st.lists(
        st.integers(0, 3000), min_size=len(n_before), max_size=len(n_before)
    )), float)  # fmt: skip
    new, gone = new_topics(n_before, n_now), new_topics(n_now, n_before)
    if not n_before[~gone].sum() or not n_now[~new].sum():
        return
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    rates = rng.uniform(-0.5, 1.5, (2, len(n_before)))
    found = split((n_before, n_before * rates[0]), (n_now, n_now * rates[1]), new, gone)
    change = (n_now * rates[1]).sum() / n_now.sum() - (n_before * rates[0]).sum() / n_before.sum()
    assert found.total == pytest.approx(change, abs=1e-12)
    assert found.parts.sum() == pytest.approx(found.total, abs=1e-9)
    assert found.contributions.sum() == pytest.approx(found.total, abs=1e-9)


def test_a_topic_is_new_with_next_to_nothing_before_and_over_1_percent_now() -> None:
    before = np.array([1000.0, 9.0, 10.0, 0.0, 0.0])
    now = np.array([900.0, 100.0, 100.0, 5.0, 100.0])
    assert new_topics(before, now).tolist() == [False, True, False, False, True]


def test_moving_shares_alone_are_mix_and_moving_rates_alone_are_within() -> None:
    rates = np.array([0.9, 0.3])
    n_before, n_now = np.array([80.0, 20.0]), np.array([50.0, 50.0])
    none = np.zeros(2, bool)
    mix = split((n_before, n_before * rates), (n_now, n_now * rates), none, none)
    within = split((n_before, n_before * rates), (n_before, n_before * (rates - 0.1)), none, none)
    assert mix.parts.round(12).tolist() == [-0.18, 0.0, 0.0, 0.0]
    assert within.parts.round(12).tolist() == [0.0, -0.1, 0.0, 0.0]


def test_a_new_topic_costs_its_share_times_what_it_lacks() -> None:
    before = (np.array([100.0, 0.0]), np.array([80.0, 0.0]))
    now = (np.array([90.0, 10.0]), np.array([72.0, 2.0]))
    found = split(before, now, np.array([False, True]), np.zeros(2, bool))
    assert found.parts.round(12).tolist() == [0.0, 0.0, -0.06, 0.0]
    back = split(now, before, np.zeros(2, bool), np.array([False, True]))
    assert back.parts.round(12).tolist() == [0.0, 0.0, 0.0, 0.06]


def test_a_topic_seen_in_one_period_alone_moves_the_mix_only() -> None:
    before = (np.array([95.0, 5.0]), np.array([76.0, 1.0]))
    now = (np.array([100.0, 0.0]), np.array([80.0, 0.0]))
    found = split(before, now, np.zeros(2, bool), np.zeros(2, bool))
    assert found.parts[1] == pytest.approx(0.0, abs=1e-12)
    assert found.parts[0] == pytest.approx(0.03, abs=1e-12)


TOPICS = tuple(f"t{k}" for k in range(6))


def periods(
    seed: int, shares: np.ndarray, rates: np.ndarray, n: int = 3000
) -> tuple[Period, Period]:
    """Return two periods whose y are all known, drawn from shares and rates ``(2, 6)``."""
    rng = np.random.default_rng(seed)
    loyal = rng.normal(0, 0.06, 800)
    made = []
    for share, rate, weeks in zip(shares, rates, ((1, 2, 3, 4), (9, 10, 11, 12)), strict=True):
        user, topic = rng.integers(0, 800, n), rng.choice(6, n, p=share)
        psi = (rng.random(n) < rate[topic] + loyal[user]).astype(float)
        cells = Cells(user, topic, psi, (psi - psi.mean()) / n)
        named = tuple(monday(week) for week in weeks)
        made.append(Period(named, cells, np.ones(n, bool), TOPICS))
    return made[0], made[1]


def value(estimate: Estimate) -> float:
    assert estimate.value is not None
    return estimate.value


def half_width(estimate: Estimate) -> float:
    assert estimate.low is not None
    assert estimate.high is not None
    return (estimate.high - estimate.low) / 2


def part(found: Attribution, name: str) -> tuple[float, float, float]:
    chosen = next(part for part in found.parts if part.name == name)
    return chosen.value, chosen.low, chosen.high


EVEN = np.array([[0.3, 0.3, 0.2, 0.1, 0.1, 0.0]] * 2)
FLAT = np.array([[0.8, 0.7, 0.6, 0.7, 0.5, 0.3]] * 2)


def test_each_parts_interval_covers_its_truth() -> None:
    shares, rates = EVEN.copy(), FLAT.copy()
    shares[1] = [0.2, 0.27, 0.2, 0.13, 0.1, 0.1]
    rates[1] -= [0.1, 0.02, 0.0, 0.05, 0.0, 0.0]
    k = np.zeros(6, bool)
    new = np.arange(6) == 5
    truth = split((shares[0], shares[0] * rates[0]), (shares[1], shares[1] * rates[1]), new, k)
    covered = np.zeros((40, 4))
    for seed in range(40):
        found = attribute("f", *periods(seed, shares, rates))
        for j, name in enumerate(PARTS):
            _, low, high = part(found, name)
            covered[seed, j] = low <= truth.parts[j] <= high
    assert (covered.mean(axis=0) >= 0.86).all()


def test_the_interval_of_the_change_comes_from_the_same_draws() -> None:
    found = attribute("f", *periods(1, EVEN, FLAT))
    before, after = half_width(found.before), half_width(found.after)
    assert half_width(found.total) == pytest.approx(np.hypot(before, after), rel=0.2)
    assert value(found.total) == value(found.after) - value(found.before)


@pytest.mark.parametrize("seed", range(5))
def test_the_part_that_did_it_is_named_and_no_other(seed: int) -> None:
    lower = FLAT.copy()
    lower[1] -= 0.12
    assert attribute("f", *periods(seed, EVEN, lower)).causes == ("within_topic",)
    moved = EVEN.copy()
    moved[1] = [0.1, 0.1, 0.1, 0.1, 0.6, 0.0]
    assert attribute("f", *periods(seed, moved, FLAT)).causes[0] == "topic_mix"
    arrived = EVEN.copy()
    arrived[1] = [0.24, 0.24, 0.16, 0.08, 0.08, 0.2]
    found = attribute("f", *periods(seed, arrived, FLAT))
    assert found.causes[0] == "new_topics"
    assert found.topics[0].topic_id == "t5"
    assert (found.topics[0].kind, found.topics[0].n_before) == ("new", 0)
    assert found.topics[0].success_before.why_not == "no requests"


def test_nothing_happened_and_seldom_anything_is_named() -> None:
    named = [bool(attribute("f", *periods(seed, EVEN, FLAT)).causes) for seed in range(30)]
    assert np.mean(named) <= 0.25


def test_two_causes_of_like_size_are_compound() -> None:
    shares, rates = EVEN.copy(), FLAT.copy()
    shares[1] = [0.24, 0.24, 0.16, 0.08, 0.08, 0.2]
    rates[1] -= 0.08
    found = attribute("f", *periods(2, shares, rates))
    assert set(found.causes) == {"within_topic", "new_topics"}
    assert found.compound


def test_a_refit_that_renames_every_topic_is_not_taken_for_new_traffic() -> None:
    shares = np.array([[0.5, 0.3, 0.2, 0, 0, 0], [0, 0, 0, 0.5, 0.3, 0.2]])
    found = attribute("f", *periods(3, shares, FLAT))
    assert {topic.kind for topic in found.topics} == {"shared"}
    assert sum(p.value for p in found.parts) == pytest.approx(value(found.total), abs=1e-9)


def test_the_same_periods_give_the_same_intervals() -> None:
    once, again = (attribute("f", *periods(4, EVEN, FLAT)) for _ in range(2))
    assert once == again
