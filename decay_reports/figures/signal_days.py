"""The days of a week as the daily streams see them: shares of requests with good signals."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np

from decay_reports.figures.day_levels import Day
from decay_reports.figures.figure import FigureKey
from decay_reports.figures.frame import Floats, Frame
from decayd.events import epoch_us
from decayd.weeks import day_start, local_day

FRICTION, SATISFACTION, PROMISE = "friction", "satisfaction", "promise"
METRICS = (FRICTION, SATISFACTION)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC).replace(tzinfo=None)


def days_of(frame: Frame, timezone: str, f: Floats | None = None) -> dict[str, list[Day]]:
    """Return the days on which these requests were made, by metric; the more, the better.

    The level of friction is the share without it; `f` ``(n,)`` is what a model reads of each
    request.
    """
    metrics = METRICS if f is None else (*METRICS, PROMISE)
    made: dict[str, list[Day]] = {metric: [] for metric in metrics}
    for day, rows in _days(frame, timezone):
        rated = frame.rated[rows]
        levels = {
            FRICTION: np.mean(~frame.friction[rows]),
            SATISFACTION: np.mean(frame.score[rows][rated] > 0) if rated.any() else 0.0,
            PROMISE: 0.0 if f is None else np.mean(f[rows]),
        }
        for metric in metrics:
            n = int(rated.sum()) if metric == SATISFACTION else len(rated)
            made[metric].append(Day(day, n, float(levels[metric]), len(rated), int(rated.sum())))
    return made


def figures(key: FigureKey, days: dict[str, list[Day]]) -> Iterator[dict[str, Any]]:
    """Yield the rows to append to `daily_figures`; friction as it is spoken of."""
    for metric in METRICS:
        for day in days[metric]:
            value = natural(metric, day.level) if day.n else None
            yield {
                "feature": key.feature, "day": day.day, "metric": metric, "as_of": key.as_of,
                "n": day.n, "total": None if value is None else value * day.n, "value": value,
                "back_filled": key.back_filled,
            }  # fmt: skip


def natural(metric: str, level: float) -> float:
    """Turn a level, where more is better, into the metric's own value, and back."""
    return 1.0 - level if metric == FRICTION else level


def _days(frame: Frame, timezone: str) -> Iterator[tuple[date, slice]]:
    if not len(frame):
        return
    day, last = (
        local_day(_EPOCH + timedelta(microseconds=int(us)), timezone)
        for us in (frame.ts_us[0], frame.ts_us[-1])
    )
    while day <= last:
        start, end = day_start(day, timezone), day_start(day + timedelta(days=1), timezone)
        rows = frame.between(epoch_us(start), epoch_us(end))
        if rows.start < rows.stop:
            yield day, rows
        day += timedelta(days=1)
