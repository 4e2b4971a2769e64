"""Why success changed: topic mix, within topics, new and gone topics, in parts that sum exactly.

What versions, segments and forces had to do with it is left to other modules; a part of theirs
takes its place beside these four.
"""

import zlib
from collections.abc import Sequence
from datetime import date, datetime

import msgspec
import numpy as np

from decay_reports import baseline
from decay_reports.bootstrap import replicates
from decay_reports.clusters import Z95
from decay_reports.decomposition import PARTS, Split, new_topics, split
from decay_reports.frame import Bools, Floats
from decay_reports.two_periods import Period, two_periods
from decayd.config import Settings
from decayd.results import Estimate
from decayd.weeks import WEEK, week_of
from store.database import Store

_WEEKS_NOW = 4
_REPLICATES = 200
_Z90 = 1.645
_COMPOUND = 0.45  # a second cause this large beside the first is named with it


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One part of the change, a difference of shares with its 95 % interval.

    `named_cause` when the 90 % interval leaves out 0 and the sign is the change's.
    """

    name: str  # topic_mix | within_topic | new_topics | gone_topics
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
    is ≥ 45 % of it.
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


def explain(store: Store, feature: str, as_of: datetime, settings: Settings) -> Attribution | None:
    """Take apart the change from the baseline weeks to the last four weeks at lag 1 or later.

    It reads the pseudo-outcomes that the weekly figures were made of, so both levels are the
    means of those figures. Which requests a topic holds is as known at `as_of`.

    Returns
    -------
    Attribution | None
        None without a baseline, without a measured week since, and for an `as_of` whose weeks
        were measured again since then (their pseudo-outcomes are replaced, not kept).
    """
    accepted = baseline.newest(store, feature, as_of)
    if accepted is None:
        return None
    standing = {
        row["week"] for row in store.rows("pseudo_weeks_standing", feature=feature, as_of=as_of)
    }
    newest = week_of(as_of, settings.report.timezone) - WEEK * 2
    recent = [newest - WEEK * back for back in reversed(range(_WEEKS_NOW))]
    weeks_now = [week for week in recent if week in standing and week not in accepted.weeks]
    weeks_before = [week for week in accepted.weeks if week in standing]
    rows = store.table(
        "pseudo_of_weeks", feature=feature, weeks=[*weeks_before, *weeks_now], as_of=as_of
    )
    periods = two_periods(rows, weeks_before, weeks_now)
    return None if periods is None else attribute(feature, *periods)


def attribute(feature: str, before: Period, now: Period) -> Attribution:
    """Take apart the change between two measured periods over the same topics."""
    n_topics = len(before.topics)
    counts = before.cells.sums(n_topics), now.cells.sums(n_topics)
    new, gone = _arrivals(counts[0][0], counts[1][0])
    found = split(*counts, new, gone)
    rng = np.random.default_rng(zlib.crc32(feature.encode()))
    drawn = [
        split(*pair, new, gone)
        for pair in replicates(before.cells, now.cells, n_topics, _REPLICATES, rng)
    ]
    spread = np.std([one.parts for one in drawn], axis=0)
    parts = tuple(
        _part(name, value, se, found.total)
        for name, value, se in zip(PARTS, found.parts.tolist(), spread.tolist(), strict=True)
    )
    causes = sorted((p for p in parts if p.named_cause), key=lambda p: -abs(p.value))
    total_se = float(np.std([one.total for one in drawn]))
    n_before, n_now = len(before.cells.psi), len(now.cells.psi)
    return Attribution(
        feature=feature, total=_interval(found.total, total_se, n_now),
        before=before.estimate(), after=now.estimate(),
        before_weeks=before.weeks, after_weeks=now.weeks, parts=parts,
        topics=_topics(before, now, found, _kinds(new, gone)),
        causes=tuple(part.name for part in causes),
        compound=len(causes) > 1 and abs(causes[1].value) >= _COMPOUND * abs(causes[0].value),
        n_before=n_before, n_now=n_now,
    )  # fmt: skip


def _arrivals(n_before: Floats, n_now: Floats) -> tuple[Bools, Bools]:
    """Tell new and gone topics; none when nothing would be left to compare (a refit)."""
    new, gone = new_topics(n_before, n_now), new_topics(n_now, n_before)
    if not n_now[~new].sum() or not n_before[~gone].sum():
        return np.zeros(len(new), bool), np.zeros(len(new), bool)
    return new, gone


def _part(name: str, value: float, se: float, total: float) -> Part:
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
    before: Period, now: Period, found: Split, kinds: Sequence[str]
) -> tuple[TopicChange, ...]:
    rows = []
    for code, topic_id in enumerate(before.topics):
        was, is_now = before.topic_estimate(code), now.topic_estimate(code)
        rows.append(TopicChange(
            topic_id=topic_id, share_before=was.n / len(before.cells.psi),
            share_now=is_now.n / len(now.cells.psi), success_before=was, success_now=is_now,
            contribution=float(found.contributions[code]), n_before=was.n, n_now=is_now.n,
            kind=kinds[code],
        ))  # fmt: skip
    return tuple(sorted(rows, key=lambda row: (-abs(row.contribution), row.topic_id)))
