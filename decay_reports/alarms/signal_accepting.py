"""Accepts other weeks as a feature's baseline of satisfaction or friction, as a person says."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from decay_reports.alarms.signal_baseline import SignalBaseline, candidate_weeks, newest, of_weeks
from decay_reports.figures.accepting import whole_weeks
from decay_reports.figures.baseline import Acceptance
from decay_reports.figures.success import MIN_LABELS
from decayd.errors import UsageError
from drift.editing.base import Author, moment
from drift.editing.spans import mondays
from store.database import Store


def accept(
    store: Store, feature: str, kind: str, author: Author, *, weeks: str, preview: bool = False
) -> dict[str, Any]:
    """Hold a feature's `satisfaction` or `friction` against these weeks from now on.

    An open incident of that stream closes, and its detector begins anew, at the next week's close.

    Returns
    -------
    dict
        What changes: weeks and level before (None without a baseline) and now.

    Raises
    ------
    UsageError
        When the weeks are no span, not whole or not closed, or one holds too few requests.
    """
    chosen = mondays(weeks)
    with store.intake:
        by = Acceptance(author.name, author.reason, moment(store))
        whole_weeks(store, feature, chosen, by)
        before = newest(store, feature, kind, by.as_of)
        now = _proposed(store, feature, kind, chosen, before, by)
        if not preview:
            store.append("baselines", [now.row(feature)])
    return {
        "kind": kind,
        "feature": feature,
        "accepted": not preview,
        "as_of": by.as_of,
        "version": now.version,
        "before": _said(before) if before else None,
        "now": _said(now),
    }


def _proposed(
    store: Store, feature: str, kind: str, chosen: Sequence[date], before: SignalBaseline | None,
    by: Acceptance,
) -> SignalBaseline:  # fmt: skip
    enough = {week for week, _ in candidate_weeks(store, feature, kind, by.as_of)}
    version = before.version + 1 if before else 1
    now = of_weeks(store, feature, kind, chosen, version, by)
    if now is None or not enough.issuperset(chosen):
        what = "requests with a signal" if kind == "satisfaction" else "requests"
        raise UsageError(
            f"{kind} of {feature!r} can't be measured in those weeks",
            hint=f"each needs {MIN_LABELS} {what}; `decayd report` shows which weeks have them",
        )
    return now


def _said(baseline: SignalBaseline) -> dict[str, Any]:
    return {"weeks": list(baseline.weeks), baseline.kind: baseline.estimate}
