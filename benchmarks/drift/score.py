"""Compares what decayd said about a stream with what was planted in it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.drift.replay import Alarm, Course, first_emerged, first_week, request_ids
from benchmarks.drift.scenarios import BASELINE_WEEKS, EMERGED, FOUR_WEEKS, ONSET, VANISHED
from benchmarks.drift.words import alike, words_of

_WATCHED_WEEKS = 8  # in which a found topic should keep its id
_MOST = 0.5  # of an emerged topic's requests


@dataclass(frozen=True)
class Members:
    """Of a finding's requests the share that was planted, and of the planted ones its share."""

    precision: float
    recall: float


@dataclass(frozen=True)
class Scored:
    """A stream's result; what does not apply is None.

    `false_alarms` are the kinds of those in quiet weeks. `alarms` come from the beginning of the
    drift on, `delay` is 0 for its first week. `first` are the members of the first finding of an
    emerged topic, `later` the topic's four weeks later. `kept` of `watched` weeks the planted
    queries had the topic's first id; `n_ids` topics consist of them.
    """

    seed: int
    subject: str
    quiet_weeks: int
    false_alarms: tuple[str, ...]
    alarms: int
    delay: int | None
    kind: str
    kind_right: bool | None
    first: Members | None
    later: Members | None
    label_hit: bool | None
    kept: int
    watched: int
    n_ids: int | None
    cpu_s: float


def score(course: Course, telling: Mapping[str, frozenset[str]]) -> Scored:
    """Score one stream; `telling` are each intent's words."""
    stream = course.stream
    scenario, n_weeks = stream.scenario, len(stream.weeks)
    end = n_weeks if scenario.quiet else ONSET - 1
    alarms = [each for each in course.alarms if each.week > end]
    found = first_emerged(course.alarms) if scenario.plant == "new" else None
    kept, watched = _kept(course, found)
    return Scored(
        seed=stream.seed,
        subject=stream.subject,
        quiet_weeks=end - BASELINE_WEEKS,
        false_alarms=tuple(each.finding.kind for each in course.alarms if each.week <= end),
        alarms=len(alarms),
        delay=alarms[0].week - ONSET if alarms else None,
        kind=alarms[0].finding.kind if alarms else "",
        kind_right=_right(course, alarms[0]) if alarms else None,
        first=_first_members(course, found),
        later=_later_members(course, found),
        label_hit=_label_hit(course, found, telling),
        kept=kept,
        watched=watched,
        n_ids=_n_ids(course) if found else None,
        cpu_s=math.fsum(course.cpu_s) / len(course.cpu_s),
    )


def _right(course: Course, alarm: Alarm) -> bool:
    """Tell whether the kind is a right one; most of an emerged topic must have been planted."""
    kind = alarm.finding.kind
    if kind in EMERGED and (members := _first_members(course, alarm)):
        return kind in course.stream.scenario.right and members.precision > _MOST
    return kind in course.stream.scenario.right


def _first_members(course: Course, found: Alarm | None) -> Members | None:
    if found is None:
        return None
    truth = request_ids(course.stream, first_week(found), found.week)
    return _members(frozenset(found.finding.member_request_ids), truth)


def _later_members(course: Course, found: Alarm | None) -> Members | None:
    if found is None:
        return None
    until = min(found.week + FOUR_WEEKS, len(course.stream.weeks))
    return _members(course.later, request_ids(course.stream, first_week(found), until))


def _members(said: frozenset[str], truth: frozenset[str]) -> Members:
    hits = len(said & truth)
    return Members(hits / max(1, len(said)), hits / max(1, len(truth)))


def _kept(course: Course, found: Alarm | None) -> tuple[int, int]:
    """Count the weeks after the finding in which most planted queries have its topic's id."""
    kept = watched = 0
    for week, topics in course.weekly.items():
        truth = request_ids(course.stream, week, week)
        if found is None or not truth or not found.week < week <= found.week + _WATCHED_WEEKS:
            continue
        hits = {name: len(members & truth) for name, members in topics.items()}
        best = max(hits, key=lambda name: (hits[name], name == found.finding.topic_id))
        kept += best == found.finding.topic_id and hits[best] > 0
        watched += 1
    return kept, watched


def _n_ids(course: Course) -> int:
    """Count the emerged topics of which most requests were planted."""
    truth = request_ids(course.stream, 1, len(course.stream.weeks))
    members: dict[str, set[str]] = {}
    for topics in course.weekly.values():
        for name, requests in topics.items():
            members.setdefault(name, set()).update(requests)
    return sum(2 * len(each & truth) > len(each) for each in members.values())


def _label_hit(
    course: Course, found: Alarm | None, telling: Mapping[str, frozenset[str]]
) -> bool | None:
    """Tell whether a word of the label is one of the intent's, be it in another form."""
    if course.stream.scenario.plant == "gone":
        gone = (each for each in course.alarms if each.week >= ONSET)
        found = next((each for each in gone if each.finding.kind in VANISHED), None)
    if found is None:
        return None
    truth = telling[course.stream.subject]
    words = words_of(str(found.finding.details.get("label", "")))
    return any(alike(word, true) for word in words for true in truth)
