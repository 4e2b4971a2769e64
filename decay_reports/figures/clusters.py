"""Intervals for numbers whose rows belong together: requests of one user are not independent."""

import math
from collections.abc import Sequence

import numpy as np

from decay_reports.figures.frame import Bools, Floats, Ints

Z95 = 1.96


def sums(codes: Ints, values: Floats, n_codes: int = 0) -> Floats:
    """Return the sum of `values` for each code, for at least `n_codes` codes."""
    return np.bincount(codes, weights=values, minlength=n_codes).astype(float)


def sum_of_squares(influence: Floats, cluster: Ints) -> float:
    """Return the variance of a sum of influences ``(n,)``, clustered: the sandwich without bread.

    >>> sum_of_squares(np.array([1.0, 1.0, -2.0]), np.array([0, 0, 1]))
    8.0
    """
    return float((sums(cluster, influence) ** 2).sum())


def share(hit: Bools, cluster: Ints) -> tuple[float, float]:
    """Return a share and its clustered standard error for rows ``(n,)``, n >= 1.

    All alike has no spread to measure; there the binomial with half a count speaks.

    >>> share(np.array([True, False]), np.array([0, 1]))[0]
    0.5
    """
    n = len(hit)
    value = float(hit.mean())
    variance = sum_of_squares((hit - value) / n, cluster)
    if hit.all() or not hit.any():
        smoothed = (hit.sum() + 0.5) / (n + 1.0)
        variance = float(smoothed * (1.0 - smoothed) / n)
    return value, math.sqrt(variance)


def wilson(hits: float, n: int) -> tuple[float, float]:
    """Return the Wilson 95 % interval of a share of independent rows, n >= 1.

    >>> [round(bound, 3) for bound in wilson(0, 100)]
    [0.0, 0.037]
    """
    p, z2 = hits / n, Z95**2
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 / (1 + z2 / n) * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    return centre - half, centre + half


def quantile(values: Floats, q: float) -> tuple[float, float, float]:
    """Return a quantile and the 95 % interval of its rank, for ``(n,)`` values, n >= 1."""
    spread = Z95 * math.sqrt(q * (1 - q) / len(values))
    ranks: Sequence[float] = (q, max(q - spread, 0.0), min(q + spread, 1.0))
    value, low, high = np.quantile(values, ranks)
    return float(value), float(low), float(high)
