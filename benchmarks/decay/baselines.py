"""Two plain monitors beside decayd, fed with the same requests at the same closes.

*Naive*: the mean of the outcomes that have arrived, a two-proportion test of each week against the
first four (one-sided, 2.5 %), and the same of the thumbs. *CBPE*: NannyML's formula for confidence
based performance estimation, not its package: the mean of the calibrated probability of success
that a model gives, here the logistic regression on signals, trained once on the first four weeks;
an alert is an estimate more than three standard deviations of those weeks below their mean.
All of them know every outcome of those four weeks, also those that were still under way. Each week
that fires is a page, so one that always rings misses nothing: read its false pages beside it.
"""

from dataclasses import dataclass, field
from datetime import datetime
from math import sqrt

import numpy as np

from benchmarks.decay import storing
from benchmarks.decay.said import Level, Page, Said
from decay_reports.figures.clusters import wilson
from decay_reports.figures.frame import SIGNALS, Frame
from decay_reports.figures.signal_model import SignalModel, train
from decayd.events import epoch_us

LAGS = (0, 1, 4)
REFERENCE_WEEKS = 4
_Z95 = 1.96
_CBPE_SD = 3.0
Counts = tuple[int, int]  # hits, n


@dataclass
class Rivals:
    """State of the monitors; `close` is called once a week, in order, `learn` after week 4."""

    levels: dict[str, list[Level]] = field(
        default_factory=lambda: {"naive outcomes": [], "naive thumbs": [], "CBPE": []}
    )
    pages: dict[str, list[datetime]] = field(
        default_factory=lambda: {"naive outcomes": [], "naive thumbs": [], "CBPE": []}
    )
    before: dict[str, Counts] = field(default_factory=dict)
    model: SignalModel | None = None
    reference: tuple[float, ...] = ()

    def close(self, week: int, seen: Frame) -> None:
        """Take the close of a week: `seen` holds at least its last five weeks as known then."""
        for lag in LAGS:
            if week - lag >= 1:
                self._levels(week - lag, lag, _of_week(seen, week - lag))
        if week > REFERENCE_WEEKS:
            self._test(week, seen)

    def _levels(self, week: int, lag: int, rows: Frame) -> None:
        hits, n = arrived(rows)
        self._keep("naive outcomes", Level(week, lag, *share(hits, n), n_labels=n))
        hits, n = thumbs(rows)
        self._keep("naive thumbs", Level(week, lag, *share(hits, n), n_labels=n))
        if self.model is not None and len(rows):
            middle, half = cbpe(self.model, rows)
            self._keep("CBPE", Level(week, lag, middle - half, middle + half))

    def _keep(self, name: str, level: Level) -> None:
        self.levels[name].append(level)

    def learn(self, reference: Frame) -> None:
        """Fix the reference: the first four weeks with all their outcomes."""
        weeks = [_of_week(reference, week) for week in range(1, REFERENCE_WEEKS + 1)]
        self.before = {
            "naive outcomes": _sum([arrived(rows) for rows in weeks]),
            "naive thumbs": _sum([thumbs(rows) for rows in weeks]),
        }
        labelled = reference.take(reference.arrived)
        self.model = train(labelled, labelled.y)
        if self.model is not None:
            self.reference = tuple(float(self.model.predict(rows).mean()) for rows in weeks)

    def _test(self, week: int, seen: Frame) -> None:
        rows = _of_week(seen, week)
        self._ring("naive outcomes", week, fell=fell(arrived(rows), self.before["naive outcomes"]))
        self._ring("naive thumbs", week, fell=fell(thumbs(rows), self.before["naive thumbs"]))
        if self.model is not None and len(rows):
            floor = np.mean(self.reference) - _CBPE_SD * np.std(self.reference, ddof=1)
            self._ring("CBPE", week, fell=bool(self.model.predict(rows).mean() < floor))

    def _ring(self, name: str, week: int, *, fell: bool) -> None:
        if fell:
            self.pages[name].append(storing.close(week))

    def said(self) -> dict[str, Said]:
        """Return what each of them said."""
        return {
            name: Said(tuple(levels), tuple(Page("success", as_of) for as_of in self.pages[name]))
            for name, levels in self.levels.items()
        }


def arrived(rows: Frame) -> Counts:
    """Count the successes among the outcomes that have arrived."""
    return int(np.nansum(rows.y)), int(rows.arrived.sum())


def thumbs(rows: Frame) -> Counts:
    """Count the thumbs that point up among all."""
    up, down = (
        int(rows.signals[:, SIGNALS.index(name)].sum()) for name in ("thumbs_up", "thumbs_down")
    )
    return up, up + down


def share(hits: int, n: int) -> tuple[float | None, float | None]:
    """Return Wilson's 95 % interval; none without rows."""
    return wilson(hits, n) if n else (None, None)


def fell(now: Counts, before: Counts) -> bool:
    """Test two proportions: z of a fall beyond 1.96.

    >>> fell((60, 100), (300, 400)), fell((74, 100), (300, 400))
    (True, False)
    """
    if not now[1] or not before[1]:
        return False
    pooled = (now[0] + before[0]) / (now[1] + before[1])
    se = sqrt(pooled * (1 - pooled) * (1 / now[1] + 1 / before[1]))
    return se > 0 and now[0] / now[1] - before[0] / before[1] < -_Z95 * se


def cbpe(model: SignalModel, rows: Frame) -> tuple[float, float]:
    """Return the mean predicted probability and the half-width of its sampling error."""
    predicted = model.predict(rows)
    half = _Z95 * sqrt(float((predicted * (1 - predicted)).mean()) / len(predicted))
    return float(predicted.mean()), half


def _of_week(seen: Frame, week: int) -> Frame:
    return seen.take(seen.between(epoch_us(storing.close(week - 1)), epoch_us(storing.close(week))))


def _sum(counts: list[Counts]) -> Counts:
    return sum(hits for hits, _ in counts), sum(n for _, n in counts)
