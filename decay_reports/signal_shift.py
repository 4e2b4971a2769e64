"""Whether signals changed their meaning: what a model frozen at the baseline leaves unexplained."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from decay_reports.clusters import sum_of_squares
from decay_reports.feature_weeks import Known
from decay_reports.figure import Figure, with_se
from decay_reports.frame import Ints
from decay_reports.periods import Period
from decay_reports.signal_model import SignalModel, train

MAX_Z = 4.0
MIN_MOVE = 0.02


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


def figure(known: Known, rows: slice, frozen: Mapping[str, Any], *, success_moved: bool) -> Figure:
    """Compare a week's rest with the baseline's.

    It fires when the rest moved by more than 2 points and 4 standard errors while success did
    not: then the signals changed, not what they stand for. A fall that f doesn't see moves the
    rest as well, which is why success is asked first.
    """
    now = rest(known, rows, SignalModel.from_json(frozen["model"]))
    moved, se = now.value - frozen["rest"], math.hypot(now.se, frozen["se"])
    z = moved / se if se > 0 else 0.0
    fired = abs(z) > MAX_Z and abs(moved) > MIN_MOVE and not success_moved
    details = {"z": z, "fired": fired, "rest": now.value, "rest_before": frozen["rest"]}
    return with_se("signal_shift", moved, se, n=now.n, details=details)
