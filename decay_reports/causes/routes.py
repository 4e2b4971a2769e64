"""Compares the routes that a feature's requests took, within topics, and what a success costs."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from typing import NamedTuple, Self

import numpy as np

from decay_reports.causes.segments import passing
from decay_reports.figures.clusters import Z95, share, sum_of_squares, sums
from decay_reports.figures.frame import Bools, Floats, Ints
from decayd.results import Estimate

LEAST = 50  # requests, and effective ones, on each side of a comparison
LEAST_LABELS = 20  # on each side; below that nothing is a success rate, see `success`
_LOGGED = 0.95  # share of a side's requests whose propensity must be known: a gap is a choice
_LABEL_RATIO = 1.25  # of shares with an outcome; beyond it, if sure, the outcomes are not alike
_LABEL_Z = 4.0
_SURE = 0.01  # chance of a single comparison: with two of them 0.10 alone lets each pass at 0.05,
# and it is looked at each week anew
_TINY = 1e-12


class Arm(NamedTuple):
    """A route: the router's policy, the tier it chose and the model that answered, '' unknown."""

    policy: str
    tier: str
    model: str


OTHERS = Arm("\0", "", "")  # rare routes together; no sent policy is like it


@dataclass(frozen=True)
class Routed:
    """Measured requests, arrays ``(n,)``; `cost_usd` and `propensity` are NaN where not sent.

    `topic` and `arm` are codes of `topics` and `arms`; `user` and `week` are any codes.
    """

    topic: Ints
    arm: Ints
    week: Ints
    user: Ints
    psi: Floats
    labelled: Bools
    cost_usd: Floats
    propensity: Floats
    topics: tuple[str, ...]
    arms: tuple[Arm, ...]

    def take(self, rows: Bools) -> Self:
        """Return some of the rows, their users numbered anew."""
        _, user = np.unique(self.user[rows], return_inverse=True)
        return replace(
            self, topic=self.topic[rows], arm=self.arm[rows], week=self.week[rows], user=user,
            psi=self.psi[rows], labelled=self.labelled[rows], cost_usd=self.cost_usd[rows],
            propensity=self.propensity[rows],
        )  # fmt: skip

    def logged(self, arm: int) -> bool:
        """Tell whether the propensities of a route are known."""
        mine = self.propensity[self.arm == arm]
        return bool(len(mine)) and float((~np.isnan(mine)).mean()) >= _LOGGED


class Cell(NamedTuple):
    """One route in one topic: its success, and dollars per success over requests with a cost."""

    topic: int
    arm: int
    success: Estimate
    cost: Estimate


class Contrast(NamedTuple):
    """Two routes over all topics: success of `a` less that of `b`, as it is and within topics."""

    a: int
    b: int
    naive: Estimate
    within: Estimate
    n_topics: int


class Compared(NamedTuple):
    """Two routes in one topic, `worse` with the lower estimate; `gain` is better minus worse.

    Estimates are weighted by the inverse propensity; `n_eff` of the side that has fewer.
    """

    topic: int
    worse: int
    better: int
    low: Estimate
    high: Estimate
    gain: Estimate
    n_eff: float
    chance: float


def cells(routed: Routed) -> list[Cell]:
    """Describe every route in every topic that it was taken in, those with most requests first."""
    code = routed.topic * len(routed.arms) + routed.arm
    values, n = np.unique(code, return_counts=True)
    made = []
    for value in values[np.argsort(-n, kind="stable")]:
        rows = routed.take(code == value)
        topic, arm = divmod(int(value), len(routed.arms))
        made.append(Cell(topic, arm, success(rows), cost_per_success(rows)))
    return made


def success(rows: Routed) -> Estimate:
    """Return the mean of the pseudo-outcomes with its clustered interval.

    Fewer than 20 outcomes are no success rate.
    """
    n, n_labels = len(rows.psi), int(rows.labelled.sum())
    if n_labels < LEAST_LABELS:
        why = f"{n_labels} outcomes among {n}"
        return Estimate(None, n=n, n_labels=n_labels, why_not=why)
    value, influence = _mean(rows.psi, np.ones(n))
    return _estimate(value, influence, rows, np.ones(n, bool))


def cost_per_success(rows: Routed) -> Estimate:
    """Return the sum of costs over the sum of successes, of the requests whose cost is known.

    The interval is Fieller's, clustered by user: it takes a ratio for what it is, so it is lopsided
    where successes are few, and there is none where their sum may as well be 0. It counts the
    costs of the requests themselves, not those of calls that they caused.

    Notes
    -----
    Source: Fieller 1954, "Some problems in interval estimation".
    """
    known = rows.take(~np.isnan(rows.cost_usd))
    n, n_labels = len(known.psi), int(known.labelled.sum())
    if n == 0:
        return Estimate(None, why_not="no cost_usd was sent")
    if n_labels < LEAST_LABELS:
        return Estimate(None, n=n, n_labels=n_labels, why_not=f"{n_labels} outcomes among {n}")
    costs, successes = float(known.cost_usd.sum()), float(known.psi.sum())
    parts = [sums(known.user, x - x.mean()) for x in (known.cost_usd, known.psi)]
    cc, cs, ss = (float(parts[i] @ parts[j]) * Z95**2 for i, j in ((0, 0), (0, 1), (1, 1)))
    a, b, c = successes**2 - ss, costs * successes - cs, costs**2 - cc
    if successes <= 0 or a <= 0:
        return Estimate(None, n=n, n_labels=n_labels, why_not="successes may as well be none")
    half = math.sqrt(max(b * b - a * c, 0.0))
    low, high = max((b - half) / a, 0.0), (b + half) / a
    return Estimate(costs / successes, low, high, n=n, n_labels=n_labels)


def contrasts(routed: Routed) -> list[Contrast]:
    """Compare each two routes of one policy without weights: naively, and within topics.

    Within topics the differences count as many times as the two routes have requests there. That
    takes away what the choice of topics did, not what the router saw beyond them.
    """
    made = []
    for a, b in _pairs(routed):
        rows = routed.take((routed.arm == a) | (routed.arm == b))
        naive = _difference(rows, a, np.zeros(len(rows.psi), np.int64))[0]
        within, n_topics = _difference(rows, a, rows.topic)
        made.append(Contrast(a, b, naive, within, n_topics))
    return made


def comparisons(routed: Routed) -> list[Compared]:
    """Compare each two routes of one policy in each topic, weighted by the inverse propensity.

    Hájek means of the requests to which the router gave another route a chance as well (0 < p <
    1), of the weeks in which both routes were taken; the chance is two-sided, by Student's t with
    the outcomes of the side that has fewer. A pair is left out with fewer than 50 requests (or as
    many effective ones) or 20 outcomes on a side, with propensities unknown for over 5 % of one,
    or when outcomes arrive for surely other shares of the two.

    Notes
    -----
    It trusts the propensities: a router that logs wrong ones is not found out. Pseudo-outcomes
    share one model of when outcomes arrive, so a route that loses its outcomes a little shows as
    worse. Source: Hájek 1971; Särndal, Swensson & Wretman 1992, §5.7.
    """
    made: list[Compared] = []
    for topic in np.unique(routed.topic):
        rows = routed.take(routed.topic == topic)
        for a, b in _pairs(rows):
            if rows.logged(a) and rows.logged(b):
                made += _compared(rows, int(topic), a, b)
    return made


def sure(compared: list[Compared]) -> list[Compared]:
    """Return those below 0.01 that Benjamini-Hochberg at 0.10 lets pass too, the surest first."""
    limit = min(passing(np.array([one.chance for one in compared])), _SURE) if compared else 0.0
    return sorted((one for one in compared if one.chance <= limit), key=lambda one: one.chance)


def _pairs(routed: Routed) -> Iterator[tuple[int, int]]:
    """Yield routes that one router chose between: two policies were no choice of either."""
    for a, b in combinations(np.unique(routed.arm), 2):
        if OTHERS not in (routed.arms[a], routed.arms[b]) and (
            routed.arms[a].policy == routed.arms[b].policy
        ):
            yield int(a), int(b)


def _compared(rows: Routed, topic: int, a: int, b: int) -> Iterator[Compared]:
    explored = (rows.propensity > 0) & (rows.propensity < 1)
    weeks = set(rows.week[explored & (rows.arm == a)]) & set(rows.week[explored & (rows.arm == b)])
    chosen = explored & np.isin(rows.arm, (a, b)) & np.isin(rows.week, list(weeks))
    pair = rows.take(chosen)
    weight = 1.0 / pair.propensity
    sides = [pair.arm == a, pair.arm == b]
    if not _enough(pair, sides, weight):
        return
    means, estimates, influence = [], [], np.zeros(len(pair.psi))
    for side, sign in zip(sides, (1.0, -1.0), strict=True):
        mean, own = _mean(pair.psi[side], weight[side])
        influence[side] = sign * own
        means.append(mean)
        estimates.append(_estimate(mean, np.where(side, influence, 0.0), pair, side))
    se = math.sqrt(sum_of_squares(influence, pair.user))
    if se <= _TINY:
        return
    worse = int(means[0] > means[1])
    least = min(int(pair.labelled[side].sum()) for side in sides)
    gain = _estimate(abs(means[0] - means[1]), influence, pair, np.ones(len(pair.psi), bool))
    yield Compared(
        topic, (a, b)[worse], (a, b)[1 - worse], estimates[worse], estimates[1 - worse], gain,
        min(_n_eff(weight[side]) for side in sides), _chance((means[0] - means[1]) / se, least),
    )  # fmt: skip


def _enough(pair: Routed, sides: list[Bools], weight: Floats) -> bool:
    """Tell whether both sides can be compared: many enough, and with outcomes alike."""
    labels = [int(pair.labelled[side].sum()) for side in sides]
    n_eff = min((_n_eff(weight[side]) for side in sides if side.any()), default=0.0)
    if min(int(side.sum()) for side in sides) < LEAST or n_eff < LEAST:
        return False
    if min(labels) < LEAST_LABELS:
        return False
    shares = [share(pair.labelled[side], pair.user[side]) for side in sides]
    (low, low_se), (high, high_se) = sorted(shares)
    return high <= _LABEL_RATIO * low or high - low <= _LABEL_Z * math.hypot(low_se, high_se)


def _difference(rows: Routed, a: int, stratum: Ints) -> tuple[Estimate, int]:
    """Return success of `a` less the other's, averaged over strata, and how many strata count."""
    is_a = rows.arm == a
    n = [np.bincount(stratum[is_a == side], minlength=stratum.max() + 1) for side in (True, False)]
    both = (n[0] >= LEAST_LABELS) & (n[1] >= LEAST_LABELS)
    if not both.any():
        return Estimate(None, why_not="no topic has both"), 0
    total = np.where(both, n[0] + n[1], 0)
    influence, value = np.zeros(len(rows.psi)), 0.0
    for code in np.flatnonzero(both):
        for side, sign in ((is_a, 1.0), (~is_a, -1.0)):
            mine = side & (stratum == code)
            mean, own = _mean(rows.psi[mine], np.ones(int(mine.sum())))
            value += sign * mean * total[code] / total.sum()
            influence[mine] = sign * own * total[code] / total.sum()
    used = both[stratum]
    labels = int(rows.labelled[used].sum())
    if labels < 2 * LEAST_LABELS:
        return Estimate(None, why_not=f"{labels} outcomes"), int(both.sum())
    return _estimate(value, influence, rows, used), int(both.sum())


def _mean(values: Floats, weight: Floats) -> tuple[float, Floats]:
    """Return a weighted mean and each row's influence on it."""
    total = weight.sum()
    mean = float(weight @ values / total)
    return mean, weight * (values - mean) / total


def _estimate(value: float, influence: Floats, rows: Routed, of: Bools) -> Estimate:
    """Return an estimate whose n and outcomes are counted over some of the rows."""
    half = Z95 * math.sqrt(sum_of_squares(influence, rows.user))
    n, n_labels = int(of.sum()), int(rows.labelled[of].sum())
    return Estimate(value, value - half, value + half, n, n_labels)


def _n_eff(weight: Floats) -> float:
    return float(weight.sum() ** 2 / (weight**2).sum())


def _chance(z: float, n_labels: int) -> float:
    from scipy.special import stdtr

    return float(2.0 * stdtr(n_labels - 1.0, -abs(z)))
