"""What days of a feature are like while nothing happens: level, weekdays, how much days wobble."""

from collections.abc import Sequence
from datetime import date

import msgspec
import numpy as np

from decay_reports.figures.clusters import sums
from decay_reports.figures.frame import Floats

WEEKDAYS = 7
WEEK_SD = 0.008  # how much a week moves by itself beyond its sampling error
_MIN_VARIANCE = 1e-6
_SILENT_Z, _SILENT_SHARE = -4.0, 0.5  # signals of a day: surely, and by half, fewer than expected


class Day(msgspec.Struct, frozen=True, array_like=True):
    """A day's level (a share, the more the better) over `n` requests of `n_requests` asked.

    `n_rated` of all requests carry a signal; it tells a silent feed from content users.
    """

    day: date
    n: int
    level: float
    n_requests: int
    n_rated: int


class DayBaseline(msgspec.Struct, frozen=True, kw_only=True):
    """The level that later days are held against.

    Attributes
    ----------
    value, se, n
        Level of all days, its standard error, and the requests it rests on.
    weekday
        What Monday to Sunday add to the level, shrunk by their standard errors.
    spread
        Variance of one request; p (1 - p) for a share.
    day_variance
        How much days vary beyond the sampling of their requests, by moments, at least 0.
    coverage
        Share of requests with a signal.
    """

    value: float
    se: float
    n: int
    weekday: tuple[float, ...]
    spread: float
    day_variance: float
    coverage: float

    def expected(self, days: Sequence[Day]) -> float:
        """Return the level that these days have while nothing changes."""
        n = sum(day.n for day in days)
        extra = sum(day.n * self.weekday[day.day.weekday()] for day in days)
        return self.value + extra / n

    def variance(self, days: Sequence[Day]) -> float:
        """Return the variance of the level of these days together."""
        n = sum(day.n for day in days)
        wobble = self.day_variance * sum(day.n**2 for day in days) / n**2
        return max(self.spread / n + wobble, _MIN_VARIANCE)

    def is_silent(self, day: Day) -> bool:
        """Tell whether signals of the day are missing: under half of what it should have, z < -4.

        A change of success moves what signals say and some of how many there are; it does not
        take away every second one.
        """
        expected = self.coverage * day.n_requests
        noise = max(expected * (1.0 - self.coverage), _MIN_VARIANCE) ** 0.5
        surely = (day.n_rated - expected) / noise < _SILENT_Z
        return surely and day.n_rated < _SILENT_SHARE * expected


def of_days(
    days: Sequence[Day], *, spread: float | None = None, design_effect: float = 1.0
) -> DayBaseline:
    """Learn a baseline from 28 to 56 days, at least one of them with requests.

    Parameters
    ----------
    spread
        Variance of one request, where the level is no share.
    design_effect
        How much more the level varies than with independent requests, since users come back.

    Notes
    -----
    With n_i requests on day i of weekday g, Q = sum n_i (x_i - x_g)^2 has the expectation
    spread (days - weekdays) + day_variance sum_g (N_g - sum n_i^2 / N_g). Weekdays are shrunk by
    t / (t + se_g^2) with t the mean of e_g^2 - se_g^2, at least 0.
    Source: DerSimonian, Laird 1986, within groups.

    Examples
    --------
    >>> days = [
    ...     Day(date(2026, 1, 5 + k), 100, 0.5 + 0.1 * (k % 7 == 0), 100, 50) for k in range(27)
    ... ]
    >>> baseline = of_days(days)
    >>> baseline.day_variance, [round(extra, 2) for extra in baseline.weekday[:2]]
    (0.0, [0.04, -0.01])
    """
    n = np.array([day.n for day in days], float)
    x = np.array([day.level for day in days])
    weekday = np.array([day.day.weekday() for day in days])
    total = float(n.sum())
    value = float(n @ x / total)
    if spread is None:
        smoothed = (value * total + 0.5) / (total + 1.0)
        spread = smoothed * (1.0 - smoothed)
    of_weekday = sums(weekday, n, WEEKDAYS)
    squares = sums(weekday, n**2, WEEKDAYS)
    some = np.maximum(of_weekday, 1.0)
    level = sums(weekday, n * x, WEEKDAYS) / some
    day_variance = _day_variance(n, x - level[weekday], (of_weekday, squares), spread)
    se2 = (spread + day_variance * squares / some) / some
    effects = _shrunk(np.where(of_weekday > 0, level - value, 0.0), se2, of_weekday)
    return DayBaseline(
        value=value, n=int(total), weekday=tuple(effects.tolist()), spread=spread,
        se=float((design_effect * spread / total + day_variance * (n @ n) / total**2) ** 0.5),
        day_variance=day_variance,
        coverage=sum(day.n_rated for day in days) / max(sum(day.n_requests for day in days), 1),
    )  # fmt: skip


def _day_variance(n: Floats, rest: Floats, of: tuple[Floats, Floats], spread: float) -> float:
    of_weekday, squares = of
    seen = of_weekday > 0
    scale = float((of_weekday[seen] - squares[seen] / of_weekday[seen]).sum())
    if scale <= 0:
        return 0.0
    return max(float(n @ rest**2) - spread * (len(n) - int(seen.sum())), 0.0) / scale


def _shrunk(effects: Floats, se2: Floats, of_weekday: Floats) -> Floats:
    seen = of_weekday > 0
    between = max(float((effects[seen] ** 2 - se2[seen]).mean()), 0.0)
    shrunk = np.where(seen, effects * between / (between + se2), 0.0)
    return np.where(seen, shrunk - float(of_weekday @ shrunk) / of_weekday.sum(), 0.0)
