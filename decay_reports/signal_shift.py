"""Whether signals changed their meaning: what a model frozen at the baseline leaves unexplained."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from decay_reports.clusters import Z95, sum_of_squares
from decay_reports.feature_weeks import Known
from decay_reports.figure import Figure, with_se
from decay_reports.frame import Ints
from decay_reports.periods import Period
from decay_reports.signal_model import SignalModel, train
from decay_reports.success import PseudoOutcomes

MAX_Z = 4.0
MIN_MOVE = 0.02


class Level(Protocol):
    """A success rate with its standard error, such as a baseline."""

    @property
    def value(self) -> float:
        """The rate."""
        ...

    @property
    def se(self) -> float:
        """Its standard error."""
        ...


@dataclass(frozen=True)
class Rest:
    """Weighted mean of y - f over labelled requests, and its clustered standard error."""

    value: float
    se: float
    n: int


def freeze(period: Period) -> dict[str, Any] | None:
    """Train f on the baseline weeks and note the rest it leaves there; None with too few labels."""
    known, rows = period.known, period.rows
    chosen = rows[known.labels.member[rows]]
    target = np.clip(known.labels.target[chosen], 0.0, 1.0)
    model = train(known.frame.take(chosen), target)
    if model is None:
        return None
    left = rest(known, rows, model)
    return {"model": model.to_json(), "rest": left.value, "se": left.se, "n": left.n}


def rest(known: Known, rows: slice | Ints, model: SignalModel) -> Rest:
    """Measure what a model leaves unexplained over some rows with at least one label."""
    member = known.labels.member[rows]
    chosen = known.frame.take(rows).take(member)
    w = known.labels.weight[rows][member]
    left = known.labels.target[rows][member] - model.predict(chosen)
    mean = float(w @ left / w.sum())
    influence = w * (left - mean) / w.sum()
    return Rest(mean, math.sqrt(sum_of_squares(influence, chosen.cluster)), len(left))


def figure(
    known: Known, scales: Sequence[PseudoOutcomes], frozen: Mapping[str, Any], base: Level
) -> Figure:
    """Compare the rest of a week, and of the month that ends with it, with the baseline's.

    It fires when on one of the scales the rest moved by more than 2 points and 4 standard errors
    while success stayed within its interval of the baseline: then the signals changed, not what
    they stand for. A fall that f doesn't see moves the rest as well, which is why success is
    asked first. The scale that fires, else the one that moved most, makes the figure.
    """
    figures = [_compare(known, scale, frozen, base) for scale in scales]
    return max(figures, key=lambda made: (made.details["fired"], abs(made.details["z"])))


def _compare(known: Known, scale: PseudoOutcomes, frozen: Mapping[str, Any], base: Level) -> Figure:
    now = rest(known, scale.rows, SignalModel.from_json(frozen["model"]))
    moved, se = now.value - frozen["rest"], math.hypot(now.se, frozen["se"])
    z = moved / se if se > 0 else 0.0
    success_moved = abs(scale.value - base.value) > Z95 * math.hypot(scale.se, base.se)
    fired = abs(z) > MAX_Z and abs(moved) > MIN_MOVE and not success_moved
    details = {"z": z, "fired": fired, "rest": now.value, "rest_before": frozen["rest"]}
    return with_se("signal_shift", moved, se, n=now.n, details=details)
