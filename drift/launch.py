"""Accepts a feature's launch baseline once and freezes its topics."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import numpy as np

from decayd.weeks import WEEK, day_start, week_bounds, week_of
from drift import labels
from drift.base import Votes
from drift.embedding import Vectors
from drift.familiarity import unfamiliar_cut
from drift.state import FROZEN, Baseline, Topic
from drift.topics import Centroids, fit_frozen
from drift.voting import Asked, vote
from drift.windows import ANCHOR_VOTES, Reading

BASELINE_WEEKS = 4


@dataclass(frozen=True)
class Launch:
    """A baseline that was accepted in this run and why, its topics and its votes' vectors."""

    baseline: Baseline
    topics: tuple[Topic, ...]
    anchor: Vectors
    reason: str = "launch baseline"
    author: str = "decayd"


def full_weeks(reading: Reading, first_ts: datetime, week: date, min_votes: int) -> list[date]:
    """Return the first weeks, at most four, that are whole and have enough votes."""
    votes = week_votes(reading, first_ts, week)
    return [each for each in votes if votes[each] >= min_votes][:BASELINE_WEEKS]


def week_votes(reading: Reading, first_ts: datetime, week: date) -> dict[date, int]:
    """Return how many votes each whole week up to `week` has, oldest first.

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
    return {bounds[row["start"]][0]: row["votes"] for row in rows}


def freeze(reading: Reading, weeks: Sequence[date], version: int = 1) -> Launch:
    """Cluster the votes of the baseline weeks into frozen topics `t1`, `t2`, …, largest first.

    Those of a later version are `t1@v2`, …: an id never means two things.
    """
    asked = reading.asked(weeks, ANCHOR_VOTES)
    first = asked.take(vote(asked, len(weeks))).draw(ANCHOR_VOTES, reading.seed)
    centroids, _ = fit_frozen(first.queries.vectors, reading.seed)
    of_version = f"@v{version}" if version > 1 else ""
    frozen = Centroids(tuple(f"t{n + 1}{of_version}" for n in range(len(centroids))), centroids)
    baseline, votes = anchored(reading, asked.on(frozen), weeks, version)
    return Launch(baseline, _topics(reading, frozen, votes, min(weeks)), votes.vectors)


def anchored(
    reading: Reading, asked: Asked, weeks: Sequence[date], version: int
) -> tuple[Baseline, Votes]:
    """Return the baseline that these queries, with their frozen topics, make, and its votes."""
    voted = asked.take(vote(asked, len(weeks))).draw(ANCHOR_VOTES, reading.seed)
    baseline = Baseline(
        version=version,
        weeks=tuple(weeks),
        model_id=reading.model_id,
        cut=unfamiliar_cut(voted.queries.vectors),
        votes=voted.text_keys,
    )
    return baseline, replace(voted.queries, topics=voted.topics.astype(np.int64))


def _topics(
    reading: Reading, frozen: Centroids, votes: Votes, first_week: date
) -> tuple[Topic, ...]:
    texts = reading.texts(votes.keys)
    everything = labels.count_words(texts)
    best, cosine = frozen.nearest(votes.vectors)
    topics: list[Topic] = []
    for position, topic_id in enumerate(frozen.ids):
        members = np.flatnonzero(best == position)
        nearest = members[np.argsort(-cosine[members], kind="stable")]
        mine = [texts[n] for n in nearest]
        words = labels.label(labels.count_words(mine), everything)
        topics.append(
            Topic(
                topic_id=topic_id,
                label=labels.title(words, {topic.label for topic in topics}),
                words=words,
                examples=labels.examples(mine),
                centroid=frozen.vectors[position],
                reference_share=len(members) / len(votes),
                first_week=first_week,
                state=FROZEN,
            )
        )
    return tuple(topics)
