"""The confirmed alarm: a Shiryaev-Roberts e-detector with a stated budget of false pages."""

import math
from collections.abc import Sequence
from datetime import date
from statistics import NormalDist
from typing import Self

import msgspec

from decay_reports.figures.day_levels import WEEK_SD

EFFECTS = (0.02, 0.04, 0.08, 0.15)  # falls (shares) the detector is tuned to, small to large
UPDATES_PER_YEAR = 52.0
_MAX_LOG_STEP = 30.0
_MAX_M = 1e12
_MIN_VARIANCE = 1e-6
_NEVER = 1e18  # a threshold above every M; JSON has no infinity
_MAX_PATH = 104  # updates kept to date the onset: two years of weeks, 15 weeks of days


class Step(msgspec.Struct, frozen=True, array_like=True):
    """One update: the week, how far below the margin it lay (d) and its variance (v).

    In the daily form `week` is the day, the first one where several make an update.
    """

    week: date
    d: float
    v: float


class Detector(msgspec.Struct, frozen=True):
    """State of the detector against one accepted baseline; floats survive JSON bit for bit.

    It sees a lasting fall below baseline − tolerance − se. It does not see a rise, nor a fall
    smaller than the margin, and takes a slow slide for a fall that began on the way.

    Attributes
    ----------
    m
        One Shiryaev-Roberts statistic per effect: the sum, over all possible starts, of the
        likelihood ratio of a fall by that effect since then.
    path
        The updates since the last restart, from which the onset is dated.
    limit
        The threshold at the last update.

    Notes
    -----
    ``M <- (M + 1) * exp((d * D - D^2 / 2) / v)``; while nothing falls the mean of M grows by at
    most 1 an update on average, so a threshold of A gives at least A updates between false
    alarms, given independent weeks, known variance and baseline.
    Source: Shin, Ramdas, Rinaldo, NEJSDS 2023, sections 2 and 3.

    Examples
    --------
    >>> detector = Detector(baseline_version=1)
    >>> for k in range(1, 5):
    ...     detector = detector.update(Step(date(2026, 1, 5 + 7 * (k - 1)), 0.10, 0.0004), 260.0)
    >>> detector.alarms, detector.onset()
    (True, datetime.date(2026, 1, 5))
    """

    baseline_version: int
    m: tuple[float, ...] = (0.0,) * len(EFFECTS)
    path: tuple[Step, ...] = ()
    last_week: date | None = None
    updates: int = 0
    limit: float = _NEVER

    @property
    def statistic(self) -> float:
        """Return the mean of M over the effects; above the threshold it pages."""
        return sum(self.m) / len(self.m)

    @property
    def alarms(self) -> bool:
        """Tell whether the last update crossed its threshold."""
        return self.statistic > self.limit

    def update(self, step: Step, limit: float) -> Self:
        """Take one more week and the threshold that holds for it."""
        grown = tuple(
            min((m + 1.0) * math.exp(log_step(step, effect)), _MAX_M)
            for m, effect in zip(self.m, EFFECTS, strict=True)
        )
        return type(self)(
            self.baseline_version, grown, (*self.path, step)[-_MAX_PATH:], step.week,
            self.updates + 1, limit,
        )  # fmt: skip

    def restarted(self) -> Self:
        """Forget what was seen, but not up to where."""
        return type(self)(self.baseline_version, last_week=self.last_week, limit=self.limit)

    def onset(self) -> date | None:
        """Return the start that makes a fall by one of the effects most likely."""
        best, start = -math.inf, None
        for effect in EFFECTS:
            total = 0.0
            for step in reversed(self.path):
                total += log_step(step, effect)
                if total > best:
                    best, start = total, step.week
        return start

    def to_json(self) -> str:
        """Return the state as JSON."""
        return msgspec.json.encode(self).decode()

    @classmethod
    def from_json(cls, text: str) -> "Detector":
        """Take back what `to_json` gave, bit for bit."""
        return msgspec.json.decode(text, type=cls)


def threshold(n_streams: int, false_pages_per_year: float) -> float:
    """Return what `statistic` must exceed so that all weekly streams keep to the budget.

    >>> threshold(2, 0.2)
    520.0
    """
    return UPDATES_PER_YEAR * max(n_streams, 1) / false_pages_per_year


def fall(base: float, base_se: float, tolerance: float, value: float) -> float:
    """Return d: how far `value` lies below the margin under the baseline."""
    return base - value - tolerance - base_se


def weekly_variance(se: float) -> float:
    """Return v of a week: its sampling variance and what weeks move by themselves."""
    return max(se * se + WEEK_SD**2, _MIN_VARIANCE)


def recovered(values: Sequence[float], base: float, base_se: float, tolerance: float) -> bool:
    """Tell whether the mean of the last four confirmed weeks is back within the margin."""
    last = values[-4:]
    return len(last) == 4 and sum(last) / 4 >= base - tolerance - base_se  # noqa: PLR2004


def above_trough(weeks: Sequence[tuple[float, float]]) -> bool:
    """Tell whether both last weeks lie above the lowest one before them, at 90 %.

    `weeks` are (value, se) since the onset, oldest first.
    """
    if len(weeks) < 3:  # noqa: PLR2004 - a trough and two weeks after it
        return False
    before = weeks[:-2]
    low, low_se = min(before)
    z = NormalDist().inv_cdf(1 - 0.05 / len(before))  # the lowest of many weeks is low by chance
    return all(value - low > z * math.hypot(se, low_se) for value, se in weeks[-2:])


def log_step(step: Step, effect: float) -> float:
    """Return the log likelihood ratio of a fall by `effect` in one update, clipped to ± 30."""
    exponent = (step.d * effect - effect * effect / 2.0) / step.v
    return max(-_MAX_LOG_STEP, min(_MAX_LOG_STEP, exponent))
