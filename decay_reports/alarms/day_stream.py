"""The daily form of the alarm: days are held against a baseline until they prove a fall."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Self

import msgspec

from decay_reports.alarms.detector import Detector, Step, fall
from decay_reports.figures.day_levels import Day, DayBaseline

MIN_REQUESTS = 30  # days are put together until they hold that many
DAYS_PER_YEAR = 365.0
_RECENT = timedelta(days=28)


class Margin(msgspec.Struct, frozen=True):
    """What a level may lie below its baseline unpunished, and the threshold of the streams."""

    tolerance: float
    limit: float


class DayStream(msgspec.Struct, frozen=True, kw_only=True):
    """State of one daily stream; floats survive JSON bit for bit.

    `onset` is where a fall began that only makes a hint; one that pages has an incident instead.
    `stage` says how far a hint got. `waiting` are days that don't hold 30 requests yet, `recent`
    those of the last four weeks, from which a recovery is read.
    """

    detector: Detector
    last_day: date | None = None
    waiting: tuple[Day, ...] = ()
    recent: tuple[Day, ...] = ()
    onset: date | None = None
    stage: str = ""
    contradicted: int = 0

    def updated(self, days: Iterable[Day], baseline: DayBaseline, margin: Margin) -> Self:
        """Take closed days, oldest first; one without data or without its signals is passed over.

        A day that was taken before is not taken again.
        """
        stream = self
        for day in days:
            if stream.last_day is None or day.day > stream.last_day:
                stream = stream._after(day, baseline, margin)
        return stream

    def _after(self, day: Day, baseline: DayBaseline, margin: Margin) -> Self:
        taken = msgspec.structs.replace(self, last_day=day.day)
        if day.n == 0 or baseline.is_silent(day):
            return taken
        waiting = (*self.waiting, day)
        recent = tuple(d for d in (*self.recent, day) if d.day > day.day - _RECENT)
        taken = msgspec.structs.replace(taken, waiting=waiting, recent=recent)
        if sum(d.n for d in waiting) < MIN_REQUESTS:
            return taken
        level = sum(d.n * d.level for d in waiting) / sum(d.n for d in waiting)
        d = fall(baseline.expected(waiting), baseline.se, margin.tolerance, level)
        step = Step(waiting[0].day, d, baseline.variance(waiting))
        return msgspec.structs.replace(
            taken, waiting=(), detector=self.detector.update(step, margin.limit)
        )

    def recovered(self, baseline: DayBaseline, tolerance: float, since: date) -> bool:
        """Tell whether the mean of the last four weeks, all of them since then, is back."""
        if self.last_day is None or self.last_day - _RECENT < since - timedelta(days=1):
            return False
        if not self.recent:
            return False
        level = sum(d.n * d.level for d in self.recent) / sum(d.n for d in self.recent)
        return fall(baseline.expected(self.recent), baseline.se, tolerance, level) <= 0

    def restarted(self) -> Self:
        """Forget what was seen, but not up to where."""
        return msgspec.structs.replace(
            self, detector=self.detector.restarted(), waiting=(), onset=None, stage="",
            contradicted=0,
        )  # fmt: skip

    def to_json(self) -> str:
        """Return the state as JSON."""
        return msgspec.json.encode(self).decode()

    @classmethod
    def from_json(cls, text: str) -> "DayStream":
        """Take back what `to_json` gave, bit for bit."""
        return msgspec.json.decode(text, type=cls)


def fresh(baseline_version: int, last_day: date | None = None) -> DayStream:
    """Return the state of a stream that has seen nothing of this baseline."""
    return DayStream(detector=Detector(baseline_version), last_day=last_day)


def threshold(n_streams: int, false_pages_per_year: float) -> float:
    """Return what the statistic must exceed so that all streams together keep to the budget.

    >>> threshold(2, 0.2)
    3650.0
    """
    return DAYS_PER_YEAR * max(n_streams, 1) / false_pages_per_year
