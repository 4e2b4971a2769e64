"""Everything about one topic: its weeks, versions, edits, findings and how to see its requests."""

import json
import shlex
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import msgspec

from decayd.config import Settings
from decayd.errors import UsageError
from decayd.results import Estimate
from decayd.weeks import WEEK
from drift.overview import LATEST, TopicRow, overview, share, votes_by_week
from drift.state import MERGE, REFIT
from store.database import Store

_WEEKS = 26  # of shares: half a year, as far as the rolling reference goes back
_EVER = datetime.min  # noqa: DTZ901 - the store keeps naive UTC


class WeekShare(msgspec.Struct, frozen=True):
    """A topic's share of a week's votes, and how many requests it had."""

    week: date
    n_requests: int
    share: Estimate


class TopicCard(msgspec.Struct, frozen=True, kw_only=True):
    """A topic's row and its history.

    `edits` are those that touched it, refits with the part of their overlap map that is about it;
    `requests` are ids of its newest requests, as many as were asked for.
    """

    topic: TopicRow
    weeks: tuple[WeekShare, ...]
    versions: tuple[dict[str, Any], ...]
    edits: tuple[dict[str, Any], ...]
    findings: tuple[dict[str, Any], ...]
    requests: tuple[str, ...]
    n_requests: int
    commands: tuple[str, ...]


def cards(
    store: Store,
    settings: Settings,
    topic_id: str,
    *,
    feature: str = "",
    as_of: datetime = LATEST,
    requests: int = 0,
) -> list[TopicCard]:
    """Return a topic's card, one for each feature that has such a topic.

    Raises
    ------
    UsageError
        When none has.
    """
    rows = overview(store, settings, feature=feature, as_of=as_of)
    mine = [row for row in rows if row.topic_id == topic_id]
    if not mine:
        raise UsageError(f"there is no topic {topic_id!r}", hint="decayd topics list")
    return [_card(store, settings, row, as_of, requests) for row in mine]


def _card(
    store: Store, settings: Settings, row: TopicRow, as_of: datetime, requests: int
) -> TopicCard:
    at = {"feature": row.feature, "as_of": as_of}
    edits = store.rows("topic_edit_history", topic_id=row.topic_id, **at)
    parts = [each["topic_id"] for each in edits if each["action"] == MERGE]
    findings = store.rows("topic_card_findings", topic_ids=sorted({row.topic_id, *parts}), **at)
    members = store.rows(
        "topic_members", topic_id=row.topic_id, since=_EVER, rows=max(1, requests), **at
    )
    return TopicCard(
        topic=row,
        weeks=_weeks(store, settings, row, as_of),
        versions=tuple(store.rows("topic_history", topic_id=row.topic_id, **at)),
        edits=tuple(_edit(each, row.topic_id) for each in edits),
        findings=tuple(findings),
        requests=tuple(each["request_id"] for each in members[:requests]),
        n_requests=members[0]["n_members"] if members else 0,
        commands=_commands(row, [each["finding_id"] for each in findings]),
    )


def _weeks(
    store: Store, settings: Settings, row: TopicRow, as_of: datetime
) -> tuple[WeekShare, ...]:
    if row.week is None:
        return ()
    weeks = [row.week - n * WEEK for n in reversed(range(_WEEKS))]
    votes = votes_by_week(store, row.feature, weeks, settings.report.timezone, as_of)
    return tuple(
        WeekShare(week, of_week.get(row.topic_id, (0, 0))[1], share(row.topic_id, of_week))
        for week, of_week in votes.items()
        if of_week
    )


def _edit(row: dict[str, Any], topic_id: str) -> dict[str, Any]:
    """Return an edit; of a refit's map only what is about this topic."""
    details = json.loads(row["details"])
    if row["action"] == REFIT:
        details["overlap"] = [
            each for each in details["overlap"] if topic_id in (each["old"], each["new"])
        ]
        details["best"] = [
            each for each in details["best"] if topic_id in (each["old"], each["new"])
        ]
    return row | {"details": details}


def _commands(row: TopicRow, finding_ids: Sequence[str]) -> tuple[str, ...]:
    named = f"{shlex.quote(row.topic_id)} --feature {shlex.quote(row.feature)}"
    rows = f"decayd topics show {named} --requests 100 --json"
    return (rows, *(f"decayd findings show {each} --json" for each in finding_ids))
