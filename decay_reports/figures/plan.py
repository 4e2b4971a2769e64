"""Which weeks of which features a run at one close has to measure, and at which lag."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

import msgspec

from decay_reports.figures.figure import FigureKey
from decay_reports.figures.periods import FINAL_LAG, history_start
from decay_reports.figures.success import MAX_POOLED_WEEKS
from decayd.config import Settings
from decayd.weeks import WEEK, week_bounds, week_of
from store.database import Store

MAX_LAG = 4
_POOLED_BEFORE = WEEK * (MAX_POOLED_WEEKS - 1)
_DAY_END = timedelta(days=1, microseconds=-1)


class FeaturePlan(msgspec.Struct, frozen=True, kw_only=True):
    """The weeks to measure, oldest first, and from when on their requests are needed."""

    feature: str
    keys: tuple[FigureKey, ...]
    first_request: datetime
    n_requests: int
    start: datetime

    @property
    def as_of(self) -> datetime:
        """Return the close that is planned for."""
        return self.keys[0].as_of


def plan(
    store: Store, as_of: datetime, settings: Settings, live_from: datetime | None
) -> list[FeaturePlan]:
    """List the features with weeks that have no figure yet at the lag they have reached.

    A live week is measured at lag 0 to 4. A week that ended before the store's first live record
    was filled in: it is measured at the lag it has, at most 4, and marked.
    """
    timezone = settings.report.timezone
    made = {
        (row["feature"], row["week"], row["lag"]) for row in store.rows("figure_weeks", as_of=as_of)
    }
    plans = []
    for row in store.rows("figure_features", as_of=as_of):
        weeks = sorted(_weeks(row["days"], timezone))
        keys = tuple(
            FigureKey(row["feature"], week, lag, as_of, back_filled)
            for week, lag, back_filled in _lags(weeks, as_of, timezone, live_from)
            if (row["feature"], week, lag) not in made
        )
        if keys:
            plans.append(_planned(row, keys, settings))
    return plans


def _weeks(days: Iterable[date], timezone: str) -> set[date]:
    starts = [datetime.combine(day, time()) for day in days]
    return {week_of(at, timezone) for start in starts for at in (start, start + _DAY_END)}


def _lags(
    weeks: Iterable[date], as_of: datetime, timezone: str, live_from: datetime | None
) -> Iterator[tuple[date, int, bool]]:
    newest = week_of(as_of, timezone) - WEEK
    for week in weeks:
        lag = (newest - week) // WEEK
        back_filled = live_from is None or week_bounds(week, timezone)[1] <= live_from
        if 0 <= lag <= MAX_LAG or (lag > MAX_LAG and back_filled):
            yield week, min(lag, MAX_LAG), back_filled


def _planned(row: dict[str, Any], keys: tuple[FigureKey, ...], settings: Settings) -> FeaturePlan:
    first_week, end = week_bounds(keys[0].week, settings.report.timezone)
    window_days = max(
        settings.feature(row["feature"]).expected_outcome.window_days, row["window_days"] or 0.0
    )
    start = history_start(
        first_week - _POOLED_BEFORE, min(keys[0].as_of, end + FINAL_LAG), window_days
    )
    return FeaturePlan(
        feature=row["feature"], keys=keys, first_request=row["first_ts"],
        n_requests=row["n_requests"], start=start,
    )  # fmt: skip
