"""Names the topics that a week's looks found, and measures them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from decayd.results import Estimate
from drift.base import Votes
from drift.embedding import Vectors, unit
from drift.looks import Look
from drift.peel import Index, Peeled, least_members, peel_known
from drift.shares import wilson
from drift.state import Past
from drift.topics import Centroids, claim, identify
from drift.voting import Keys

_MAX_WEIGHT = 500  # votes; an old centroid keeps moving a little, a young one settles


@dataclass(frozen=True)
class Emerged:
    """A topic that this week's looks found, under its lasting id.

    `share` and `share_before` are of the window's and the reference's votes that belong to it;
    `centroid` is what it has now; `members` are the request keys of its votes in the window,
    nearest first.
    """

    topic_id: str
    look: Look
    p_value: float
    centroid: Vectors
    share: Estimate
    share_before: Estimate
    first_week: date
    members: Keys


def emerged(looks: Sequence[Look], past: Past) -> list[Emerged]:
    """Return the topics that are denser than before; the newest week's view of each counts.

    A cluster that is no known topic counts only if enough votes would belong to it: beside a
    frozen topic of the same kind it is growth, not a new topic.
    """
    frozen, known = past.centroids(frozen=True), past.centroids(frozen=False)
    found: dict[str, tuple[Look, Peeled]] = {}
    for look in looks:
        if look.drift_detected:
            seen = _named(look, frozen, known)
            found |= {name: (look, peeled) for name, peeled in seen.items() if name not in found}
            new = {name: peeled for name, peeled in seen.items() if name not in known.ids}
            known = known.with_these({name: peeled.centroid for name, peeled in new.items()})
    places = moved(past, {name: peeled for name, (_, peeled) in found.items()})
    return [
        _measured(name, look, peeled.p_value, (past, places))
        for name, (look, peeled) in found.items()
    ]


def moved(past: Past, seen: Mapping[str, Peeled]) -> Centroids:
    """Return the emerged topics with new ones added and old ones moved towards what was seen."""
    known = past.centroids(frozen=False)
    old = dict(zip(known.ids, known.vectors, strict=True))
    moving = {}
    for name, peeled in seen.items():
        weight = min(_MAX_WEIGHT, past.members_seen(name))
        before = weight * old.get(name, np.zeros_like(peeled.centroid))
        moving[name] = unit((before + len(peeled.members) * peeled.centroid)[None, :])[0]
    return known.with_these(moving)


def _named(look: Look, frozen: Centroids, known: Centroids) -> dict[str, Peeled]:
    """Peel one look and give each topic its id."""
    owner, _ = claim(look.window.vectors, frozen, known)
    extra = [look.window.repeated(np.flatnonzero(owner == n)) for n in range(len(known.ids))]
    once = np.delete(np.arange(len(look.window)), np.concatenate([np.empty(0, np.int64), *extra]))
    claims = [np.flatnonzero(owner[once] == n) for n in range(len(known.ids))]
    window = look.window.take(once)
    old, new = peel_known(window, look.reference, claims, known.vectors)
    new = [peeled for peeled in new if _stands(window, peeled, frozen)]
    new.sort(key=lambda peeled: -len(peeled.members))  # n1 is the largest of its week
    names = {known.ids[position]: peeled for position, peeled in old.items()}
    free = max((int(name[1:]) for name in known.ids), default=0) + 1
    for name, peeled in zip(identify([p.centroid for p in new], known, free), new, strict=True):
        names.setdefault(name, peeled)
    return names


def _stands(window: Votes, peeled: Peeled, frozen: Centroids) -> bool:
    alone = Centroids(("new",), peeled.centroid[None, :])
    return len(_claimed(window, frozen, alone, 0)) >= least_members(len(window))


def _claimed(votes: Votes, frozen: Centroids, topics: Centroids, position: int) -> Index:
    """Return the votes that an emerged topic takes, one per person."""
    taken = np.flatnonzero(claim(votes.vectors, frozen, topics)[0] == position)
    return np.setdiff1d(taken, votes.repeated(taken))


def _measured(name: str, look: Look, p_value: float, places: tuple[Past, Centroids]) -> Emerged:
    past, topics = places
    frozen, position = past.centroids(frozen=True), topics.ids.index(name)
    mine, before = (
        _claimed(votes, frozen, topics, position) for votes in (look.window, look.reference)
    )
    cosine = look.window.vectors[mine] @ topics.vectors[position]
    old = past.topics.get(name)
    return Emerged(
        topic_id=name,
        look=look,
        p_value=p_value,
        centroid=topics.vectors[position],
        share=wilson(len(mine), len(look.window)),
        share_before=wilson(len(before), len(look.reference)),
        first_week=old.first_week if old else _first_week(look, mine),
        members=look.window.keys[mine[np.argsort(-cosine, kind="stable")]],
    )


def _first_week(look: Look, members: Index) -> date:
    """Return the window's first week with at least half of its weekly mean of members."""
    counts = np.bincount(look.window.weeks[members], minlength=len(look.weeks))
    return look.weeks[int(np.argmax(counts >= counts.mean() / 2))]
