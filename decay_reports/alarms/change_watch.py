"""Whether what signals promise moved in the hours after a change: a mixture e-value by the hour."""

import math
from dataclasses import dataclass

import numpy as np

from decay_reports.figures.clusters import sum_of_squares, sums
from decay_reports.figures.frame import DAY_US, Floats, Ints

HOURS = 7 * 24
REFERENCE_DAYS = 28
MIN_E = 100.0
TAU = 0.06  # standard deviation of the moves that it is tuned to
_HOUR_US = DAY_US // 24
_HOURS_A_DAY = 24
_MIN_REQUESTS, _MIN_DAYS = 30, 14


@dataclass(frozen=True)
class Readings:
    """Requests by time, what is read of each (the more, the better) and whose they are."""

    ts_us: Ints
    level: Floats
    cluster: Ints

    def between(self, start_us: int, end_us: int) -> "Readings":
        """Return those with a time in [start, end)."""
        first, last = np.searchsorted(self.ts_us, [start_us, end_us])
        return Readings(self.ts_us[first:last], self.level[first:last], self.cluster[first:last])


@dataclass(frozen=True)
class Move:
    """The first hour after a change at which the e-value passed 100."""

    hours: int
    now: float
    before: float
    e: float
    n: int


@dataclass(frozen=True)
class _Usual:
    """The 28 days before a change; `mean` and `n` by hour of the day."""

    mean: Floats
    n: Floats
    spread: float
    day_variance: float


def first_move(readings: Readings, change_us: int, end_us: int) -> Move | None:
    """Find the first hour at whose end signals have surely moved since a change; None without.

    It holds the mean since the change against the mean of the same hours of the 28 days before,
    and looks in both directions. The variance holds sampling with users taken together, the
    wobble of days, which many requests of one day do not average out, and the reference's own. It
    is not meant for slow slides, nor for what changes on one weekday only.

    Notes
    -----
    e = sqrt(V / (V + t^2)) exp(d^2 t^2 / (2 V (V + t^2))) with t = .06: a normal mixture over the
    size of the move, whose mean is at most 1 while nothing moves.
    Source: Robbins 1970; Howard, Ramdas et al., Ann. Stat. 2021.
    """
    usual = _usual(readings.between(change_us - REFERENCE_DAYS * DAY_US, change_us))
    after = readings.between(change_us, min(end_us, change_us + HOURS * _HOUR_US))
    n_hours = min((end_us - change_us) // _HOUR_US, HOURS)
    if usual is None or not len(after.ts_us) or n_hours < 1:
        return None
    since = (after.ts_us - change_us) // _HOUR_US
    of_day = (after.ts_us // _HOUR_US) % _HOURS_A_DAY
    cells = sums(since * _HOURS_A_DAY + of_day, np.ones(len(since)), HOURS * _HOURS_A_DAY)
    asked = np.cumsum(cells.reshape(HOURS, _HOURS_A_DAY), axis=0)
    total = np.cumsum(sums(since, after.level, HOURS))
    for hour in range(n_hours):
        n = float(asked[hour].sum())
        if n < _MIN_REQUESTS:
            continue
        move = _move(usual, asked[hour] / n, (float(total[hour] / n), n), hour + 1)
        if move.e > MIN_E:
            return move
    return None


def _move(usual: _Usual, share: Floats, seen: tuple[float, float], hours: int) -> Move:
    now, n = seen
    before = float(share @ usual.mean)
    days = max(hours / _HOURS_A_DAY, 1.0)
    of_reference = usual.spread * float((share**2 / usual.n).sum())
    of_reference += usual.day_variance / REFERENCE_DAYS
    v = usual.spread / n + usual.day_variance / days + of_reference
    return Move(hours, now, before, e_value(now - before, v), int(n))


def e_value(moved: float, variance: float) -> float:
    """Return the evidence that a mean moved.

    >>> round(e_value(0.0, 0.0004), 2), e_value(0.10, 0.0004) > 100
    (0.32, True)
    """
    wide = variance + TAU**2
    exponent = moved**2 * TAU**2 / (2.0 * variance * wide)
    return math.sqrt(variance / wide) * math.exp(min(exponent, 500.0))


def _usual(before: Readings) -> _Usual | None:
    n = len(before.ts_us)
    day = before.ts_us // DAY_US
    if len(np.unique(day)) < _MIN_DAYS:
        return None
    of_day = (before.ts_us // _HOUR_US) % _HOURS_A_DAY
    mean = float(before.level.mean())
    asked = sums(of_day, np.ones(n), _HOURS_A_DAY)
    level = sums(of_day, before.level, _HOURS_A_DAY)
    rest = before.level - mean
    variance = max(float(rest.var()), 1e-6)
    clustered = max(sum_of_squares(rest, before.cluster) / n, variance)
    return _Usual(
        mean=np.where(asked > 0, level / np.maximum(asked, 1.0), mean),
        n=np.maximum(asked, 1.0), spread=clustered,
        day_variance=_day_variance(day - day[0], rest, variance),
    )  # fmt: skip


def _day_variance(day: Ints, rest: Floats, variance: float) -> float:
    """Return how much days vary beyond the sampling of their requests, by moments, at least 0."""
    n = sums(day, np.ones(len(day)))
    n, total = n[n > 0], sums(day, rest)[n > 0]
    between = float((total**2 / n).sum()) - variance * (len(n) - 1)
    scale = float(n.sum() - (n @ n) / n.sum())
    return max(between, 0.0) / scale
