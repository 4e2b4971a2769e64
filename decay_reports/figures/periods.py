"""Several weeks of a feature measured as one: what a baseline is, and what attribution compares."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from decay_reports.figures import frame as frames
from decay_reports.figures.feature_weeks import Known, know, measure_rows
from decay_reports.figures.frame import Frame, Ints
from decay_reports.figures.success import MIN_LABELS, PseudoOutcomes
from decayd.config import Settings
from decayd.events import epoch_us
from decayd.weeks import week_bounds
from store.database import Store

FINAL_LAG = timedelta(weeks=4)
_TRAINING = timedelta(days=70)
_CURVE = timedelta(days=56)
_MAX_WINDOW = timedelta(days=366)  # outcomes that take longer are learned from one year's cohorts


@dataclass(frozen=True)
class Period:
    """Weeks of one feature with their pseudo-outcomes; `rows` index the frame of `known`.

    Days begin at midnight in `timezone`.
    """

    weeks: tuple[date, ...]
    known: Known
    rows: Ints
    result: PseudoOutcomes
    timezone: str = "UTC"

    @property
    def frame(self) -> Frame:
        """Return the period's own requests."""
        return self.known.frame.take(self.rows)


def history_start(first_week: datetime, until: datetime, window_days: float) -> datetime:
    """Return from when on requests are needed to measure weeks that begin at `first_week`."""
    window = min(timedelta(days=window_days + 7), _MAX_WINDOW)
    return min(first_week - _TRAINING, until - max(_CURVE, window))


def measure_period(
    store: Store, feature: str, weeks: Sequence[date], as_of: datetime, settings: Settings
) -> Period | None:
    """Measure some weeks, not always consecutive, as one period with what is known at `as_of`.

    Returns
    -------
    Period | None
        None with fewer than 20 labels, or with labels that can't speak of a rate.
    """
    bounds = [week_bounds(week, settings.report.timezone) for week in sorted(weeks)]
    until = min(as_of, bounds[-1][1] + FINAL_LAG)
    window_days = max(
        settings.feature(feature).expected_outcome.window_days,
        store.scalar("frame_window", feature=feature, as_of=as_of) or 0.0,
    )
    start = history_start(bounds[0][0], until, window_days)
    loaded = frames.load(store, as_of, settings, start=start, until=until, features=[feature])
    if feature not in loaded:
        return None
    known = know(loaded[feature], settings.feature(feature), epoch_us(as_of), epoch_us(until))
    spans = [known.frame.between(epoch_us(a), epoch_us(b)) for a, b in bounds]
    rows = np.concatenate([np.arange(span.start, span.stop) for span in spans])
    if known.one_class or known.labels.member[rows].sum() < MIN_LABELS:
        return None
    return Period(
        tuple(sorted(weeks)), known, rows, measure_rows(known, rows), settings.report.timezone
    )
