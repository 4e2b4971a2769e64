"""Why success changed: mix, versions, within, new and gone topics, in parts that sum exactly.

Which segments fell and which forces speak for themselves is left to other modules.
"""

import zlib
from collections.abc import Sequence
from datetime import date, datetime

import msgspec
import numpy as np

from decay_reports.causes import parting, segments
from decay_reports.causes.bootstrap import redrawn
from decay_reports.causes.compared import compared
from decay_reports.causes.course import Course, new_versions
from decay_reports.causes.decomposition import new_topics
from decay_reports.causes.documents import DocumentAges, document_ages
from decay_reports.causes.two_periods import Period
from decay_reports.causes.why_facts import SegmentFacts
from decay_reports.figures.clusters import Z95
from decay_reports.figures.frame import Bools, Floats
from decayd.config import Settings
from decayd.results import Estimate
from store.database import Store

_REPLICATES = 200
_Z90 = 1.645
_COMPOUND = 0.45  # a second cause this large beside the first is named with it


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One part of the change, a difference of shares with its 95 % interval.

    `named_cause` when the 90 % interval leaves out 0 and the sign is the change's.
    """

    name: str  # one of `shapley.PARTS`, or `parting.UNEMBEDDED`, or `parting.TOGETHER`
    value: float
    low: float
    high: float
    named_cause: bool = False


class TopicChange(msgspec.Struct, frozen=True, kw_only=True):
    """One topic's row: shares of all requests, success where there were requests."""

    topic_id: str
    share_before: float
    share_now: float
    success_before: Estimate
    success_now: Estimate
    contribution: float
    n_before: int
    n_now: int
    kind: str = "shared"  # shared | new | gone


class Attribution(msgspec.Struct, frozen=True, kw_only=True):
    """The change from the baseline weeks to the last four confirmed weeks, taken apart.

    `total` = `after` − `before`; the parts sum to it, and so do the topics' contributions (the
    largest first). `causes` are the named parts, the largest first; `compound` when the second
    is ≥ 45 % of it. `notes` say what could not be told apart, and why. `segments` are those that
    fell by more than the rest, out of `n_tested`; `versions` are those seen in either period
    and `new_versions` those that serve now and did not before.
    """

    feature: str
    total: Estimate
    before: Estimate
    after: Estimate
    before_weeks: tuple[date, ...]
    after_weeks: tuple[date, ...]
    parts: tuple[Part, ...]
    topics: tuple[TopicChange, ...]
    causes: tuple[str, ...]
    compound: bool
    n_before: int
    n_now: int
    notes: tuple[str, ...] = ()
    segments: tuple[SegmentFacts, ...] = ()
    n_tested: int = 0
    versions: tuple[str, ...] = ()
    new_versions: tuple[str, ...] = ()
    documents: DocumentAges | None = None


def explain(store: Store, feature: str, as_of: datetime, settings: Settings) -> Attribution | None:
    """Take apart the change from the baseline weeks to the last four weeks at lag 1 or later.

    Returns
    -------
    Attribution | None
        None where `compared` has nothing to compare.
    """
    found = compared(store, feature, as_of, settings)
    if found is None:
        return None
    attribution = attribute(feature, *found)
    fell = segments.find(found.before, found.now)
    named = tuple(_segment(store, one, attribution.total) for one in fell.segments)
    return msgspec.structs.replace(
        attribution, segments=named, n_tested=fell.n_tested,
        versions=found.before.version.labels, new_versions=new_versions(found.before, found.now),
        documents=document_ages(found.before, found.now),
    )  # fmt: skip


def _segment(store: Store, one: segments.SegmentChange, total: Estimate) -> SegmentFacts:
    """Put a segment as the report shows it, with the ids of its examples."""
    keys = one.examples.tolist()
    ids = store.rows("alarm_members", keys=keys) if keys else []
    beyond = total.low is not None and total.high is not None and total.low * total.high > 0
    return SegmentFacts(
        traits=dict(one.traits), before=one.before, now=one.now, difference=one.difference,
        contribution=one.contribution,
        of_change=one.contribution / total.value if beyond and total.value else None,
        examples=tuple(row["request_id"] for row in ids),
    )  # fmt: skip


def attribute(
    feature: str, before: Period, now: Period, course: Course | None = None
) -> Attribution:
    """Take apart the change between two measured periods over the same topics and traits."""
    course = course or Course()
    n_topics = len(before.topics)
    counts = before.cells.sums(n_topics), now.cells.sums(n_topics)
    embedded = parting.embedded_topics(before.topics, *counts)
    new, gone = _arrivals(counts[0][0] * embedded, counts[1][0] * embedded)
    seed = zlib.crc32(feature.encode())
    everybody = (before, now, *course.weeks)
    n_users = 1 + max(int(period.cells.user.max()) for period in everybody)
    times = redrawn(n_users, _REPLICATES, np.random.default_rng(seed))
    parted = parting.parted(before, now, (embedded, new, gone), times)
    parted = parting.versions_apart(parted, before, now, (course, ~new & ~gone, times))
    total = _difference(now.estimate(), before.estimate())
    parts = tuple(_part(name, drawn, total) for name, drawn in parted.parts.items())
    causes = sorted((p for p in parts if p.named_cause), key=lambda p: -abs(p.value))
    n_before, n_now = len(before.cells.psi), len(now.cells.psi)
    contributions = parting.contributions(counts, embedded, new, gone)
    spread = float(np.nanstd(np.sum(list(parted.parts.values()), axis=0)[1:]))
    return Attribution(
        feature=feature, total=_interval(total, spread, n_now),
        before=before.estimate(), after=now.estimate(),
        before_weeks=before.weeks, after_weeks=now.weeks, parts=parts,
        topics=_topics(before, now, contributions, _kinds(new, gone)),
        causes=tuple(part.name for part in causes),
        compound=len(causes) > 1 and abs(causes[1].value) >= _COMPOUND * abs(causes[0].value),
        n_before=n_before, n_now=n_now, notes=tuple(parted.notes),
    )  # fmt: skip


def _arrivals(n_before: Floats, n_now: Floats) -> tuple[Bools, Bools]:
    """Tell new and gone topics; none when nothing would be left to compare (a refit)."""
    new, gone = new_topics(n_before, n_now), new_topics(n_now, n_before)
    if not n_now[~new].sum() or not n_before[~gone].sum():
        return np.zeros(len(new), bool), np.zeros(len(new), bool)
    return new, gone


def _difference(now: Estimate, before: Estimate) -> float:
    return (now.value or 0.0) - (before.value or 0.0)


def _part(name: str, drawn: Floats, total: float) -> Part:
    value, se = float(drawn[0]), float(np.nanstd(drawn[1:]))
    half = Z95 * se
    named = abs(value) > _Z90 * se and se > 0 and value * total > 0
    return Part(name=name, value=value, low=value - half, high=value + half, named_cause=named)


def _interval(value: float, se: float, n: int) -> Estimate:
    return Estimate(value, value - Z95 * se, value + Z95 * se, n)


def _kinds(new: Bools, gone: Bools) -> list[str]:
    return [
        "new" if is_new else "gone" if is_gone else "shared"
        for is_new, is_gone in zip(new, gone, strict=True)
    ]


def _topics(
    before: Period, now: Period, contributions: Floats, kinds: Sequence[str]
) -> tuple[TopicChange, ...]:
    rows = []
    estimates = zip(before.topic_estimates(), now.topic_estimates(), strict=True)
    for code, (was, is_now) in enumerate(estimates):
        rows.append(TopicChange(
            topic_id=before.topics[code], share_before=was.n / len(before.cells.psi),
            share_now=is_now.n / len(now.cells.psi), success_before=was, success_now=is_now,
            contribution=float(contributions[code]), n_before=was.n, n_now=is_now.n,
            kind=kinds[code],
        ))  # fmt: skip
    return tuple(sorted(rows, key=lambda row: (-abs(row.contribution), row.topic_id)))
