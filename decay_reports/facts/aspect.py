"""What an aspect is asked and what it answers: lines, tables, what to send, and what is wrong."""

from dataclasses import dataclass
from datetime import date, datetime

import msgspec

from decayd.config import Settings
from decayd.results import Finding
from decayd.weeks import WEEK, week_bounds
from store.database import Store


class TableFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A table of text as it is printed; numbers in it carry n and interval."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class AspectFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One section of a report; `missing` says what to send where it can't be measured.

    A section without lines and tables is not printed, only what is missing.
    """

    name: str
    title: str
    lines: tuple[str, ...] = ()
    tables: tuple[TableFacts, ...] = ()
    missing: str = ""


@dataclass(frozen=True)
class Question:
    """What an aspect may look at: a feature ('' for all) as known at a week's close, `as_of`."""

    store: Store
    feature: str
    as_of: datetime
    week: date
    settings: Settings

    def since(self, weeks: int) -> datetime:
        """Return the start of the newest so many closed weeks, naive UTC."""
        first = self.week - WEEK * (weeks - 1)
        return week_bounds(first, self.settings.report.timezone)[0]


@dataclass(frozen=True)
class Look:
    """What an aspect answers; `findings` are all that hold now, without ids.

    One that held at the last close and does not hold now is closed. `details["about"]` tells the
    findings of one kind apart.
    """

    lines: tuple[str, ...] = ()
    tables: tuple[TableFacts, ...] = ()
    missing: str = ""
    findings: tuple[Finding, ...] = ()
