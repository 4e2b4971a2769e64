"""Kinds of drift findings, and what a week's tests say of one topic, or of the style."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np

from decayd.results import Estimate
from drift.base import Votes
from drift.channels import BASELINE, SharesTest, StyleTest, UnfamiliarTest, VanishingTest
from drift.detectors import shares, style, vanishing
from drift.emergence import Emerged
from drift.familiarity import UNFAMILIAR as UNFAMILIAR_SHARE
from drift.looks import Look
from drift.shares import wilson
from drift.state import EMERGED, Past
from drift.topics import OTHER
from drift.voting import Index, Keys

VANISHED, SHIFTED = "topic_vanished", "topic_shifted"
UNFAMILIAR, STYLE_SHIFTED = "unfamiliar_queries", "style_shifted"
KINDS = (EMERGED, VANISHED, SHIFTED, UNFAMILIAR, STYLE_SHIFTED)
STYLE = "style"  # the subject of an alarm that is about no topic
_VANISHED_SHARE = 0.5  # of the share before
_LISTED = 10  # topics that moved, in a finding


@dataclass(frozen=True)
class Alarm:
    """What a week's tests say of one topic, or of the style.

    `subject` is the topic id or `style`; `members` the request keys of its votes in the window,
    the most telling first; `moved` the topics whose shares changed with it; `gone` the text keys
    of the baseline's queries that the window lacks.
    """

    kind: str
    subject: str
    look: Look
    p_value: float
    now: Estimate
    before: Estimate
    first_week: date
    members: Keys
    details: dict[str, Any] = field(default_factory=dict)
    moved: tuple[str, ...] = ()
    emerged: Emerged | None = None
    gone: Keys = field(default_factory=lambda: np.empty(0, np.uint64))


@dataclass(frozen=True)
class SharesAlarm:
    """A test of shares that alarms; `rest` is its answer without what other alarms explain.

    `vanished` are topics that it moves besides.
    """

    test: SharesTest
    rest: shares.Shift
    past: Past
    vanished: tuple[str, ...] = ()

    @property
    def lead(self) -> str:
        """Return the topic that moved most."""
        return self._ids[self.rest.lead]

    @property
    def moved(self) -> tuple[str, ...]:
        """Return the topics that may have moved, the lead first: another one leads next week."""
        moved = (self._ids[k] for k in [self.rest.lead, *self.rest.stirred()])
        return tuple(dict.fromkeys([*moved, *self.vanished]))

    def about(self, topic_id: str) -> Alarm:
        """Return the alarm about one of the topics."""
        window, k = self.test.look.window, self._ids.index(topic_id)
        now, before = self._shares_of(k)
        votes = np.flatnonzero(window.topics == k)
        cosine = window.vectors[votes] @ self.past.topics[topic_id].centroid
        fell = self.rest.z[k] < 0
        gone = fell and (now.value or 0) < _VANISHED_SHARE * (before.value or 0)
        return Alarm(
            kind=VANISHED if gone else SHIFTED,
            subject=topic_id,
            look=self.test.look,
            p_value=self.rest.p_value,
            now=now,
            before=before,
            first_week=first_week(self.test.look, window, votes, fewer=bool(fell)),
            members=window.keys[votes[np.argsort(-cosine, kind="stable")]],
            details={
                "compared_with": self.test.against,
                "wobble": round(self.test.wobble, 4),
                "moved": [self._moved(j) for j in self.rest.moved()[:_LISTED]],
            },
            moved=self.moved,
        )

    @property
    def _ids(self) -> tuple[str, ...]:
        return self.past.centroids(frozen=True).ids

    def _moved(self, k: int) -> dict[str, Any]:
        now, before = self._shares_of(k)
        topic = self.past.topics[self._ids[k]]
        return {"topic_id": topic.topic_id, "label": topic.label, "now": now, "before": before}

    def _shares_of(self, k: int) -> tuple[Estimate, Estimate]:
        now, before = int(self.rest.now[k]), int(self.rest.before[k])
        return (
            wilson(now, len(self.test.look.window)),
            wilson(before, len(self.test.reference)),
        )


def emerged_alarm(found: Emerged, past: Past) -> Alarm:
    """Return the alarm of an emerged topic, with the frozen topic that it is nearest to."""
    frozen = past.centroids(frozen=True)
    best, cosine = frozen.nearest(found.centroid[None, :])
    nearest = frozen.ids[int(best[0])]
    return Alarm(
        kind=EMERGED,
        subject=found.topic_id,
        look=found.look,
        p_value=found.p_value,
        now=found.share,
        before=found.share_before,
        first_week=found.first_week,
        members=found.members,
        details={
            "nearest_topic": nearest,
            "nearest_label": past.topics[nearest].label,
            "nearest_cosine": round(float(cosine[0]), 3),
        },
        emerged=found,
    )


def vanished_alarm(test: VanishingTest, gone: vanishing.Gone, baseline: Votes, past: Past) -> Alarm:
    """Return the alarm of queries that nearly stopped, about the topic that had most of them."""
    window = test.look.window
    ids = past.centroids(frozen=True).ids
    return Alarm(
        kind=VANISHED,
        subject=ids[gone.topics[0]],
        look=test.look,
        p_value=gone.p_value,
        now=wilson(len(gone.left), len(window)),
        before=wilson(len(gone.members), len(baseline)),
        first_week=first_week(test.look, window, gone.left, fewer=True),
        members=window.keys[gone.left],
        details={"compared_with": BASELINE},
        moved=tuple(ids[k] for k in gone.topics),
        gone=baseline.keys[gone.members],
    )


def unfamiliar_alarm(test: UnfamiliarTest, p_value: float, positions: Index) -> Alarm:
    """Return the alarm of unfamiliar queries; `positions` are theirs in the window."""
    n = len(test.look.window)
    return Alarm(
        kind=UNFAMILIAR,
        subject=OTHER,
        look=test.look,
        p_value=p_value,
        now=wilson(len(positions), n),
        before=wilson(round(UNFAMILIAR_SHARE * test.n_baseline), test.n_baseline),
        first_week=first_week(test.look, test.look.window, positions),
        members=test.look.window.keys[positions],
    )


def style_alarm(test: StyleTest) -> Alarm:
    """Return the alarm of a style that changed, about the feature that changed most."""
    change = test.largest
    return Alarm(
        kind=STYLE_SHIFTED,
        subject=STYLE,
        look=test.look,
        p_value=change.p_value,
        now=wilson(len(change.positions), len(test.window)),
        before=wilson(change.n_before, change.n_reference),
        first_week=first_week(test.look, test.window, change.positions),
        members=test.window.keys[change.positions],
        details={"features": [_feature(each) for each in test.changes]},
    )


def first_week(look: Look, window: Votes, votes: Index, *, fewer: bool = False) -> date:
    """Return a window's first week with at least half of its weekly mean of some votes.

    With `fewer` it is the first one with at most their mean: what shrinks is there before.
    """
    counts = np.bincount(window.weeks[votes], minlength=len(look.weeks))
    reached = counts <= counts.mean() if fewer else counts >= counts.mean() / 2
    return look.weeks[int(np.argmax(reached))]


def _feature(change: style.Change) -> dict[str, Any]:
    return {
        "feature": style.NAMES[change.feature],
        "now": change.now,
        "before": change.before,
        "distance": change.distance,
        "p": change.p_value,
        "alarm": change.drift_detected,
    }
