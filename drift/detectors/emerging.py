"""Emerging topics: neighbourhoods that are denser in this window than in the reference.

Detects a new or much grown group of alike queries, down to 2 % of 500 votes, and where it lies.
Does not detect what vanished, mild re-weighting of known topics (under a quarter), or unfamiliar
queries that are scattered.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from drift.base import Detection, Votes, too_small

# Per window. The correction counts looks as if they were separate, while most of them nearly are
# the same one: of 1,800 windows of 500 and 600 of 2,000 real queries whose topics' shares wobbled
# by 15 to 25 % none had a group of five below .05, six had one below .1.
ALARM_BELOW = 0.03

# Neighbourhood sizes: 5 is the smallest group that counts as a topic, 40 is 8 % of 500 votes.
_K = (5, 10, 20, 40)
_SCALES = 2  # one- and four-week windows are both looked at, each with every k
# Minimum effect: a density ratio of 1.25 is what harmless weekly variation reaches.
_RHO = 1.25
# Rounding of the stored vectors must not push an equal reference text out of the neighbourhood.
_SLACK = 1e-3
_BLOCK_CELLS = 2**22  # similarities held at once: 16 MiB of float32

Floats = npt.NDArray[np.float32]


class Scan(NamedTuple):
    """The smallest p-value of a window and the position where it was found."""

    p_value: float
    seed: int


def detect(window: Votes, reference: Votes) -> Detection:
    """Scan a window against a reference; see `scan` for the test."""
    why_not = too_small(window, reference)
    if why_not:
        return Detection(1.0, drift_detected=False, why_not=why_not)
    found = scan(window.vectors, reference.vectors)
    return Detection(found.p_value, drift_detected=found.p_value < ALARM_BELOW)


def scan(window: Floats, reference: Floats) -> Scan:
    """Find the window query whose neighbourhood is denser than the reference allows.

    For each window point and k in {5, 10, 20, 40}: r is the similarity of its k-th nearest other
    window point, b the number of reference points at least as near. Under a density ratio of at
    most rho = 1.25, k of the b + k points are the window's by a binomial with
    q' = rho q / (1 - q + rho q), q = (n - 1) / (n - 1 + |R|). The smallest tail probability is
    multiplied by the number of looks: n points, every k, two scales.

    Parameters
    ----------
    window
        ``(n, d)`` unit vectors in stored precision.
    reference
        ``(R, d)`` unit vectors in stored precision.

    Returns
    -------
    Scan
        With p 1.0 and seed 0 when no point has five neighbours. Ties go to the first point.

    Notes
    -----
    O(n (n + R) d) in blocks of at most 16 MiB. Valid for independent queries: count each person
    once per topic before.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> def cloud(n, centre):
    ...     x = rng.normal(size=(n, 16)) + centre
    ...     return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)
    >>> reference, still = cloud(600, 0), cloud(150, 0)
    >>> scan(still, reference).p_value
    1.0
    >>> bool(scan(np.vstack([still, cloud(15, 9)]), reference).p_value < 0.01)
    True
    """
    p_values = neighbourhoods(window, reference).p_values()
    if not len(p_values):
        return Scan(1.0, 0)
    seed = int(np.argmin(p_values))
    return Scan(float(p_values[seed]), seed)


class Neighbourhoods(NamedTuple):
    """Each window point's densest neighbourhood.

    `tails` ``(n,)`` are its tail probability times the number of sizes that were tried, `radius`
    ``(n,)`` its smallest cosine. A window too small for any neighbourhood has tails of 1.
    """

    tails: npt.NDArray[np.float64]
    radius: Floats

    def p_values(self) -> npt.NDArray[np.float64]:
        """Return each point's p-value ``(n,)``, corrected for all looks; see `scan`."""
        p_values: npt.NDArray[np.float64] = np.minimum(1.0, len(self.tails) * _SCALES * self.tails)
        return p_values


def neighbourhoods(window: Floats, reference: Floats) -> Neighbourhoods:
    """Return the densest neighbourhood of each window point; see `scan` for what that is."""
    from scipy.special import betainc

    n = len(window)
    sizes = np.array([k for k in _K if k < n])
    if not len(sizes):
        return Neighbourhoods(np.ones(n), np.ones(n, np.float32))
    q = (n - 1) / (n - 1 + len(reference))
    points, radius, nearer = _nearer(window, reference, sizes)
    # P(Bin(b + k, q') >= k) is the regularised incomplete beta function
    tails = betainc(sizes, nearer + 1, _RHO * q / (1 - q + _RHO * q))
    best = np.argmin(tails, axis=1)
    rows = np.arange(len(tails))
    return Neighbourhoods(len(_K) * tails[rows, best][points], radius[rows, best][points])


def _nearer(
    window: Floats, reference: Floats, sizes: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], Floats, npt.NDArray[np.float64]]:
    """Count the reference points at least as near as the k-th other window point.

    Repeated strings are compared once: the answer is each window point's row ``(n,)`` in the
    cosines of their k-th neighbours and in the counts, both ``(distinct, sizes)``.
    """
    first, points, _ = _distinct(window)
    different, _, copies = _distinct(reference)
    others, weights = reference[different], copies.astype(np.float32)
    counts = np.empty((len(first), len(sizes)))
    radii = np.empty((len(first), len(sizes)), np.float32)
    largest = int(sizes.max())
    step = max(1, _BLOCK_CELLS // max(len(window), len(others)))
    for start in range(0, len(first), step):
        rows = first[start : start + step]
        alike = window[rows] @ window.T
        alike[np.arange(len(rows)), rows] = -np.inf  # not its own neighbour
        nearest = np.sort(np.partition(alike, -largest, axis=1)[:, -largest:], axis=1)
        radius = nearest[:, -sizes] - np.float32(_SLACK)
        radii[start : start + step] = radius
        near = window[rows] @ others.T
        for column in range(len(sizes)):
            within = (near >= radius[:, [column]]).astype(np.float32)
            counts[start : start + step, column] = within @ weights
    return points, radii, counts


def _distinct(vectors: Floats) -> tuple[npt.NDArray[np.int64], ...]:
    """Return the first position of each distinct row, each row's distinct one, and the copies.

    Rows are told apart by a weighted sum in double precision; equal rows that rounding tells
    apart cost time and change nothing.
    """
    weights = np.sqrt(np.arange(2, vectors.shape[1] + 2))
    _, first, inverse, copies = np.unique(
        vectors @ weights, return_index=True, return_inverse=True, return_counts=True
    )
    return first, inverse, copies
