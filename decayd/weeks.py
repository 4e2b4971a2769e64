"""ISO weeks and days in the report's time zone, as naive UTC instants like the store's."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

WEEK = timedelta(days=7)


def day_start(day: date, timezone: str) -> datetime:
    """Return the naive UTC instant at which `day` begins in `timezone`.

    >>> day_start(date(2026, 7, 1), "Europe/Berlin")
    datetime.datetime(2026, 6, 30, 22, 0)
    """
    local = datetime.combine(day, time(), tzinfo=ZoneInfo(timezone))
    return local.astimezone(UTC).replace(tzinfo=None)


def local_day(instant: datetime, timezone: str) -> date:
    """Return the calendar day of a naive UTC instant in `timezone`."""
    return instant.replace(tzinfo=UTC).astimezone(ZoneInfo(timezone)).date()


def monday(day: date) -> date:
    """Return the Monday of the ISO week of `day`."""
    return day - timedelta(days=day.weekday())


def week_of(instant: datetime, timezone: str) -> date:
    """Return the Monday that names the week of a naive UTC instant."""
    return monday(local_day(instant, timezone))


def week_bounds(week: date, timezone: str) -> tuple[datetime, datetime]:
    """Return start (inclusive) and end (exclusive) of a week as naive UTC instants."""
    return day_start(week, timezone), day_start(week + WEEK, timezone)


def day_closes(after: datetime, until: datetime, timezone: str) -> Iterator[datetime]:
    """Yield each day's end in (after, until], oldest first, as naive UTC instants."""
    day = local_day(after, timezone)
    while (end := day_start(day + timedelta(days=1), timezone)) <= until:
        day += timedelta(days=1)
        if end > after:
            yield end


def closes_week(instant: datetime, timezone: str) -> bool:
    """Tell whether a day's end is also the end of an ISO week."""
    return local_day(instant, timezone).weekday() == 0


def week_label(week: date) -> str:
    """Name a week for people.

    >>> week_label(date(2026, 10, 5))
    'week 41 (5–11 Oct 2026)'
    """
    end = week + timedelta(days=6)
    start = f"{week.day} {week:%b}" if week.month != end.month else f"{week.day}"
    return f"week {week.isocalendar().week} ({start}–{end.day} {end:%b %Y})"
