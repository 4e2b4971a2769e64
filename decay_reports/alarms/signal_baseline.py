"""The baselines of satisfaction and friction: by days, of a kind of their own each."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import msgspec

from decay_reports.figures.baseline import LAUNCH, Acceptance, launch_weeks
from decay_reports.figures.clusters import Z95
from decay_reports.figures.day_levels import Day, DayBaseline, of_days
from decay_reports.figures.signal_days import METRICS, natural
from decay_reports.figures.success import MIN_LABELS
from decayd.results import Estimate
from store.database import Store, Transaction

_LAUNCH_REASON = "first four full weeks with enough requests"


class SignalBaseline(msgspec.Struct, frozen=True, kw_only=True):
    """An accepted baseline of kind `satisfaction` or `friction`; `level` is the more the better."""

    kind: str
    version: int
    weeks: tuple[date, ...]
    level: DayBaseline
    as_of: datetime
    accepted_by: str
    reason: str

    @property
    def estimate(self) -> Estimate:
        """Return the metric's own value with its interval."""
        value, half = natural(self.kind, self.level.value), Z95 * self.level.se
        return Estimate(value, value - half, value + half, self.level.n)

    def row(self, feature: str) -> dict[str, Any]:
        """Return the row to append to `baselines`."""
        return {
            "feature": feature, "kind": self.kind, "version": self.version,
            "weeks": list(self.weeks), "value": natural(self.kind, self.level.value),
            "se": self.level.se, "n": self.level.n, "as_of": self.as_of,
            "accepted_by": self.accepted_by, "reason": self.reason,
            "details": msgspec.json.encode(self.level, order="deterministic").decode(),
        }  # fmt: skip


def newest(
    source: Store | Transaction, feature: str, kind: str, as_of: datetime
) -> SignalBaseline | None:
    """Return the baseline of a kind that counts at `as_of`."""
    rows = source.rows("baseline_newest", feature=feature, kind=kind, as_of=as_of)
    if not rows:
        return None
    row = rows[0]
    return SignalBaseline(
        kind=kind, version=row["version"], weeks=tuple(row["weeks"]),
        level=msgspec.json.decode(row["details"], type=DayBaseline), as_of=row["as_of"],
        accepted_by=row["accepted_by"], reason=row["reason"],
    )  # fmt: skip


def launch(tx: Transaction, feature: str, as_of: datetime) -> None:
    """Accept the first four full weeks with 20 requests each and 100 together, once per kind.

    For satisfaction only requests with a signal count.
    """
    for kind in METRICS:
        if newest(tx, feature, kind, as_of) is None:
            weeks = launch_weeks(candidate_weeks(tx, feature, kind, as_of))
            made = weeks and of_weeks(
                tx, feature, kind, weeks, 1, Acceptance(LAUNCH, _LAUNCH_REASON, as_of)
            )
            if made:
                tx.append("baselines", [made.row(feature)])


def candidate_weeks(
    source: Store | Transaction, feature: str, kind: str, as_of: datetime
) -> list[tuple[date, int]]:
    """Return the full weeks with at least 20 requests that count, oldest first, with how many."""
    full = {r["week"] for r in source.rows("baseline_full_weeks", feature=feature, as_of=as_of)}
    rows = source.rows("signal_weeks", feature=feature, metric=kind, as_of=as_of)
    return [
        (row["week"], row["n"]) for row in rows if row["week"] in full and row["n"] >= MIN_LABELS
    ]


def of_weeks(
    source: Store | Transaction, feature: str, kind: str, weeks: Sequence[date], version: int,
    by: Acceptance,
) -> SignalBaseline | None:  # fmt: skip
    """Return the baseline that these weeks are; None when they hold no day that counts."""
    rows = source.rows(
        "daily_levels", feature=feature, metric=kind, weeks=list(weeks), as_of=by.as_of
    )
    days = [
        Day(row["day"], row["n"], natural(kind, row["value"]), row["n_requests"], row["n_rated"])
        for row in rows
        if row["n"]
    ]
    if not days:
        return None
    level = of_days(days, design_effect=_design_effect(source, feature, kind, weeks, by.as_of))
    return SignalBaseline(
        kind=kind, version=version, weeks=tuple(weeks), level=level, as_of=by.as_of,
        accepted_by=by.author, reason=by.reason,
    )  # fmt: skip


def _design_effect(
    source: Store | Transaction, feature: str, kind: str, weeks: Sequence[date], as_of: datetime
) -> float:
    """Return how much more weeks vary by their users than independent requests would."""
    rows = source.rows("signal_weeks", feature=feature, metric=kind, as_of=as_of)
    ratios = [
        row["se"] ** 2 * row["n"] / (row["value"] * (1.0 - row["value"]))
        for row in rows
        if row["week"] in weeks and row["se"] is not None and 0.0 < row["value"] < 1.0
    ]
    return max(sum(ratios) / len(ratios), 1.0) if ratios else 1.0
