"""Findings that wait too long for somebody's answer: the reviews that are overdue."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from decay_reports.facts.system import ReviewFacts
from decay_reports.numbers import visible
from decayd.config import Settings
from decayd.weeks import local_day
from store.database import Store

_SEVERE = ("warning", "critical")
_NAME = 80


def overdue(store: Store, as_of: datetime, settings: Settings) -> tuple[ReviewFacts, ...]:
    """Return the open findings, warnings and worse, whose answer is overdue, the oldest first.

    One that nobody acknowledged since it opened is overdue after its feature's `review_days`; one
    that was put off, or accepted until a day, is overdue again from that day on.
    """
    rows = store.rows("review_open", as_of=as_of)
    return tuple(
        _review(row, as_of, settings)
        for row in rows
        if row["severity"] in _SEVERE and _is_overdue(row, as_of, settings)
    )


def holds(row: Mapping[str, Any], today: date) -> bool:
    """Tell whether somebody answered a finding, and the answer still holds on this day."""
    return row["action"] is not None and (row["until"] is None or row["until"] > today)


def _is_overdue(row: Mapping[str, Any], as_of: datetime, settings: Settings) -> bool:
    if row["action"] is not None:
        return not holds(row, local_day(as_of, settings.report.timezone))
    patience = timedelta(days=settings.feature(row["feature"] or "").review_days)
    return bool(as_of - row["opened_at"] > patience)


def _review(row: Mapping[str, Any], as_of: datetime, settings: Settings) -> ReviewFacts:
    feature = settings.feature(row["feature"] or "")
    return ReviewFacts(
        feature=visible(row["feature"] or "", _NAME),
        finding_id=row["finding_id"],
        title=visible(row["title"]),
        severity=row["severity"],
        opened=local_day(row["opened_at"], settings.report.timezone),
        days=(as_of - row["opened_at"]).days,
        owner=visible(feature.owner, _NAME),
        reviewers=tuple(visible(name, _NAME) for name in feature.reviewers),
        until=row["until"],
        answered_by=visible(row["actor"] or "", _NAME),
        command=f"decayd findings ack {row['finding_id']} --action fix --author NAME --reason WHY",
    )
