"""Which weeks of which features a run at one close has to measure, and at which lag."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

import msgspec

from decay_reports.figure import FigureKey
from decay_reports.periods import FINAL_LAG, history_start
from decay_reports.success import MAX_POOLED_WEEKS
from decayd.config import Settings
from decayd.weeks import WEEK, monday, week_bounds, week_of
from store.database import Store

MAX_LAG = 4
_POOLED_BEFORE = timedelta(weeks=MAX_POOLED_WEEKS - 1)


class FeaturePlan(msgspec.Struct, frozen=True, kw_only=True):
    """The weeks to measure, oldest first, and from when on their requests are needed."""

    feature: str
    keys: tuple[FigureKey, ...]
    first_request: datetime
    start: datetime


def plan(
    store: Store, as_of: datetime, settings: Settings, live_from: datetime | None
) -> list[FeaturePlan]:
    """List the features with weeks that have no figure yet at the lag they have reached.

    A live week is measured at lag 0 to 4. A week that ended before the store's first live record
    was filled in: it is measured at the lag it has, at most 4, and marked.
    """
    done = {(row["feature"], row["week"], row["lag"]) for row in store.rows("figure_weeks", as_of=as_of)}
    timezone = settings.report.timezone
    plans = []
    for row in store.rows("figure_features", as_of=as_of):
        feature, weeks = row["feature"], {monday(day) for day in row["days"]}
        around = sorted(weeks | {w - WEEK for w in weeks} | {w + WEEK for w in weeks})
        keys = tuple(
            key
            for key in _keys(feature, around, as_of, timezone, live_from)
            if (feature, key.week, key.lag) not in done
        )
        plans.append((row, keys))
    return [_planned(row, keys, settings) for row, keys in plans if keys]


def _keys(
    feature: str, weeks: list[date], as_of: datetime, timezone: str, live_from: datetime | None
) -> Iterator[FigureKey]:
    newest = week_of(as_of, timezone) - WEEK
    for week in weeks:
        lag = (newest - week).days // 7
        back_filled = live_from is None or week_bounds(week, timezone)[1] <= live_from
        if 0 <= lag <= MAX_LAG or (lag > MAX_LAG and back_filled):
            yield FigureKey(feature, week, min(lag, MAX_LAG), as_of, back_filled)


def _planned(
    row: dict[str, object], keys: tuple[FigureKey, ...], settings: Settings
) -> FeaturePlan: ...
