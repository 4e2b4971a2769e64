"""Finds the topics that emerged in a window, and known ones that are still denser than before."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from drift.base import Votes
from drift.detectors.emerging import ALARM_BELOW, neighbourhoods
from drift.embedding import Vectors, unit
from drift.growth import Index, grown_groups

MAX_TOPICS = 5  # more in one week is another traffic, not more topics
MIN_MEMBERS = 5
MIN_SHARE = 0.01  # of the window's votes
_DENSE_PART = 0.5  # of the members a topic needs; the rest lies thinner around it
_ROUNDS = 10  # of leaving out further votes of a person; two do nearly always
# Part of a group that belongs to a known topic already, for the rest to belong to it too: the
# centroid of a broad topic takes half of it, that of a mere neighbour a few queries.
_OWNED = 1 / 3
_NONE = np.empty(0, np.int64)

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Peeled:
    """A group of queries that is denser than before.

    `centroid` is a unit vector ``(d,)``, the mean of the members; `members` are positions in the
    window, nearest to the centroid first.
    """

    p_value: float
    centroid: Vectors
    members: Index


def peel(window: Votes, reference: Votes, near: float) -> list[Peeled]:
    """Return at most five topics that emerged, in the order of their evidence.

    The members are the dense part of a topic: the group of `drift.growth` in which the scan
    alarms, with at least 5 votes and half a percent of the window's. When a person has several
    votes in a group (queries unlike all frozen topics are scattered over these) only the first
    one stays, and the window is scanned again. Deterministic; O(rounds * n (n + R) d).

    Parameters
    ----------
    near
        Cosine from which on two queries are alike.
    """
    return peel_known(window, reference, [], near)[1]


def peel_known(
    window: Votes, reference: Votes, claims: Sequence[Index], near: float
) -> tuple[dict[int, Peeled], list[Peeled]]:
    """Return the known topics that are still denser than before, and what else emerged.

    A group is a known topic again when a third of it belongs to that one, so that the parts of a
    broad topic have one id.

    Parameters
    ----------
    claims
        For each known topic the positions of its votes in the window, one per person.
    near
        Cosine from which on two queries are alike.

    Returns
    -------
    tuple
        The known topics, by position, and the new ones as `peel` returns them.
    """
    groups, p_values = _grown(window, reference, near)
    owner = np.full(len(window), -1)
    for position, mine in enumerate(claims):
        owner[mine] = position
    grown: dict[int, list[Index]] = {}
    new = []
    for group in groups:
        free = group[owner[group] < 0]
        position, share = _main_owner(owner[group])
        if share >= _OWNED:
            grown.setdefault(position, []).append(free)
        elif len(free) >= _least_dense(len(window)):
            new.append(free)
    inside = np.bincount(owner[np.concatenate([*groups, _NONE])] + 1, minlength=len(claims) + 1)
    again = np.flatnonzero(inside[1:] >= least_members(len(window))).tolist()
    grown |= {n: grown.get(n, []) for n in again}
    known = {
        n: _peeled(p_values, window, np.concatenate([claims[n], *parts]))
        for n, parts in sorted(grown.items())
    }
    found = [_peeled(p_values, window, members) for members in new]
    found.sort(key=lambda topic: topic.p_value)
    return (
        {n: topic for n, topic in known.items() if topic.p_value < ALARM_BELOW},
        [topic for topic in found[:MAX_TOPICS] if topic.p_value < ALARM_BELOW],
    )


def least_members(n: int) -> float:
    """Return how many members a topic needs in a window of n votes."""
    return max(MIN_MEMBERS, MIN_SHARE * n)


def _least_dense(n: int) -> float:
    return max(MIN_MEMBERS, _DENSE_PART * MIN_SHARE * n)


def _grown(window: Votes, reference: Votes, near: float) -> tuple[list[Index], Floats]:
    """Return the groups that count, each person once in a group, and all p-values ``(n,)``."""
    left, rounds = np.arange(len(window)), 0
    while True:
        vectors = window.vectors[left]
        around = neighbourhoods(vectors, reference.vectors)
        groups = [left[group] for group in grown_groups(vectors, around, near)]
        again = np.concatenate([*(window.repeated(group) for group in groups), _NONE])
        if not len(again) or rounds == _ROUNDS:
            break
        left, rounds = np.setdiff1d(left, again), rounds + 1
    groups = [np.setdiff1d(group, again) for group in groups]
    p_values = np.ones(len(window))
    p_values[left] = around.p_values()
    large = [group for group in groups if len(group) >= _least_dense(len(window))]
    return [group for group in large if p_values[group].min() < ALARM_BELOW], p_values


def _main_owner(owner: Index) -> tuple[int, float]:
    """Return the known topic that owns most of a group, and which share of the group."""
    counts = np.bincount(owner + 1)[1:]
    if not counts.any():
        return -1, 0.0
    return int(np.argmax(counts)), float(counts.max()) / len(owner)


def _peeled(p_values: Floats, window: Votes, members: Index) -> Peeled:
    centroid: Vectors = unit(window.vectors[members].mean(axis=0, keepdims=True))[0]
    nearest = np.argsort(-(window.vectors[members] @ centroid), kind="stable")
    return Peeled(float(p_values[members].min()), centroid, members[nearest])
