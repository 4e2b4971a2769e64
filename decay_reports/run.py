"""The job `figures`: measures what closed, keeps the alarms, and says what was found."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from decay_reports.alarms import announce
from decay_reports.feature_run import run_feature
from decay_reports.figures import frame, infrastructure
from decay_reports.figures.figure import FigureKey, plain_share
from decay_reports.figures.frame import Frame
from decay_reports.figures.plan import FeaturePlan, plan
from decayd.config import Settings
from decayd.weeks import WEEK, week_bounds, week_of
from store.database import Store

ROWS_AT_ONCE = 500_000  # 300 bytes a request while they are read
EVERYTHING = ""  # the feature of a number that belongs to no single one


def run(store: Store, as_of: datetime, settings: Settings) -> dict[str, Any]:
    """Append the figures of every week that has reached a new lag at `as_of`.

    One transaction per feature; a second run at the same `as_of` finds nothing to do.
    """
    live_us = frame.first_live_us(store)
    live_from = None if live_us is None else _instant(live_us)
    n_joined = _joined(store, as_of, settings, live_from)
    plans = plan(store, as_of, settings, live_from)
    n_figures = _measure(store, as_of, settings, plans) if plans else 0
    return {"features": len(plans), "figures": n_figures + n_joined}


def _measure(store: Store, as_of: datetime, settings: Settings, plans: list[FeaturePlan]) -> int:
    first = min(key.week for planned in plans for key in planned.keys)
    start = week_bounds(first, settings.report.timezone)[0]
    traffic = infrastructure.load(store, as_of, start)
    joins_fail = _joins_fail(store, as_of)
    return sum(
        run_feature(
            store, settings, planned, asked, traffic[planned.feature], joins_fail=joins_fail
        )
        for planned, asked in with_frames(store, as_of, settings, plans)
    )


def with_frames(
    store: Store, as_of: datetime, settings: Settings, plans: Sequence[FeaturePlan],
    *, rows_at_once: int = ROWS_AT_ONCE,
) -> Iterator[tuple[FeaturePlan, Frame]]:  # fmt: skip
    """Yield each plan with its frame; features are read together up to so many requests."""
    for group in _groups(plans, rows_at_once):
        start = min(planned.start for planned in group)
        names = [planned.feature for planned in group]
        frames = frame.load(store, as_of, settings, start=start, features=names)
        yield from ((planned, frames.get(planned.feature, frame.nobody())) for planned in group)


def _groups(plans: Sequence[FeaturePlan], rows_at_once: int) -> Iterator[list[FeaturePlan]]:
    group: list[FeaturePlan] = []
    for planned in plans:
        if sum(each.n_requests for each in [*group, planned]) > rows_at_once and group:
            yield group
            group = []
        group.append(planned)
    yield group


def _joined(store: Store, as_of: datetime, settings: Settings, live_from: datetime | None) -> int:
    """Append the join rate of the two newest weeks; an orphan names no feature."""
    if store.rows("figure_join_made", as_of=as_of):
        return 0
    made = []
    for lag in (0, 1):
        week = week_of(as_of, settings.report.timezone) - WEEK * (lag + 1)
        start, end = week_bounds(week, settings.report.timezone)
        counts = store.rows("figure_events_joined", as_of=as_of, start=start, until=end)[0]
        if counts["n"]:
            back_filled = live_from is None or end <= live_from
            key = FigureKey(EVERYTHING, week, lag, as_of, back_filled)
            made.append((key, plain_share("join_share", counts["n_joined"], counts["n"])))
    with store.transaction() as tx:
        tx.append("weekly_figures", [joined.row(key) for key, joined in made])
        for key, joined in made:
            if key.lag == 0:
                announce.join_rate_low(tx, key, joined)
    return len(made)


def _joins_fail(store: Store, as_of: datetime) -> bool:
    rows = store.rows("figure_join_newest", as_of=as_of)
    return bool(rows) and announce.joins_fail(rows[0]["high"])


def _instant(us: int) -> datetime:
    epoch = datetime(1970, 1, 1, tzinfo=UTC).replace(tzinfo=None)
    return epoch + timedelta(microseconds=us)
