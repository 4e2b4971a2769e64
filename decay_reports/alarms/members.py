"""The requests that a finding rests on, by id."""

from datetime import date

from decay_reports.figures.closing import MeasuredWeek
from decay_reports.figures.frame import Bools
from decayd.events import epoch_us
from decayd.weeks import week_bounds
from store.database import Transaction

_MEMBERS = 500  # request ids kept with a finding


def request_ids(
    tx: Transaction, week: MeasuredWeek, chosen: Bools, since: date, timezone: str
) -> list[str]:
    """Return the ids of the newest chosen requests from a week on, up to the measured week.

    `chosen` is ``(n,)`` over the frame of the week.
    """
    if week.known is None or not chosen.any():
        return []
    start = epoch_us(week_bounds(since, timezone)[0])
    end = epoch_us(week_bounds(week.key.week, timezone)[1])
    rows = week.known.frame.between(start, end)
    keys = week.known.frame.request_key[rows][chosen[rows]][-_MEMBERS:]
    return [row["request_id"] for row in tx.rows("alarm_members", keys=keys.tolist())]
