"""Measurement health before any number is believed: is the outcome feed late, did ratings stop."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from decay_reports.figures.expectation import Expectation
from decay_reports.figures.frame import DAY_US, Floats, Frame
from decay_reports.figures.maturity import HALF, Maturity

MAX_Z = 4.0
_YOUNG_DAYS, _OLD_DAYS = 2, 7
_MIN_RELATIVE = 0.9
_SILENT_GAPS = 3.0

Span = tuple[int, int]


@dataclass(frozen=True)
class Gate:
    """What the completeness gate saw; `share` of `n` requests had an outcome, `expected` before.

    `test` is ``share``, ``delay`` or ``gap``: the one that fired, else the one that was asked.
    """

    n: int
    n_arrived: int
    expected: float | None
    z: float
    test: str
    fired: bool

    @property
    def share(self) -> float | None:
        """Return the arrived share."""
        return self.n_arrived / self.n if self.n else None


def completeness(
    frame: Frame, expected: Expectation, matured: Maturity, weeks: Sequence[Span]
) -> Gate:
    """Tell whether outcomes come later than they used to, for the last of `weeks` at its end.

    The share of eligible requests aged 2 to 7 days that have an outcome is held against the same
    share of the earlier weeks, each as it was at its own end. Where that share moves with success
    itself (silence is failure, or failures take longer than successes) the delays of what did
    arrive are compared instead, and a feed that fell silent is found by its gap.

    A random loss of outcomes under ``silence = failure`` can't be told from a fall.

    Parameters
    ----------
    weeks
        The week and up to five before it, oldest first, as [start, end) in microseconds.
    """
    now, before = _cohort(frame, expected, weeks[-1]), weeks[:-1]
    earlier = [_cohort(frame, expected, week) for week in before]
    n0, k0 = sum(c.n for c in earlier), sum(c.n_arrived for c in earlier)
    usual = k0 / n0 if n0 else None
    by_delay = expected.silence_is_failure or _failures_come_later(matured)
    z = _delay_z(now, earlier) if by_delay else share_z(now.n_arrived, now.n, k0, n0)
    late = z > MAX_Z if by_delay else z < -MAX_Z and now.n_arrived * n0 < _MIN_RELATIVE * k0 * now.n
    silent = by_delay and _fell_silent(frame, expected, weeks)
    test = "gap" if silent and not late else "delay" if by_delay else "share"
    return Gate(now.n, now.n_arrived, usual, z, test, bool(late or silent))


@dataclass(frozen=True)
class _Cohort:
    n: int
    n_arrived: int
    delays: tuple[Floats, Floats]  # failures, successes


def _cohort(frame: Frame, expected: Expectation, week: Span) -> _Cohort:
    end = week[1]
    rows = frame.between(end - _OLD_DAYS * DAY_US, end - _YOUNG_DAYS * DAY_US)
    eligible = expected.eligible[rows]
    delay, y = frame.first_delay_days[rows][eligible], frame.y[rows][eligible]
    age = (end - frame.ts_us[rows][eligible]) / DAY_US
    came = delay <= age
    delays = (delay[came & (y < HALF)], delay[came & (y >= HALF)])
    return _Cohort(len(delay), int(came.sum()), delays)


def _failures_come_later(matured: Maturity) -> bool:
    """Tell whether a fall alone could lower the arrived share by what the share test looks for."""
    ages = np.linspace(_YOUNG_DAYS, _OLD_DAYS, 21)
    failures, successes = matured.failures.at(ages).mean(), matured.successes.at(ages).mean()
    return bool(failures < _MIN_RELATIVE * successes)


def share_z(hits: int, n: int, usual_hits: int, usual_n: int) -> float:
    """Return the z of a binomial share against the usual one; 0 where one of them has no rows."""
    if not n or not usual_n:
        return 0.0
    pooled = (hits + usual_hits) / (n + usual_n)
    variance = pooled * (1.0 - pooled) * (1.0 / n + 1.0 / usual_n)
    return (hits / n - usual_hits / usual_n) / math.sqrt(variance) if variance > 0 else 0.0


def _delay_z(now: _Cohort, earlier: Sequence[_Cohort]) -> float:
    """Return the rank-sum z within classes, so that a changed mix of classes is no delay."""
    excess, variance = 0.0, 0.0
    for kind in (0, 1):
        usual = np.concatenate([c.delays[kind] for c in earlier] or [np.empty(0)])
        u, v = _rank_sum(now.delays[kind], usual)
        excess, variance = excess + u, variance + v
    return excess / math.sqrt(variance) if variance > 0 else 0.0


def _rank_sum(x: Floats, y: Floats) -> tuple[float, float]:
    """Return Mann-Whitney's U of `x` over `y` minus its mean, and its variance with ties."""
    m, n = len(x), len(y)
    if not m or not n:
        return 0.0, 0.0
    _, inverse, counts = np.unique(np.concatenate((x, y)), return_inverse=True, return_counts=True)
    mid_rank = np.cumsum(counts) - (counts - 1) / 2
    u = float(mid_rank[inverse[:m]].sum()) - m * (m + 1) / 2
    ties = float((counts**3 - counts).sum()) / ((m + n) * (m + n - 1))
    return u - m * n / 2, m * n / 12 * (m + n + 1 - ties)


def _fell_silent(frame: Frame, expected: Expectation, weeks: Sequence[Span]) -> bool:
    came = np.flatnonzero(frame.arrived & expected.countable)
    arrivals = np.sort(frame.ts_us[came] + frame.first_delay_days[came] * DAY_US)
    usual = arrivals[(arrivals >= weeks[0][0]) & (arrivals < weeks[-1][0])]
    end = weeks[-1][1]
    so_far = arrivals[arrivals < end]
    if len(usual) < 2:  # noqa: PLR2004 - two arrivals make a gap
        return False
    return bool(end - so_far[-1] > _SILENT_GAPS * np.diff(usual).max())
