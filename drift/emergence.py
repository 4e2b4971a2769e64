"""One week's scan for emerging topics: both scales, peeled, named, and measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from decayd.results import Estimate
from drift import state
from drift.base import Votes
from drift.detectors import emerging
from drift.embedding import Vectors, unit
from drift.peel import Index, Peeled, least_members, peel
from drift.shares import wilson
from drift.state import Past
from drift.topics import SAME, Centroids, claim, distinct, identify
from drift.voting import Asked, Keys
from drift.windows import (
    SCALES,
    WINDOW_VOTES,
    Reading,
    count_votes,
    draw,
    newest_week,
    reference_votes,
    reference_weeks,
    window_weeks,
)

_MAX_WEIGHT = 500  # votes; an old centroid keeps moving a little, a young one settles


@dataclass(frozen=True)
class Look:
    """A window of one scale beside its reference, and what the scan says of them."""

    weeks: tuple[date, ...]
    window: Votes
    reference: Votes
    p_value: float
    why_not: str
    peeled: tuple[Peeled, ...]

    def state(self) -> state.Look:
        """Return what is kept of it."""
        return state.Look(
            weeks=len(self.weeks),
            p=self.p_value,
            n=len(self.window),
            n_reference=len(self.reference),
            why_not=self.why_not,
        )


@dataclass(frozen=True)
class Emerged:
    """A topic that this week's scan found, under its lasting id.

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


def look(reading: Reading, past: Past, week: date, since: date) -> list[Look]:
    """Scan the windows of one and of four weeks that end with `week`, of weeks from `since` on."""
    frozen = past.centroids(frozen=True)
    longest = window_weeks(week, max(SCALES), since)
    asked = reading.asked(longest, WINDOW_VOTES * len(longest))
    windows = {1: newest_week(asked, len(longest)), len(longest): asked}
    weeks_before = reference_weeks(week, past.accepted, past.alarms())
    before = reading.asked(weeks_before, reference_votes(0))
    return [
        _look(reading, longest[-count:], (queries, before), frozen)
        for count, queries in windows.items()
    ]


def emerged(looks: Sequence[Look], past: Past) -> list[Emerged]:
    """Give the peeled topics their ids and measure them; the newest week's view comes first.

    A cluster that is not an old topic counts only if enough votes would belong to it: beside a
    frozen topic of the same kind it is growth, not a new topic.
    """
    found = _different([(view, peeled) for view in looks for peeled in view.peeled])
    known, frozen = past.centroids(frozen=False), past.centroids(frozen=True)
    found = [each for each in found if _stands(*each, known, frozen)]
    if not found:
        return []
    first_free = max((int(topic_id[1:]) for topic_id in known.ids), default=0) + 1
    ids = identify(np.array([peeled.centroid for _, peeled in found]), known, first_free)
    named = list(zip(ids, found, strict=True))
    places = moved(past, {topic_id: peeled for topic_id, (_, peeled) in named})
    return [
        _measured(topic_id, view, peeled.p_value, (past, places))
        for topic_id, (view, peeled) in named
    ]


def moved(past: Past, seen: Mapping[str, Peeled]) -> Centroids:
    """Return the emerged topics with new ones added and old ones moved towards what was seen."""
    old = past.centroids(frozen=False)
    vectors = dict(zip(old.ids, old.vectors, strict=True))
    for topic_id, peeled in seen.items():
        weight = min(_MAX_WEIGHT, past.members_seen(topic_id))
        before = weight * vectors.get(topic_id, np.zeros_like(peeled.centroid))
        vectors[topic_id] = unit((before + len(peeled.members) * peeled.centroid)[None, :])[0]
    return Centroids(tuple(vectors), np.array(list(vectors.values()), np.float32))


def _different(found: list[tuple[Look, Peeled]]) -> list[tuple[Look, Peeled]]:
    if not found:
        return []
    kept = distinct(np.array([peeled.centroid for _, peeled in found]))
    return [found[position] for position in kept]


def _stands(view: Look, peeled: Peeled, known: Centroids, frozen: Centroids) -> bool:
    alone = Centroids(("new",), peeled.centroid[None, :])
    if known.nearest(alone.vectors)[1][0] > SAME:
        return True
    return len(_claimed(view.window, frozen, alone, 0)) >= least_members(len(view.window))


def _claimed(votes: Votes, frozen: Centroids, topics: Centroids, position: int) -> Index:
    """Return the votes that an emerged topic takes, one per person."""
    taken = np.flatnonzero(claim(votes.vectors, frozen, topics)[0] == position)
    return np.setdiff1d(taken, votes.repeated(taken))


def _look(
    reading: Reading, weeks: Sequence[date], asked: tuple[Asked, Asked], frozen: Centroids
) -> Look:
    window, before = (count_votes(queries, frozen, len(weeks)) for queries in asked)
    window = draw(window, WINDOW_VOTES, reading.seed)
    reference = draw(before, reference_votes(len(window)), reading.seed)
    found = emerging.detect(window, reference)
    return Look(
        weeks=tuple(weeks),
        window=window,
        reference=reference,
        p_value=found.p_value,
        why_not=found.why_not,
        peeled=tuple(peel(window, reference)) if found.drift_detected else (),
    )


def _measured(topic_id: str, view: Look, p_value: float, places: tuple[Past, Centroids]) -> Emerged:
    past, topics = places
    frozen, position = past.centroids(frozen=True), topics.ids.index(topic_id)
    cosine = view.window.vectors @ topics.vectors[position]
    mine, before = (
        _claimed(votes, frozen, topics, position) for votes in (view.window, view.reference)
    )
    old = past.topics.get(topic_id)
    return Emerged(
        topic_id=topic_id,
        look=view,
        p_value=p_value,
        centroid=topics.vectors[position],
        share=wilson(len(mine), len(view.window)),
        share_before=wilson(len(before), len(view.reference)),
        first_week=old.first_week if old else _first_week(view, mine),
        members=view.window.keys[mine[np.argsort(-cosine[mine], kind="stable")]],
    )


def _first_week(view: Look, members: Index) -> date:
    """Return the window's first week with at least half of its weekly mean of members."""
    counts = np.bincount(view.window.weeks[members], minlength=len(view.weeks))
    return view.weeks[int(np.argmax(counts >= counts.mean() / 2))]
