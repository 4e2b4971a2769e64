"""Vanishing topics: neighbourhoods of the baseline that the window has a third of or less.

Detects a group of alike queries that nearly stopped, from about 3 % of 2,000 votes, and where it
was, also inside a frozen topic that holds more than this group. Does not detect what shrank and
is still there, or a group of a few votes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from drift.base import Detection, Votes, too_small

ALARM_BELOW = 1e-3  # per week; 360 quiet windows of real queries had none below .01

# Neighbourhood sizes: under 20 there is no certainty, 120 is 6 % of the baseline's 2,000 votes.
_K = (20, 40, 60, 80, 120)
_CENTRES = 500  # of the baseline, evenly spread: ten in a topic of 2 %
_RHO = 0.8  # minimum effect: the density ratio that harmless weekly variation reaches
_LEFT = 0.35  # of the share before; chance takes a topic that lost 40 % below a half
_MAX_GONE = 3  # at once; more is another mix
_PART = 0.1  # of a neighbourhood, for a topic to be told as holding it
# Rounding of the stored vectors must not push an equal text out of the neighbourhood.
_SLACK = 1e-3

Floats = npt.NDArray[np.float32]
Index = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Gone:
    """A neighbourhood in the baseline that the window hardly has.

    `members` are its positions in the baseline, nearest to its centre first, `left` those in the
    window; `topics` the baseline's topics that hold a tenth of it or more, the largest part first.
    """

    p_value: float
    members: Index
    left: Index
    topics: tuple[int, ...]


class Around(NamedTuple):
    """A centre's position in the baseline, its p-value, and the radius that gave it."""

    centre: int
    p_value: float
    radius: float


def detect(window: Votes, reference: Votes) -> Detection:
    """Scan the launch baseline against a window; see `scan` for the test."""
    why_not = too_small(window, reference)
    if why_not:
        return Detection(1.0, drift_detected=False, why_not=why_not)
    p_value = min((gone.p_value for gone in scan(window, reference)), default=1.0)
    return Detection(p_value, drift_detected=p_value < ALARM_BELOW)


def scan(window: Votes, reference: Votes) -> list[Gone]:
    """Find what of the reference is missing in the window, the most certain first.

    Around each of 500 reference points, for k in {20, 40, 60, 80, 120}: r is the similarity of
    its k-th nearest other reference point, b the number of window points at least as near. Under
    a density ratio of at least rho = .8, b of the b + k points are the window's by a binomial
    with q' = rho q / (1 - q + rho q), q = n / (n + |R| - 1). The lower tail P(Bin(b + k, q') <= b)
    is multiplied by the number of looks; neighbourhoods that keep over a third don't count.

    Parameters
    ----------
    window, reference
        Votes with `topics`, each person once in as many weeks on both sides.

    Returns
    -------
    list
        At most three neighbourhoods that don't overlap, where any keeps so little.

    Notes
    -----
    The mirror image of the scan for emerging topics. O(500 (n + R) d). Valid for independent
    queries.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> def votes(*sizes):
    ...     topics = np.repeat(np.arange(len(sizes)), sizes)
    ...     x = np.eye(len(sizes), 16)[topics] + 0.05 * rng.normal(size=(len(topics), 16))
    ...     vectors = (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)
    ...     keys = np.arange(len(topics), dtype=np.uint64)
    ...     return Votes(vectors, keys, keys, topics, topics)
    >>> before = votes(900, 100)
    >>> scan(votes(450, 50), before)
    []
    >>> [(gone.p_value < ALARM_BELOW, len(gone.left)) for gone in scan(votes(500, 0), before)]
    [(True, 0)]
    """
    centres = np.arange(0, len(reference), max(1, len(reference) // _CENTRES))
    sizes = [k for k in _K if k < len(reference)]
    if not sizes or not len(window):
        return []
    p_values, radius = _tails(window.vectors, reference.vectors, centres, sizes)
    order = np.argsort(p_values, kind="stable")
    around = [Around(int(centres[n]), float(p_values[n]), float(radius[n])) for n in order]
    return _apart(window, reference, around)


def _apart(window: Votes, reference: Votes, around: Sequence[Around]) -> list[Gone]:
    """Return the first few neighbourhoods that don't overlap with an earlier one."""
    found: list[Gone] = []
    seen = np.zeros(len(reference), bool)
    for each in around:
        if each.p_value >= 1 or len(found) == _MAX_GONE:
            break
        if not seen[each.centre]:
            gone = _gone(window, reference, each)
            if not seen[gone.members].any():
                found.append(gone)
            seen[gone.members] = True
    return found


def _tails(
    window: Floats, reference: Floats, centres: Index, sizes: list[int]
) -> tuple[npt.NDArray[np.float64], Floats]:
    """Return each centre's corrected p-value ``(c,)`` and the radius of its neighbourhood."""
    from scipy.special import bdtr

    alike = reference[centres] @ reference.T
    alike[np.arange(len(centres)), centres] = -np.inf  # not its own neighbour
    nearest = np.sort(np.partition(alike, -max(sizes), axis=1)[:, -max(sizes) :], axis=1)
    radii = nearest[:, [-k for k in sizes]] - np.float32(_SLACK)
    near = reference[centres] @ window.T
    q = len(window) / (len(window) + len(reference) - 1)
    dense = _RHO * q / (1 - q + _RHO * q)
    left = np.stack([(near >= radii[:, [n]]).sum(axis=1) for n in range(len(sizes))], axis=1)
    k = np.array(sizes)
    tails = bdtr(left, left + k, dense)
    tails[left / len(window) >= _LEFT * k / (len(reference) - 1)] = 1
    best = np.argmin(tails, axis=1)
    rows = np.arange(len(centres))
    looks = len(centres) * len(_K)
    return np.minimum(1.0, looks * tails[rows, best]), radii[rows, best]


def _gone(window: Votes, reference: Votes, around: Around) -> Gone:
    centre = reference.vectors[around.centre]
    before, now = reference.vectors @ centre, window.vectors @ centre
    members = np.flatnonzero(before >= around.radius)
    held = np.bincount(reference.topics[members])
    order = np.argsort(-held, kind="stable")
    return Gone(
        p_value=around.p_value,
        members=members[np.argsort(-before[members], kind="stable")],
        left=np.flatnonzero(now >= around.radius),
        topics=tuple(int(k) for k in order if held[k] >= _PART * len(members)),
    )
