"""Which requests a drift finding rests on, and how well they went beside the rest."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from decayd.results import Estimate
from decayd.weeks import WEEK, week_bounds
from drift.kinds import STYLE_SHIFTED, VANISHED, Alarm
from drift.notices import Notice
from store.database import Transaction

# Request ids in one finding, the newest; `n_requests` says how many there are.
_MAX_MEMBERS = 20_000
_LOOK_BACK = 7 * WEEK  # of a topic that vanished: its last requests show what was asked
_LEAST = 10  # requests for a rate; the interval of fewer says nothing
_Z95 = 1.96


@dataclass(frozen=True)
class Members:
    """Requests of a feature, read in the transaction that placed them."""

    transaction: Transaction
    feature: str
    as_of: datetime
    timezone: str

    def ids(self, notice: Notice, since: date) -> tuple[list[str], int]:
        """Return the newest request ids of what a notice is about, oldest first, and how many.

        A topic's are those that have it now, from the week `since` on; of the style those of the
        window that are furthest from before.
        """
        if notice.kind == STYLE_SHIFTED:
            keys = _keys(notice.alarm)
            rows = self.transaction.rows("drift_member_ids", keys=keys)
            return [row["request_id"] for row in rows][-_MAX_MEMBERS:], len(rows)
        start, _ = week_bounds(_from(notice, since), self.timezone)
        rows = self.transaction.rows(
            "topic_members",
            feature=self.feature,
            as_of=self.as_of,
            topic_id=notice.subject,
            since=start,
            rows=_MAX_MEMBERS,
        )
        ids = [row["request_id"] for row in reversed(rows)]
        return ids, rows[0]["n_members"] if rows else 0

    def success(self, notice: Notice, since: date) -> dict[str, Any]:
        """Return success of the members beside the rest of the same weeks.

        Success of a week is estimated after its topics, so the newest weeks that count end with
        the one before.
        """
        topic_id = None if notice.kind == STYLE_SHIFTED else notice.subject
        found = self.transaction.rows(
            "drift_member_success",
            feature=self.feature,
            as_of=self.as_of,
            topic_id=topic_id,
            keys=_keys(notice.alarm) if topic_id is None else [],
            since=_from(notice, since),
        )
        members = [row for row in found if row["member"]]
        rest = [row for row in found if not row["member"]]
        weeks = sorted({week.isoformat() for row in found for week in row["weeks"]})
        return {"weeks": weeks, "members": _estimate(members), "rest": _estimate(rest)}


def _from(notice: Notice, since: date) -> date:
    return since - _LOOK_BACK if notice.kind == VANISHED else since


def _keys(alarm: Alarm | None) -> list[int]:
    return alarm.members.tolist() if alarm else []


def _estimate(rows: Sequence[dict[str, Any]]) -> Estimate:
    if not rows:
        return Estimate(None, why_not="not measured: no week of them is estimated yet")
    row = rows[0]
    if row["n"] < _LEAST:
        return Estimate(None, n=row["n"], why_not=f"not measured: {row['n']} requests")
    value, half = row["value"], _Z95 * row["se"]
    return Estimate(value, value - half, value + half, row["n"], row["n_labels"])
