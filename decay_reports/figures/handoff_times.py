"""How long each hand-off from a finding to a deployed fix took, and what waits; nothing is read."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

STAGES = ("found", "acknowledged", "labelled", "exported", "deployed")
STEPS = (*pairwise(STAGES), ("found", "exported"), ("found", "deployed"))
_DAY = timedelta(days=1)

Step = tuple[str, str]


class Course(NamedTuple):
    """What became of one finding: when it reached which stage; naive UTC."""

    finding_id: str
    team: str
    feature: str
    title: str
    is_open: bool
    reached: Mapping[str, datetime]


class Median(NamedTuple):
    """The median of `n` waits, in days; None without any."""

    days: float | None
    n: int


class Waiting(NamedTuple):
    """An open finding, the stage that it has not reached and since when it waits for it."""

    course: Course
    stage: str
    since: datetime


def medians(courses: Iterable[Course]) -> dict[Step, Median]:
    """Return the median time of every step, over the findings that reached both of its ends.

    A step begins when the last of the earlier stages was reached. What was done before it was its
    turn took 0 days: labels that were there when somebody acknowledged the finding, say. A
    finding that skipped a stage is in no step from or to it, which is why the whole ways from
    `found` on stand last. Of an even number the median is the mean of the two middle ones.

    >>> day = lambda n: datetime(2026, 10, n)
    >>> course = Course("F-1", "shop", "chat", "", True, {"found": day(5), "acknowledged": day(8)})
    >>> medians([course])["found", "acknowledged"]
    Median(days=3.0, n=1)
    """
    known = list(courses)
    return {step: _median(_waits(known, step)) for step in STEPS}


def longest(courses: Iterable[Course], n: int) -> list[Waiting]:
    """Return the `n` open findings that wait longest for their next stage, the longest first."""
    found = [waiting for course in courses if (waiting := _waiting(course)) is not None]
    found.sort(key=lambda waiting: (waiting.since, int(waiting.course.finding_id[2:])))
    return found[:n]


def _median(days: Sequence[float]) -> Median:
    return Median(statistics.median(days) if days else None, len(days))


def _waits(courses: Iterable[Course], step: Step) -> list[float]:
    first, last = step
    waits = []
    for course in courses:
        reached = course.reached
        if first not in reached or last not in reached:
            continue
        before = _last_before(course, first)
        waits.append(max(reached[last] - before, timedelta()) / _DAY)
    return waits


def _last_before(course: Course, stage: str) -> datetime:
    """Return when the last of the stages up to `stage` was reached."""
    upto = STAGES[: STAGES.index(stage) + 1]
    return max(course.reached[name] for name in upto if name in course.reached)


def _waiting(course: Course) -> Waiting | None:
    """Return what an open finding waits for: the stage after the last one that it reached."""
    number = max(STAGES.index(stage) for stage in course.reached)
    if not course.is_open or number + 1 == len(STAGES):
        return None
    return Waiting(course, STAGES[number + 1], _last_before(course, STAGES[number]))
