"""The success rate of some weeks: one pseudo-outcome per request, whose mean is the estimate."""

from dataclasses import dataclass

import numpy as np

from decay_reports.figures.clusters import sum_of_squares
from decay_reports.figures.expectation import Expectation
from decay_reports.figures.frame import DAY_US, Bools, Floats, Frame, Ints
from decay_reports.figures.maturity import HALF, Maturity
from decay_reports.figures.signal_model import train

MIN_LABELS = 20
ENOUGH_LABELS = 100
MAX_POOLED_WEEKS = 4
DETECTABLE_SE = 2.8  # 1.96 + .84: found with 80 % power at 5 %
_MIN_REACHED = 0.15
_TRAINING_DAYS = 70
_GRID = 2.0**-30  # sums of multiples of it are exact in any order up to 8 million requests


@dataclass(frozen=True)
class Labelled:
    """Who may enter the labelled set J, with `target` y (or y / F_1) and `weight` 1 / (e F)."""

    member: Bools
    target: Floats
    weight: Floats


@dataclass(frozen=True)
class PseudoOutcomes:
    """One period's estimate; arrays are ``(n,)`` over the `rows` of the frame.

    ``psi = model_part + scale * weighted_rest`` with ``scale = n / sum(weight)``: the mean of psi
    over all rows is the success rate, over a segment's rows the segment's.
    """

    rows: slice | Ints
    psi: Floats
    influence: Floats
    labelled: Bools
    model_part: Floats
    weighted_rest: Floats
    weight: Floats
    lam: float
    n_labels: int
    n_eff: float
    total: float
    se: float

    @property
    def n(self) -> int:
        """Return the number of requests."""
        return len(self.psi)

    @property
    def value(self) -> float:
        """Return the success rate; it may lie outside [0, 1]."""
        return self.total / self.n


def labelled(frame: Frame, expected: Expectation, known: Maturity) -> Labelled:
    """Choose the labelled set and its weights for every request of the frame.

    With ``silence = unknown`` a label stands for all that are still under way (1 / F of its
    class); with ``failure`` silence is a label too, and an arrival stands for the late ones.
    """
    if expected.silence_is_failure:
        member = expected.eligible & (known.reached_success > _MIN_REACHED)
        in_time = frame.arrived & (frame.delay_days <= expected.window_days)
        y = np.where(in_time, np.nan_to_num(frame.y), 0.0)
        reached = np.where(member, known.reached_success, 1.0)
        return Labelled(member, y / reached, 1.0 / known.ever)
    member = frame.arrived & expected.countable & (known.reached_least > _MIN_REACHED)
    reached = np.where(member, known.reached, 1.0)
    return Labelled(member, np.nan_to_num(frame.y), 1.0 / (known.ever * reached))


def estimate(
    frame: Frame, rows: slice | Ints, expected: Expectation, labels: Labelled, as_of_us: int
) -> PseudoOutcomes:
    """Estimate the success rate of some weeks from the labels and signals known now.

    It combines a signal model f, trained on earlier requests only, with inverse-probability
    weighted labels, so that it stays unbiased where f is wrong and gains precision where f is
    right. It assumes that who gets an outcome depends on topic, tenure and delay only: an outcome
    that is recorded only when things went well is not seen through (but for ``silence =
    failure``, where that is the contract).

    Parameters
    ----------
    frame
        All requests needed: the period's and the 10 weeks before it.
    rows
        The period's requests, at least one of them in ``labels.member``.

    Notes
    -----
    ``lam`` (PPI++) is 0 when f says nothing. SE is clustered by user and comes from the influence
    of each request. Labels of one class alone have no spread, so there the binomial with half a
    count takes the place of an interval of width 0.
    Source: Angelopoulos, Duchi, Zrnic 2023 (PPI++), section 3; Robins, Rotnitzky, Zhao 1994.
    """
    period = frame.take(rows)
    member, y, w = labels.member[rows], labels.target[rows], labels.weight[rows]
    w = np.where(member, w, 0.0)
    f = _predict(frame, period, expected, as_of_us)
    lam = _power(f, y, w) if f is not None else 0.0
    model_part = lam * f if f is not None and lam else np.zeros(len(period))
    rest = np.where(member, y - model_part, 0.0)
    total_weight = w.sum()
    psi = model_part + len(period) / total_weight * (w * rest)
    psi = np.round(psi / _GRID) * _GRID
    mean_rest = (w * rest).sum() / total_weight
    influence = (model_part - model_part.mean()) / len(period)
    influence = influence + w * (rest - mean_rest) / total_weight
    n_eff = total_weight**2 / (w**2).sum()
    variance = max(sum_of_squares(influence, period.cluster), _one_class(y, w, n_eff))
    return PseudoOutcomes(
        rows=rows, psi=psi, influence=influence, labelled=member, model_part=model_part,
        weighted_rest=w * rest, weight=w, lam=lam, n_labels=int(member.sum()),
        n_eff=float(n_eff), total=float(psi.sum()), se=float(np.sqrt(variance)),
    )  # fmt: skip


def only_one_class(y: Floats, expected: Expectation) -> bool:
    """Tell whether labels can't speak of a rate: many that are all alike, or all of them silent."""
    if expected.silence_is_failure:
        return not y.any()
    return len(y) >= ENOUGH_LABELS and (not (y >= HALF).any() or not (y < HALF).any())


def _predict(frame: Frame, period: Frame, expected: Expectation, as_of_us: int) -> Floats | None:
    start_us = int(period.ts_us[0])
    before = frame.between(start_us - _TRAINING_DAYS * DAY_US, start_us)
    rows = np.arange(before.start, before.stop)
    rows = rows[frame.age_days(as_of_us)[rows] > expected.matured_after_days()]
    if expected.silence_is_failure:
        rows = rows[expected.eligible[rows]]
    else:
        rows = rows[(frame.arrived & expected.countable)[rows]]
    model = train(frame.take(rows), np.nan_to_num(frame.y[rows]))
    return None if model is None else model.predict(period)


def _power(f: Floats, y: Floats, w: Floats) -> float:
    """Return PPI++'s lam: how far f may be trusted, from the labels themselves."""
    share = w / w.sum()
    deviation = f - share @ f
    variance = share @ deviation**2
    if variance <= np.finfo(float).eps:
        return 0.0
    covariance = share @ (deviation * (y - share @ y))
    return float(np.clip(covariance / variance, 0.0, 1.0))


def _one_class(y: Floats, w: Floats, n_eff: float) -> float:
    chosen = y[w > 0]
    if chosen.min() < chosen.max():
        return 0.0
    p = (float(np.clip(chosen[0], 0.0, 1.0)) * n_eff + 0.5) / (n_eff + 1.0)
    return p * (1.0 - p) / n_eff
