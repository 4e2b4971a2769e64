"""The two periods that a report compares, and what served between them, read from the store."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from decay_reports.causes.course import Course, is_cut_over, n_deploys
from decay_reports.causes.traits import version_labels
from decay_reports.causes.two_periods import Period, periods
from decay_reports.figures import baseline
from decayd.config import Settings
from decayd.weeks import WEEK, week_of
from store.database import Store

_WEEKS_NOW = 4


class Compared(NamedTuple):
    """Two measured periods of a feature, and what served between them."""

    before: Period
    now: Period
    course: Course


def compared(store: Store, feature: str, as_of: datetime, settings: Settings) -> Compared | None:
    """Read the pseudo-outcomes of the baseline weeks and of the last four weeks at lag 1 or later.

    They are those that the weekly figures were made of, so both levels are the means of those
    figures. Which requests a topic holds is as known at `as_of`.

    Returns
    -------
    Compared | None
        None without a baseline, without a measured week since, and for an `as_of` whose weeks
        were measured again since then (their pseudo-outcomes are replaced, not kept).
    """
    accepted = baseline.newest(store, feature, as_of)
    if accepted is None:
        return None
    standing = [
        row["week"] for row in store.rows("pseudo_weeks_standing", feature=feature, as_of=as_of)
    ]
    newest = week_of(as_of, settings.report.timezone) - WEEK * 2
    recent = [newest - WEEK * back for back in reversed(range(_WEEKS_NOW))]
    weeks_now = [week for week in recent if week in standing and week not in accepted.weeks]
    weeks_before = [week for week in accepted.weeks if week in standing]
    spans = [weeks_before, weeks_now]
    found = _read(store, feature, as_of, spans)
    if found is None or len(found[0].version.labels) == 1:
        return None if found is None else Compared(found[0], found[1], Course())
    first, last = min(*weeks_before, *weeks_now), max(*weeks_before, *weeks_now)
    between = [week for week in standing if first <= week <= last]
    deploys = _deploys(store, feature, as_of, (weeks_before, weeks_now, between))
    if deploys > 1 or not is_cut_over(found[0], found[1]):
        return Compared(found[0], found[1], Course(deploys))
    found = _read(store, feature, as_of, [*spans, *([week] for week in between)])
    return (
        None if found is None
        else Compared(found[0], found[1], Course(deploys, tuple(found[2:])))
    )  # fmt: skip


def _read(
    store: Store, feature: str, as_of: datetime, spans: Sequence[Sequence[date]]
) -> list[Period] | None:
    weeks = sorted({week for span in spans for week in span})
    rows = store.table("pseudo_of_weeks", feature=feature, weeks=weeks, as_of=as_of)
    return periods(rows, spans)


def _deploys(
    store: Store, feature: str, as_of: datetime, spans: tuple[list[date], list[date], list[date]]
) -> int:
    before, now, between = spans
    rows = store.rows("version_weeks", feature=feature, weeks=between, as_of=as_of)
    labels = version_labels([row["version"] for row in rows], [row["n"] for row in rows])
    by_week: dict[date, dict[str, int]] = {}
    for row, label in zip(rows, labels, strict=True):
        of_week = by_week.setdefault(row["week"], {})
        of_week[label] = of_week.get(label, 0) + row["n"]
    return n_deploys(by_week, before, now)
