"""One row of `weekly_figures`: a number of a feature-week at one lag, or why there is none."""

import json
from datetime import date, datetime
from typing import Any

import msgspec

from decay_reports.figures.clusters import Z95, wilson


class FigureKey(msgspec.Struct, frozen=True):
    """Whose number it is: feature, week (its Monday), lag in weeks and the instant it was made."""

    feature: str
    week: date
    lag: int
    as_of: datetime
    back_filled: bool = False


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """A number on its metric's own scale; `total` is what sums over cells, `value` = total / n."""

    metric: str
    cell: str = ""
    n: int = 0
    n_labels: int | None = None
    n_eff: float | None = None
    total: float | None = None
    value: float | None = None
    se: float | None = None
    low: float | None = None
    high: float | None = None
    why_not: str = ""
    pooled_weeks: int = 1
    details: dict[str, Any] = {}

    def row(self, key: FigureKey) -> dict[str, Any]:
        """Return the row to append."""
        values = msgspec.structs.asdict(self) | msgspec.structs.asdict(key)
        return values | {"details": json.dumps(self.details, sort_keys=True)}


def with_se(metric: str, value: float, se: float, *, n: int, **more: Any) -> Figure:
    """Make a figure whose 95 % interval is value ± 1.96 SE, not clipped."""
    return Figure(
        metric=metric, n=n, value=value, se=se, low=value - Z95 * se, high=value + Z95 * se, **more
    )


def plain_share(metric: str, hits: int, n: int, **more: Any) -> Figure:
    """Make a figure of a share of independent rows with its Wilson interval."""
    if n == 0:
        return Figure(metric=metric, why_not=more.pop("why_not", "nothing to count"), **more)
    low, high = wilson(hits, n)
    return Figure(metric=metric, n=n, total=float(hits), value=hits / n, low=low, high=high, **more)
