"""Whether answers changed from one day to the next: what they are like, day by day, within topics.

Requests of a day share its load, its incidents and its provider, so a request is no unit of a test:
taken one by one they call most quiet weeks a change. The day is. What was announced is left out by
the caller; why a change came about is left to others.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from decay_reports.figures.frame import Bools, Floats

REFERENCE_DAYS, GUARD_DAYS, CURRENT_DAYS = 28, 7, 7
COMPARED = "What answers are like: this week against the days before"  # the table of a test made
P_LOOK = 0.001  # of a feature's look: it is looked at each week for ever
_LEAST_REFERENCE, _LEAST_CURRENT = 7, 5  # days with traffic without which nothing is compared
_CELL = 10  # requests of a topic in the reference that give it a level of its own
_SD_EFFECT = 0.10  # of a request's standard deviation: less is real but nobody's concern
_SD_LEAST = 0.05  # of a logarithm: answers that are always the same still vary by 5 % in effect
_LEAST_VARIANCE = 1e-9
_FITS_BETTER = 4.6  # difference of misfits: likelihoods of 10 to 1
_LENT_DAYS = 8  # days that the reference lends to a week's own variance, which 7 days hardly tell
_TIED_MOST = (
    0.5  # correlation of neighbouring days: 28 of them can't tell a higher one from a slope
)
_EDGE = 2  # days on each side of a change that is dated


@dataclass(frozen=True)
class Daily:
    """One trait of answers by day and topic: counts and sums ``(d, c)``.

    `floor` is the smallest change that counts: of a share in shares; of a logarithm (`is_log`) it
    is not used, a tenth of the standard deviation counts there.
    """

    metric: str
    n: Floats
    total: Floats
    squares: Floats
    is_log: bool = False
    floor: float = 0.05


@dataclass(frozen=True)
class Shift:
    """What a trait was and is, at this week's mix of topics; `low` and `high` at 95 %.

    `p` is of the test on days; `counts` says whether the change is large enough to matter;
    `se_before` and `se_now` are the errors of the two means.
    """

    metric: str
    is_log: bool
    before: float
    now: float
    change: float
    low: float
    high: float
    p: float
    counts: bool
    se_before: float
    se_now: float
    n_before: int
    n_now: int


@dataclass(frozen=True)
class _Window:
    """Days of one side: residuals and expected levels ``(k,)``, requests and spread."""

    rest: Floats
    expected: Floats
    n: Floats
    mix: Floats
    spread: float

    @property
    def sampling(self) -> float:
        """Return the variance that a day has because its requests are a sample."""
        return max(float((self.spread / self.n).mean()), _LEAST_VARIANCE)

    @property
    def tied(self) -> float:
        """Return how much more the mean varies than of independent days, which follow each other.

        (1 + r) / (1 - r) with r the correlation of neighbours, at least 0, at most `_TIED_MOST`.
        """
        rest = self.rest - self.rest.mean()
        r = float(rest[1:] @ rest[:-1]) / max(float(rest @ rest), 1e-12)
        r = min(max(r, 0.0), _TIED_MOST)
        return (1.0 + r) / (1.0 - r)


def windows(start: int, end: int) -> tuple[range, range] | None:
    """Return the days of reference and current week of a look at `end`; None where too few are.

    Days before `start` do not count. A week lies between the two where there are days for it, so
    that a change in the middle of a week does not spoil the reference of the next look.

    >>> windows(0, 42), windows(30, 45)
    ((range(0, 28), range(35, 42)), (range(30, 38), range(38, 45)))
    >>> windows(40, 50) is None
    True
    """
    current = range(end - CURRENT_DAYS, end)
    left = current.start - start
    if left < _LEAST_REFERENCE:
        return None
    last = current.start - min(GUARD_DAYS, max(left - GUARD_DAYS - _LEAST_REFERENCE, 0))
    return range(max(start, last - REFERENCE_DAYS), last), current


def compare(
    daily: Daily, reference: range, current: range, least: int = 5, *,
    least_days: int = _LEAST_CURRENT,
) -> Shift | None:  # fmt: skip
    """Test the days of `current` against those of `reference`; None where they are too few.

    Each topic is held against its own level in the reference, so a changed mix of topics changes
    nothing; topics that the reference does not know are left out. Detects a changed mean of days;
    does not detect a change that comes and goes within a day, or one within a single rare topic.

    Parameters
    ----------
    least
        Requests of a day (in known topics) without which the day is left out.
    least_days
        Days of `current` without which nothing is compared.

    Notes
    -----
    Welch's t with Satterthwaite's degrees of freedom. A window's variance is that of its days, at
    least the sampling variance that requests give. Seven days hardly tell theirs, so the reference
    lends `_LENT_DAYS` of its own; where its days follow one another both are widened by
    (1 + r) / (1 - r). The error of the topics' levels, which a changed mix lets through, is added.
    Simulated with 7 traits and 340 requests a day: false in under .001 of looks, .005 where days
    are correlated by .4; refusals 3 % to 6 % with answers a fifth longer are found in all streams.
    O(d c).
    Source: Welch 1947, Biometrika 34; Smyth 2004, section 3 (lending).

    Examples
    --------
    >>> n = np.full((35, 1), 100.0)
    >>> refused = np.where(np.arange(35) < 28, 2.0, 12.0)[:, None]
    >>> shift = compare(Daily("refusal", n, refused, refused, floor=0.01), range(28), range(28, 35))
    >>> round(shift.change, 2), shift.counts, shift.p < 0.001
    (0.1, True, True)
    """
    n_cell = daily.n[reference].sum(axis=0)
    known = n_cell >= _CELL
    if not known.any():
        return None
    level = daily.total[reference][:, known].sum(axis=0) / n_cell[known]
    old, new = (_window(daily, days, known, level, least) for days in (reference, current))
    if old is None or new is None:
        return None
    if len(old.rest) < _LEAST_REFERENCE or len(new.rest) < least_days:
        return None
    through = float(((new.mix - old.mix) ** 2 * old.spread / n_cell[known]).sum())
    return _welch(daily, old, new, through)


def moved(shifts: Sequence[Shift]) -> list[Shift]:
    """Return the shifts that are both large enough and beyond chance among all that were tested.

    Benjamini and Hochberg at `P_LOOK`: with nothing changed, one look in a thousand says otherwise.
    """
    ordered = sorted(shifts, key=lambda shift: shift.p)
    passing = [k for k, shift in enumerate(ordered, 1) if shift.p <= P_LOOK * k / len(ordered)]
    chosen = ordered[: max(passing, default=0)]
    return [shift for shift in chosen if shift.counts]


def first_day(traits: Sequence[Daily], reference: range, current: range) -> int | None:
    """Date a change by the split of all days that leaves the least misfit; None for a slide.

    The index returned is the first day of the new level. All `traits` (those that moved) count,
    each in units of its own noise. A change that a straight line fits better by 10 to 1 has no day.
    """
    days = range(reference.start, current.stop)
    series = [_standardised(trait, reference, days) for trait in traits]
    splits = range(_EDGE, len(days) - _EDGE + 1)
    misfit = [sum(_step_misfit(x, split) for x in series) for split in splits]
    best = int(np.argmin(misfit))
    sloped = sum(_line_misfit(x) for x in series)
    noise = max(misfit[best] / max(sum((~np.isnan(x)).sum() for x in series) - 3, 1), 1e-12)
    if (misfit[best] - sloped) / noise > _FITS_BETTER:
        return None
    return days.start + splits[best]


def _window(daily: Daily, days: range, known: Bools, level: Floats, least: int) -> _Window | None:
    n = daily.n[days][:, known]
    total, squares = daily.total[days][:, known], daily.squares[days][:, known]
    of_day = n.sum(axis=1)
    kept = of_day >= least
    if kept.sum() < 2:  # noqa: PLR2004 - a variance needs two
        return None
    n, total, squares, of_day = n[kept], total[kept], squares[kept], of_day[kept]
    expected = n @ level / of_day
    return _Window(
        rest=total.sum(axis=1) / of_day - expected, expected=expected, n=of_day,
        mix=(n / of_day[:, None]).mean(axis=0), spread=_spread(daily, n, total, squares),
    )  # fmt: skip


def _spread(daily: Daily, n: Floats, total: Floats, squares: Floats) -> float:
    """Return the variance of a request within its topic; of a share with half a count."""
    n_cell, of_cell = n.sum(axis=0), total.sum(axis=0)
    if not daily.is_log:
        p = (of_cell.sum() + 0.5) / (n_cell.sum() + 1.0)
        return float(p * (1.0 - p))
    within = squares.sum() - (of_cell**2 / np.maximum(n_cell, 1.0)).sum()
    return max(float(within) / max(float(n_cell.sum()) - int((n_cell > 0).sum()), 1.0), 0.0)


def _welch(daily: Daily, old: _Window, new: _Window, through: float) -> Shift:
    from scipy import stats

    change = float(new.rest.mean() - old.rest.mean())
    of_old, of_new = (float(side.rest.var(ddof=1)) for side in (old, new))
    df_old, df_new = len(old.rest) - 1, len(new.rest) - 1
    lent = min(_LENT_DAYS, df_old)
    of_new = max((df_new * of_new + lent * of_old) / (df_new + lent), new.sampling)
    a = max(of_old, old.sampling) / len(old.rest) * old.tied + through
    b = of_new / len(new.rest) * old.tied
    se = math.sqrt(a + b)
    freedom = (a + b) ** 2 / (a**2 / df_old + b**2 / (df_new + lent))
    half = se * float(stats.t.ppf(0.975, freedom))
    before = float(new.expected.mean() + old.rest.mean())
    sd = max(math.sqrt(old.spread), _SD_LEAST)
    return Shift(
        metric=daily.metric, is_log=daily.is_log, before=before, now=before + change,
        change=change, low=change - half, high=change + half,
        p=2.0 * float(stats.t.sf(abs(change) / se, freedom)),
        counts=abs(change) >= (_SD_EFFECT * sd if daily.is_log else daily.floor),
        se_before=math.sqrt(a), se_now=math.sqrt(b),
        n_before=int(old.n.sum()), n_now=int(new.n.sum()),
    )  # fmt: skip


def _standardised(daily: Daily, reference: range, days: range) -> Floats:
    """Return the residual of each day within topics ``(d,)``, NaN where nothing was asked."""
    n_cell = daily.n[reference].sum(axis=0)
    known = n_cell >= _CELL
    level = daily.total[reference][:, known].sum(axis=0) / n_cell[known]
    n, total = daily.n[days][:, known], daily.total[days][:, known].sum(axis=1)
    of_day = n.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        rest = np.where(of_day > 0, (total - n @ level) / of_day, np.nan)
    wobble = np.diff(rest[~np.isnan(rest)])
    noise = math.sqrt(float(np.median(wobble**2))) if len(wobble) else 1.0
    return np.asarray(rest / max(noise, math.sqrt(_LEAST_VARIANCE)))


def _step_misfit(x: Floats, split: int) -> float:
    return sum(float(np.nansum((half - _mean(half)) ** 2)) for half in (x[:split], x[split:]))


def _line_misfit(x: Floats) -> float:
    seen = ~np.isnan(x)
    at = np.flatnonzero(seen).astype(float)
    fitted = np.polyval(np.polyfit(at, x[seen], 1), at)
    return float(((x[seen] - fitted) ** 2).sum())


def _mean(x: Floats) -> float:
    seen = x[~np.isnan(x)]
    return float(seen.mean()) if len(seen) else 0.0
