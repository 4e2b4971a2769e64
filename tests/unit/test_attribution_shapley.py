"""The split over topics, tenure, versions and what is left within: exact, and true to the plan."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decay_reports.causes.attribution import Attribution, attribute
from decay_reports.causes.bootstrap import Cells
from decay_reports.causes.course import Course, n_deploys
from decay_reports.causes.decomposition import new_topics, split
from decay_reports.causes.parting import TOGETHER, UNEMBEDDED
from decay_reports.causes.shapley import Grid, shapley
from decay_reports.causes.traits import Trait
from decay_reports.causes.two_periods import Period
from decay_reports.figures.frame import TENURES, Floats, Ints
from tests.stored_worlds import monday

N_TENURES, N_VERSIONS = 3, 2


def grid_of(n_topics: int) -> Grid:
    topic = np.repeat(np.arange(n_topics), N_TENURES * N_VERSIONS)
    pair = np.repeat(np.arange(n_topics * N_TENURES), N_VERSIONS)
    return Grid(topic, pair)


@given(st.integers(0, 2**32), st.integers(1, 6), st.floats(0.0, 0.9))
@settings(max_examples=200, deadline=None)
def test_parts_sum_to_the_change_whatever_cells_are_empty(
    seed: int, n_topics: int, empty: float
) -> None:
    rng = np.random.default_rng(seed)
    grid = grid_of(n_topics)
    size = (2, 3, len(grid.topic))
    n = rng.integers(0, 400, size) * (rng.random(size) > empty)
    n[:, :, 0] += 1
    psi = n * rng.uniform(-0.5, 1.5, size)
    of_topic = [grid.per_topic(n[k, 0].astype(float)) for k in (0, 1)]
    new, gone = new_topics(*of_topic), new_topics(of_topic[1], of_topic[0])
    new[0] = gone[0] = False
    parts = shapley(grid, (n[0].astype(float), psi[0]), (n[1].astype(float), psi[1]), new, gone)
    change = psi[1].sum(axis=1) / n[1].sum(axis=1) - psi[0].sum(axis=1) / n[0].sum(axis=1)
    assert parts.sum(axis=1) == pytest.approx(change, abs=1e-9)


def test_with_one_tenure_and_one_version_it_is_the_split_over_topics() -> None:
    rng = np.random.default_rng(3)
    n = rng.integers(0, 500, (2, 8)).astype(float)
    psi = n * rng.uniform(0, 1, (2, 8))
    new, gone = new_topics(n[0], n[1]), new_topics(n[1], n[0])
    codes = np.arange(8)
    found = shapley(Grid(codes, codes), (n[:1], psi[:1]), (n[1:], psi[1:]), new, gone)[0]
    simple = split((n[0], psi[0]), (n[1], psi[1]), new, gone)
    assert found[[0, 3, 4, 5]] == pytest.approx(simple.parts, abs=1e-12)
    assert found[[1, 2]] == pytest.approx([0.0, 0.0], abs=1e-12)


def test_each_part_is_the_mean_over_all_orders_of_moving_the_four() -> None:
    rng = np.random.default_rng(5)
    grid, none = grid_of(2), np.zeros(2, bool)
    n = rng.integers(20, 400, (2, 12)).astype(float)
    rate = rng.uniform(0, 1, (2, 12))
    topics, pairs = n.reshape(2, 2, 6).sum(axis=2), n.reshape(2, 6, 2).sum(axis=2)
    factors = (
        (topics / topics.sum(axis=1)[:, None])[:, grid.topic],
        pairs[:, grid.pair] / topics[:, grid.topic], n / pairs[:, grid.pair], rate,
    )  # fmt: skip

    def level(chosen: tuple[int, ...]) -> float:
        return float(np.prod([f[k] for f, k in zip(factors, chosen, strict=True)], axis=0).sum())

    expected = np.zeros(4)
    for order in permutations(range(4)):
        chosen = [0, 0, 0, 0]
        for factor in order:
            before = level(tuple(chosen))
            chosen[factor] = 1
            expected[factor] += (level(tuple(chosen)) - before) / 24
    found = shapley(grid, (n[:1], n[:1] * rate[:1]), (n[1:], n[1:] * rate[1:]), none, none)[0]
    assert found[:4] == pytest.approx(expected, abs=1e-12)


def requests(seed: int, *periods: tuple[int, ...], **plan: Floats) -> list[Period]:
    """Return periods of known outcomes; `plan` gives shares and rates of each, see the tests."""
    rng = np.random.default_rng(seed)
    made = []
    for k, weeks in enumerate(periods):
        n = 900 * len(weeks)
        tenure = rng.choice(4, n, p=plan.get("tenure", np.tile([0.2, 0.3, 0.5, 0.0], (12, 1)))[k])
        version = rng.choice(4, n, p=plan.get("version", np.tile([1.0, 0, 0, 0], (12, 1)))[k])
        topic = rng.choice(3, n, p=plan.get("topic", np.tile([0.5, 0.5, 0.0], (12, 1)))[k])
        lift = plan.get("lift", np.zeros((12, 4)))[k]
        rate = 0.75 - 0.2 * (tenure == 0) - 0.1 * topic + lift[version]
        user = rng.integers(0, 1200, n)
        psi = (rng.random(n) < rate).astype(float)
        made.append(period(weeks, (user, topic, tenure, version), psi))
    return made


def period(weeks: tuple[int, ...], codes: tuple[Ints, Ints, Ints, Ints], psi: Floats) -> Period:
    user, topic, tenure, version = codes
    n = len(psi)
    cells = Cells(user, topic, psi, (psi - psi.mean()) / n)
    traits = (Trait("tenure", TENURES, tenure), Trait("version", ("v1", "v2", "v3", "v4"), version))
    named = tuple(monday(week) for week in weeks)
    return Period(named, cells, np.ones(n, bool), ("t0", "t1", UNEMBEDDED), traits)


A, B = (1, 2, 3, 4), (9, 10, 11, 12)


def attributed(course: Course, found: list[Period]) -> Attribution:
    return attribute("f", found[0], found[1], course)


def part(found: Attribution, name: str) -> float:
    return next(part.value for part in found.parts if part.name == name)


def gap(found: Attribution) -> float:
    assert found.total.value is not None
    return abs(found.total.value - sum(part.value for part in found.parts))


@pytest.mark.parametrize("seed", range(4))
def test_more_new_users_are_tenure_mix_and_no_decay_within(seed: int) -> None:
    tenure = np.array([[0.15, 0.25, 0.6, 0.0], [0.6, 0.2, 0.2, 0.0]])
    found = attributed(Course(), requests(seed, A, B, tenure=tenure))
    assert found.causes[0] == "tenure_mix"
    assert part(found, "tenure_mix") == pytest.approx(-0.09, abs=0.015)
    assert gap(found) < 1e-9


def test_tenure_is_left_out_when_it_is_unknown_too_often() -> None:
    tenure = np.array([[0.15, 0.25, 0.6, 0.0], [0.5, 0.2, 0.18, 0.12]])
    found = attributed(Course(), requests(1, A, B, tenure=tenure))
    assert part(found, "tenure_mix") == 0.0
    assert found.notes == ("tenure is left out: unknown for 12% of requests",)
    assert gap(found) < 1e-9


@pytest.mark.parametrize("seed", range(4))
def test_a_bad_canary_is_version_mix_even_while_everything_falls(seed: int) -> None:
    version = np.array([[1.0, 0, 0, 0], [0.6, 0.4, 0, 0]])
    lift = np.array([[0.0, 0, 0, 0], [-0.08, -0.28, 0, 0]])
    found = attributed(Course(1), requests(seed, A, B, version=version, lift=lift))
    assert part(found, "version_mix") == pytest.approx(0.4 * -0.2, abs=0.025)
    assert part(found, "within_topic") == pytest.approx(-0.08, abs=0.035)
    assert set(found.causes) == {"version_mix", "within_topic"}
    assert found.compound


def cut_over(seed: int, drop: float, slide: float) -> tuple[Period, Period, Course]:
    """Return a feature whose version changes for all in week 7: a step, beside a slide."""
    weeks = [(week,) for week in range(1, 13)]
    version = np.array([[1.0, 0, 0, 0]] * 6 + [[0, 1.0, 0, 0]] * 6)
    lift = np.array([[-slide * k, -slide * k - drop, 0, 0] for k in range(12)])
    course = requests(seed, *weeks, version=version, lift=lift)
    return (_joined(course[:4]), _joined(course[8:]), Course(1, tuple(course)))


def _joined(weeks: list[Period]) -> Period:
    fields = ("user", "topic", "psi")
    user, topic, psi = (np.concatenate([getattr(w.cells, f) for w in weeks]) for f in fields)
    tenure, version = (
        np.concatenate([getattr(w, f).code for w in weeks]) for f in ("tenure", "version")
    )
    numbers = tuple((w.weeks[0] - monday(1)).days // 7 + 1 for w in weeks)
    return period(numbers, (user, topic, tenure, version), psi)


@pytest.mark.parametrize("seed", range(4))
def test_a_full_cut_over_is_told_from_a_slide_by_its_step(seed: int) -> None:
    fell = attribute("f", *cut_over(seed, 0.15, 0.0))
    assert part(fell, "version_mix") == pytest.approx(-0.15, abs=0.09)
    assert fell.causes[0] == "version_mix"
    slid = attribute("f", *cut_over(seed, 0.0, 0.02))
    assert part(slid, "within_topic") == pytest.approx(-0.16, abs=0.09)
    assert slid.causes[0] == "within_topic"
    assert gap(fell) < 1e-9
    assert gap(slid) < 1e-9
    assert "one version replaced another for everybody" in fell.notes[0]


def test_a_cut_over_without_weeks_between_is_one_sum() -> None:
    before, now, _ = cut_over(1, 0.15, 0.0)
    found = attribute("f", before, now, Course(1))
    assert TOGETHER in {part.name for part in found.parts}
    assert gap(found) < 1e-9
    assert "not separable" in found.notes[0]


def test_after_two_deploys_versions_and_within_are_one_sum() -> None:
    version = np.array([[1.0, 0, 0, 0], [0.4, 0.3, 0.3, 0]])
    lift = np.array([[0.0, 0, 0, 0], [0.0, -0.2, -0.2, 0]])
    found = attributed(Course(2), requests(2, A, B, version=version, lift=lift))
    names = {part.name for part in found.parts}
    assert not names & {"version_mix", "within_topic"}
    assert part(found, TOGETHER) == pytest.approx(-0.12, abs=0.04)
    assert found.causes == (TOGETHER,)
    assert gap(found) < 1e-9


def test_a_deploy_is_a_version_that_first_served_after_the_baseline() -> None:
    before, now = [monday(1), monday(2)], [monday(5)]
    by_week = {
        monday(1): {"a": 100}, monday(2): {"a": 60, "b": 40}, monday(3): {"b": 98, "trial": 2},
        monday(4): {"c": 100}, monday(5): {"b": 50, "c": 50}, monday(6): {"later": 100},
    }  # fmt: skip
    assert n_deploys(by_week, before, now) == 1


def test_requests_not_embedded_yet_are_a_part_of_their_own() -> None:
    topic = np.array([[0.7, 0.3, 0.0], [0.4, 0.2, 0.4]])
    found = attributed(Course(), requests(3, A, B, topic=topic))
    assert part(found, "new_topics") == 0.0
    assert part(found, UNEMBEDDED) == pytest.approx(-0.067, abs=0.03)
    assert gap(found) < 1e-9
    of_topics = {topic.topic_id: topic.contribution for topic in found.topics}
    assert of_topics[UNEMBEDDED] == pytest.approx(part(found, UNEMBEDDED), abs=1e-9)
    assert found.total.value == pytest.approx(sum(of_topics.values()), abs=1e-9)


def test_every_parts_90_percent_interval_seldom_misses_a_truth_of_zero() -> None:
    named = [attributed(Course(), requests(seed, A, B)).causes for seed in range(40)]
    assert np.mean([bool(causes) for causes in named]) <= 0.25
