"""How old the documents are that answers rest on, and whether old ones fail more often."""

import math
from dataclasses import dataclass

import numpy as np

from decay_reports.causes.two_periods import Period
from decay_reports.figures.clusters import Z95, sum_of_squares
from decay_reports.figures.frame import Bools, Floats, Ints
from decayd.results import Estimate

_ENOUGH = 100  # requests with documents in each period
_SPREAD = 0.1  # doublings: ages closer together than that are one age
_GREW = 1.2  # times: documents age by a day each day when nothing is written anew


@dataclass(frozen=True)
class DocumentAges:
    """Median age of a request's documents in both periods, and what age does to success.

    `per_doubling` is the change of success (a share) of the second period by doubling of the age,
    topics and weeks held fixed; `older` and `older_fail` say whether the ages grew by a fifth or
    more, and whether old documents fail more beyond chance.
    """

    before_days: float
    now_days: float
    per_doubling: Estimate
    older: bool
    older_fail: bool


def document_ages(before: Period, now: Period) -> DocumentAges | None:
    """Compare both periods; None where too few requests say how old their documents were."""
    known = [~np.isnan(period.document_days) for period in (before, now)]
    if any(len(rows) == 0 or rows.sum() < _ENOUGH for rows in known):
        return None
    was, is_now = (
        float(np.median(period.document_days[rows]))
        for period, rows in zip((before, now), known, strict=True)
    )
    effect = _per_doubling(now, known[1])
    fails = effect.high is not None and effect.high < 0.0
    return DocumentAges(was, is_now, effect, is_now > _GREW * max(was, 1.0), fails)


def _per_doubling(now: Period, known: Bools) -> Estimate:
    """Return the slope of psi on log2 of the age within topics and weeks, clustered by user.

    Weeks are held fixed too: what was never written anew ages with the calendar, and so would
    take the blame for anything that gets worse with time.
    """
    week = now.week if len(now.week) else np.zeros_like(now.cells.topic)
    group, user = (now.cells.topic * (1 + week.max()) + week)[known], now.cells.user[known]
    age = _centred(np.log2(1.0 + np.maximum(now.document_days[known], 0.0)), group)
    psi = _centred(now.cells.psi[known], group)
    spread = float((age**2).sum())
    if spread <= _SPREAD**2 * len(age):
        return Estimate(None, n=len(age), why_not="documents of a topic are all of one age")
    slope = float((age * psi).sum() / spread)
    se = math.sqrt(sum_of_squares(age * (psi - slope * age) / spread, user))
    return Estimate(slope, slope - Z95 * se, slope + Z95 * se, n=len(age))


def _centred(values: Floats, group: Ints) -> Floats:
    n = np.bincount(group)
    mean = np.bincount(group, weights=values) / np.maximum(n, 1)
    return np.asarray(values - mean[group])
