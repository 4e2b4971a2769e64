"""The exact split of a change of success over topics, tenure, versions and what is left within."""

from dataclasses import dataclass
from itertools import product
from math import factorial

import numpy as np

from decay_reports.figures.frame import Bools, Floats, Ints

FACTORS = ("topic_mix", "tenure_mix", "version_mix", "within_topic")
PARTS = (*FACTORS, "new_topics", "gone_topics")
_N = len(FACTORS)
_ENOUGH = 5  # requests of a version in both periods that make it one to compare others with

Counts = tuple[Floats, Floats]


@dataclass(frozen=True)
class Grid:
    """The cells (topic, tenure, version) that hold requests, sorted, one entry each ``(c,)``.

    `pair` numbers their (topic, tenure) and `topic` their topics from 0 without gaps.
    """

    topic: Ints
    pair: Ints

    def per_topic(self, values: Floats) -> Floats:
        """Sum ``(..., c)`` over each topic, ``(..., k)``."""
        return _grouped(values, self.topic)

    def per_pair(self, values: Floats) -> Floats:
        """Sum ``(..., c)`` over each topic and tenure."""
        return _grouped(values, self.pair)


def shapley(grid: Grid, before: Counts, now: Counts, new: Bools, gone: Bools) -> Floats:
    """Split the change of the mean between two periods over the same cells.

    New topics are taken out of the second period and gone ones out of the first, each for a part
    of its own. What is left is a product of four things: topic shares, tenure shares within a
    topic, version shares within both, and the rate within the cell. Each gets the mean, over all
    orders in which the four can be moved, of what moving it changes.

    Parameters
    ----------
    before, now
        Requests and sums of psi per cell, ``(r, c)`` each: what was seen, then one row per
        replicate.
    new, gone
        Which topics count as such, ``(k,)``, disjoint.

    Returns
    -------
    Floats
        ``(r, 6)`` in the order of `PARTS`; each row sums to its change. NaN where a period holds
        no request of a kept topic.

    Notes
    -----
    What was seen in one period alone keeps the shares and the rate seen there, so it moves the
    mix only. One exception: a version of one period beside others that ran in both is held
    against those of its own period, so that a canary is not blamed for what happened to all.
    Source: Das Gupta 1993, chapter 2; Shorrocks 2013.

    Examples
    --------
    >>> one, nothing = np.zeros(1, np.int64), np.zeros(1, bool)
    >>> n, before, now = np.array([[50.0]]), np.array([[40.0]]), np.array([[30.0]])
    >>> shapley(Grid(one, one), (n, before), (n, now), nothing, nothing).round(3).tolist()
    [[0.0, 0.0, 0.0, -0.2, 0.0, 0.0]]
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        kept = _kept(before, ~gone[grid.topic]), _kept(now, ~new[grid.topic])
        moved = _moved(grid, *kept)
        old_before, old_now = _mean(kept[0]), _mean(kept[1])
        arrived, lost = _mean(now) - old_now, _mean(before) - old_before
    return np.column_stack([moved, arrived, 0.0 - lost])


def _moved(grid: Grid, before: Counts, now: Counts) -> Floats:
    """Share the change over the kept cells out among the four factors, ``(r, 4)``."""
    levels = _levels(_shares(grid, before[0], now[0]), _rates(grid, before, now))
    moved = np.zeros((len(before[0]), _N))
    for position in range(_N):
        for others in product((0, 1), repeat=_N - 1):
            weight = factorial(sum(others)) * factorial(_N - 1 - sum(others)) / factorial(_N)
            without = (*others[:position], 0, *others[position:])
            having = (*others[:position], 1, *others[position:])
            moved[:, position] += weight * (levels[having] - levels[without])
    return moved


def _levels(
    shares: list[tuple[Floats, Floats]], rates: tuple[Floats, Floats]
) -> dict[tuple[int, ...], Floats]:
    """Return the success rate for each choice of period (0 or 1) of each factor, ``(r,)``."""
    levels: dict[tuple[int, ...], Floats] = {}
    for a, b in product((0, 1), repeat=2):
        pair = shares[0][a] * shares[1][b]
        for c in (0, 1):
            weight = pair * shares[2][c]
            for d in (0, 1):
                levels[a, b, c, d] = np.einsum("rc,rc->r", weight, rates[d])
    return levels


def _shares(grid: Grid, before: Floats, now: Floats) -> list[tuple[Floats, Floats]]:
    """Return shares of topics, of tenure in a topic, of versions in both, each ``(r, c)``."""
    spread = []
    whole = np.zeros(len(grid.topic), np.int64)
    for inner, outer in ((grid.topic, whole), (grid.pair, grid.topic), (None, grid.pair)):
        was, is_now = (_within(n, inner, outer) for n in (before, now))
        if inner is not grid.topic:
            was, is_now = np.where(np.isnan(was), is_now, was), np.where(
                np.isnan(is_now), was, is_now
            )  # fmt: skip
            was, is_now = np.nan_to_num(was), np.nan_to_num(is_now)
        spread.append((was, is_now))
    return spread


def _within(n: Floats, inner: Ints | None, outer: Ints) -> Floats:
    """Return each cell's share of its inner group in its outer one; NaN where that is empty."""
    of_inner = n if inner is None else _grouped(n, inner)[:, inner]
    return np.asarray(of_inner / _grouped(n, outer)[:, outer])


def _rates(grid: Grid, before: Counts, now: Counts) -> tuple[Floats, Floats]:
    was, is_now = before[1] / before[0], now[1] / now[0]
    common = (before[0][:1] >= _ENOUGH) & (now[0][:1] >= _ENOUGH)
    drift = _common_rate(grid, now, common) - _common_rate(grid, before, common)
    drift = np.nan_to_num(drift)
    filled_was = np.where(np.isnan(was), is_now - drift, was)
    filled_now = np.where(np.isnan(is_now), was + drift, is_now)
    return np.nan_to_num(filled_was), np.nan_to_num(filled_now)


def _common_rate(grid: Grid, period: Counts, common: Bools) -> Floats:
    """Return the rate of the versions that ran in both periods, for each cell's pair."""
    n, psi = (grid.per_pair(np.where(common, values, 0.0)) for values in period)
    return np.asarray((psi / n)[:, grid.pair])


def _grouped(values: Floats, group: Ints) -> Floats:
    starts = np.flatnonzero(np.diff(group, prepend=-1))
    return np.asarray(np.add.reduceat(values, starts, axis=-1))


def _kept(period: Counts, kept: Bools) -> Counts:
    return np.where(kept, period[0], 0.0), np.where(kept, period[1], 0.0)


def _mean(period: Counts) -> Floats:
    return np.asarray(period[1].sum(axis=1) / period[0].sum(axis=1))
