"""Whether signals changed their meaning: what a model frozen at the baseline leaves unexplained."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import msgspec
import numpy as np

from decay_reports.figures.clusters import Z95, sum_of_squares
from decay_reports.figures.day_levels import WEEK_SD, DayBaseline, of_days
from decay_reports.figures.feature_weeks import Known
from decay_reports.figures.figure import Figure, with_se
from decay_reports.figures.frame import Ints
from decay_reports.figures.periods import Period
from decay_reports.figures.signal_days import PROMISE, days_of
from decay_reports.figures.signal_model import SignalModel, train
from decay_reports.figures.success import PseudoOutcomes

MAX_Z = 4.0
_CONTRADICTS_Z = 3.0
MIN_MOVE = 0.02
WEEKLY_COLUMNS = ("rephrase", "score")  # derived rephrases, which the score holds, come once a week


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
class Reading:
    """What a frozen f makes of some requests, with clustered standard errors.

    `rest` is the weighted mean of y - f over the `n` labelled ones, `promise` the mean of f over
    all of them.
    """

    rest: float
    se: float
    promise: float
    promise_se: float
    n: int


def freeze(period: Period) -> dict[str, Any] | None:
    """Train f on the baseline weeks and note how it reads them; None with too few labels.

    `daily` is the level of f by days, for the early hint. `prompt` is an f that knows only signals
    which are there within a day, for the watch after a change.
    """
    known, rows = period.known, period.rows
    chosen = rows[known.labels.member[rows]]
    labelled, target = known.frame.take(chosen), np.clip(known.labels.target[chosen], 0.0, 1.0)
    model = train(labelled, target, with_topics=False)
    if model is None:
        return None
    prompt = train(labelled, target, with_topics=False, without=WEEKLY_COLUMNS)
    return {
        "model": model.to_json(), "reading": asdict(read(known, rows, model)),
        "daily": msgspec.to_builtins(_by_days(period, model)),
        "prompt": prompt.to_json() if prompt else None,
    }  # fmt: skip


def _by_days(period: Period, model: SignalModel) -> DayBaseline:
    asked = period.known.frame.take(period.rows)
    f = model.predict(asked)
    spread = float(f.var())
    clustered = sum_of_squares(f - f.mean(), asked.cluster) / len(f)
    effect = max(clustered / spread, 1.0) if spread > 0 else 1.0
    days = days_of(asked, period.timezone, f)[PROMISE]
    return of_days(days, spread=spread, design_effect=effect)


def read(known: Known, rows: slice | Ints, model: SignalModel) -> Reading:
    """Read some requests, at least one of them labelled, with a frozen f."""
    asked, member = known.frame.take(rows), known.labels.member[rows]
    f = model.predict(asked)
    w = known.labels.weight[rows][member]
    left = known.labels.target[rows][member] - f[member]
    rest = float(w @ left / w.sum())
    influence = w * (left - rest) / w.sum()
    return Reading(
        rest=rest,
        se=math.sqrt(sum_of_squares(influence, asked.cluster[member])),
        promise=float(f.mean()),
        promise_se=math.sqrt(sum_of_squares((f - f.mean()) / len(f), asked.cluster)),
        n=len(left),
    )


def figure(
    known: Known, scales: Mapping[int, PseudoOutcomes], frozen: Mapping[str, Any], base: Level
) -> Figure:
    """Compare how f reads a week, and the month that ends with it, with the baseline weeks.

    It fires when, on one of the scales, success stayed within its interval of the baseline and
    either the rest moved by more than 2 points and 4 standard errors, or f's promise did so and
    the rest contradicts it at 3: then the signals changed, not what they stand for. A real fall
    moves both down and success with them. The scale that fires, else the one whose rest moved
    most, makes the figure.

    Parameters
    ----------
    scales
        Success of the scale by its length in weeks.
    """
    before, model = Reading(**frozen["reading"]), SignalModel.from_json(frozen["model"])
    figures = [
        _compare(before, read(known, result.rows, model), weeks, _apart(result, base))
        for weeks, result in scales.items()
    ]
    return max(figures, key=lambda made: (made.details["fired"], abs(made.details["z"])))


def _compare(before: Reading, now: Reading, weeks: int, success_moved: bool) -> Figure:
    moved, se = now.rest - before.rest, math.hypot(now.se, before.se)
    promised = now.promise - before.promise
    promised_se = math.hypot(now.promise_se, before.promise_se, WEEK_SD / math.sqrt(weeks))
    z = moved / se if se > 0 else 0.0
    contradicts = abs(z) > _CONTRADICTS_Z and moved * promised < 0
    meaning_moved = _beyond(moved, se) or (_beyond(promised, promised_se) and contradicts)
    details = {"z": z, "fired": meaning_moved and not success_moved, "promise": promised}
    return with_se("signal_shift", moved, se, n=now.n, details=details)


def _apart(result: PseudoOutcomes, base: Level) -> bool:
    return abs(result.value - base.value) > Z95 * math.hypot(result.se, base.se)


def _beyond(moved: float, se: float) -> bool:
    return abs(moved) > max(MIN_MOVE, MAX_Z * se)
