"""Decides whether a closed week is scanned, scans it, and keeps what the scan said."""

from datetime import date, datetime

from decayd.weeks import WEEK, week_of
from drift.announce import topic_of
from drift.emergence import emerged
from drift.looks import looks_at
from drift.notices import Notice, notices
from drift.state import Past, WeekState
from drift.windows import Reading


def scan_week(reading: Reading, past: Past, week: date) -> tuple[WeekState, list[Notice]]:
    """Scan one week of a feature that has a baseline, and decide what is announced.

    Weeks that were filled in after the fact and weeks of the baseline are not scanned; windows
    hold no such weeks either.
    """
    live, after = _live_since(reading), max(past.accepted.weeks) + WEEK
    if live is None or week < live:
        return WeekState(week, why_not="back-filled"), []
    if week < after:
        return WeekState(week, why_not="in the baseline"), []
    looks = looks_at(reading, past, week, max(live, after))
    told = notices(reading, past, emerged(looks, past), _unclosed(reading))
    tested = any(not each.why_not for each in looks)
    state = WeekState(
        week,
        why_not="" if tested else looks[0].why_not,
        looks=tuple(each.state() for each in looks),
        topics={notice.topic.topic_id: seen for notice in told if (seen := notice.seen())},
    )
    return state, told


def _live_since(reading: Reading) -> date | None:
    """Return the first week that had not ended when the first live record came."""
    first = reading.store.info("first_live_at")
    return week_of(datetime.fromisoformat(first), reading.timezone) if first else None


def _unclosed(reading: Reading) -> list[str]:
    rows = reading.store.rows("drift_open_incidents", feature=reading.feature, as_of=reading.as_of)
    return [topic_of(row["stream"]) for row in rows]
