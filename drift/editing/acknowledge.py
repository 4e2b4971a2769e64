"""Records what somebody decided about a finding."""

from datetime import date, datetime
from typing import Any, Literal

from decayd.errors import UsageError
from drift.editing.base import Author, moment
from store.database import Store

Action = Literal["fix", "relabel", "accept", "defer"]


def acknowledge(
    store: Store, finding_id: str, action: Action, author: Author, *, until: str = ""
) -> dict[str, Any]:
    """Append an acknowledgement; the newest one of a finding counts.

    A topic or style that is accepted as known, or put off until a day, is not announced again
    until its share doubles (halves, for one that vanishes).

    Raises
    ------
    UsageError
        When there is no such finding, or the day does not fit the action.
    """
    with store.intake:
        now = moment(store)
        if not store.rows("finding_show", finding_id=finding_id):
            raise UsageError(f"there is no finding {finding_id!r}", hint="decayd findings list")
        row = {
            "finding_id": finding_id,
            "ts": now,
            "action": action,
            "actor": author.name,
            "until": _until(until, action, now),
            "note": author.reason,
        }
        store.append("acknowledgements", [row])
    return row


def _until(text: str, action: str, now: datetime) -> date | None:
    if not text:
        if action == "defer":
            raise UsageError("a finding is put off until a day", hint="--until 2026-11-02")
        return None
    if action not in ("defer", "accept"):
        raise UsageError(f"--until goes with defer or accept, not with {action}")
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"--until {text!r} is no day", hint="such as 2026-11-02") from error
    if day <= now.date():
        raise UsageError(f"--until {day} has passed: the newest event is of {now:%Y-%m-%d}")
    return day
