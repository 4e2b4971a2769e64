"""What earlier weeks left behind: the accepted baseline, the topics, and what each scan said."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

import msgspec
import numpy as np

from decayd.weeks import WEEK
from drift.embedding import Vectors
from drift.topics import Centroids
from drift.voting import Keys
from store.database import Store

STREAM = "topics"  # of the scan's weekly states
QUARANTINE = 4 * WEEK  # of weeks before they count as normal: the longest window has seen them
FROZEN, EMERGING, QUIET = "frozen", "emerging", "quiet"
REPLACED = "replaced"  # of an earlier version, since somebody asked for a refit
RENAME, MERGE, REFIT = "rename", "merge", "refit"  # what `topic_edits` hold
EMERGED = "topic_emerged"  # the kind of a finding; the others are in `drift.kinds`


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
    """One window: how many votes were compared with how many, or why nothing was tested.

    With `sampled` the n votes were drawn from `n_requests` requests; else they are all there are.
    """

    weeks: int
    n: int
    n_reference: int
    n_requests: int
    sampled: bool = False
    why_not: str = ""


class Channel(msgspec.Struct, frozen=True):
    """What one detector said of one window beside the rolling reference or the baseline.

    `state` is `quiet`, `alarm`, `not enough data`, or by which other alarm it is explained, such
    as `explained by emerging`.
    """

    channel: str
    weeks: int
    against: str
    p: float
    state: str


class Seen(msgspec.Struct, frozen=True):
    """A topic, or the style, in one week's alarm.

    `announced_share` is what was announced last; `moved` are the topics whose shares changed with
    it.
    """

    share: float
    n_members: int
    p: float
    weeks: int
    announced_share: float
    kind: str = EMERGED
    moved: tuple[str, ...] = ()


class WeekState(msgspec.Struct, frozen=True):
    """What the tests of a closed week said; `why_not` when none was made.

    `topics` are the alarms by topic id (`style` for the style); `squared_wobble` is how much the
    shares of the topics moved, None without a one-week window.
    """

    week: date
    why_not: str = ""
    looks: tuple[Look, ...] = ()
    channels: tuple[Channel, ...] = ()
    topics: dict[str, Seen] = {}
    squared_wobble: float | None = None


@dataclass(frozen=True)
class Past:
    """A feature's state before this run; `weeks` are oldest first.

    What people said: `merged` names the topic that counts for another one; `known` are subjects
    whose findings were accepted or put off, with their shares then.
    """

    baseline: Baseline | None
    topics: dict[str, Topic]
    weeks: tuple[WeekState, ...]
    last_as_of: datetime | None
    merged: Mapping[str, str] = field(default_factory=dict)
    known: Mapping[str, float] = field(default_factory=dict)

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
        states = (FROZEN,) if frozen else (EMERGING, QUIET)
        chosen = {t.topic_id: t.centroid for t in self.topics.values() if t.state in states}
        return Centroids((), np.empty((0, 0), np.float32), self.merged).with_these(chosen)

    def members_seen(self, topic_id: str) -> int:
        """Return how many votes an emerged topic's centroid rests on; 0 for a new one."""
        return sum(
            week.topics[topic_id].n_members for week in self.weeks if topic_id in week.topics
        )

    def announced_share(self, topic_id: str) -> float:
        """Return the share with which an emerged topic was last announced; 0 for a new one."""
        seen = self.last_seen(topic_id)
        return seen.announced_share if seen else 0.0

    def last_seen(self, subject: str) -> Seen | None:
        """Return what the newest alarm about a topic or the style said."""
        seen = [week.topics[subject] for week in self.weeks if subject in week.topics]
        return seen[-1] if seen else None

    def moved_with(self, subject: str) -> set[str]:
        """Return every topic that alarms about a subject have named."""
        seen = [week.topics[subject] for week in self.weeks if subject in week.topics]
        return {topic_id for each in seen for topic_id in each.moved}

    def wobble(self, before: date) -> tuple[float, ...]:
        """Return d² of the quiet weeks that are four weeks older than `before`, oldest first.

        As for the reference: a slow shift must not pass for wobble before it is noticed.
        """
        return tuple(
            week.squared_wobble
            for week in self.weeks
            if week.squared_wobble is not None
            and not week.topics
            and week.week <= before - QUARANTINE
        )

    def quiet_scans(self, topic_id: str) -> int:
        """Return the number of scans since the last alarm about a topic or the style."""
        scans = [week for week in self.weeks if not week.why_not]
        last = max((n for n, week in enumerate(scans) if topic_id in week.topics), default=-1)
        return len(scans) - 1 - last

    def alarms(self) -> list[date]:
        """Return the weeks with any alarm."""
        return [state.week for state in self.weeks if state.topics]


def load_past(store: Store, feature: str, as_of: datetime) -> Past:
    """Read a feature's baseline, topics and weekly states as of `as_of`."""
    states = store.rows("drift_states", feature=feature, stream=STREAM)
    topics = store.rows("topic_latest", feature=feature, as_of=as_of)
    edits = store.rows("topic_edits_newest", feature=feature, as_of=as_of)
    labels, merged = (
        {row["topic_id"]: row["value"] for row in edits if row["action"] == action}
        for action in (RENAME, MERGE)
    )
    known = store.rows("topic_known", feature=feature, as_of=as_of)
    weeks = (msgspec.json.decode(row["state"], type=WeekState) for row in states)
    return Past(
        baseline=_baseline(store, feature, as_of),
        topics={
            row["topic_id"]: _topic(row["topic"], labels) for row in sorted(topics, key=_number)
        },
        weeks=tuple(_under_one_id(week, merged) for week in weeks),
        last_as_of=max((row["as_of"] for row in states), default=None),
        merged=merged,
        known={merged.get(row["subject"], row["subject"]): row["share"] for row in known},
    )


def _under_one_id(week: WeekState, merged: Mapping[str, str]) -> WeekState:
    """Return a week's state as if merged topics had been one; of two alarms the target's stays."""
    moved = {topic_id for topic_id in week.topics if topic_id in merged}
    if not moved:
        return week
    seen = {merged[topic_id]: week.topics[topic_id] for topic_id in sorted(moved)}
    kept = {topic_id: each for topic_id, each in week.topics.items() if topic_id not in moved}
    return msgspec.structs.replace(week, topics=seen | kept)


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


def _topic(row: dict[str, Any], labels: Mapping[str, str]) -> Topic:
    return Topic(
        topic_id=row["topic_id"],
        label=labels.get(row["topic_id"], row["label"]),
        words=tuple(row["words"]),
        examples=tuple(row["examples"]),
        centroid=np.array(row["centroid"], np.float32),
        reference_share=row["reference_share"],
        first_week=row["first_week"],
        state=row["state"],
    )


def _number(row: dict[str, Any]) -> tuple[str, int, int]:
    """Return what topics are ordered by: `t2` before `t10` before `t1@v2` of a refit."""
    number, _, version = row["topic_id"][1:].partition("@v")
    return row["topic_id"][0], int(version or 0), int(number)
