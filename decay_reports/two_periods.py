"""Two periods' pseudo-outcomes with users and topics numbered alike, ready to be compared."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from decay_reports.bootstrap import Cells
from decay_reports.clusters import Z95, sum_of_squares
from decay_reports.frame import Bools, Ints, by_appearance
from decayd.results import Estimate


@dataclass(frozen=True)
class Period:
    """The requests of some weeks; `topics` names the codes in `cells.topic`."""

    weeks: tuple[date, ...]
    cells: Cells
    labelled: Bools
    topics: tuple[str, ...]

    def estimate(self) -> Estimate:
        """Return the period's success rate."""
        se = math.sqrt(sum_of_squares(self.cells.influence, self.cells.user))
        return _estimate(float(self.cells.psi.mean()), se, self.labelled)

    def topic_estimate(self, code: int) -> Estimate:
        """Return the success rate of one topic; without a request there is none."""
        rows = self.cells.topic == code
        psi = self.cells.psi[rows]
        if not len(psi):
            return Estimate(None, why_not="no requests")
        mean = float(psi.mean())
        variance = sum_of_squares((psi - mean) / len(psi), self.cells.user[rows])
        return _estimate(mean, math.sqrt(variance), self.labelled[rows])


def two_periods(
    rows: Any, before: Sequence[date], now: Sequence[date]
) -> tuple[Period, Period] | None:
    """Cut the rows of `pseudo_of_weeks` (Arrow) into two periods; None when a week has no rows."""
    week = rows["week"].to_numpy(zero_copy_only=False).astype("datetime64[D]")
    kept = set(week.tolist())
    if not before or not now or not kept.issuperset([*before, *now]):
        return None
    user: Ints = by_appearance(rows["cluster"].to_numpy())
    topics, topic = np.unique(rows["topic_id"].to_numpy().astype(str), return_inverse=True)
    psi, influence = rows["psi"].to_numpy(), rows["influence"].to_numpy()
    labelled = rows["labelled"].to_numpy(zero_copy_only=False).astype(bool)
    names = tuple(str(name) for name in topics)

    def period(weeks: Sequence[date]) -> Period:
        chosen = np.isin(week, np.array(weeks, "datetime64[D]"))
        n = int(chosen.sum())
        cells = Cells(user[chosen], topic[chosen], psi[chosen], influence[chosen] / n)
        return Period(tuple(weeks), cells, labelled[chosen], names)

    return period(before), period(now)


def _estimate(value: float, se: float, labelled: Bools) -> Estimate:
    half = Z95 * se
    return Estimate(value, value - half, value + half, len(labelled), int(labelled.sum()))
