"""Peels emerged topics off a window one by one: seed, centroid, members, remove, scan again."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from drift.base import Votes
from drift.detectors.emerging import ALARM_BELOW, point_p_values, scan
from drift.embedding import Vectors, unit

NEAR = 0.5  # cosine; alike in MiniLM's terms
MAX_TOPICS = 5  # more in one week is another traffic, not more topics
MIN_MEMBERS = 5
MIN_SHARE = 0.01  # of the window's votes
_STEPS = 3  # centroid moves; it settles in two
_MIN_RATIO = 2.0  # local density against the reference; keeps the topic's old neighbours out

Index = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Peeled:
    """A group of queries that is denser than before.

    `centroid` is a unit vector ``(d,)``, the mean of the members; `members` are positions in the
    window, nearest to the centroid first.
    """

    p_value: float
    centroid: Vectors
    members: Index


def peel(window: Votes, reference: Votes) -> list[Peeled]:
    """Return at most five topics that emerged, in the order of their evidence.

    A topic counts with p < .01, at least 5 members and at least 1 % of the window's votes. Its
    members are at cosine .5 or more to its centroid and sit where the window is at least twice
    as dense as the reference. When a person has several votes among them (queries unlike all
    frozen topics are scattered over these) only the first one stays, and the window is scanned
    again. Deterministic; O(rounds * n (n + R) d).
    """
    return _peel(window, reference, np.arange(len(window)))


def peel_known(
    window: Votes, reference: Votes, claims: Sequence[Index], centroids: Vectors
) -> tuple[dict[int, Peeled], list[Peeled]]:
    """Peel known topics first, by the votes that belong to each, then what else emerged.

    A broad topic has several dense cores, and another one is the densest every week. Whatever
    belongs to a known topic is that topic again, so that its id stays.

    Parameters
    ----------
    claims
        For each known topic the positions of its votes in the window, one per person.
    centroids
        The known topics' centroids ``(k, d)``.

    Returns
    -------
    tuple
        The known topics that are still denser than before, by position, and the new ones.
    """
    p_values = point_p_values(window.vectors, reference.vectors)
    left, seen = np.arange(len(window)), {}
    for position, mine in enumerate(claims):
        p_value = p_values[mine].min(initial=1.0)
        if p_value < ALARM_BELOW and len(mine) >= least_members(len(window)):
            seen[position] = _peeled(float(p_value), window.vectors, mine)
            near = window.vectors[left] @ centroids[position] >= NEAR
            left = np.setdiff1d(left[~near], mine)
    return seen, _peel(window, reference, left)


def _peel(window: Votes, reference: Votes, left: Index) -> list[Peeled]:
    topics: list[Peeled] = []
    for _ in range(2 * MAX_TOPICS):
        found = scan(window.vectors[left], reference.vectors)
        if found.p_value >= ALARM_BELOW or len(topics) == MAX_TOPICS:
            break
        near = _around(window.vectors[left], found.seed)
        again = window.repeated(left[near])
        if len(again):
            left = np.setdiff1d(left, again)
            continue
        members = _dense(window.vectors, left[near], reference.vectors)
        if len(members) >= least_members(len(window)):
            topics.append(_peeled(found.p_value, window.vectors, members))
        left = left[~near]
    return topics


def least_members(n: int) -> float:
    """Return how many members a topic needs in a window of n votes."""
    return max(MIN_MEMBERS, MIN_SHARE * n)


def _around(vectors: Vectors, seed: int) -> npt.NDArray[np.bool_]:
    """Tell which vectors are near the centroid that the seed's neighbourhood settles on."""
    centroid: Vectors = vectors[seed]
    for _ in range(_STEPS):
        centroid = _centre(vectors[vectors @ centroid >= NEAR])
    near: npt.NDArray[np.bool_] = vectors @ centroid >= NEAR
    near[seed] = True  # it leaves the window even if the centroid moved off
    return near


def _dense(window: Vectors, candidates: Index, reference: Vectors) -> Index:
    points = window[candidates]
    now = np.count_nonzero(points @ window.T >= NEAR, axis=1) / len(window)
    before = (np.count_nonzero(points @ reference.T >= NEAR, axis=1) + 0.5) / len(reference)
    dense: Index = candidates[now / before >= _MIN_RATIO]
    return dense


def _peeled(p_value: float, window: Vectors, members: Index) -> Peeled:
    centroid = _centre(window[members])
    nearest = np.argsort(-(window[members] @ centroid), kind="stable")
    return Peeled(p_value, centroid, members[nearest])


def _centre(vectors: Vectors) -> Vectors:
    centre: Vectors = unit(vectors.mean(axis=0, keepdims=True))[0]
    return centre
