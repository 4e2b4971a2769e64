"""Names the topics that a week's looks found, and measures them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from decayd.results import Estimate
from drift.base import Votes
from drift.cuts import Cuts
from drift.embedding import Vectors, unit
from drift.looks import Look
from drift.peel import Peeled, least_members, peel_known
from drift.shares import wilson
from drift.state import Past, Topic
from drift.topics import Centroids, claim, identify
from drift.voting import Index, Keys

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


def emerged(looks: Sequence[Look], past: Past, cuts: Cuts) -> list[Emerged]:
    """Return the topics that are denser than before; the newest week's view of each counts.

    A cluster that is no known topic counts only if enough votes would belong to it: beside a
    frozen topic of the same kind it is growth, not a new topic.
    """
    numbers = [int(name[1:]) for name in past.topics if name.startswith("n")]
    places = _Places(
        past.centroids(frozen=True), past.centroids(frozen=False), cuts, max(numbers, default=0)
    )
    found: dict[str, tuple[Look, Peeled]] = {}
    for look in looks:
        if look.drift_detected:
            seen = places.named(look)
            found |= {name: (look, peeled) for name, peeled in seen.items() if name not in found}
            new = {name: each for name, each in seen.items() if name not in places.known.ids}
            places = places.with_these({name: peeled.centroid for name, peeled in new.items()})
    places = replace(
        places, known=moved(past, {name: peeled for name, (_, peeled) in found.items()})
    )
    return [
        places.measured(name, *seen, past.topics.get(name))
        for name, seen in found.items()
        if name not in past.merged
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


@dataclass(frozen=True)
class _Places:
    """Where the topics are: the frozen ones and the emerged ones known so far.

    `last_number` is the largest that an emerged topic ever had.
    """

    frozen: Centroids
    known: Centroids
    cuts: Cuts
    last_number: int

    def with_these(self, vectors: Mapping[str, Vectors]) -> "_Places":
        return replace(self, known=self.known.with_these(vectors))

    def named(self, look: Look) -> dict[str, Peeled]:
        """Return what one look found, by topic id."""
        claims = [self.claimed(look.window, name) for name in self.known.ids]
        old, new = peel_known(look.window, look.reference, claims, self.cuts.near)
        new = [peeled for peeled in new if self._stands(look.window, peeled)]
        new.sort(key=lambda peeled: -len(peeled.members))  # n1 is the largest of its week
        names = {self.known.ids[position]: peeled for position, peeled in old.items()}
        free = max(self.last_number, *(int(name[1:]) for name in self.known.ids), 0) + 1
        centroids = [peeled.centroid for peeled in new]
        ids = identify(centroids, self.known, free, self.cuts.same_topic)
        return dict(zip(ids, new, strict=True)) | names

    def claimed(self, votes: Votes, name: str) -> Index:
        """Return the votes that an emerged topic takes, one per person."""
        owner, _ = claim(votes.vectors, self.frozen, self.known, self.cuts.near)
        taken = np.flatnonzero(owner == self.known.ids.index(name))
        return np.setdiff1d(taken, votes.repeated(taken))

    def measured(self, name: str, look: Look, peeled: Peeled, old: Topic | None) -> Emerged:
        """Return a topic with its votes in the look."""
        mine, before = (self.claimed(votes, name) for votes in (look.window, look.reference))
        centroid = self.known.vectors[self.known.ids.index(name)]
        nearest = np.argsort(-(look.window.vectors[mine] @ centroid), kind="stable")
        return Emerged(
            topic_id=name,
            look=look,
            p_value=peeled.p_value,
            centroid=centroid,
            share=wilson(len(mine), len(look.window)),
            share_before=wilson(len(before), len(look.reference)),
            first_week=old.first_week if old else _first_week(look, mine),
            members=look.window.keys[mine[nearest]],
        )

    def _stands(self, window: Votes, peeled: Peeled) -> bool:
        alone = Centroids(("new",), peeled.centroid[None, :])
        taken = replace(self, known=alone).claimed(window, "new")
        return len(taken) >= least_members(len(window))


def _first_week(look: Look, members: Index) -> date:
    """Return the window's first week with at least half of its weekly mean of members."""
    counts = np.bincount(look.window.weeks[members], minlength=len(look.weeks))
    return look.weeks[int(np.argmax(counts >= counts.mean() / 2))]
