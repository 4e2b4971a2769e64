"""Two periods' pseudo-outcomes with users and topics numbered alike, ready to be compared."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from decay_reports.causes.bootstrap import Cells
from decay_reports.causes.traits import TENURE, VERSION, Trait, traits
from decay_reports.figures.clusters import Z95, sum_of_squares, sums
from decay_reports.figures.frame import Bools, Floats, Ints, by_appearance
from decayd.results import Estimate


@dataclass(frozen=True)
class Period:
    """The requests of some weeks; `topics` names the codes in `cells.topic`.

    `traits` have the same labels in all periods; `request_key`, `document_days` (NaN where not
    known) and `week` (numbered from 0) are empty where nobody asks for them.
    """

    weeks: tuple[date, ...]
    cells: Cells
    labelled: Bools
    topics: tuple[str, ...]
    traits: tuple[Trait, ...] = ()
    request_key: NDArray[np.uint64] = field(default_factory=lambda: np.empty(0, np.uint64))
    document_days: Floats = field(default_factory=lambda: np.empty(0))
    week: Ints = field(default_factory=lambda: np.empty(0, np.int64))

    def trait(self, name: str) -> Trait:
        """Return a trait; where it is not known all requests are alike."""
        alike = Trait(name, ("",), np.zeros(len(self.cells.psi), np.int64))
        return next((trait for trait in self.traits if trait.name == name), alike)

    @property
    def tenure(self) -> Trait:
        """Return the tenure of who asked."""
        return self.trait(TENURE)

    @property
    def version(self) -> Trait:
        """Return the behaviour version that answered."""
        return self.trait(VERSION)

    def estimate(self) -> Estimate:
        """Return the period's success rate."""
        se = math.sqrt(sum_of_squares(self.cells.influence, self.cells.user))
        n, n_labels = len(self.labelled), int(self.labelled.sum())
        return _estimate(float(self.cells.psi.mean()), se, n, n_labels)

    def topic_estimates(self) -> list[Estimate]:
        """Return the success rate of each topic; without a request there is none."""
        topic, user, n_topics = self.cells.topic, self.cells.user, len(self.topics)
        n, psi = self.cells.sums(n_topics)
        mean = np.divide(psi, n, out=np.zeros(n_topics), where=n > 0)
        influence = (self.cells.psi - mean[topic]) / n[topic]
        pairs, pair = np.unique(topic * (1 + user.max()) + user, return_inverse=True)
        of_topic = pairs // (1 + user.max())
        se = np.sqrt(sums(of_topic, sums(pair, influence) ** 2, n_topics))
        n_labels = np.bincount(topic[self.labelled], minlength=n_topics)
        return [
            _estimate(*numbers) if numbers[2] else Estimate(None, why_not="no requests")
            for numbers in zip(
                mean.tolist(), se.tolist(), n.astype(int).tolist(), n_labels.tolist(), strict=True
            )
        ]

    def estimate_of(self, rows: Bools) -> Estimate:
        """Return the success rate of some of the requests; without any there is none."""
        psi = self.cells.psi[rows]
        if not len(psi):
            return Estimate(None, why_not="no requests")
        mean = float(psi.mean())
        variance = sum_of_squares((psi - mean) / len(psi), self.cells.user[rows])
        return _estimate(mean, math.sqrt(variance), len(psi), int(self.labelled[rows].sum()))


def two_periods(
    rows: Any, before: Sequence[date], now: Sequence[date]
) -> tuple[Period, Period] | None:
    """Cut the rows of `pseudo_of_weeks` (Arrow) into two periods; None when a week has no rows."""
    found = periods(rows, [before, now])
    return None if found is None else (found[0], found[1])


def periods(rows: Any, spans: Sequence[Sequence[date]]) -> list[Period] | None:
    """Cut the rows into periods of some weeks each, numbered alike; None when a week is empty."""
    week = rows["week"].to_numpy(zero_copy_only=False).astype("datetime64[D]")
    kept = set(np.unique(week).tolist())
    if not all(span and kept.issuperset(span) for span in spans):
        return None
    user: Ints = by_appearance(rows["cluster"].to_numpy())
    topics, topic = np.unique(rows["topic_id"].to_numpy().astype(str), return_inverse=True)
    psi, influence = rows["psi"].to_numpy(), rows["influence"].to_numpy()
    labelled = rows["labelled"].to_numpy(zero_copy_only=False).astype(bool)
    names, known = tuple(str(name) for name in topics), traits(rows)
    key = rows["request_key"].to_numpy()
    days = rows["document_days"].to_numpy(zero_copy_only=False).astype(float)

    def period(weeks: Sequence[date]) -> Period:
        chosen = np.isin(week, np.array(weeks, "datetime64[D]"))
        n = int(chosen.sum())
        cells = Cells(user[chosen], topic[chosen], psi[chosen], influence[chosen] / n)
        of = tuple(trait.of(chosen) for trait in known)
        numbered = np.unique(week[chosen], return_inverse=True)[1]
        return Period(
            tuple(weeks), cells, labelled[chosen], names, of, key[chosen], days[chosen], numbered
        )  # fmt: skip

    return [period(span) for span in spans]


def _estimate(value: float, se: float, n: int, n_labels: int) -> Estimate:
    half = Z95 * se
    return Estimate(value, value - half, value + half, n, n_labels)
