"""Which behaviour versions served between two periods, and what a full cut-over to one changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from decay_reports.causes.bootstrap import replicates
from decay_reports.causes.traits import TENURE, Trait
from decay_reports.causes.two_periods import Period
from decay_reports.figures.frame import Bools, Floats

_SERVED_SHARE = 0.05  # of a week's requests: less is a trial, not a deploy
_OVERLAP = 50  # requests in both periods of versions that ran in both: enough to compare others
_COLUMNS = 3  # level, trend, step
_NO_STEP = 1e-9


@dataclass(frozen=True)
class Course:
    """The deploys after the first period, and every week from its first to the second's last.

    `weeks` is filled only for a full cut-over.
    """

    n_deploys: int = 0
    weeks: tuple[Period, ...] = ()


def n_deploys(
    by_week: Mapping[date, Mapping[str, int]], before: Sequence[date], now: Sequence[date]
) -> int:
    """Count the versions that first served after the weeks `before`, up to the last of `now`."""
    served: set[str] = set()
    known: set[str] = set()
    for week, counts in sorted(by_week.items()):
        of_week = {v for v, n in counts.items() if n >= _SERVED_SHARE * sum(counts.values())}
        known |= of_week if week <= max(before) else set()
        served |= of_week if week <= max(now) else set()
    return len(served - known)


def overlaps(before: Period, now: Period) -> bool:
    """Tell whether versions that ran in both periods carry enough requests to compare others."""
    n_before, n_now = (_per_version(period.version) for period in (before, now))
    common = (n_before > 0) & (n_now > 0)
    return bool(min(n_before[common].sum(), n_now[common].sum()) >= _OVERLAP)


def new_versions(before: Period, now: Period) -> tuple[str, ...]:
    """Name the versions that serve in the second period and did not in the first."""
    was, is_now = (_per_version(period.version) for period in (before, now))
    served = (is_now >= _SERVED_SHARE * is_now.sum()) & (was < _SERVED_SHARE * was.sum())
    return tuple(before.version.labels[k] for k in np.flatnonzero(served))


def is_cut_over(before: Period, now: Period) -> bool:
    """Tell whether the second period was answered by other versions than the first."""
    return len(before.version.labels) > 1 and not overlaps(before, now)


def step(course: Course, before: Period, now: Period, kept: Bools, times: Floats) -> Floats | None:
    """Return what a cut-over changed of the second period's mean, ``(r,)`` over redrawn users.

    The weekly level at one fixed mix of topics and tenure follows a line and a step; the step is
    as high as the share of requests that the new version answered. `kept` says which topics are
    neither new nor gone. None where the weeks can't tell a step from a trend.

    Notes
    -----
    Interrupted time series with one step, weeks weighted by their requests. It can't tell the
    version from anything else that changed in the same week.
    """
    weeks = course.weeks
    if len(weeks) <= _COLUMNS:
        return None
    old = set(np.unique(before.version.code).tolist())
    share = np.array([1.0 - np.isin(w.version.code, list(old)).mean() for w in weeks])
    n = np.array([len(w.cells.psi) for w in weeks], float)
    design = np.column_stack([np.ones(len(weeks)), np.arange(len(weeks)), share])
    if np.linalg.matrix_rank(design - design.mean(axis=0)) < _COLUMNS - 1:
        return None
    weighted = design * n[:, None]
    slopes = np.linalg.solve(design.T @ weighted, weighted.T)
    was, is_now = (_mean_over(share, n, weeks, period.weeks) for period in (before, now))
    return np.asarray(_levels(weeks, kept, times) @ slopes[2] * (is_now - was))


def _levels(weeks: Sequence[Period], kept: Bools, times: Floats) -> Floats:
    """Return the level of each week at the mix of all of them, ``(r, w)``."""
    n_tenures = len(weeks[0].trait(TENURE).labels)
    n_pairs = len(kept) * n_tenures
    counts = [
        replicates(w.cells, w.cells.topic * n_tenures + w.tenure.code, n_pairs, times)
        for w in weeks
    ]
    mix = sum(n[0] for n, _ in counts) * np.repeat(kept, n_tenures)
    n_all, psi_all = sum(n for n, _ in counts), sum(psi for _, psi in counts)
    with np.errstate(invalid="ignore", divide="ignore"):
        usual = np.nan_to_num(psi_all / n_all)
        levels = [np.where(n > 0, psi / n, usual) @ mix / mix.sum() for n, psi in counts]
    return np.column_stack(levels)


def _mean_over(share: Floats, n: Floats, weeks: Sequence[Period], chosen: Sequence[date]) -> float:
    rows = np.array([w.weeks[0] in chosen for w in weeks])
    return float((share * n)[rows].sum() / n[rows].sum())


def _per_version(version: Trait) -> Floats:
    return np.bincount(version.code, minlength=len(version.labels)).astype(float)
