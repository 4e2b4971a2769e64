"""Accepts a feature's launch baseline once and freezes its topics."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from decayd.weeks import WEEK, day_start, week_bounds, week_of
from drift import labels
from drift.base import Votes
from drift.embedding import Vectors
from drift.state import FROZEN, Baseline, Topic
from drift.topics import Centroids, fit_frozen, unfamiliar_cut
from drift.voting import vote
from drift.windows import ANCHOR_VOTES, Reading

BASELINE_WEEKS = 4


@dataclass(frozen=True)
class Launch:
    """A launch baseline that was accepted in this run, its topics and its votes."""

    baseline: Baseline
    topics: tuple[Topic, ...]
    anchor: Vectors


def full_weeks(reading: Reading, first_ts: datetime, week: date, min_votes: int) -> list[date]:
    """Return the first weeks, at most four, that are whole and have enough votes.

    A week is whole when the feature's first request came before the end of its first day.
    """
    zone = reading.timezone
    first = week_of(first_ts, zone)
    if first_ts >= day_start(first + timedelta(days=1), zone):
        first += WEEK
    weeks = [first + n * WEEK for n in range(max(0, (week - first) // WEEK + 1))]
    bounds = {week_bounds(each, zone)[0]: (each, week_bounds(each, zone)[1]) for each in weeks}
    rows = reading.store.rows(
        "topic_week_votes",
        feature=reading.feature,
        as_of=reading.as_of,
        starts=list(bounds),
        ends=[end for _, end in bounds.values()],
    )
    enough = [bounds[row["start"]][0] for row in rows if row["votes"] >= min_votes]
    return enough[:BASELINE_WEEKS]


def freeze(reading: Reading, weeks: Sequence[date]) -> Launch:
    """Cluster the votes of the baseline weeks into frozen topics `t1`, `t2`, …, largest first."""
    asked = reading.asked(weeks, ANCHOR_VOTES)
    first = asked.take(vote(asked, len(weeks))).draw(ANCHOR_VOTES, reading.seed)
    centroids, _ = fit_frozen(first.queries.vectors, reading.seed)
    frozen = Centroids(tuple(f"t{n + 1}" for n in range(len(centroids))), centroids)
    asked = asked.on(frozen)
    voted = asked.take(vote(asked, len(weeks))).draw(ANCHOR_VOTES, reading.seed)
    baseline = Baseline(
        version=1,
        weeks=tuple(weeks),
        model_id=reading.model_id,
        cut=unfamiliar_cut(voted.queries.vectors),
        votes=voted.text_keys,
    )
    topics = _topics(reading, frozen, voted.queries, min(weeks))
    return Launch(baseline, topics, voted.queries.vectors)


def _topics(
    reading: Reading, frozen: Centroids, votes: Votes, first_week: date
) -> tuple[Topic, ...]:
    texts = reading.texts(votes.keys)
    everything = labels.count_words(texts)
    best, cosine = frozen.nearest(votes.vectors)
    topics = []
    for position, topic_id in enumerate(frozen.ids):
        members = np.flatnonzero(best == position)
        nearest = members[np.argsort(-cosine[members], kind="stable")]
        mine = [texts[n] for n in nearest]
        words = labels.label(labels.count_words(mine), everything)
        topics.append(
            Topic(
                topic_id=topic_id,
                label=labels.title(words),
                words=words,
                examples=labels.examples(mine),
                centroid=frozen.vectors[position],
                reference_share=len(members) / len(votes),
                first_week=first_week,
                state=FROZEN,
            )
        )
    return tuple(topics)
