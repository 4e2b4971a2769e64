"""What earlier weeks left behind: the accepted baseline, the topics, and what each scan said."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import msgspec
import numpy as np

from drift.embedding import Vectors
from drift.topics import Centroids
from drift.voting import Keys
from store.database import Store

STREAM = "topics"  # of the scan's weekly states
FROZEN, EMERGING, QUIET = "frozen", "emerging", "quiet"


@dataclass(frozen=True)
class Baseline:
    """A feature's accepted topics baseline.

    `votes` are the text keys of its votes as they were when it was accepted, `cut` the
    familiarity with them below which a query belongs to no frozen topic.
    """

    version: int
    weeks: tuple[date, ...]
    model_id: str
    cut: float
    votes: Keys


@dataclass(frozen=True)
class Topic:
    """A row of `topics`; `centroid` is a unit vector ``(d,)``."""

    topic_id: str
    label: str
    words: tuple[str, ...]
    examples: tuple[str, ...]
    centroid: Vectors
    reference_share: float
    first_week: date
    state: str


class Look(msgspec.Struct, frozen=True):
    """One scan: its p-value, or why there is none, and how many votes it compared."""

    weeks: int
    p: float
    n: int
    n_reference: int
    why_not: str = ""


class Seen(msgspec.Struct, frozen=True):
    """An emerged topic in one week's scan; `announced_share` is what was announced last."""

    share: float
    n_members: int
    p: float
    weeks: int
    announced_share: float


class WeekState(msgspec.Struct, frozen=True):
    """What the scan of a closed week said; `why_not` when no scan was made."""

    week: date
    why_not: str = ""
    looks: tuple[Look, ...] = ()
    topics: dict[str, Seen] = {}


@dataclass(frozen=True)
class Past:
    """A feature's state before this run; `weeks` are oldest first."""

    baseline: Baseline | None
    topics: dict[str, Topic]
    weeks: tuple[WeekState, ...]
    last_as_of: datetime | None

    @property
    def accepted(self) -> Baseline:
        """Return the baseline of a feature that has one."""
        if self.baseline is None:
            raise ValueError("the feature still learns")
        return self.baseline

    def started(self, baseline: Baseline, topics: Iterable[Topic]) -> "Past":
        """Return the state with a baseline that was accepted just now."""
        return replace(self.with_topics(topics), baseline=baseline)

    def with_topics(self, topics: Iterable[Topic]) -> "Past":
        """Return the state with these topics as they are now."""
        return replace(self, topics=self.topics | {each.topic_id: each for each in topics})

    def centroids(self, *, frozen: bool) -> Centroids:
        """Return the frozen topics, or the emerged ones."""
        chosen = {
            t.topic_id: t.centroid for t in self.topics.values() if (t.state == FROZEN) == frozen
        }
        return Centroids((), np.empty((0, 0), np.float32)).with_these(chosen)

    def members_seen(self, topic_id: str) -> int:
        """Return how many votes an emerged topic's centroid rests on; 0 for a new one."""
        return sum(
            week.topics[topic_id].n_members for week in self.weeks if topic_id in week.topics
        )

    def announced_share(self, topic_id: str) -> float:
        """Return the share with which an emerged topic was last announced; 0 for a new one."""
        seen = [week.topics[topic_id] for week in self.weeks if topic_id in week.topics]
        return seen[-1].announced_share if seen else 0.0

    def quiet_scans(self, topic_id: str) -> int:
        """Return the number of scans since the last one that found this topic."""
        scans = [week for week in self.weeks if not week.why_not]
        last = max((n for n, week in enumerate(scans) if topic_id in week.topics), default=-1)
        return len(scans) - 1 - last

    def alarms(self) -> list[date]:
        """Return the weeks in which a topic emerged or was still above its past."""
        return [state.week for state in self.weeks if state.topics]


def load_past(store: Store, feature: str, as_of: datetime) -> Past:
    """Read a feature's baseline, topics and weekly states as of `as_of`."""
    states = store.rows("drift_states", feature=feature, stream=STREAM)
    topics = store.rows("topic_latest", feature=feature, as_of=as_of)
    return Past(
        baseline=_baseline(store, feature, as_of),
        topics={row["topic_id"]: _topic(row["topic"]) for row in sorted(topics, key=_number)},
        weeks=tuple(msgspec.json.decode(row["state"], type=WeekState) for row in states),
        last_as_of=max((row["as_of"] for row in states), default=None),
    )


def _baseline(store: Store, feature: str, as_of: datetime) -> Baseline | None:
    rows = store.rows("baseline_newest", feature=feature, kind="topics", as_of=as_of)
    if not rows:
        return None
    details = json.loads(rows[0]["details"])
    return Baseline(
        version=rows[0]["version"],
        weeks=tuple(rows[0]["weeks"]),
        model_id=details["model_id"],
        cut=details["unfamiliar_cut"],
        votes=np.array(details["votes"], np.uint64),
    )


def _topic(row: dict[str, Any]) -> Topic:
    return Topic(
        topic_id=row["topic_id"],
        label=row["label"],
        words=tuple(row["words"]),
        examples=tuple(row["examples"]),
        centroid=np.array(row["centroid"], np.float32),
        reference_share=row["reference_share"],
        first_week=row["first_week"],
        state=row["state"],
    )


def _number(row: dict[str, Any]) -> tuple[str, int]:
    return row["topic_id"][0], int(row["topic_id"][1:])
