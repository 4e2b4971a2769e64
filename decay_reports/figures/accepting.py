"""Accepts other weeks as a feature's baseline of success because a person says so."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from decay_reports.figures.baseline import Acceptance, SuccessBaseline, newest, proposed
from decay_reports.figures.baseline import accept as accept_weeks
from decayd.config import Settings
from decayd.errors import UsageError
from decayd.results import Estimate
from drift.editing.base import Author, moment
from drift.editing.spans import mondays
from store.database import Store

_Z95 = 1.96


def accept(
    store: Store,
    feature: str,
    author: Author,
    settings: Settings,
    *,
    weeks: str,
    preview: bool = False,
) -> dict[str, Any]:
    """Hold success against these weeks from now on.

    Returns
    -------
    dict
        What changes: weeks and success before (None without a baseline) and now.

    Raises
    ------
    UsageError
        When the weeks are no span, not whole or not closed, or hold too few outcomes.
    """
    chosen = mondays(weeks)
    with store.intake:
        by = Acceptance(author.name, author.reason, moment(store))
        whole_weeks(store, feature, chosen, by)
        before = newest(store, feature, by.as_of)
        work = proposed if preview else accept_weeks
        now = work(store, feature, chosen, settings, by)
    return {
        "kind": "success",
        "feature": feature,
        "accepted": not preview,
        "as_of": by.as_of,
        "version": now.version,
        "before": _said(before) if before else None,
        "now": _said(now),
    }


def whole_weeks(store: Store, feature: str, chosen: Sequence[date], by: Acceptance) -> None:
    """Refuse weeks that were not figured as whole ones.

    Raises
    ------
    UsageError
        Which names the week and those that would do.
    """
    rows = store.rows("baseline_full_weeks", feature=feature, as_of=by.as_of)
    known = [row["week"] for row in rows]
    for week in chosen:
        if week not in known:
            raise UsageError(
                f"the week of {week} is no closed whole week of feature {feature!r}",
                hint=f"its weeks: {known[0]} to {known[-1]}" if known else "it has none yet",
            )


def _said(baseline: SuccessBaseline) -> dict[str, Any]:
    half = _Z95 * baseline.se
    value = baseline.value
    success = Estimate(
        value, value - half, value + half, baseline.n, baseline.details.get("n_labels")
    )
    return {"weeks": list(baseline.weeks), "success": success}
