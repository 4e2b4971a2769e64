"""How far an estimate may lie from the share of successes that the requests really had."""

import math
from dataclasses import dataclass

import numpy as np

from decay_reports.figures.clusters import sum_of_squares
from decay_reports.figures.delay import Curve
from decay_reports.figures.feature_weeks import Known
from decay_reports.figures.frame import Bools, Floats, Ints
from decay_reports.figures.maturity import HALF, Maturity
from decay_reports.figures.success import Labelled, PseudoOutcomes


@dataclass(frozen=True)
class Residuals:
    """Of a period's requests ``(n,)``: weights that sum to 1, what f leaves over, and noise.

    `noise` is the part of the squared rest that comes from standing in for late outcomes alone.
    """

    weight: Floats
    rest: Floats
    noise: Floats
    labelled: Bools
    target: Floats


def standard_error(known: Known, result: PseudoOutcomes) -> float:
    """Return the standard error of a period's success rate about that of its own requests.

    The error of `estimate` is about the users that might have asked. Those who did ask are part of
    what is estimated: requests with an outcome have no error of their own, and what f says of the
    others cancels. What is left is chance in who got an outcome, and in the delay curve, which is
    learned from few outcomes where they are young.

    It is for one period's interval. Whether two periods differ is for `PseudoOutcomes.se`: there
    users that might have asked count.

    Notes
    -----
    With r = y - lam f the error is sum w r - mean r; its variance is that of sum w r, less
    (2 w / n - 1 / n^2) s for each label, plus s / n^2 for each other request, s the variance of r
    without `noise`. Source: Särndal, Swensson, Wretman 1992, section 3.3.
    """
    rows, n = result.rows, float(result.n)
    at = _residuals(result, known.labels, known.maturity)
    spread = np.maximum(at.rest**2 - at.noise, 0.0)
    usual = float(at.weight @ (at.rest**2 - at.noise))
    variance = sum_of_squares(at.weight * at.rest, known.frame.cluster[rows])
    variance -= float(((2.0 * at.weight / n - 1.0 / n**2) * spread)[at.labelled].sum())
    variance += float((~at.labelled).sum()) * max(usual, 0.0) / n**2
    variance += _of_curves(at, known, rows)
    return math.sqrt(variance) if variance > 0.0 else result.se


def _residuals(result: PseudoOutcomes, labels: Labelled, maturity: Maturity) -> Residuals:
    total = float(result.weight.sum())
    used = result.weight > 0.0
    rest = np.where(used, result.weighted_rest / np.where(used, result.weight, 1.0), 0.0)
    mean = float(result.weighted_rest.sum()) / total
    target = labels.target[result.rows]
    late = 1.0 - maturity.reached_success[result.rows]
    raised = used & (target > 1.0)  # y / F: an arrival that stands for late ones
    return Residuals(
        weight=result.weight / total, rest=np.where(used, rest - mean, 0.0),
        noise=np.where(raised, target**2 * late, 0.0), labelled=result.labelled,
        target=target,
    )  # fmt: skip


def _of_curves(at: Residuals, known: Known, rows: slice | Ints) -> float:
    """Return the variance that comes from the delay curves, by the product limit's own.

    log F(a) is the sum of log(1 - g(s)) over s > a, so what each g(s) moves is the sum over the
    requests younger than s. Source: Greenwood 1926; Lagakos et al. 1988, section 3.
    """
    expected, age = known.expected, known.frame.age_days(known.as_of_us)[rows]
    young = at.labelled & (age < expected.window_days)
    if expected.silence_is_failure:
        parts = [(known.maturity.successes, young, -at.weight * at.target)]
    else:
        success = known.frame.y[rows] >= HALF
        move = -at.weight * at.rest
        parts = [
            (known.maturity.failures, young & ~success, move),
            (known.maturity.successes, young & success, move),
        ]
    return sum(_of_curve(curve, age[chosen], move[chosen]) for curve, chosen, move in parts)


def _of_curve(curve: Curve, age: Floats, move: Floats) -> float:
    order = np.argsort(age, kind="stable")
    so_far = np.concatenate(([0.0], np.cumsum(move[order])))
    younger = so_far[np.searchsorted(age[order], curve.days, side="left")]
    return float((younger**2 * curve.log_variance).sum())
