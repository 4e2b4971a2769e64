"""The level a feature is held against: accepted once from its first good weeks, or by a person."""

import json
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import msgspec

from decay_reports.figures import signal_shift
from decay_reports.figures.periods import Period, measure_period
from decay_reports.figures.success import ENOUGH_LABELS, MIN_LABELS
from decayd.config import Settings
from decayd.errors import UsageError
from store.database import Store, Transaction

N_WEEKS = 4
LAUNCH = "decayd"
_FIRST_DAY = timedelta(days=1)


class SuccessBaseline(msgspec.Struct, frozen=True, kw_only=True):
    """An accepted baseline of kind `success`; `details` holds the frozen signal model."""

    version: int
    weeks: tuple[date, ...]
    value: float
    se: float
    n: int
    as_of: datetime
    accepted_by: str
    reason: str
    details: dict[str, Any]


class Acceptance(msgspec.Struct, frozen=True):
    """Who made a baseline count, why and from when on."""

    author: str
    reason: str
    as_of: datetime


def newest(source: Store | Transaction, feature: str, as_of: datetime) -> SuccessBaseline | None:
    """Return the baseline that counts at `as_of`."""
    rows = source.rows("baseline_newest", feature=feature, kind="success", as_of=as_of)
    if not rows:
        return None
    row = rows[0]
    return SuccessBaseline(
        **row | {"weeks": tuple(row["weeks"]), "details": json.loads(row["details"])}
    )


def candidate_weeks(
    source: Store | Transaction, feature: str, as_of: datetime, min_lag: int = 1
) -> list[tuple[date, int]]:
    """Return the full weeks with at least 20 labels of their own, oldest first, with the number."""
    rows = source.rows(
        "baseline_candidates",
        feature=feature,
        as_of=as_of,
        min_lag=min_lag,
        min_labels=MIN_LABELS,
    )
    return [(row["week"], row["n_labels"]) for row in rows]


def launch_weeks(candidates: Sequence[tuple[date, int]]) -> tuple[date, ...] | None:
    """Return the first four candidates that have 100 labels together, if there are such.

    >>> weeks = [(date(2026, 1, day), 30) for day in (5, 12, 19, 26)]
    >>> launch_weeks(weeks)[-1], launch_weeks(weeks[:3])
    (datetime.date(2026, 1, 26), None)
    """
    for first in range(len(candidates) - N_WEEKS + 1):
        chosen = candidates[first : first + N_WEEKS]
        if sum(n_labels for _, n_labels in chosen) >= ENOUGH_LABELS:
            return tuple(week for week, _ in chosen)
    return None


def is_full(week_start: datetime, first_request: datetime) -> bool:
    """Tell whether a feature was there for a whole week; one that began on its first day was."""
    return first_request < week_start + _FIRST_DAY


def accept(
    store: Store, feature: str, weeks: Sequence[date], settings: Settings, by: Acceptance
) -> SuccessBaseline:
    """Make these weeks the baseline because a person says so; see `proposed`."""
    accepted = proposed(store, feature, weeks, settings, by)
    store.append("baselines", [row(feature, accepted)])
    return accepted


def proposed(
    store: Store, feature: str, weeks: Sequence[date], settings: Settings, by: Acceptance
) -> SuccessBaseline:
    """Return the baseline that these weeks would be; nothing is stored.

    Raises
    ------
    UsageError
        When the weeks hold too few outcomes to be measured.
    """
    period = measure_period(store, feature, weeks, by.as_of, settings)
    if period is None:
        raise UsageError(
            f"success of {feature!r} can't be measured in those weeks",
            hint=f"they need {MIN_LABELS} outcomes; `decayd report` shows which weeks have them",
        )
    before = newest(store, feature, by.as_of)
    return of_period(period, before.version + 1 if before else 1, by)


def of_period(period: Period, version: int, by: Acceptance) -> SuccessBaseline:
    """Turn a measured period into a baseline, with the signal model of its weeks frozen."""
    result = period.result
    return SuccessBaseline(
        version=version, weeks=period.weeks, value=result.value, se=result.se, n=result.n,
        as_of=by.as_of, accepted_by=by.author, reason=by.reason,
        details={"n_labels": result.n_labels, "signals": signal_shift.freeze(period)},
    )  # fmt: skip


def row(feature: str, accepted: SuccessBaseline) -> dict[str, Any]:
    """Return the row to append to `baselines`."""
    values = msgspec.structs.asdict(accepted)
    return {"feature": feature, "kind": "success"} | values | {
        "weeks": list(accepted.weeks), "details": json.dumps(accepted.details, sort_keys=True),
    }  # fmt: skip
