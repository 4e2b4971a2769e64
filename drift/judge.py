"""Decides which of a week's alarms stand, and which are explained by another one.

Style comes first, because typing errors and greetings form groups that look like topics; a new
topic comes before the unfamiliar queries and the shares that it moves.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from drift.base import Votes
from drift.channels import SharesTest, StyleTest, Tests, UnfamiliarTest
from drift.detectors import shares, style, unfamiliar, vanishing
from drift.emergence import Emerged
from drift.familiarity import familiarity
from drift.kinds import (
    STYLE,
    Alarm,
    SharesAlarm,
    emerged_alarm,
    style_alarm,
    unfamiliar_alarm,
    vanished_alarm,
)
from drift.state import Past
from drift.topics import OTHER, Centroids
from drift.voting import Index

_STYLE_LINGERS = 0.5  # of the distance that alarms, while the style's incident is open
_NEIGHBOUR_SHARE = 0.2  # of an emerged topic's votes, for a frozen topic to be moved by it


@dataclass(frozen=True)
class Verdict:
    """What stands of a week's alarms.

    `shares` is kept apart: which of its topics an alarm is about depends on the incidents.
    `listed` are groups that the style explains. `explained` says of a channel that alarmed and
    does not stand what explains it.
    """

    alarms: tuple[Alarm, ...]
    shares: SharesAlarm | None
    listed: tuple[Emerged, ...]
    explained: dict[str, str]


@dataclass(frozen=True)
class Groups:
    """Emerged topics, and the cosine from which on a query is near one."""

    centroids: Centroids
    near: float

    def away(self, votes: Votes) -> Index:
        """Return the positions of the votes that are near none of them."""
        return np.flatnonzero(self.centroids.nearest(votes.vectors)[1] < self.near)

    def unlinked(self, votes: Votes, positions: Index) -> Index:
        """Return the positions of votes that are near none, without `positions` next to these.

        A broad topic has queries that are near to others of it and not to its centre.
        """
        away = self.away(votes)
        near = np.setdiff1d(np.arange(len(votes)), away)
        if not len(near):
            return away
        cosine = votes.vectors[positions] @ votes.vectors[near].T
        return np.setdiff1d(away, positions[cosine.max(axis=1) >= self.near])

    def beside(self, votes: Votes, topic_ids: Iterable[str]) -> set[int]:
        """Return the frozen topics that hold much of what is near to some of them."""
        best, cosine = self.centroids.nearest(votes.vectors)
        found: set[int] = set()
        for topic_id in topic_ids:
            mine = (best == self.centroids.ids.index(topic_id)) & (cosine >= self.near)
            held = np.bincount(votes.topics[mine])
            found.update(np.flatnonzero(held > _NEIGHBOUR_SHARE * mine.sum()).tolist())
        return found


def judge(
    tests: Tests,
    emerged: Sequence[Emerged],
    past: Past,
    unclosed: Collection[str],
    near: float,
) -> Verdict:
    """Return the alarms that stand.

    The style stands if it alarms without the votes near groups that emerged and, where many are,
    those unlike the baseline: it is in all topics, the words of a new one are in one. Then groups
    that look new are listed under it and get no topic; of the rest only what was open goes on.
    Unfamiliar queries stand if they alarm without the votes near emerged topics; shares without
    these, the frozen topics next to them, the vanished ones and the unfamiliar. When they still
    do, many topics moved, and what vanished is part of that.

    Parameters
    ----------
    unclosed
        Topic ids, or `style`, with an open incident.
    near
        Cosine from which on two queries are alike.
    """
    seen = Groups(_with(past, emerged), near)
    written = _style(tests, seen, past.accepted.cut, lingers=STYLE in unclosed)
    told = [each for each in emerged if not written or each.topic_id in past.topics]
    listed = [each for each in emerged if written and each.topic_id not in past.topics]
    groups = Groups(_with(past, told), near)
    strange = _unfamiliar(tests.unfamiliar, groups, past)
    active = {each.topic_id for each in told} | {s for s in unclosed if s in groups.centroids.ids}
    gone = _vanished(tests, past, unclosed)
    rest = _Rest(groups, active, tests.baseline if strange else None, past)
    moved = _shares(tests.shares, rest, {name for each in gone.values() for name in each.moved})
    if written or moved:
        gone = {name: alarm for name, alarm in gone.items() if name in unclosed}
    if written:
        strange = strange if OTHER in unclosed else None
        going_on = moved is not None and any(each in moved.moved for each in unclosed)
        moved = moved if going_on else None
    alarms = [emerged_alarm(each, past) for each in told]
    alarms += [style_alarm(written)] if written else []
    alarms += [*gone.values(), *([strange] if strange else [])]
    stands = {
        "emerging": bool(told),
        "vanishing": bool(gone),
        "unfamiliar": bool(strange),
        "shares": bool(moved),
    }
    explained = _explained(stands, style_stands=bool(written))
    return Verdict(tuple(alarms), moved, tuple(listed), explained)


def _with(past: Past, emerged: Sequence[Emerged]) -> Centroids:
    known = past.centroids(frozen=False)
    return known.with_these({each.topic_id: each.centroid for each in emerged})


def _explained(stands: dict[str, bool], *, style_stands: bool) -> dict[str, str]:
    """Say of each channel that does not stand which one explains it, if it alarmed."""
    if style_stands:
        return {channel: "style" for channel, does in stands.items() if not does}
    others = [name for name in ("emerging", "vanishing", "unfamiliar") if stands[name]]
    by = {"style": "emerging", "unfamiliar": "emerging", "vanishing": "shares"}
    by["shares"] = others[0] if others else "emerging"
    return {channel: explains for channel, explains in by.items() if not stands.get(channel)}


def _style(tests: Tests, groups: Groups, cut: float, *, lingers: bool) -> StyleTest | None:
    least = style.LEAST_DISTANCE * (_STYLE_LINGERS if lingers else 1)
    strange = {id(test.look): test for test in tests.unfamiliar if test.found.drift_detected}
    for test in sorted(tests.style, key=lambda test: -test.largest.distance):
        if _loud(test, least):
            unlike = strange.get(id(test.look))
            rest = _elsewhere(test, groups, unlike.familiar < cut if unlike else None)
            if _loud(rest, least):
                return rest
    return None


def _loud(test: StyleTest, least: float) -> bool:
    return any(
        change.p_value < style.ALARM_BELOW and change.distance > least for change in test.changes
    )


def _elsewhere(test: StyleTest, groups: Groups, unlike: npt.NDArray[np.bool_] | None) -> StyleTest:
    """Test the style again without the votes near some groups and those unlike the baseline."""
    if not groups.centroids.ids and unlike is None:
        return test
    kept = groups.away(test.window)
    if unlike is not None:
        kept = kept[~unlike[kept]]
    window = test.window.take(kept)
    reference = test.reference.take(groups.away(test.reference))
    if not len(window) or not len(reference):
        return replace(test, changes=())
    return StyleTest(test.look, window, reference, style.compare(window, reference))


def _unfamiliar(tests: Sequence[UnfamiliarTest], groups: Groups, past: Past) -> Alarm | None:
    for test in sorted(tests, key=lambda test: test.found.p_value):
        if test.found.drift_detected:
            left = groups.unlinked(test.look.window, test.found.positions)
            again = unfamiliar.count(test.familiar[left], past.accepted.cut)
            if again.drift_detected:
                return unfamiliar_alarm(test, again.p_value, left[again.positions])
    return None


def _vanished(tests: Tests, past: Past, unclosed: Collection[str]) -> dict[str, Alarm]:
    """Return what vanished by topic; what an open incident has named belongs to that one."""
    alarms = [
        vanished_alarm(test, gone, tests.baseline, past)
        for test in tests.vanishing
        for gone in test.found
        if gone.p_value < vanishing.ALARM_BELOW
    ]
    owned = [replace(alarm, subject=_owner(alarm, past, unclosed)) for alarm in reversed(alarms)]
    return {alarm.subject: alarm for alarm in owned}


def _owner(alarm: Alarm, past: Past, unclosed: Collection[str]) -> str:
    for subject in sorted(each for each in unclosed if each.startswith("t")):
        if subject in alarm.moved or alarm.subject in past.moved_with(subject):
            return subject
    return alarm.subject


def _shares(
    tests: Sequence[SharesTest], rest: "_Rest", gone: Collection[str]
) -> SharesAlarm | None:
    for test in sorted(tests, key=lambda test: test.found.p_value):
        if test.found.drift_detected:
            again = rest.test(test, gone)
            if again.drift_detected:
                return SharesAlarm(test, again, rest.past, tuple(gone))
    return None


@dataclass(frozen=True)
class _Rest:
    """Tests shares again without what other alarms explain.

    That is the votes near any emerged topic, the frozen topics beside the `active` ones, since
    not every vote of a new topic is near its centre, and with a `baseline` the votes unlike it.
    """

    groups: Groups
    active: Collection[str]
    baseline: Votes | None
    past: Past

    def test(self, test: SharesTest, gone: Collection[str]) -> shares.Shift:
        """Return the answer for the rest; `gone` are topics that vanished."""
        window, reference = (self._left(votes) for votes in (test.look.window, test.reference))
        beside = self.groups.beside(test.look.window, self.active)
        ids = self.past.centroids(frozen=True).ids
        return shares.compare(
            window, reference, test.wobble, beside | {ids.index(each) for each in gone}
        )

    def _left(self, votes: Votes) -> Votes:
        left = votes.take(self.groups.away(votes))
        if self.baseline is None:
            return left
        familiar = familiarity(left.vectors, self.baseline.vectors) >= self.past.accepted.cut
        return left.take(np.flatnonzero(familiar))
