"""The one place where wall time comes from. Everything else takes a `Clock`."""

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Wall time and waiting, so that tests can hold both in their hands."""

    def now(self) -> datetime:
        """Return the wall time, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds from an arbitrary start; never goes back."""
        ...

    def wait(self, stop: threading.Event, seconds: float) -> bool:
        """Wait at most `seconds` for `stop`; return whether it was set."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the wall time, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return the process's monotonic seconds."""
        return time.monotonic()

    def wait(self, stop: threading.Event, seconds: float) -> bool:
        """Wait at most `seconds` for `stop`; return whether it was set."""
        return stop.wait(seconds)


class ManualClock:
    """A clock that stands still until it is told to move.

    >>> clock = ManualClock(datetime(2026, 1, 5, tzinfo=UTC))
    >>> clock.advance(90)
    >>> clock.now().isoformat()
    '2026-01-05T00:01:30+00:00'
    """

    def __init__(self, start: datetime) -> None:
        self._now = start
        self._monotonic = 0.0

    def now(self) -> datetime:
        """Return the time it was set to."""
        return self._now

    def monotonic(self) -> float:
        """Return the seconds it was advanced by."""
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Move both hands forward."""
        self._now += timedelta(seconds=seconds)
        self._monotonic += seconds

    def wait(self, stop: threading.Event, seconds: float) -> bool:
        """Advance by `seconds` at once; return whether `stop` was set."""
        self.advance(seconds)
        return stop.is_set()
