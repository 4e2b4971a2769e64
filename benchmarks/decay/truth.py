"""What really happened: weekly success, its change between two periods, and that change's parts.

The parts are worked out from every request's true result, by Shapley's rule over all orders of the
factors; nothing is taken from the product.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from itertools import permutations
from typing import Any

import numpy as np

from benchmarks.decay import storing
from benchmarks.decay.scenarios import NEW_TOPIC
from benchmarks.decay.traffic import FRESH_DAYS, Traffic
from decay_reports.figures.frame import Bools, Floats, Ints

_REST = "within"
_TENURE_EDGES = (FRESH_DAYS, 30.0)
_FEW, _FEW_SHARE, _MANY_SHARE = 10, 0.002, 0.01  # of requests, for a topic to be new or gone


def weekly(traffic: Traffic) -> Floats:
    """Return the share of successes of each week, ``(weeks,)``."""
    n = np.bincount(traffic.week, minlength=traffic.scenario.weeks + 1)[1:]
    hits = np.bincount(traffic.week, traffic.success, traffic.scenario.weeks + 1)[1:]
    return np.asarray(hits / np.maximum(n, 1), float)


def level(traffic: Traffic, weeks: Iterable[int]) -> float:
    """Return the share of successes of some weeks together."""
    return float(traffic.success[np.isin(traffic.week, list(weeks))].mean())


def summary(traffic: Traffic) -> dict[str, Any]:
    """Return what there is to know of a feature, as plain values."""
    scenario = traffic.scenario
    onset = storing.MONDAY + timedelta(days=scenario.onset_day)
    return {
        "feature": traffic.feature, "scenario": scenario.name, "duty": scenario.duty,
        "onset": onset.isoformat(), "causes": sorted(scenario.causes),
        "n_requests": len(traffic.day), "weekly_success": weekly(traffic).tolist(),
    }  # fmt: skip


def parts(
    traffic: Traffic, before: Sequence[int], now: Sequence[int], names: Sequence[str]
) -> dict[str, float] | None:
    """Return the true size of each named part of the change between two sets of weeks.

    Parameters
    ----------
    before, now
        Weeks counted from 1.
    names
        As an attribution names them, see `_FACTORS`; the part within takes what has no name.
        Every request has its topic, so the part of those without one is nothing.

    Returns
    -------
    dict[str, float] | None
        None when a name is none of these, so that there is nothing to hold it against.
    """
    factors = [_factor(name) for name in names]
    if None in factors:
        return None
    a, b = (np.isin(traffic.week, list(weeks)) for weeks in (before, now))
    new, gone = _arrivals(traffic.topic, a, b)
    old_a = a & ~np.isin(traffic.topic, gone)
    old_b = b & ~np.isin(traffic.topic, new)
    mean = {key: float(traffic.success[rows].mean()) for key, rows in
            (("a", a), ("b", b), ("old_a", old_a), ("old_b", old_b))}  # fmt: skip
    shared = _shapley(traffic, old_a, old_b, [code for code in _CODES if code in factors])
    shared |= {"new": mean["b"] - mean["old_b"], "gone": mean["old_a"] - mean["a"], "nothing": 0.0}
    return {name: shared[factor] for name, factor in zip(names, factors, strict=True) if factor}


_FACTORS = {  # by how a part's name begins; the first that fits
    "topic": "topic",
    "new_": "new",
    "gone_": "gone",
    "tenure": "tenure",
    "version_and_": _REST,
    "version": "version",
    "within": _REST,
    "unembedded": "nothing",
}


def _factor(name: str) -> str | None:
    return next((factor for begin, factor in _FACTORS.items() if name.startswith(begin)), None)


def _arrivals(topic: Ints, a: Bools, b: Bools) -> tuple[list[int], list[int]]:
    n_a, n_b = (np.bincount(topic[rows], minlength=NEW_TOPIC + 1) for rows in (a, b))

    def came(few: Ints, many: Ints) -> list[int]:
        rare = few < max(_FEW, _FEW_SHARE * few.sum())
        return np.flatnonzero(rare & (many > _MANY_SHARE * many.sum())).tolist()

    return came(n_a, n_b), came(n_b, n_a)


_CODES: dict[str, Callable[[Traffic], Ints]] = {
    "topic": lambda traffic: traffic.topic,
    "tenure": lambda traffic: np.digitize(traffic.tenure_days, _TENURE_EDGES),
    "version": lambda traffic: 2 * traffic.prompt + traffic.other_model,
}


def _shapley(traffic: Traffic, a: Bools, b: Bools, factors: Sequence[str]) -> dict[str, float]:
    """Average each factor's step from `a` to `b` over all orders, the factors nested as given."""
    table_a, table_b = _tables(traffic, a, b, factors)
    everything = [*factors, _REST]
    steps = dict.fromkeys(everything, 0.0)
    orders = list(permutations(range(len(everything))))
    for order in orders:
        moved = [False] * len(everything)
        level_before = _level(table_a, table_b, moved)
        for k in order:
            moved[k] = True
            level_now = _level(table_a, table_b, moved)
            steps[everything[k]] += (level_now - level_before) / len(orders)
            level_before = level_now
    return steps


def _level(table_a: list[Floats], table_b: list[Floats], moved: Sequence[bool]) -> float:
    """Return the mean when each table is that of `b` where moved, else that of `a`."""
    product = np.ones(())
    for of_a, of_b, is_moved in zip(table_a, table_b, moved, strict=True):
        table = of_b if is_moved else of_a
        if table.ndim > product.ndim:
            product = product[..., None]
        product = product * table
    return float(product.sum())


def _tables(
    traffic: Traffic, a: Bools, b: Bools, factors: Sequence[str]
) -> tuple[list[Floats], list[Floats]]:
    """Return, for each period, the conditional shares of each factor and the rates, nested."""
    codes = [_CODES[factor](traffic) for factor in factors]
    shape = tuple(int(code.max()) + 1 for code in codes)
    counts, hits = [], []
    for rows in (a, b):
        cell = [code[rows] for code in codes]
        n, h = np.zeros(shape), np.zeros(shape)
        np.add.at(n, tuple(cell), 1.0)
        np.add.at(h, tuple(cell), traffic.success[rows])
        counts.append(n)
        hits.append(h)
    mine = [_conditional(n) for n in counts]
    rates = [np.divide(h, n, out=np.full(shape, np.nan), where=n > 0) for h, n in
             zip(hits, counts, strict=True)]  # fmt: skip
    for k in range(len(factors)):  # a cell seen in one period takes what was seen there
        mine[0][k], mine[1][k] = _filled(mine[0][k], mine[1][k])
    rates = list(_filled(*rates))
    return [*mine[0], rates[0]], [*mine[1], rates[1]]


def _conditional(n: Floats) -> list[Floats]:
    """Return the share of each factor's value given those before it; NaN where there are none."""
    found = []
    for k in range(n.ndim):
        inner = n.sum(axis=tuple(range(k + 1, n.ndim)))
        outer = inner.sum(axis=-1, keepdims=True)
        found.append(np.divide(inner, outer, out=np.full(inner.shape, np.nan), where=outer > 0))
    return found


def _filled(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    return np.nan_to_num(np.where(np.isnan(a), b, a)), np.nan_to_num(np.where(np.isnan(b), a, b))
