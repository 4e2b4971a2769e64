"""Segments: the rotten one is named and not its shadows; where nothing fell nothing is named."""

from collections.abc import Callable

import numpy as np
import pytest

from decay_reports.causes.bootstrap import Cells
from decay_reports.causes.segments import find, passing
from decay_reports.causes.slices import Least, Rows, slices
from decay_reports.causes.traits import Trait
from decay_reports.causes.two_periods import Period
from decay_reports.figures.frame import TENURES, Bools, Ints
from tests.stored_worlds import monday

LOCALES, N, USERS = ("de", "en", "es", "fr"), 9600, 1500
TOPICS = tuple(f"t{k}" for k in range(12))
SHARES = np.array([0.2, 0.15, 0.12, *[0.53 / 9] * 9])
WHO = {"topic": 0, "tenure": 1, "version": 2, "locale": 3}
Rotten = Callable[[Ints, Ints, Ints, Ints], Bools]


def nobody(topic: Ints, _tenure: Ints, _version: Ints, _locale: Ints) -> Bools:
    return np.zeros(len(topic), bool)


def german_v2(_topic: Ints, _tenure: Ints, version: Ints, locale: Ints) -> Bools:
    return np.asarray((locale == LOCALES.index("de")) & (version == 1))


def new_users_of_t0(topic: Ints, tenure: Ints, _version: Ints, _locale: Ints) -> Bools:
    return np.asarray((topic == 0) & (tenure == 0))


def periods(seed: int, rotten: Rotten = nobody, drop: float = 0.4) -> tuple[Period, Period]:
    """Two periods with a quarter of the outcomes known; `rotten` requests lose `drop` in the later.

    Users differ, ask several times in both periods and keep their locale.
    """
    rng = np.random.default_rng(seed)
    locale_of = rng.choice(4, USERS, p=[0.15, 0.5, 0.25, 0.1])
    loyal = rng.normal(0, 0.1, USERS)
    rate = rng.uniform(0.5, 0.85, 12)
    made = []
    for later in (0, 1):
        user, topic = rng.integers(0, USERS, N), rng.choice(12, N, p=SHARES)
        tenure, version = rng.choice(3, N, p=[0.2, 0.3, 0.5]), rng.integers(0, 2, N)
        codes = (topic, tenure, version, locale_of[user])
        fell = later * drop * rotten(*codes)
        y = (rng.random(N) < np.clip(rate[topic] + loyal[user] - fell, 0, 1)).astype(float)
        labelled = rng.random(N) < 0.25
        f = np.clip(0.5 + 0.3 * (y - 0.5) + rng.normal(0, 0.2, N), 0, 1)
        w = rng.uniform(0.8, 1.5, N) * labelled
        psi = 0.4 * f + N * w / w.sum() * (y - 0.4 * f)
        traits = tuple(
            Trait(name, labels, codes[WHO[name]])
            for name, labels in (
                ("tenure", TENURES), ("version", ("v1", "v2")), ("locale", LOCALES)
            )
        )  # fmt: skip
        cells = Cells(user, topic, psi, (psi - psi.mean()) / N)
        keys = np.arange(N, dtype=np.uint64)
        made.append(Period((monday(1 + 8 * later),), cells, labelled, TOPICS, traits, keys))
    return made[0], made[1]


def named(seed: int, rotten: Rotten, drop: float = 0.4) -> list[dict[str, str]]:
    return [dict(one.traits) for one in find(*periods(seed, rotten, drop)).segments]


def test_on_steady_traffic_at_most_one_run_in_ten_names_a_segment() -> None:
    hits = [bool(find(*periods(seed)).segments) for seed in range(60)]
    assert np.mean(hits) <= 0.10


@pytest.mark.parametrize(
    ("rotten", "name"),
    [
        (german_v2, {"version": "v2", "locale": "de"}),
        (new_users_of_t0, {"topic": "t0", "tenure": "under_7_days"}),
    ],
    ids=["de at v2", "new users of t0"],
)
def test_a_rotten_segment_is_named_and_its_shadows_are_not(
    rotten: Rotten, name: dict[str, str]
) -> None:
    found = [named(100 + seed, rotten) for seed in range(20)]
    assert np.mean([name in one for one in found]) >= 0.9
    false = sum(len(one) - (name in one) for one in found)
    assert false / sum(len(one) for one in found) <= 0.10


def test_two_rotten_segments_are_named_each_once() -> None:
    def both(topic: Ints, tenure: Ints, version: Ints, locale: Ints) -> Bools:
        return german_v2(topic, tenure, version, locale) | new_users_of_t0(
            topic, tenure, version, locale
        )

    found = named(7, both)
    assert {"version": "v2", "locale": "de"} in found
    assert {"topic": "t0", "tenure": "under_7_days"} in found
    assert len(found) == 2


def test_a_segment_says_how_many_it_holds_what_it_cost_and_who_failed() -> None:
    before, now = periods(3, german_v2)
    (one,) = find(before, now).segments
    inside = (now.trait("locale").code == 0) & (now.version.code == 1)
    assert (one.now.n, one.before.value is not None) == (int(inside.sum()), True)
    assert one.difference.high is not None
    assert one.difference.high < 0.0
    fell = now.cells.psi.mean() - before.cells.psi.mean()
    assert one.contribution == pytest.approx(0.075 * -0.4, abs=0.012)
    assert one.contribution / fell == pytest.approx(1.0, abs=0.7)
    rows = one.examples.astype(int)
    assert len(rows) == 3
    assert inside[rows].all()
    assert now.labelled[rows].all()
    assert (now.cells.psi[rows] <= 0).all()


def test_everybody_falling_alike_is_no_segment() -> None:
    found = [named(200 + seed, lambda t, *_: np.ones(len(t), bool), 0.2) for seed in range(20)]
    assert np.mean([bool(one) for one in found]) <= 0.10


def test_too_few_requests_or_labels_are_not_compared() -> None:
    before, now = periods(1, german_v2)
    assert find(before, now).n_tested > 100
    bare = Period(now.weeks, now.cells, np.zeros(N, bool), TOPICS, now.traits, now.request_key)
    assert find(before, bare).n_tested == 0


def test_requests_without_topic_or_tenure_make_no_segment() -> None:
    before, now = periods(5)
    names = ("unembedded", *TOPICS[1:])
    unknown = Trait("tenure", TENURES, np.full(N, 3))
    bare = [Period(p.weeks, p.cells, p.labelled, names, (unknown,)) for p in (before, now)]
    rows = Rows(
        np.concatenate([p.cells.user for p in bare]), np.repeat([0, 1], N),
        np.concatenate([p.cells.psi for p in bare]), np.concatenate([p.labelled for p in bare]),
        (Trait("topic", ("", *TOPICS[1:]), np.concatenate([p.cells.topic for p in bare])),),
    )  # fmt: skip
    assert find(*bare).n_tested == len(slices(rows, Least(50, 20))) == 11


def test_the_error_is_the_spread_of_the_difference_over_users() -> None:
    before, now = periods(9)
    locale = now.trait("locale").code
    rows = Rows(
        np.concatenate([before.cells.user, now.cells.user]), np.repeat([0, 1], N),
        np.concatenate([before.cells.psi, now.cells.psi]),
        np.concatenate([before.labelled, now.labelled]),
        (Trait("locale", LOCALES, np.concatenate([before.trait("locale").code, locale])),),
    )  # fmt: skip
    one = next(one for one in slices(rows, Least(50, 20)) if one.codes == (0,))
    inside = rows.traits[0].code == 0
    influence = np.zeros(len(inside))
    for chosen, sign in ((inside, 1.0), (~inside, -1.0)):
        for period, direction in ((0, -1.0), (1, 1.0)):
            part = chosen & (rows.now == period)
            psi = rows.psi[part]
            influence[part] = sign * direction * (psi - psi.mean()) / len(psi)
    expected = np.sqrt((np.bincount(rows.user, weights=influence) ** 2).sum())
    assert one.se == pytest.approx(expected, rel=1e-9)


def test_benjamini_hochberg_lets_nothing_pass_when_nothing_is_small() -> None:
    assert passing(np.array([0.5, 0.9, 0.2])) == 0.0
    assert passing(np.array([])) == 0.0
