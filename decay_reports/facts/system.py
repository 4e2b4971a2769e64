"""What a report says beyond its features: what came in, and what is not as it was."""

from datetime import date, datetime
from typing import Literal

import msgspec

from decayd.results import Estimate

NOTHING = Estimate(None, why_not="not measured")


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """How many rows have one name, such as a failure type or a reason for refusal."""

    name: str
    n: int
    next_step: str = ""


class DifferenceFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is not as it was in the report before."""

    feature: str
    kind: Literal["verdict", "success", "finding", "topic", "dataset", "feature"]
    words: str


class ReviewFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A finding that waits longer than its feature's `review_days` for an answer, or again.

    `until` is the day up to which `answered_by` put it off (or accepted it), None when nobody
    acknowledged it; `days` counts from `opened`. `feature` is empty for what concerns all.
    """

    feature: str
    finding_id: str
    title: str
    severity: str
    opened: date
    days: int
    owner: str = ""
    reviewers: tuple[str, ...] = ()
    until: date | None = None
    answered_by: str = ""
    command: str = ""


class IntakeFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What came in during the newest week, over all features.

    `join` is the share of signals and outcomes that belong to a request that was seen.
    """

    n_requests: int = 0
    n_signals: int = 0
    n_outcomes: int = 0
    n_gaps: int = 0
    join: Estimate = NOTHING
    dead_letters: tuple[Count, ...] = ()
    newest_event: datetime | None = None

    @property
    def n_dead_letters(self) -> int:
        """Return the number of dead letters of the week."""
        return sum(count.n for count in self.dead_letters)
