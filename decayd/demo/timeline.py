"""The run's timeline: numbered weeks, epoch milliseconds, and chance by name."""

import hashlib
from datetime import UTC, date, datetime, timedelta
from random import Random

import msgspec

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
PLANNED_WEEKS = 26  # the scenarios' week numbers are those of a run of this length
_FIRST_PLANTED = 5  # weeks 1 to 4 are the baseline, nothing may happen in them
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Timeline(msgspec.Struct, frozen=True):
    """Weeks 1 to `weeks` of a run; `end` is the Monday after the last one."""

    end: date
    weeks: int

    def monday(self, week: int) -> date:
        """Return the Monday of week number `week`."""
        return self.end - timedelta(weeks=self.weeks + 1 - week)

    def ms(self, week: int, *, day: int = 0, hour: float = 0) -> int:
        """Return an instant of a week in epoch milliseconds; `day` counts from its Monday."""
        instant = datetime.combine(self.monday(week), datetime.min.time(), tzinfo=UTC)
        return int((instant - _EPOCH).total_seconds()) * 1000 + day * DAY_MS + int(hour * HOUR_MS)

    def week(self, at_ms: int) -> int:
        """Return the number of the week that an instant lies in."""
        return 1 + (at_ms - self.ms(1)) // (7 * DAY_MS)

    def planted(self, week: int) -> int:
        """Map a scenario's week to this run: longer and shorter runs stretch the schedule.

        >>> Timeline(date(2026, 7, 6), 26).planted(14), Timeline(date(2026, 7, 6), 13).planted(14)
        (14, 7)
        """
        return max(_FIRST_PLANTED, round(week * self.weeks / PLANNED_WEEKS))


def instant(at_ms: int) -> datetime:
    """Return epoch milliseconds as an aware UTC datetime."""
    return _EPOCH + timedelta(milliseconds=at_ms)


def chance(seed: int, name: str) -> Random:
    """Return a generator of its own for `name`: one feature's draws don't move another's."""
    digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    return Random(int.from_bytes(digest[:8], "big"))  # noqa: S311 - a simulation, not a secret
